"""Clocks that run the firmware itself, as Linux programs beside the server."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

_FIRST_DEVICE_ID = 0xC10C40000001
_END_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class LinuxFleet:
    """What to start. `environment` is what a clock is told of broker and server."""

    program: Path
    folder: Path
    """Each clock keeps its flash below it, in a folder named as its id."""
    devices: int
    environment: Mapping[str, str]
    arguments: Sequence[str] = field(default=())


def device_id_of(number: int) -> str:
    """Return the id of a clock, counted from 0."""
    return f"{_FIRST_DEVICE_ID + number:x}"


def run_fleet(fleet: LinuxFleet) -> int:
    """Run the clocks until the first one ends; returns its exit code.

    The first has the terminal, where there is one; the others write `clock.log` in their folder.
    """
    others: list[subprocess.Popen[bytes]] = []
    try:
        others += [_start_silent(fleet, number) for number in range(1, fleet.devices)]
        first = subprocess.Popen(_command(fleet, 0), env=_environment(fleet))
        with _signals_to(first):
            return first.wait()
    finally:
        _end(others)


def _start_silent(fleet: LinuxFleet, number: int) -> "subprocess.Popen[bytes]":
    folder = fleet.folder / device_id_of(number)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "clock.log").open("wb") as log:
        return subprocess.Popen(
            [*_command(fleet, number), "--headless"],
            env=_environment(fleet),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _command(fleet: LinuxFleet, number: int) -> list[str]:
    device_id = device_id_of(number)
    data = fleet.folder / device_id
    fixed = ["--device-id", device_id, "--data", str(data), "--name", f"Linux clock {number + 1}"]
    return [str(fleet.program), *fixed, *fleet.arguments]


def _environment(fleet: LinuxFleet) -> dict[str, str]:
    # Not the whole of ours: names such as MQTT_CA_FILE mean the same to both sides.
    kept = {k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "LANG", "TERM"}}
    return kept | dict(fleet.environment)


@contextmanager
def _signals_to(child: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Pass on what asks us to end; Ctrl-C reaches the clock by itself."""

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGTERM or not sys.stdin.isatty():
            child.send_signal(signal.SIGTERM)

    before = {one: signal.signal(one, pass_on) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(clocks: Sequence["subprocess.Popen[bytes]"]) -> None:
    for clock in clocks:
        clock.terminate()
    for clock in clocks:
        try:
            clock.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            clock.kill()
            clock.wait()
