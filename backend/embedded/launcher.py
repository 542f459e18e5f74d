"""What a child does before it becomes its program: it gives up root, and ends when we do.

Run by its path with `python -I -S`, so only the standard library is there; about 20 ms.
Doing the same between fork and exec (`preexec_fn`) can deadlock: our process has threads.
"""

import ctypes
import os
import pwd
import resource
import sys

_PR_SET_PDEATHSIG = 1


def main(parent_pid: int, end_signal: int, user: str, program: list[str]) -> None:
    """Become `program`, as `user` where one is named, with `end_signal` when the parent dies."""
    os.umask(0o077)
    _raise_file_limit()
    if user:
        _become(user)
    if sys.platform == "linux":
        _end_with_parent(parent_pid, end_signal)
    os.execv(program[0], program)  # noqa: S606 - a list from our own code, and no shell


def _raise_file_limit() -> None:
    """Each connection is an open file, and the usual soft limit is 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _become(user: str) -> None:
    entry = pwd.getpwnam(user)
    os.initgroups(user, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def _end_with_parent(parent_pid: int, end_signal: int) -> None:
    """Ask for a signal when the parent dies; after setuid, which would forget it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, end_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:
        sys.exit("the parent died before the child was tied to it")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
