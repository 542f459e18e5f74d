"""A clock's own id, as its firmware makes it from the address burned into the chip."""

import re

from backend.contract.platforms import ESP8266_CHIP_FAMILY, PLATFORMS

_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")


def clean_mac(mac: str) -> str | None:
    """Return a MAC address as it is kept, or None for what is none."""
    mac = mac.strip().lower().replace("-", ":")
    return mac if _MAC.fullmatch(mac) else None


def device_id_of(platform: str, mac: str) -> str:
    """Return the id of a clock of a platform with a clean MAC address.

    An ESP8266 says the last three bytes; the ESP32 family all six from the last to the first,
    in two halves without leading zeros: first-generation clocks wrote it so, and keep their names.
    """
    data = bytes.fromhex(mac.replace(":", ""))
    if PLATFORMS[platform].chip_family == ESP8266_CHIP_FAMILY:
        return f"{int.from_bytes(data[3:], 'big'):x}"
    efuse = int.from_bytes(data, "little")
    return f"{efuse >> 32:x}{efuse & 0xFFFFFFFF:x}"
