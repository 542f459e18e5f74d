"""The clock's core: instructions of a frame (RISC-V under QEMU), RAM on the ESP8266's lx106."""

import asyncio

from bench.row import Row, at_most
from bench.sitting import Sitting
from tests.firmware.chips import (
    app_bytes,
    instructions_of_a_frame,
    program_for,
    transcript_on,
)

FRAME_BAR_MS = 2
RAM_BAR_KB = 8
# The slowest of the family, at an instruction a cycle.
ESP32_C3_MHZ = 160


async def measure(_sitting: Sitting) -> list[Row]:
    """Return the rows; builds what is not built yet."""
    return await asyncio.to_thread(_rows)


def _rows() -> list[Row]:
    count = instructions_of_a_frame(transcript_on("riscv32"))
    frame_ms = count / ESP32_C3_MHZ / 1000
    ram_kb = app_bytes(program_for("lx106")) / 1024
    return [
        at_most(
            "firmware: frame of 2 rows x 4 panels",
            frame_ms,
            FRAME_BAR_MS,
            "ms",
            f"{count:,} instructions at {ESP32_C3_MHZ} MHz",
        ),
        at_most("firmware: RAM of the core on the ESP8266", ram_kb, RAM_BAR_KB, "kB"),
    ]
