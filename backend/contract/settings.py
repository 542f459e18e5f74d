"""The settings that a v2 clock takes in `config/<device_id>`, reports, stores and is born with.

A `config` message takes the place of the one before: what it does not name goes back to the
clock's identity, its build or the default; only where to connect stays until it is named.
`null` takes a setting back expressly. One bad setting and none is applied.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class SettingKind(StrEnum):
    """What a value must be like; in JSON a text unless said otherwise."""

    TEXT = "text"  # UTF-8 without control characters
    KEY = "visible ASCII"  # goes into an HTTP header
    HOST = "host"  # letters, digits, `.`, `-`, `_`, `:`
    URL = "http:// or https:// address of a host, perhaps with a port"
    TOPIC = "MQTT topic levels without wildcards"
    ZONE = "name of a time zone, or a POSIX text"
    HOSTS = "list of up to three hosts"
    WHOLE = "whole number"
    SWITCH = "true or false"
    TRUST = "verified, insecure or plain"
    COLOUR = "rrggbb"
    SCREENS = "list of one to six of time, date, temperature"
    PANELS = "panels in each row, like 4+4"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `tag` is its number in the clock's flash and never changes.

    `low` and `high` bound a number, `max_bytes` a text (in UTF-8).
    """

    key: str
    tag: int
    kind: SettingKind
    meaning: str
    low: int = 0
    high: int = 0
    max_bytes: int = 0
    secret: bool = False
    may_be_empty: bool = False


_K = SettingKind
SETTINGS: dict[str, Setting] = {
    setting.key: setting
    for setting in (
        Setting("name", 10, _K.TEXT, "for people", max_bytes=32, may_be_empty=True),
        Setting("server_url", 11, _K.URL, "where firmware comes from", max_bytes=95),
        Setting("mqtt_host", 12, _K.HOST, "the broker", max_bytes=63),
        Setting("mqtt_port", 13, _K.WHOLE, "of the broker", 1, 65535),
        Setting("mqtt_username", 14, _K.TEXT, "at the broker", max_bytes=64, may_be_empty=True),
        Setting(
            "mqtt_password",
            15,
            _K.TEXT,
            "at the broker",
            max_bytes=64,
            secret=True,
            may_be_empty=True,
        ),
        Setting("trust", 16, _K.TRUST, "how broker and server prove who they are"),
        Setting(
            "download_api_key",
            17,
            _K.KEY,
            "for firmware",
            max_bytes=64,
            secret=True,
            may_be_empty=True,
        ),
        Setting("topic_prefix", 18, _K.TOPIC, "before every topic", max_bytes=24),
        Setting("timezone", 19, _K.ZONE, "of what is shown", max_bytes=48),
        Setting("ntp", 20, _K.HOSTS, "servers that tell the time", may_be_empty=True),
        Setting("brightness", 21, _K.WHOLE, "by day", 0, 255),
        Setting("night_brightness", 22, _K.WHOLE, "by night", 0, 255),
        Setting("night_from", 23, _K.WHOLE, "minute of the local day", 0, 1439),
        Setting("night_to", 24, _K.WHOLE, "minute of the local day", 0, 1439),
        Setting("current_limit_ma", 25, _K.WHOLE, "what the supply can give", 100, 60000),
        Setting("colour_main", 26, _K.COLOUR, "digits"),
        Setting("colour_accent", 27, _K.COLOUR, "date, messages"),
        Setting("colour_warning", 28, _K.COLOUR, "what needs somebody"),
        Setting("screens", 29, _K.SCREENS, "which take turns"),
        Setting("screen_s", 30, _K.WHOLE, "seconds of each", 1, 255),
        Setting("blink_colon", 31, _K.SWITCH, "between hours and minutes", 0, 1),
        Setting("temperature_offset_tenths", 32, _K.WHOLE, "added to the sensor's", -200, 200),
        Setting("panels", 33, _K.PANELS, "empty: the board's", max_bytes=11, may_be_empty=True),
        Setting("protocol", 34, _K.WHOLE, "2 where the server speaks it", 1, 2),
    )
}
"""Every setting by its key, in the order in which clocks report them."""

_KEY = re.compile(r"[!-~]*")
_HOST = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_:.-]{0,62}")
_URL = re.compile(r"https?://(?:\[[0-9A-Fa-f:.]{2,}\]|[A-Za-z0-9_][A-Za-z0-9_.-]*)(?::\d{1,5})?")
_TOPIC = re.compile(r"(?!/)[A-Za-z0-9/_.-]*(?<!/)")
_COLOUR = re.compile(r"#?[0-9A-Fa-f]{6}")
_PANELS = re.compile(r"(?:[1-8](?:\+[1-8]){0,3})?")
_SCREENS = ("time", "date", "temperature")
_PATTERNS = {
    _K.KEY: _KEY,
    _K.HOST: _HOST,
    _K.URL: _URL,
    _K.TOPIC: _TOPIC,
    _K.TRUST: re.compile("verified|insecure|plain"),
    _K.COLOUR: _COLOUR,
    _K.PANELS: _PANELS,
}


def problem_with(setting: Setting, value: Any) -> str | None:
    """Say what a clock would not take a value for, or None. The clock's word is the last."""
    kind = setting.kind
    if kind is _K.SWITCH:
        fits = isinstance(value, bool)
    elif kind is _K.WHOLE:
        fits = isinstance(value, int) and not isinstance(value, bool)
        if fits and not setting.low <= value <= setting.high:
            return f"{setting.key} must be from {setting.low} to {setting.high}."
    elif kind in (_K.HOSTS, _K.SCREENS):
        fits = _is_list(kind, value)
    else:
        fits = isinstance(value, str) and _is_text(setting, value)
    return None if fits else f"{setting.key} must be: {kind.value}."


def text_form(setting: Setting, value: Any) -> str:
    """Return a value as the clock stores it. Raises ValueError where the clock would refuse it."""
    if problem := problem_with(setting, value):
        raise ValueError(problem)
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, list):
        return " ".join(word for word in value if word)
    if setting.kind is SettingKind.COLOUR:
        return str(value).removeprefix("#").lower()
    return str(value)


def _is_text(setting: Setting, value: str) -> bool:
    if not value:
        return setting.may_be_empty
    if setting.max_bytes and len(value.encode()) > setting.max_bytes:
        return False
    pattern = _PATTERNS.get(setting.kind)
    return bool(pattern.fullmatch(value)) if pattern else value.isprintable()


def _is_list(kind: SettingKind, value: Any) -> bool:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        return False
    words = [word for word in value if word]
    if kind is SettingKind.HOSTS:
        return len(words) <= 3 and all(_HOST.fullmatch(word) for word in words)
    return 1 <= len(words) <= 6 and all(word in _SCREENS for word in words)
