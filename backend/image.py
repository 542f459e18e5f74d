"""Reads ESP application images, and says what a file is that is none.

Formats: esptool's "Firmware Image Format" (magic 0xE9, segments, XOR checksum, SHA-256),
ESP-IDF's `esp_app_desc_t`, and the ESP8266 Arduino core's elf2bin (boot loader in the
first 4 KiB, application behind it, eboot's CRC inside).
"""

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import BinaryIO, ClassVar

from backend.contract.platforms import ESP8266_CHIP_FAMILY, LINUX, Platform
from backend.elf import ElfError, read_elf
from backend.errors import Refusal
from backend.foreign_file import describe_file

MAGIC = 0xE9
ESP8266_APPLICATION_OFFSET = 0x1000
APP_DESCRIPTION_OFFSET = 0x20
APP_DESCRIPTION_MAGIC = 0xABCD5432
CHIP_NAMES = {
    0: "ESP32",
    2: "ESP32-S2",
    5: "ESP32-C3",
    9: "ESP32-S3",
    12: "ESP32-C2",
    13: "ESP32-C6",
    16: "ESP32-H2",
    18: "ESP32-P4",
    20: "ESP32-C61",
    23: "ESP32-C5",
}
"""The chips by the number in their images' header."""

_CHECKSUM_SEED = 0xEF
_BLOCK = 16
_SHA256_BYTES = 32
_READ_BYTES = 256 * 1024
_MAX_SEGMENTS = 16
_KIB = 1024
_FLASH_BYTES_BY_NIBBLE = {
    0: 512 * _KIB,
    1: 256 * _KIB,
    2: 1024 * _KIB,
    3: 2048 * _KIB,
    4: 4096 * _KIB,
    5: 2048 * _KIB,
    6: 4096 * _KIB,
    8: 8192 * _KIB,
    9: 16384 * _KIB,
}
_ESP8266_1M_PLATFORMS = frozenset({"esp01"})


class ImageError(Refusal):
    """A file is no image that the platform can run."""

    code: ClassVar[str] = "bad_image"


class ForeignFileError(ImageError):
    """The file is something else than an application image."""

    code = "foreign_file"


class EmptyFileError(ImageError):
    """The file holds no bytes."""

    code = "empty_file"


class WrongChipError(ImageError):
    """The image is for another chip, or for a larger flash, than the platform has."""

    code = "wrong_chip"


class TruncatedImageError(ImageError):
    """The file ends before the image does."""

    code = "image_truncated"


class DamagedImageError(ImageError):
    """The image is whole, but its checksum or hash does not fit its bytes."""

    code = "image_damaged"


class ImageTooLargeError(ImageError):
    """The image does not fit into the platform's application slot."""

    code = "image_too_large"


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What an image says about itself. `size_bytes` is the whole file."""

    chip: str
    size_bytes: int
    segments: int


def inspect_image(file: BinaryIO, platform: Platform, *, size_bytes: int) -> ImageInfo:
    """Check that a file is a complete application image for `platform`.

    For `linux` that is an ELF executable. Reads the file once in pieces of 256 KiB. Raises
    an ImageError whose sentence says what the file is and what was expected.
    """
    file.seek(0)
    head = file.read(_READ_BYTES)
    if not head:
        raise EmptyFileError(f"The file is empty; {_expected(platform)}.", field="file")
    if platform is LINUX:
        return _inspect_elf(file, head, size_bytes)
    if head[0] != MAGIC:
        raise ForeignFileError(
            f"The file is {describe_file(head)}; {_expected(platform)}.", field="file"
        )
    chip = _chip_of(head, size_bytes)
    if chip != platform.chip_family:
        raise WrongChipError(f"The image is for the {chip}; {_expected(platform)}.", field="file")
    _check_room(platform, size_bytes)
    if chip == ESP8266_CHIP_FAMILY:
        segments = _check_esp8266(file, head, platform, size_bytes)
    else:
        segments = _check_esp32(file, head, platform, size_bytes)
    return ImageInfo(chip, size_bytes, segments)


def inspect_boot_loader(
    file: BinaryIO, platform: Platform, *, size_bytes: int, room_bytes: int
) -> None:
    """Check that a file is a complete ESP32 second-stage boot loader for `platform`.

    `room_bytes`: from its place in flash to the next part. Raises an ImageError.
    """
    expected = f"expected the boot loader (bootloader.bin) for the {platform.chip_family}"
    head = file.read(APP_DESCRIPTION_OFFSET + 4)
    if not head or head[0] != MAGIC:
        what = describe_file(head) if head else "empty"
        raise ForeignFileError(f"The file is {what}; {expected}.")
    if _chip_of(head, size_bytes) != platform.chip_family:
        chip = _chip_of(head, size_bytes)
        raise WrongChipError(f"The boot loader is for the {chip}; {expected}.")
    if _word(head, APP_DESCRIPTION_OFFSET) == APP_DESCRIPTION_MAGIC:
        raise ForeignFileError(f"The file is an application image; {expected}.")
    if size_bytes > room_bytes:
        raise ImageTooLargeError(
            f"The boot loader has {size_bytes:,} bytes; there is room for {room_bytes:,}.",
        )
    _check_sealed(file, head, size_bytes)


def _inspect_elf(file: BinaryIO, head: bytes, size_bytes: int) -> ImageInfo:
    if not head.startswith(b"\x7fELF"):
        raise ForeignFileError(
            f"The file is {describe_file(head)}; {_expected(LINUX)}.", field="file"
        )
    _check_room(LINUX, size_bytes)
    try:
        machine, segments = read_elf(file, size_bytes=size_bytes)
    except ElfError as error:
        raise DamagedImageError(f"The file {error}; {_expected(LINUX)}.", field="file") from None
    return ImageInfo(machine, size_bytes, segments)


def _check_room(platform: Platform, size_bytes: int) -> None:
    if size_bytes > platform.slot_bytes:
        raise ImageTooLargeError(
            f"The image has {size_bytes:,} bytes; {platform.name} has room for "
            f"{platform.slot_bytes:,}.",
            field="file",
        )


def _expected(platform: Platform) -> str:
    if platform is LINUX:
        return "expected an ELF executable (linux)"
    return f"expected an application image (.bin) for the {platform.chip_family} ({platform.name})"


def _chip_of(head: bytes, size_bytes: int) -> str:
    """Tell the chip by what stands behind the first 8 bytes.

    On the ESP8266 that is the load address of the first segment; on the others it is
    the pin of the flash chip (0xEE: not set) and the chip's number.
    """
    if len(head) < 24:
        raise TruncatedImageError(
            f"The image ends after {size_bytes} bytes, inside its header.", field="file"
        )
    load_address = _word(head, 8)
    if load_address >> 20 in {0x3FF, 0x401, 0x402}:
        return ESP8266_CHIP_FAMILY
    chip_id = int.from_bytes(head[12:14], "little")
    return CHIP_NAMES.get(chip_id, f"chip with the unknown number {chip_id}")


def _check_esp32(file: BinaryIO, head: bytes, platform: Platform, size_bytes: int) -> int:
    if len(head) < APP_DESCRIPTION_OFFSET + 4:
        raise TruncatedImageError(
            f"The image ends after {size_bytes} bytes, inside its first segment.", field="file"
        )
    if _word(head, APP_DESCRIPTION_OFFSET) != APP_DESCRIPTION_MAGIC:
        merged = head[0x8000:0x8002] == b"\xaa\x50"
        found = "a merged factory image, boot loader first" if merged else "a boot loader"
        raise ForeignFileError(
            f"The file is {found} for the {platform.chip_family}; {_expected(platform)}.",
            field="file",
        )
    return _check_sealed(file, head, size_bytes)


def _check_sealed(file: BinaryIO, head: bytes, size_bytes: int) -> int:
    """Check an ESP32 image's checksum, and its hash where it has one; return its segments."""
    walk = _walk(file, 0, header_bytes=24, size_bytes=size_bytes)
    if walk.checksum != walk.stored_checksum:
        raise _damaged("its checksum")
    if head[23] == 1:
        _check_appended_hash(file, walk.end, size_bytes)
    return walk.segments


def _check_appended_hash(file: BinaryIO, end: int, size_bytes: int) -> None:
    if end + _SHA256_BYTES > size_bytes:
        raise _truncated(end + _SHA256_BYTES, size_bytes)
    digest = hashlib.sha256()
    file.seek(0)
    for piece in _pieces(file, end):
        digest.update(piece)
    if file.read(_SHA256_BYTES) != digest.digest():
        raise _damaged("its SHA-256")


def _check_esp8266(file: BinaryIO, head: bytes, platform: Platform, size_bytes: int) -> int:
    _check_flash_size(head, platform)
    first = _walk(file, 0, header_bytes=8, size_bytes=size_bytes)
    if first.checksum != first.stored_checksum:
        raise _damaged("its checksum")
    is_eboot = first.end <= ESP8266_APPLICATION_OFFSET and first.segments <= 2
    if not is_eboot:
        return first.segments
    if size_bytes <= ESP8266_APPLICATION_OFFSET:
        raise ForeignFileError(
            f"The file is the ESP8266's boot loader alone; {_expected(platform)}.", field="file"
        )
    if head[ESP8266_APPLICATION_OFFSET] != MAGIC:
        raise _damaged("the header of the application behind its boot loader")
    start = ESP8266_APPLICATION_OFFSET
    application = _walk(file, start, header_bytes=8, size_bytes=size_bytes)
    # elf2bin writes eboot's length and CRC over the first words of the application
    # after it took the checksum, so a sound image of a newer core fits its CRC only.
    if application.checksum != application.stored_checksum:
        _check_eboot_crc(file, size_bytes)
    return application.segments


def _check_flash_size(head: bytes, platform: Platform) -> None:
    """Refuse what the Arduino core's updater would refuse: built for more flash than there is."""
    flash_bytes = _FLASH_BYTES_BY_NIBBLE.get(head[3] >> 4)
    if flash_bytes is None:
        raise _damaged("the flash size in its header")
    if platform.name in _ESP8266_1M_PLATFORMS and flash_bytes > 1024 * _KIB:
        raise WrongChipError(
            f"The image is built for {flash_bytes // (1024 * _KIB)} MB of flash; "
            f"{platform.name} has 1 MB.",
            field="file",
        )


def _check_eboot_crc(file: BinaryIO, size_bytes: int) -> None:
    length_offset = ESP8266_APPLICATION_OFFSET + 16
    file.seek(length_offset)
    words = file.read(8)
    length, stored = _word(words, 0), _word(words, 4)
    if not length_offset + 8 < length <= 0x1000000:
        raise _damaged("its checksum")
    if length > size_bytes:
        raise _truncated(length, size_bytes)
    file.seek(0)
    crc = 0
    offset = 0
    for piece in _pieces(file, length):
        crc = zlib.crc32(_zeroed(piece, length_offset - offset).translate(_REVERSED_BITS), crc)
        offset += len(piece)
    if _reverse_32(crc ^ 0xFFFFFFFF) != stored:
        raise _damaged("its CRC")


@dataclass(frozen=True, slots=True)
class _Walk:
    segments: int
    checksum: int
    stored_checksum: int
    end: int  # offset behind the checksum


def _walk(file: BinaryIO, start: int, *, header_bytes: int, size_bytes: int) -> _Walk:
    """Go through every segment to the checksum byte."""
    file.seek(start)
    segments = file.read(header_bytes)[1:2]
    if not segments or not 0 < segments[0] <= _MAX_SEGMENTS:
        raise _damaged("the number of segments in its header")
    offset = start + header_bytes
    checksum = _CHECKSUM_SEED
    for _ in range(segments[0]):
        file.seek(offset)
        header = file.read(8)
        length = _word(header, 4) if len(header) == 8 else 0
        end = offset + 8 + length
        if len(header) < 8 or end > size_bytes:
            raise _truncated(end, size_bytes)
        for piece in _pieces(file, length):
            checksum ^= _xor(piece)
        offset = end
    stored_at = offset + _BLOCK - 1 - (offset - start) % _BLOCK
    file.seek(stored_at)
    stored = file.read(1)
    if not stored:
        raise _truncated(stored_at + 1, size_bytes)
    return _Walk(segments[0], checksum, stored[0], stored_at + 1)


def _pieces(file: BinaryIO, length: int) -> Iterator[bytes]:
    """Read `length` bytes from where the file stands; the caller knows that they are there."""
    while length > 0:
        piece = file.read(min(length, _READ_BYTES))
        if not piece:
            raise EOFError("the file became shorter while it was read")
        length -= len(piece)
        yield piece


def _xor(data: bytes) -> int:
    """XOR all bytes with each other: halves at once, since a loop over 2 MB takes 100 ms."""
    while len(data) > 64:
        half = (len(data) + 1) // 2
        folded = int.from_bytes(data[:half], "little") ^ int.from_bytes(data[half:], "little")
        data = folded.to_bytes(half, "little")
    return reduce(xor, data, 0)


def _word(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 4], "little")


def _zeroed(piece: bytes, offset: int) -> bytes:
    """Clear the two words that eboot takes as zero in its own CRC."""
    if not 0 <= offset < len(piece):
        return piece
    return piece[:offset] + bytes(8) + piece[offset + 8 :]


# eboot's CRC takes the bits from the left, zlib's from the right.
_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _reverse_32(word: int) -> int:
    return int(f"{word:032b}"[::-1], 2)


def _truncated(needed_bytes: int, size_bytes: int) -> TruncatedImageError:
    return TruncatedImageError(
        f"The image is cut off: it needs at least {needed_bytes:,} bytes, "
        f"the file has {size_bytes:,}.",
        field="file",
    )


def _damaged(what: str) -> DamagedImageError:
    return DamagedImageError(
        f"The image is damaged: {what} is wrong. Build or transfer it again.", field="file"
    )
