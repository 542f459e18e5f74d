"""A child process of ours: started through the launcher, ended, and started again when it dies."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import psutil
import structlog

from backend.embedded.errors import EmbeddedError

STABLE_AFTER_S = 60.0
BACKOFF_S = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_KILL_WAIT_S = 10.0
_LAUNCHER = Path(__file__).with_name("launcher.py")

log = structlog.get_logger(__name__)


async def spawn(
    program: Sequence[str],
    *,
    log_file: Path,
    environment: Mapping[str, str],
    end_signal: signal.Signals,
    user: str = "",
) -> Process:
    """Start `program`, which gets `end_signal` when our process dies.

    Linux sends that signal when the *thread* that called this ends: call it from the
    thread that lives as long as the process. The child has a session of its own, so that
    Ctrl-C in a terminal reaches us alone and we end the parts in their order.
    """
    launcher = [sys.executable, "-I", "-S", str(_LAUNCHER)]
    tie = [str(os.getpid()), str(int(end_signal)), user]
    descriptor = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return await asyncio.create_subprocess_exec(
            *launcher,
            *tie,
            *program,
            stdin=DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            # Not our own environment: it holds secrets that are none of a child's business.
            env={"PATH": os.defpath, **environment},
            cwd="/",
            start_new_session=True,
        )
    finally:
        os.close(descriptor)


async def end(process: Process, *steps: tuple[signal.Signals, float]) -> None:
    """End a child: each step is a signal and the s that it is given; SIGKILL is the last."""
    for step, wait_s in (*steps, (signal.SIGKILL, _KILL_WAIT_S)):
        if process.returncode is not None:
            return
        process.send_signal(step)
        try:
            await asyncio.wait_for(process.wait(), wait_s)
        except TimeoutError:
            log.warning("child_ignored_signal", pid=process.pid, signal=step.name, waited_s=wait_s)


async def end_left_over(
    processes: Sequence[psutil.Process], *steps: tuple[signal.Signals, float]
) -> None:
    """End children of a process of ours that died before."""
    alive = [process for process in processes if _lives(process)]
    for step, wait_s in (*steps, (signal.SIGKILL, _KILL_WAIT_S)):
        if not alive:
            return
        log.info("left_over_child_ended", pids=[one.pid for one in alive], signal=step.name)
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(step)
        alive = await still_alive(alive, wait_s)


async def still_alive(processes: Sequence[psutil.Process], wait_s: float) -> list[psutil.Process]:
    """Wait `wait_s` at most for the end of processes that are not our children; return the rest.

    The system tells only a parent of an end, so we look every 20 ms.
    """
    deadline = time.monotonic() + wait_s
    while alive := [process for process in processes if _lives(process)]:
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(0.02)
    return alive


def _lives(process: psutil.Process) -> bool:
    """Tell whether a process runs; one that only waits to be noticed by its parent does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def ended_within(process: Process, wait_s: float) -> bool:
    """Wait `wait_s` at most for a child's end; tell whether it came."""
    try:
        await asyncio.wait_for(process.wait(), wait_s)
    except TimeoutError:
        return False
    return True


async def keep_running(
    name: str, wait: Callable[[], Awaitable[int]], start: Callable[[], Awaitable[None]]
) -> None:
    """Start a child again whenever it ends, later each time while it does not last.

    `wait` returns its exit code when it ends, `start` returns when it is ready again.
    """
    failures = 0
    while True:
        since = time.monotonic()
        code = await wait()
        if time.monotonic() - since > STABLE_AFTER_S:
            failures = 0
        log.error("child_ended", child=name, code=code)
        ended_at = time.monotonic()
        started = False
        while not started:
            delay_s = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]
            failures += 1
            await asyncio.sleep(delay_s)
            try:
                await start()
            except (EmbeddedError, OSError) as error:
                log.error("child_start_failed", child=name, error=str(error))  # noqa: TRY400
            else:
                started = True
        log.info("child_restarted", child=name, after_s=round(time.monotonic() - ended_at, 1))


def log_tail(file: Path, *, since_byte: int = 0, lines: int = 12) -> str:
    """Return the last lines that a child wrote after `since_byte`; empty without a file."""
    try:
        with file.open("rb") as stream:
            stream.seek(max(since_byte, file.stat().st_size - 8192))
            text = stream.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def keep_one_older(file: Path) -> None:
    """Put a log that has something in it aside, in the place of the one before it."""
    if size_bytes(file) > 0:
        file.replace(file.with_name(f"{file.name}.1"))


def size_bytes(file: Path) -> int:
    """Return a file's size, or 0 for one that is not there yet."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
