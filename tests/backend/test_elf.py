"""Images of the platform linux: ELF executables, and what is none."""

import io
import struct
import sys
from pathlib import Path

import pytest

from backend.contract.platforms import LINUX
from backend.image import DamagedImageError, ForeignFileError, ImageError, inspect_image
from tests.backend.images import elf_image, esp_image


def inspect(content: bytes):
    return inspect_image(io.BytesIO(content), LINUX, size_bytes=len(content))


def test_program_of_this_machine_is_one() -> None:
    content = Path(sys.executable).resolve().read_bytes()
    info = inspect(content)
    assert info.segments >= 1
    assert info.chip in {"x86-64", "AArch64"}
    with pytest.raises(DamagedImageError, match="cut off"):
        inspect(content[: len(content) // 2])


@pytest.mark.parametrize("bits", [32, 64])
def test_both_widths_are_read(bits: int) -> None:
    assert inspect(elf_image(bits=bits)).segments == 1


def test_image_for_a_chip_is_no_program() -> None:
    with pytest.raises(ForeignFileError, match="expected an ELF executable"):
        inspect(esp_image("esp32"))


def test_library_without_an_entry_is_refused() -> None:
    content = bytearray(elf_image())
    content[24:32] = bytes(8)
    with pytest.raises(DamagedImageError, match="not a program"):
        inspect(bytes(content))


def test_object_file_is_refused() -> None:
    content = bytearray(elf_image())
    content[16:18] = struct.pack("<H", 1)
    with pytest.raises(DamagedImageError, match="not a program"):
        inspect(bytes(content))


def test_no_cut_of_a_program_raises_anything_else() -> None:
    content = elf_image()
    for end in range(len(content)):
        with pytest.raises(ImageError):
            inspect(content[:end])
