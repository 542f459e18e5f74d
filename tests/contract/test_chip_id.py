"""The id that a clock makes from its chip's address."""

import pytest

from backend.contract.chip_id import clean_mac, device_id_of


@pytest.mark.parametrize(
    ("platform", "mac", "device_id"),
    [
        ("esp32", "f0:f5:bd:fb:c5:e8", "e8c5fbbdf5f0"),
        ("esp32s3", "f0:f5:bd:00:c5:e8", "e8c5bdf5f0"),  # each half without its leading zeros
        ("esp32c3", "01:00:00:00:02:00", "21"),
        ("esp12f", "18:fe:34:a1:b2:c3", "a1b2c3"),
        ("esp01", "18:fe:34:00:0b:c3", "bc3"),
    ],
)
def test_id_is_what_the_firmware_makes_of_the_address(
    platform: str, mac: str, device_id: str
) -> None:
    assert device_id_of(platform, mac) == device_id


@pytest.mark.parametrize(
    ("text", "mac"),
    [
        (" F0-F5-BD-FB-C5-E8 ", "f0:f5:bd:fb:c5:e8"),
        ("f0:f5:bd:fb:c5", None),
        ("f0:f5:bd:fb:c5:e8:00", None),
        ("", None),
        ("gg:f5:bd:fb:c5:e8", None),
    ],
)
def test_address_is_kept_in_one_form(text: str, mac: str | None) -> None:
    assert clean_mac(text) == mac
