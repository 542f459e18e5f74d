"""Who a clock is to be: the records that are flashed with it.

The form is described in firmware/lib/skiclock/config/record.h and identity.h: an envelope with a
CRC-32, entries of settings in their text form, and CA roots in DER.
"""

import ssl
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from backend.contract.settings import SETTINGS, text_form

FORMAT_VERSION = 1
ROOT_COUNT_TAG = 4
WIFI_NAME_TAG, WIFI_PASSWORD_TAG = 5, 6
IDENTITY_BYTES = 832
ROOT_BYTES = 1632
SECTOR_BYTES = 4096
"""Of the ESP8266's flash; the ESP32 family keeps the records apart in NVS, under their names."""

_OFFSETS = {"identity": 0, "root1": IDENTITY_BYTES, "root2": IDENTITY_BYTES + ROOT_BYTES}
_LIMITS = {"identity": IDENTITY_BYTES, "root1": ROOT_BYTES, "root2": ROOT_BYTES}


def identity_records(
    settings: Mapping[str, Any],
    roots_pem: Sequence[str],
    wifi: tuple[str, str] | None = None,
) -> dict[str, bytes]:
    """Return the records by the names under which the clock looks for them.

    `roots_pem`: at most two CA certificates; `wifi`: a network's name and password. Raises
    ValueError, with a sentence, where a clock could not take them.
    """
    if len(roots_pem) > 2:
        raise ValueError("A clock takes at most two root certificates.")
    entries = {ROOT_COUNT_TAG: str(len(roots_pem))}
    if wifi is not None:
        entries |= {WIFI_NAME_TAG: wifi[0], WIFI_PASSWORD_TAG: wifi[1]}
    for key, value in settings.items():
        if key not in SETTINGS:
            raise ValueError(f"{key} is no setting of a clock.")
        entries[SETTINGS[key].tag] = text_form(SETTINGS[key], value)
    records = {"identity": _record("I", _entries(entries))}
    for number, pem in enumerate(roots_pem, 1):
        records[f"root{number}"] = _record("R", ssl.PEM_cert_to_DER_cert(pem))
    for name, record in records.items():
        if len(record) > _LIMITS[name]:
            raise ValueError(f"The {name} record is {len(record)} bytes, over {_LIMITS[name]}.")
    return records


def esp8266_sector(records: Mapping[str, bytes]) -> bytes:
    """Return the flash sector that holds the records on an ESP8266."""
    sector = bytearray(b"\xff" * SECTOR_BYTES)
    for name, record in records.items():
        sector[_OFFSETS[name] : _OFFSETS[name] + len(record)] = record
    return bytes(sector)


def _record(kind: str, payload: bytes) -> bytes:
    head = b"SKC" + kind.encode() + FORMAT_VERSION.to_bytes(2, "little")
    head += len(payload).to_bytes(2, "little")
    return head + zlib.crc32(head + payload).to_bytes(4, "little") + payload


def _entries(texts: Mapping[int, str]) -> bytes:
    values = {tag: text.encode() for tag, text in texts.items()}
    return b"".join(bytes([tag, len(value)]) + value for tag, value in values.items())
