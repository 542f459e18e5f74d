"""Makes the part of flash that tells a clock who it is: where its server is, and its secrets.

An NVS image for the ESP32 family, one sector for the ESP8266; made for one claim when it is
asked for, and kept nowhere. All of it blocks for some ms: run it in a thread.
"""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from backend.claims import Claim, Wifi
from backend.clock_keys import ClockKeys, mqtt_username
from backend.contract.flash_map import NVS_BYTES, NVS_OFFSET, identity_sector_offset
from backend.contract.identity import esp8266_sector, identity_records
from backend.contract.limits import PROTOCOL
from backend.contract.platforms import ESP8266_CHIP_FAMILY, PLATFORMS
from backend.errors import Refusal
from backend.flash_parts import find_nvs

NVS_NAMESPACE = "skiclock"
_NVS_PAGE_BYTES = 4096
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", re.DOTALL)


class UnfitIdentityError(Refusal):
    """What this server would tell a clock is nothing that a clock takes."""

    code: ClassVar[str] = "unfit_identity"


@dataclass(frozen=True, slots=True)
class Home:
    """Where a clock belongs: the same for all that are flashed here.

    `ca_files`: the authorities of broker and server (PEM); none: those that the firmware knows.
    """

    server_url: str
    mqtt_host: str
    mqtt_port: int
    trust: str
    topic_prefix: str
    ca_files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Self:
    """Who one clock is to be."""

    device_id: str
    generation: int
    name: str
    timezone: str
    wifi: Wifi | None

    @classmethod
    def of(cls, claim: Claim) -> "Self":
        """Return whom a claim names."""
        return cls(claim.device_id, claim.generation, claim.name, claim.timezone, claim.wifi)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in flash a chip looks for its identity (bytes)."""

    offset: int
    size_bytes: int


def place_of(platform: str, partitions: bytes | None) -> Place:
    """Return where a platform's identity belongs; `partitions`: the table that was published."""
    target = PLATFORMS[platform]
    if target.chip_family == ESP8266_CHIP_FAMILY:
        return Place(identity_sector_offset(target), _NVS_PAGE_BYTES)
    nvs = find_nvs(partitions) if partitions is not None else None
    return Place(nvs.offset, nvs.size_bytes) if nvs else Place(NVS_OFFSET, NVS_BYTES)


def make_records(keys: ClockKeys, home: Home, clock: Self) -> dict[str, bytes]:
    """Return a clock's identity as the records that it reads; raises UnfitIdentityError."""
    settings: dict[str, Any] = {
        "name": clock.name,
        "server_url": home.server_url,
        "mqtt_host": home.mqtt_host,
        "mqtt_port": home.mqtt_port,
        "mqtt_username": mqtt_username(clock.device_id, clock.generation),
        "mqtt_password": keys.mqtt_password(clock.device_id, clock.generation),
        "trust": home.trust,
        "download_api_key": keys.device_key(clock.device_id, clock.generation),
        "topic_prefix": home.topic_prefix,
        "timezone": clock.timezone,
        "protocol": PROTOCOL,
    }
    settings = {key: value for key, value in settings.items() if value != ""}
    wifi = (clock.wifi.ssid, clock.wifi.password) if clock.wifi else None
    try:
        return identity_records(settings, read_roots(home.ca_files), wifi)
    except ValueError as error:
        raise UnfitIdentityError(
            f"Clocks cannot be told where this server is: {error} Check SKICLOCK_BASE_URL, "
            "MQTT_HOST, MQTT_CA_FILE and SKICLOCK_CA_FILE."
        ) from None
    except OSError as error:
        raise UnfitIdentityError(
            f"{error.filename} cannot be read: {error.strerror}. Clocks must be given it."
        ) from None


def part_of(records: Mapping[str, bytes], platform: str, place: Place) -> bytes:
    """Return the identity as it lies in a platform's flash."""
    if PLATFORMS[platform].chip_family == ESP8266_CHIP_FAMILY:
        return esp8266_sector(records)
    return nvs_image(records, place.size_bytes)


def nvs_image(records: Mapping[str, bytes], size_bytes: int) -> bytes:
    """Return a whole NVS partition with the records as blobs in the clock's namespace."""
    # Late: it takes a fifth of a second to import, and only who flashes boards needs it.
    from esp_idf_nvs_partition_gen import nvs_partition_gen as nvs

    image = io.BytesIO()
    # A page stays free, for the chip to move entries to.
    writer = nvs.nvs_open(image, size_bytes - _NVS_PAGE_BYTES, nvs.Page.VERSION2)
    nvs.write_entry(writer, NVS_NAMESPACE, "namespace", "", "")
    for name, record in records.items():
        writer.write_entry(name, record, "binary")
    nvs.nvs_close(writer)
    return image.getvalue()


def read_roots(files: tuple[Path, ...]) -> list[str]:
    """Return the certificates in some files, each once."""
    found = [one for file in files for one in _CERTIFICATE.findall(file.read_text())]
    return list(dict.fromkeys(one.strip() + "\n" for one in found))
