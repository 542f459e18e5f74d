"""Owns how tests run the core on other instruction sets: under QEMU, and here to compare with."""

import re
from pathlib import Path

from tests.firmware.builds import built, output_of

RUNNERS = {
    "host": (),
    "riscv32": (
        *("qemu-system-riscv32", "-M", "virt", "-bios", "none", "-display", "none"),
        *("-monitor", "none", "-serial", "none", "-chardev", "stdio,id=out"),
        *("-semihosting-config", "enable=on,chardev=out", "-icount", "shift=0", "-kernel"),
    ),
    "lx106": (
        *("qemu-system-xtensa", "-M", "sim", "-cpu", "lx106", "-nographic"),
        *("-monitor", "none", "-serial", "none", "-semihosting", "-kernel"),
    ),
}


def program_for(chip: str) -> Path:
    """Return the program that runs the core, built for a chip."""
    return built(f"on-{chip}") / "core_on_chip"


def transcript_on(chip: str) -> list[str]:
    """Return what the core said there; lines with a # are about the run, not about the core."""
    return output_of(*RUNNERS[chip], program_for(chip), timeout_s=300).splitlines()


def instructions_of_a_frame(transcript: list[str]) -> int:
    """Return how many instructions the costliest frame of a wall of two rows of four took."""
    found = [re.fullmatch(r"# instructions of the costliest frame: (\d+)", t) for t in transcript]
    return next(int(line.group(1)) for line in found if line)


def app_bytes(program: Path, nm: str = "xtensa-lx106-elf-nm") -> int:
    """Return the size of the clock as one object: all that the core keeps in RAM."""
    listing = output_of(nm, "--print-size", "--demangle", program)
    sizes = re.findall(r"^\w+ (\w+) . run_clock\(\)::place$", listing, re.MULTILINE)
    return int(sizes[0], 16)
