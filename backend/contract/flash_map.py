"""Where the parts of a clock's software lie in flash: what a blank chip needs to start.

The layout is `min_spiffs` of the Arduino core for 4 MB, v1's own: an update over the air
cannot change a partition table. An ESP8266 image holds its boot loader; over the air it may
travel packed, in flash it never is.
"""

from enum import StrEnum

from backend.contract.platforms import ESP8266_CHIP_FAMILY, Platform


class Part(StrEnum):
    """What is written to a chip; the value names it in forms, archives and links."""

    BOOT_LOADER = "bootloader"  # second-stage boot loader
    PARTITIONS = "partitions"  # partition table
    BOOT_APP0 = "boot_app0"  # OTA data: start the first application slot
    APPLICATION = "application"  # the image as updates over the air carry it
    FLASH_IMAGE = "image"  # the same as it lies in flash: unpacked
    IDENTITY = "identity"  # who the clock is to be: made for one claim, never published


BLANK_CHIP_PARTS = (Part.BOOT_LOADER, Part.PARTITIONS, Part.BOOT_APP0)
"""What an ESP32 needs beside the application."""

PARTITIONS_OFFSET = 0x8000
OTA_DATA_OFFSET = 0xE000
APPLICATION_OFFSET = 0x10000
SECOND_APPLICATION_OFFSET = 0x1F0000

NVS_OFFSET, NVS_BYTES = 0x9000, 0x5000
"""Where the ESP32 family keeps settings, unless its partition table says otherwise."""

_IDENTITY_OFFSETS = {"esp12f": 0x300000, "d1mini": 0x300000, "esp01": 0xF7000}
"""Of the ESP8266's sector: `_FS_start` of the linker scripts that platformio.ini names."""

_BOOT_LOADER_OFFSETS = {"ESP32": 0x1000, "ESP32-C3": 0, "ESP32-S3": 0}


def offsets_of(platform: Platform) -> dict[Part, int]:
    """Return every part that a blank chip needs, with its offset in flash (bytes)."""
    if platform.chip_family == ESP8266_CHIP_FAMILY:
        return {Part.FLASH_IMAGE: 0}
    return {
        Part.BOOT_LOADER: _BOOT_LOADER_OFFSETS[platform.chip_family],
        Part.PARTITIONS: PARTITIONS_OFFSET,
        Part.BOOT_APP0: OTA_DATA_OFFSET,
        Part.APPLICATION: APPLICATION_OFFSET,
    }


def identity_sector_offset(platform: Platform) -> int:
    """Return where an ESP8266 looks for its identity (bytes)."""
    return _IDENTITY_OFFSETS[platform.name]
