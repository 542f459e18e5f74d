"""As whom PostgreSQL runs when we are root, which it refuses to be."""

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

import structlog

from backend.embedded.errors import NoSystemUserError

USER = "skiclock-postgres"
_EXISTS = 9  # useradd's exit code

log = structlog.get_logger(__name__)


def unprivileged_user(cluster: Path) -> str:
    """Return the user for a database folder: empty for ourselves, a name when we are root.

    A folder that belongs to somebody keeps its owner. Raises NoSystemUserError.
    """
    if os.geteuid() != 0:
        return ""
    owner = cluster.stat().st_uid if cluster.exists() else 0
    if owner == 0:
        return _ensure_user(USER)
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:  # a new container with the volume of an old one
        return _ensure_user(f"{USER}-{owner}", "--uid", str(owner))


def hand_over(folder: Path, user: str) -> None:
    """Make `folder` and all in it belong to `user`, as after a restore by root."""
    entry = pwd.getpwnam(user)
    if folder.stat().st_uid == entry.pw_uid:
        return
    for place, _, files in os.walk(folder):
        for name in (".", *files):
            os.chown(Path(place, name), entry.pw_uid, entry.pw_gid, follow_symlinks=False)


def let_pass(path: Path) -> None:
    """Let other users through to `path`: to pass through its parents, not to list them."""
    for parent in path.resolve().parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)
            log.warning("folder_opened_for_postgresql", folder=str(parent), added="o+x")


def let_read(tree: Path) -> None:
    """Let other users read a tree that was installed under a strict umask."""
    if tree.stat().st_mode & stat.S_IROTH and tree.stat().st_mode & stat.S_IXOTH:
        return
    for place, _, files in os.walk(tree):
        Path(place).chmod(Path(place).stat().st_mode | 0o555)
        for file in (Path(place, name) for name in files):
            mode = file.stat().st_mode
            file.chmod(mode | (0o555 if mode & stat.S_IXUSR else 0o444))


def _ensure_user(name: str, *options: str) -> str:
    try:
        pwd.getpwnam(name)
    except KeyError:
        _make_user(name, options)
    return name


def _make_user(name: str, options: tuple[str, ...]) -> None:
    program = shutil.which("useradd") or "/usr/sbin/useradd"
    shell = shutil.which("nologin") or "/usr/sbin/nologin"
    arguments = ["--system", "--no-create-home", "--home-dir", "/", "--shell", shell, *options]
    try:
        subprocess.run([program, *arguments, name], check=True, capture_output=True, text=True)
    except OSError as error:
        raise NoSystemUserError(f"useradd: {error.strerror}") from error
    except subprocess.CalledProcessError as error:
        # Two instances may start for the first time at the same moment.
        if error.returncode != _EXISTS:
            raise NoSystemUserError(str(error.stderr).strip()) from error
    log.info("system_user_made", user=name)
