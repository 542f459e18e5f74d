"""Identities are byte for byte what the firmware's own tests read."""

import re
import ssl

import pytest

from backend.contract.generate import ROOT
from backend.contract.identity import esp8266_sector, identity_records

GOLDEN = (ROOT / "firmware/test/config/golden_records.h").read_text()

SETTINGS = {
    "name": "Åre mål",
    "server_url": "https://clocks.example.org",
    "mqtt_host": "broker.example.org",
    "mqtt_port": 8883,
    "mqtt_username": "e8c5fbbdf5f0",
    "mqtt_password": "correct horse battery",
    "trust": "verified",
    "download_api_key": "download-key-1",
    "protocol": 2,
}


def golden(name: str) -> bytes:
    found = re.search(rf"{name} = \{{([^}}]*)\}}", GOLDEN)
    assert found is not None
    return bytes(int(byte) for byte in found.group(1).split(",") if byte.strip())


def roots() -> list[str]:
    return [ssl.DER_cert_to_PEM_cert(golden(name)[12:]) for name in ("kRoot1", "kRoot2")]


def test_records_are_what_the_firmware_reads() -> None:
    records = identity_records(SETTINGS, roots())
    assert records == {
        "identity": golden("kIdentity1"),
        "root1": golden("kRoot1"),
        "root2": golden("kRoot2"),
    }


def test_sector_holds_each_record_at_its_place_and_is_erased_elsewhere() -> None:
    records = identity_records(SETTINGS, roots())
    sector = esp8266_sector(records)
    assert len(sector) == 4096
    assert sector.startswith(records["identity"])
    assert sector[832:].startswith(records["root1"])
    assert sector[2464:].startswith(records["root2"])
    assert set(sector[len(records["identity"]) : 832]) == {0xFF}


def test_clock_without_roots_of_its_own_uses_those_of_its_firmware() -> None:
    records = identity_records({"name": "x"}, [])
    assert set(records) == {"identity"}
    assert records["identity"][12:] == b"\x04\x010\x0a\x01x"


@pytest.mark.parametrize(
    ("settings", "count", "why"),
    [
        ({"name": "x"}, 3, "at most two root certificates"),
        ({"colour": "red"}, 0, "colour is no setting of a clock"),
        ({"mqtt_port": 0}, 0, "mqtt_port must be from 1 to 65535"),
    ],
)
def test_what_a_clock_could_not_take_is_refused(
    settings: dict[str, object], count: int, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        identity_records(settings, [roots()[0]] * count)


def test_root_too_large_for_its_place_is_refused() -> None:
    with pytest.raises(ValueError, match="root1 record is 1633 bytes"):
        identity_records({}, [ssl.DER_cert_to_PEM_cert(bytes(1621))])
