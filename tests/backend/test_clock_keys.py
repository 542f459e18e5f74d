"""Secrets of single clocks: derived, verified, and different for each clock and purpose."""

import pytest

from backend.clock_keys import Claimed, ClockKeys, mqtt_username, read_mqtt_username

KEYS = ClockKeys("k" * 48)
LONGEST = "f" * 16


def test_what_is_made_is_recognised() -> None:
    for device_id, generation in (("a1b2c3", 1), (LONGEST, 999_999)):
        key = KEYS.device_key(device_id, generation)
        name, password = mqtt_username(device_id, generation), KEYS.mqtt_password(device_id, 1)
        assert KEYS.check_device_key(key) == Claimed(device_id, generation)
        assert read_mqtt_username(name) == Claimed(device_id, generation)
        assert KEYS.check_mqtt(mqtt_username(device_id, 1), password) == Claimed(device_id, 1)


def test_secrets_fit_what_a_clock_stores() -> None:
    for secret in (KEYS.device_key(LONGEST, 999_999), KEYS.mqtt_password(LONGEST, 999_999)):
        assert len(secret) <= 64
        assert all("!" <= character <= "~" for character in secret)


def test_no_secret_opens_for_another_clock_generation_or_server() -> None:
    key = KEYS.device_key("a1b2c3", 1)
    mac = key.rpartition("_1_")[2]
    assert KEYS.check_device_key(f"skd_a1b2c4_1_{mac}") is None
    assert KEYS.check_device_key(f"skd_a1b2c3_2_{mac}") is None
    assert ClockKeys("j" * 48).check_device_key(key) is None
    password = KEYS.mqtt_password("a1b2c3", 1)
    assert KEYS.check_mqtt("a1b2c4-1", password) is None
    assert KEYS.check_mqtt("a1b2c3-2", password) is None
    assert not password.startswith(mac[:16])


@pytest.mark.parametrize(
    "text", ["", "skd_", "skd_a1_0_" + "x" * 32, "skd_A1_1_" + "x" * 32, "sck_a_b", "é", "a1-0"]
)
def test_what_is_no_credential_is_nobodys(text: str) -> None:
    assert KEYS.check_device_key(text) is None
    assert read_mqtt_username(text) is None
    assert KEYS.check_mqtt(text, text) is None
