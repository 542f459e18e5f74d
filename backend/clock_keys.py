"""Owns the secrets of single clocks: derived from one key, so that no table holds any.

A secret is HMAC-SHA256 of its purpose, the clock and the generation under CLOCK_KEY. Whoever
steals the database gets none; whoever needs one makes it again.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

from backend.contract.limits import DEVICE_ID_PATTERN

MAX_GENERATION = 999_999
"""So that a device key stays below the 64 characters that a clock stores."""

_KEY_MAC_BYTES = 24
_NAME = re.compile(rf"({DEVICE_ID_PATTERN})-([1-9]\d{{0,5}})")
_DEVICE_KEY = re.compile(rf"skd_({DEVICE_ID_PATTERN})_([1-9]\d{{0,5}})_([A-Za-z0-9_-]{{32}})")


@dataclass(frozen=True, slots=True)
class Claimed:
    """Which credentials somebody says to have: a clock's, of one generation."""

    device_id: str
    generation: int


class ClockKeys:
    """Derives and verifies; whether a generation is still valid stands in clock_credentials."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def mqtt_password(self, device_id: str, generation: int) -> str:
        """Return the broker's password of one generation: 43 visible characters."""
        return _text(self._derive("mqtt", device_id, generation))

    def device_key(self, device_id: str, generation: int) -> str:
        """Return what a clock shows for downloads: at most 64 visible ASCII characters."""
        mac = _text(self._derive("download", device_id, generation)[:_KEY_MAC_BYTES])
        return f"skd_{device_id}_{generation}_{mac}"

    def check_mqtt(self, username: str, password: str) -> Claimed | None:
        """Return whose user name and password these are, or None where they are not ours."""
        claimed = read_mqtt_username(username)
        if claimed is None:
            return None
        right = self.mqtt_password(claimed.device_id, claimed.generation)
        return claimed if _is_same(right, password) else None

    def check_device_key(self, key: str) -> Claimed | None:
        """Return whose device key this is, or None where it is none of ours."""
        match = _DEVICE_KEY.fullmatch(key)
        if match is None:
            return None
        claimed = Claimed(match[1], int(match[2]))
        right = self.device_key(claimed.device_id, claimed.generation)
        return claimed if _is_same(right, key) else None

    def _derive(self, purpose: str, device_id: str, generation: int) -> bytes:
        text = f"{purpose}|{device_id}|{generation}"
        return hmac.new(self._key, text.encode(), hashlib.sha256).digest()


def mqtt_username(device_id: str, generation: int) -> str:
    """Return the broker's user name of one generation."""
    return f"{device_id}-{generation}"


def read_mqtt_username(username: str) -> Claimed | None:
    """Return what a user name stands for, or None where it is no single clock's."""
    match = _NAME.fullmatch(username)
    return Claimed(match[1], int(match[2])) if match else None


def _is_same(right: str, shown: str) -> bool:
    return hmac.compare_digest(right.encode(), shown.encode(errors="replace"))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
