"""Builds what a blank ESP32 needs beside its application, as the tool chain lays it out."""

import hashlib
import struct
import zlib

from backend.contract.flash_map import Part
from backend.contract.platforms import PLATFORMS
from tests.backend.images import esp32_image

_MIN_SPIFFS = (
    ("nvs", 1, 0x02, 0x9000, 0x5000),
    ("otadata", 1, 0x00, 0xE000, 0x2000),
    ("app0", 0, 0x10, 0x10000, 0x1E0000),
    ("app1", 0, 0x11, 0x1F0000, 0x1E0000),
    ("spiffs", 1, 0x82, 0x3D0000, 0x20000),
    ("coredump", 1, 0x03, 0x3F0000, 0x10000),
)
"""The Arduino core's tools/partitions/min_spiffs.csv: name, type, subtype, offset, size."""


def factory_parts(platform: str) -> dict[Part, bytes]:
    """Return boot loader, partition table and OTA data for a platform of the ESP32 family."""
    return {
        Part.BOOT_LOADER: boot_loader(platform),
        Part.PARTITIONS: partition_table(),
        Part.BOOT_APP0: ota_data(1),
    }


def boot_loader(platform: str) -> bytes:
    """Return a boot loader: an image without a description."""
    assert PLATFORMS[platform].chip_id is not None
    return esp32_image(platform, size_bytes=18_000, fill=7, with_description=False)


def partition_table(entries: tuple[tuple[str, int, int, int, int], ...] = _MIN_SPIFFS) -> bytes:
    """Return a partition table as gen_esp32part.py writes it: 3 KiB, MD5 behind the entries."""
    table = b"".join(
        struct.pack("<2sBBII16sI", b"\xaa\x50", type_, subtype, offset, size, name.encode(), 0)
        for name, type_, subtype, offset, size in entries
    )
    digest = hashlib.md5(table, usedforsecurity=False).digest()
    return (table + b"\xeb\xeb" + b"\xff" * 14 + digest).ljust(0xC00, b"\xff")


def default_table() -> bytes:
    """Return the Arduino core's default table, whose slots are smaller than v1's."""
    return partition_table(
        (
            ("nvs", 1, 0x02, 0x9000, 0x5000),
            ("otadata", 1, 0x00, 0xE000, 0x2000),
            ("app0", 0, 0x10, 0x10000, 0x140000),
            ("app1", 0, 0x11, 0x150000, 0x140000),
        )
    )


def ota_data(sequence: int) -> bytes:
    """Return OTA data that selects a slot by its sequence number; 1 selects the first."""
    number = struct.pack("<I", sequence)
    crc = struct.pack("<I", zlib.crc32(number, 0xFFFFFFFF))
    return (number + b"\xff" * 24 + crc).ljust(0x2000, b"\xff")
