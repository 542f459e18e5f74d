"""Reads what a blank ESP32 needs beside its application, and says what is wrong with it.

Formats: ESP-IDF's partition table (32-byte entries, magic AA 50, MD5 at the end), its OTA
data (`esp_ota_select_entry_t`), and boot loaders, which are images without a description.
"""

import hashlib
import io
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from backend.contract.flash_map import (
    APPLICATION_OFFSET,
    BLANK_CHIP_PARTS,
    OTA_DATA_OFFSET,
    SECOND_APPLICATION_OFFSET,
    Part,
    offsets_of,
)
from backend.contract.platforms import ESP8266_CHIP_FAMILY, Platform
from backend.errors import Refusal
from backend.image import inspect_boot_loader

MAX_PART_BYTES = 64 * 1024
OTA_DATA_BYTES = 0x2000

_ENTRY = struct.Struct("<2sBBII16sI")
_ENTRY_MAGIC = b"\xaa\x50"
_MD5_MAGIC = b"\xeb\xeb" + b"\xff" * 14
_TABLE_BYTES = 0x1000
_TYPE_APPLICATION, _TYPE_DATA = 0, 1
_SUBTYPE_OTA_0, _SUBTYPE_OTA_1, _SUBTYPE_OTA_DATA, _SUBTYPE_NVS = 0x10, 0x11, 0x00, 0x02


class BadPartError(Refusal):
    """A part of a factory image is not what a blank chip needs."""

    code = "bad_part"


class PartsIncompleteError(Refusal):
    """Some, but not all parts that a blank chip needs came with an image."""

    code = "parts_incomplete"


@dataclass(frozen=True, slots=True)
class Partition:
    """One entry of a partition table; offset and size in bytes."""

    name: str
    type: int
    subtype: int
    offset: int
    size_bytes: int


def check_parts(parts: Mapping[Part, bytes], platform: Platform) -> None:
    """Check the parts that came with an application; none at all is fine.

    Raises BadPartError, PartsIncompleteError, or an ImageError for the boot loader.
    """
    if not parts:
        return
    if platform.chip_family == ESP8266_CHIP_FAMILY:
        raise BadPartError(
            f"{platform.name} starts from its application alone; upload it without parts.",
            field=next(iter(parts)),
        )
    missing = [part for part in BLANK_CHIP_PARTS if part not in parts]
    if missing:
        raise PartsIncompleteError(
            f"A blank {platform.chip_family} needs {', '.join(BLANK_CHIP_PARTS)}; "
            f"missing: {', '.join(missing)}.",
            field=missing[0],
        )
    _check_boot_loader(parts[Part.BOOT_LOADER], platform)
    _check_partitions(parts[Part.PARTITIONS], platform)
    _check_ota_data(parts[Part.BOOT_APP0])


def read_partitions(table: bytes) -> list[Partition]:
    """Return the entries of a partition table; raises BadPartError."""
    partitions: list[Partition] = []
    for at in range(0, min(len(table), _TABLE_BYTES) - _ENTRY.size + 1, _ENTRY.size):
        entry = table[at : at + _ENTRY.size]
        if entry[:16] == _MD5_MAGIC:
            if hashlib.md5(table[:at], usedforsecurity=False).digest() != entry[16:]:
                raise _bad(Part.PARTITIONS, "The partition table is damaged: its MD5 is wrong.")
            return partitions
        magic, type_, subtype, offset, size_bytes, name, _flags = _ENTRY.unpack(entry)
        if magic != _ENTRY_MAGIC:
            break
        text = name.rstrip(b"\0").decode(errors="replace")
        partitions.append(Partition(text, type_, subtype, offset, size_bytes))
    raise _bad(
        Part.PARTITIONS,
        "The file is no partition table; expected the partitions.bin that the build makes.",
    )


def find_nvs(table: bytes) -> Partition | None:
    """Return the partition in which the chip keeps its settings; raises BadPartError."""
    wanted = (_TYPE_DATA, _SUBTYPE_NVS)
    return next((one for one in read_partitions(table) if (one.type, one.subtype) == wanted), None)


def _check_boot_loader(data: bytes, platform: Platform) -> None:
    offsets = offsets_of(platform)
    room = offsets[Part.PARTITIONS] - offsets[Part.BOOT_LOADER]
    try:
        inspect_boot_loader(io.BytesIO(data), platform, size_bytes=len(data), room_bytes=room)
    except Refusal as refusal:
        refusal.field = Part.BOOT_LOADER  # not the form's `file`
        raise


def _check_partitions(table: bytes, platform: Platform) -> None:
    found = {
        (one.type, one.subtype): (one.offset, one.size_bytes) for one in read_partitions(table)
    }
    expected = {
        (_TYPE_DATA, _SUBTYPE_OTA_DATA): (OTA_DATA_OFFSET, OTA_DATA_BYTES),
        (_TYPE_APPLICATION, _SUBTYPE_OTA_0): (APPLICATION_OFFSET, platform.slot_bytes),
        (_TYPE_APPLICATION, _SUBTYPE_OTA_1): (SECOND_APPLICATION_OFFSET, platform.slot_bytes),
    }
    for key, (offset, size_bytes) in expected.items():
        if found.get(key) != (offset, size_bytes):
            raise _bad(
                Part.PARTITIONS,
                f"The partition table does not fit {platform.name}: expected min_spiffs, with "
                f"{size_bytes:,} bytes at {offset:#x} for {_WORDS[key]}.",
            )


def _check_ota_data(data: bytes) -> None:
    """Check that the first application slot starts: sequence 1 and its CRC."""
    if len(data) > OTA_DATA_BYTES or len(data) < 32:
        raise _bad(
            Part.BOOT_APP0,
            f"The file has {len(data):,} bytes; expected boot_app0.bin with {OTA_DATA_BYTES:,}.",
        )
    sequence, stored_crc = struct.unpack("<I24xI", data[:32])
    if sequence != 1 or stored_crc != ota_data_crc(sequence):
        raise _bad(Part.BOOT_APP0, "The file does not select the first application slot.")


def ota_data_crc(sequence: int) -> int:
    """Return the CRC of an OTA data entry: CRC-32 of its sequence that begins with all ones."""
    return zlib.crc32(struct.pack("<I", sequence), 0xFFFFFFFF)


_WORDS = {
    (_TYPE_DATA, _SUBTYPE_OTA_DATA): "the OTA data",
    (_TYPE_APPLICATION, _SUBTYPE_OTA_0): "the first application",
    (_TYPE_APPLICATION, _SUBTYPE_OTA_1): "the second application",
}


def _bad(part: Part, sentence: str) -> BadPartError:
    return BadPartError(sentence, field=part)
