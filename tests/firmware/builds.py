"""Owns how tests build the clock's C++: one folder a variant, shared with make and kept."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def built(variant: str, *targets: str) -> Path:
    """Return the folder of a variant after building it; a failure shows what the compiler said."""
    run = subprocess.run(
        ["sh", ROOT / ".ci" / "build-firmware", variant, *targets],
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return ROOT / ".build" / f"firmware-{variant}"


def output_of(*command: str | Path, timeout_s: float = 600, cwd: Path | None = None) -> str:
    """Return what a command printed; a failure shows it."""
    run = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,  # QEMU listens to its terminal
        capture_output=True,
        text=True,
        timeout=timeout_s,
        cwd=cwd,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout
