"""Builds complete, valid ESP application images, as the real tool chains lay them out.

Structure is real (headers, segments, checksums, hashes, eboot and its CRC); the code in
them is random bytes, the same for the same `fill`.
"""

import hashlib
import random
import struct
import zlib
from functools import reduce
from operator import xor

from backend.contract.platforms import ESP8266_CHIP_FAMILY, PLATFORMS

SEED = 0xEF
DROM = {"ESP32": 0x3F400020, "ESP32-C3": 0x3C000020, "ESP32-S3": 0x3C000020}
IRAM = {"ESP32": 0x40080000, "ESP32-C3": 0x40380000, "ESP32-S3": 0x40374000}


def esp_image(platform: str, *, size_bytes: int = 64 * 1024, fill: int = 0) -> bytes:
    """Return an image for a platform; `fill` makes different ones.

    It has `size_bytes` bytes, rounded up to the next 16 as the format wants.
    """
    chip_family = PLATFORMS[platform].chip_family
    if chip_family == ESP8266_CHIP_FAMILY:
        flash = 0x20 if platform == "esp01" else 0x40
        return arduino_esp8266_image(size_bytes=size_bytes, fill=fill, flash_nibble=flash)
    return esp32_image(platform, size_bytes=size_bytes, fill=fill)


def esp32_image(
    platform: str,
    *,
    size_bytes: int = 64 * 1024,
    fill: int = 0,
    with_description: bool = True,
    with_hash: bool = True,
) -> bytes:
    """Return an image as esptool's elf2image writes it; without description, a boot loader."""
    platform_ = PLATFORMS[platform]
    chip = platform_.chip_family
    hash_bytes = 32 if with_hash else 0
    size_bytes += -(size_bytes - hash_bytes) % 16
    iram = content(1024, fill + 1)
    body = size_bytes - hash_bytes - 24 - 8 - 8 - len(iram) - 4
    description = _description() if with_description else b""
    drom = description + content(body - body % 4 - len(description), fill)
    extended = struct.pack(
        "<B3BHBHH4xB", 0xEE, 0, 0, 0, platform_.chip_id, 0, 0, 0xFFFF, int(with_hash)
    )
    header = struct.pack("<BBBBI", 0xE9, 2, 2, 0x20, IRAM[chip]) + extended
    image = with_checksum(header, [(DROM[chip], drom), (IRAM[chip], iram)])
    return image + (hashlib.sha256(image).digest() if with_hash else b"")


def plain_esp8266_image(
    *, size_bytes: int = 64 * 1024, fill: int = 0, flash_nibble: int = 0x40
) -> bytes:
    """Return a single ESP8266 image without boot loader, as other SDKs write it."""
    header = struct.pack("<BBBBI", 0xE9, 3, 0, flash_nibble, 0x40100004)
    sizes = (1024, 512, size_bytes - 8 - 24 - 1024 - 512 - 4)
    addresses = (0x40100000, 0x3FFE8000, 0x40201010)
    segments = [
        (address, content(size - size % 4, fill + address))
        for address, size in zip(addresses, sizes, strict=True)
    ]
    return with_checksum(header, segments)


def arduino_esp8266_image(
    *,
    size_bytes: int = 64 * 1024,
    fill: int = 0,
    flash_nibble: int = 0x40,
    with_crc: bool = True,
) -> bytes:
    """Return what the Arduino core's elf2bin writes: eboot, then the application at 4 KiB.

    The CRC is written over the application after its checksum was taken, so that the
    checksum of a real image is wrong there; cores before 2.6 wrote no CRC.
    """
    header = struct.pack("<BBBBI", 0xE9, 1, 2, flash_nibble, 0x4010F000)
    eboot = with_checksum(header, [(0x4010F000, content(1500, 8266))])
    header = struct.pack("<BBBBI", 0xE9, 4, 2, flash_nibble, 0x401000E4)
    rest = [(0x40100000, 2048), (0x3FFE8000, 256), (0x3FFE8100, 512)]
    irom = size_bytes - 0x1000 - 8 - 4 * 8 - sum(size for _, size in rest) - 4
    crc_words = bytes(8) if with_crc else b""
    segments = [
        (0x40201010, crc_words + content(irom - irom % 4 - len(crc_words), fill)),
        *((address, content(size, fill + address)) for address, size in rest),
    ]
    image = bytearray(eboot.ljust(0x1000, b"\xaa") + with_checksum(header, segments))
    if with_crc:
        image[0x1010:0x1018] = struct.pack("<II", len(image), eboot_crc(bytes(image)))
    return bytes(image)


def with_checksum(header: bytes, segments: list[tuple[int, bytes]]) -> bytes:
    """Return header, segments, padding and the XOR of all segment bytes."""
    image = header
    checksum = SEED
    for address, data in segments:
        image += struct.pack("<II", address, len(data)) + data
        checksum ^= reduce(xor, data, 0)
    return image + bytes(15 - len(image) % 16) + bytes([checksum])


def eboot_crc(image: bytes) -> int:
    """Return CRC-32 with the highest bit first, as the boot loader computes it."""
    reverse = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
    crc = zlib.crc32(image.translate(reverse)) ^ 0xFFFFFFFF
    return int(f"{crc:032b}"[::-1], 2)


def content(size_bytes: int, fill: int) -> bytes:
    """Return bytes that look like code to a compressor: random, the same for the same `fill`."""
    return random.Random(fill).randbytes(size_bytes)


def _description() -> bytes:
    """Return ESP-IDF's esp_app_desc_t."""
    texts = (b"1", b"skiclock", b"12:00:00", b"Nov 24 2026", b"v4.4.6")
    return struct.pack("<II8x32s32s16s16s32s32s80x", 0xABCD5432, 0, *texts, bytes(32))


def elf_image(*, bits: int = 64, fill: int = 0, size_bytes: int = 2000) -> bytes:
    """Return a little ELF executable, one segment and its table; the code is random bytes."""
    head_bytes, part_bytes = (64, 56) if bits == 64 else (52, 32)
    identity = b"\x7fELF" + bytes([2 if bits == 64 else 1, 1, 1]) + bytes(9)
    words = "QQQ" if bits == 64 else "III"
    numbers = (2, 62 if bits == 64 else 3, 1, 0x1000, head_bytes, 0)
    rest = (0, head_bytes, part_bytes, 1, 0, 0, 0)
    head = identity + struct.pack(f"<HHI{words}IHHHHHH", *numbers, *rest)
    if bits == 64:
        part = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x1000, 0x1000, size_bytes, size_bytes, 4096)
    else:
        part = struct.pack("<IIIIIIII", 1, 0, 0x1000, 0x1000, size_bytes, size_bytes, 5, 4096)
    start = head + part
    return start + content(size_bytes - len(start), fill)
