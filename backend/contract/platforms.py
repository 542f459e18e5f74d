"""The boards that clocks are built on, and what an image for each must look like."""

from collections.abc import Mapping
from dataclasses import dataclass

ESP8266_CHIP_FAMILY = "ESP8266"


@dataclass(frozen=True, slots=True)
class Platform:
    """One build target.

    `chip_id` is the field of the ESP image header (None: the ESP8266 has none),
    `slot_bytes` the room for one application image: v1's `min_spiffs` partition on
    the ESP32 family, the linker script's sketch limit on the ESP8266.
    """

    name: str
    board: str
    chip_family: str
    chip_id: int | None
    slot_bytes: int


_ESP32_SLOT_BYTES = 0x1E0000
_ESP8266_4M_SLOT_BYTES = 1_044_464
_ESP8266_1M_SLOT_BYTES = 761_856

PLATFORMS: dict[str, Platform] = {
    platform.name: platform
    for platform in (
        Platform("esp32", "ESP32", "ESP32", 0, _ESP32_SLOT_BYTES),
        Platform("esp32c3", "ESP32-C3", "ESP32-C3", 5, _ESP32_SLOT_BYTES),
        Platform("esp32s3", "ESP32-S3", "ESP32-S3", 9, _ESP32_SLOT_BYTES),
        Platform("esp12f", "ESP-12F", ESP8266_CHIP_FAMILY, None, _ESP8266_4M_SLOT_BYTES),
        Platform("esp01", "ESP-01", ESP8266_CHIP_FAMILY, None, _ESP8266_1M_SLOT_BYTES),
        Platform("d1mini", "Wemos D1 Mini", ESP8266_CHIP_FAMILY, None, _ESP8266_4M_SLOT_BYTES),
    )
}

LINUX = Platform("linux", "Linux", "Linux", None, 64 * 1024 * 1024)
"""The clock as a Linux program, for people who develop; a server takes it where a setting
says so. Its image is an ELF executable."""

ALL_PLATFORMS = PLATFORMS | {LINUX.name: LINUX}

ALIASES: dict[str, str] = {"esp8266": "esp12f"}
"""Names that the oldest builds still send, and the platform they mean."""

UNKNOWN_BOARD = "Unknown"


def platforms_known(*, development: bool) -> dict[str, Platform]:
    """Return what a server builds for; the Linux program only where people develop."""
    return ALL_PLATFORMS if development else PLATFORMS


def canonical_platform(name: str, known: Mapping[str, Platform] = PLATFORMS) -> str | None:
    """Return the platform that `name` means, or None for one we do not build."""
    name = ALIASES.get(name, name)
    return name if name in known else None


def platform_of_board(board: str | None, known: Mapping[str, Platform] = PLATFORMS) -> str | None:
    """Return the platform of a heartbeat's `board`, or None for `Unknown` and strangers."""
    name = _PLATFORM_BY_BOARD.get(board) if board else None
    return name if name in known else None


_PLATFORM_BY_BOARD = {platform.board: platform.name for platform in ALL_PLATFORMS.values()}
