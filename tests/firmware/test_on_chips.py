"""The core as it runs on the chips: RISC-V (ESP32-C3) and lx106 (ESP8266) under QEMU."""

import pytest

from tests.firmware.builds import output_of
from tests.firmware.chips import (
    app_bytes,
    instructions_of_a_frame,
    program_for,
    transcript_on,
)

pytestmark = pytest.mark.timeout(1800)  # a first build on a busy machine


def _of_the_core(transcript: list[str]) -> list[str]:
    return [line for line in transcript if not line.startswith("#")]


@pytest.mark.parametrize("chip", ["riscv32", "lx106"])
def test_the_core_says_the_same_on_every_instruction_set(chip: str) -> None:
    here = _of_the_core(transcript_on("host"))
    assert _of_the_core(transcript_on(chip)) == here
    assert here[-1] == "end"


def test_the_clock_on_a_chip_shows_the_time_and_reports_to_its_broker() -> None:
    said = transcript_on("riscv32")
    art = [line for line in said if set(line) <= set(".#*!") and len(line) == 64]
    assert len(art) == 32
    assert sum(line.count("#") for line in art) > 100
    topics = {line.split()[0] for line in said if line.startswith("  skiclock/")}
    assert {"skiclock/heartbeat", "skiclock/version/request", "skiclock/status/a1b2c3"} <= topics


def test_a_frame_is_drawn_within_two_milliseconds() -> None:
    # 160 MHz, an instruction a cycle: the C3 and half of what an ESP32 does.
    assert 0 < instructions_of_a_frame(transcript_on("riscv32")) <= 2 * 160_000


def test_the_clock_takes_no_heap() -> None:
    for chip, nm in (("riscv32", "riscv64-unknown-elf-nm"), ("lx106", "xtensa-lx106-elf-nm")):
        names = set(output_of(nm, "--format=just-symbols", program_for(chip)).split())
        assert "main" in names
        assert not names & {"malloc", "calloc", "realloc", "_Znwj", "_Znaj"}


def test_the_clock_fits_the_esp8266() -> None:
    assert 4096 < app_bytes(program_for("lx106")) <= 8192
