"""Settings of a clock: what the server can know of what a clock will take."""

import re
from typing import Any

import pytest

from backend.contract.generate import ROOT
from backend.contract.settings import SETTINGS, problem_with, text_form


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("name", "Åre mål", "Åre mål"),
        ("name", "", ""),
        ("server_url", "https://clocks.example.org:8443", "https://clocks.example.org:8443"),
        ("server_url", "https://[fd00::1]", "https://[fd00::1]"),
        ("mqtt_port", 8883, "8883"),
        ("trust", "insecure", "insecure"),
        ("ntp", ["a.example", "", "192.0.2.1"], "a.example 192.0.2.1"),
        ("ntp", [], ""),
        ("colour_main", "#FF8000", "ff8000"),
        ("screens", ["temperature", "time"], "temperature time"),
        ("blink_colon", False, "0"),
        ("temperature_offset_tenths", -15, "-15"),
        ("panels", "4+4", "4+4"),
        ("topic_prefix", "club/ski", "club/ski"),
    ],
)
def test_value_has_a_text_form(key: str, value: Any, text: str) -> None:
    assert text_form(SETTINGS[key], value) == text


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("name", "x" * 33, "name must be: text."),
        ("name", "å" * 17, "name must be: text."),
        ("name", "a\nb", "name must be: text."),
        ("name", 5, "name must be: text."),
        ("server_url", "https://x/path", None),
        ("server_url", "ftp://x", None),
        ("server_url", "", None),
        ("mqtt_host", "a b", None),
        ("mqtt_port", 0, "mqtt_port must be from 1 to 65535."),
        ("mqtt_port", "8883", "mqtt_port must be: whole number."),
        ("mqtt_port", True, "mqtt_port must be: whole number."),
        ("trust", "blind", "trust must be: verified, insecure or plain."),
        ("download_api_key", "a\r\nb", None),
        ("ntp", ["a", "b", "c", "d"], None),
        ("ntp", "a", None),
        ("screens", [], None),
        ("screens", ["moon"], None),
        ("blink_colon", 1, "blink_colon must be: true or false."),
        ("colour_main", "red", "colour_main must be: rrggbb."),
        ("topic_prefix", "club/#", None),
        ("topic_prefix", "/club", None),
        ("panels", "9", None),
    ],
)
def test_value_that_a_clock_would_refuse_is_explained(
    key: str, value: Any, why: str | None
) -> None:
    problem = problem_with(SETTINGS[key], value)
    assert problem is not None
    assert problem.startswith(f"{key} must be")
    if why is not None:
        assert problem == why
    with pytest.raises(ValueError, match=re.escape(problem)):
        text_form(SETTINGS[key], value)


def test_tags_are_unique_and_leave_room_for_the_records_own() -> None:
    tags = [setting.tag for setting in SETTINGS.values()]
    assert len(set(tags)) == len(tags)
    assert min(tags) >= 10
    assert max(tags) < 128


def test_tags_have_not_moved_since_clocks_store_them() -> None:
    """The golden record of format 1 holds every setting under the tag that it had then."""
    script = (ROOT / "firmware/test/config/records.py").read_text()
    first = int(re.search(r"NAME, SERVER_URL,.* = range\((\d+), \d+\)", script).group(1))  # type: ignore[union-attr]
    assert SETTINGS["name"].tag == first
    assert [setting.tag for setting in SETTINGS.values()][:25] == list(range(first, first + 25))
