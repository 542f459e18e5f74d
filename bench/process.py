"""Child processes of the benchmarks: started, read, and ended whatever happens."""

import asyncio
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
_END_WITHIN_S = 15


@asynccontextmanager
async def running(*program: str, **options: object) -> AsyncIterator[Process]:
    """Run a program for the length of a block."""
    process = await asyncio.create_subprocess_exec(*program, **options)  # type: ignore[arg-type]
    try:
        yield process
    finally:
        await end(process)


def python(module: str, *arguments: str) -> tuple[str, ...]:
    """Return the command that runs a module of ours."""
    return (sys.executable, "-m", module, *arguments)


async def output_of(*program: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a program to its end and return what it wrote. Raises RuntimeError when it fails."""
    options: dict[str, object] = {"stdin": DEVNULL, "stdout": PIPE, "stderr": PIPE, "cwd": ROOT}
    if environment is not None:
        options["env"] = dict(environment)
    async with running(*program, **options) as process:
        out, err = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"{' '.join(program)}: {(err or out).decode()[-2000:]}")
        return out.decode()


async def end(process: Process, how: signal.Signals = signal.SIGTERM) -> None:
    """End a process, by force if it does not listen."""
    if process.returncode is not None:
        return
    process.send_signal(how)
    try:
        await asyncio.wait_for(process.wait(), _END_WITHIN_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def find_program(name: str) -> str | None:
    """Return where a program of the system is."""
    return shutil.which(name, path="/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin")


def cpu_s(pid: int) -> float:
    """Return the CPU time that one process has used."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def resident_mb(pid: int) -> float:
    """Return the memory of one process."""
    return float(psutil.Process(pid).memory_info().rss) / 1e6


def children_mb(pid: int) -> dict[str, float]:
    """Return the memory of a process's children by program; shared pages count once."""
    sums: dict[str, float] = {}
    for child in psutil.Process(pid).children(recursive=True):
        megabytes = child.memory_full_info().pss / 1e6
        sums[child.name()] = sums.get(child.name(), 0) + megabytes
    return sums
