"""The part of flash that makes a board one certain clock: its place, its contents, its limits."""

import ssl
import time
from pathlib import Path

import pytest

from backend.claims import Wifi
from backend.clock_keys import ClockKeys
from backend.contract.flash_map import Part
from backend.contract.identity import IDENTITY_BYTES, ROOT_BYTES
from backend.contract.settings import SETTINGS
from backend.identity_part import (
    Home,
    Place,
    Self,
    UnfitIdentityError,
    make_records,
    nvs_image,
    part_of,
    place_of,
)
from tests.backend.flash_images import factory_parts, partition_table
from tests.nvs import read_blobs

KEYS = ClockKeys("k" * 48)
ID = "f5e4d3c2b1a0"
HOME = Home("https://clocks.example.org", "clocks.example.org", 8883, "verified", "skiclock", ())
CLOCK = Self(ID, 3, "Åre mål", "Europe/Oslo", Wifi("Club", "powder snow"))
BY_TAG = {setting.tag: key for key, setting in SETTINGS.items()}


def entries(record: bytes) -> dict[str, str]:
    """Return the entries of an identity record by their names."""
    names = BY_TAG | {4: "roots", 5: "wifi", 6: "wifi password"}
    found, at = {}, 12
    while at < len(record):
        tag, size = record[at], record[at + 1]
        found[names[tag]] = record[at + 2 : at + 2 + size].decode()
        at += 2 + size
    return found


def test_clock_is_told_where_it_belongs_and_who_it_is() -> None:
    assert entries(make_records(KEYS, HOME, CLOCK)["identity"]) == {
        "roots": "0",
        "wifi": "Club",
        "wifi password": "powder snow",
        "name": "Åre mål",
        "server_url": "https://clocks.example.org",
        "mqtt_host": "clocks.example.org",
        "mqtt_port": "8883",
        "mqtt_username": f"{ID}-3",
        "mqtt_password": KEYS.mqtt_password(ID, 3),
        "trust": "verified",
        "download_api_key": KEYS.device_key(ID, 3),
        "topic_prefix": "skiclock",
        "timezone": "Europe/Oslo",
        "protocol": "2",
    }


def test_what_is_not_said_is_left_to_the_firmware() -> None:
    told = entries(make_records(KEYS, HOME, Self(ID, 1, "", "", None))["identity"])
    assert not {"name", "timezone", "wifi", "wifi password"} & set(told)


def test_nvs_image_holds_each_record_whole_even_the_largest() -> None:
    records = {
        "identity": bytes(range(256)) * 3 + bytes(IDENTITY_BYTES - 768),
        "root1": b"\x01" * ROOT_BYTES,
        "root2": b"\x02" * (ROOT_BYTES - 1),
    }
    image = nvs_image(records, 0x5000)
    assert len(image) == 0x5000
    assert read_blobs(image) == {("skiclock", name): data for name, data in records.items()}
    assert set(image[-4096:]) == {0xFF}  # the chip needs a page to move entries to


def test_same_records_lie_in_a_sector_of_an_esp8266() -> None:
    records = make_records(KEYS, HOME, CLOCK)
    sector = part_of(records, "esp01", Place(0xF7000, 4096))
    assert len(sector) == 4096
    assert sector.startswith(records["identity"])


@pytest.mark.parametrize(
    ("platform", "offset", "size_bytes"),
    [
        ("esp32", 0x9000, 0x5000),
        ("esp32c3", 0x9000, 0x5000),
        ("esp32s3", 0x9000, 0x5000),
        ("esp12f", 0x300000, 0x1000),
        ("d1mini", 0x300000, 0x1000),
        ("esp01", 0xF7000, 0x1000),
    ],
)
def test_place_is_where_the_firmware_looks(platform: str, offset: int, size_bytes: int) -> None:
    table = factory_parts("esp32")[Part.PARTITIONS]
    assert place_of(platform, table) == Place(offset, size_bytes)


def test_partition_table_says_where_its_nvs_is() -> None:
    table = partition_table((("settings", 1, 0x02, 0x3F0000, 0x4000),))
    assert place_of("esp32", table) == Place(0x3F0000, 0x4000)
    assert place_of("esp32", partition_table(())) == Place(0x9000, 0x5000)


def test_authorities_of_broker_and_web_are_told_each_once(tmp_path: Path) -> None:
    broker, web, many = (tmp_path / name for name in ("broker.pem", "web.pem", "many.pem"))
    pems = [ssl.DER_cert_to_PEM_cert(bytes([number]) * 300) for number in range(3)]
    broker.write_text("some words\n" + pems[0])
    web.write_text(pems[1] + pems[0])
    many.write_text("".join(pems))

    def home(*files: Path) -> Home:
        return Home(HOME.server_url, HOME.mqtt_host, 8883, "verified", "skiclock", files)

    records = make_records(KEYS, home(broker, web), CLOCK)
    assert [records[name][12] for name in ("root1", "root2")] == [0, 1]
    assert entries(records["identity"])["roots"] == "2"
    with pytest.raises(UnfitIdentityError, match="at most two root certificates"):
        make_records(KEYS, home(many), CLOCK)
    with pytest.raises(UnfitIdentityError, match="cannot be read: No such file"):
        make_records(KEYS, home(tmp_path / "gone.pem"), CLOCK)


def test_address_that_no_clock_takes_is_refused_with_what_to_check() -> None:
    home = Home("https://[", "broker", 8883, "verified", "skiclock", ())
    with pytest.raises(UnfitIdentityError, match=r"server_url must be.*SKICLOCK_BASE_URL"):
        make_records(KEYS, home, CLOCK)


def test_making_the_image_takes_no_time_to_speak_of() -> None:
    records = make_records(KEYS, HOME, CLOCK)
    nvs_image(records, 0x5000)  # what is imported late is imported now
    began_s = time.perf_counter()
    nvs_image(records, 0x5000)
    assert time.perf_counter() - began_s < 0.5
