"""The element of one clock's settings: its fields, its words, and how they stand."""

from pathlib import Path
from typing import Any

from backend.contract.settings import SETTINGS, Setting, SettingKind
from backend.fleet import Clock
from backend.setting_edits import GROUPS, Standing
from skiclock_ui.components.element import PageElement, component
from skiclock_ui.i18n import _

_LEVELS = frozenset({"brightness", "night_brightness"})
_MINUTES = frozenset({"night_from", "night_to"})
_TENTHS = frozenset({"temperature_offset_tenths"})


class ClockSettingsElement(PageElement):
    """The settings of one clock, as it reports them and as they are wanted."""

    component = component(Path(__file__).with_name("settings.js"))


def settings_state(clock: Clock, standing: Standing) -> dict[str, Any]:
    """Return what the form shows."""
    changed_at, reported_at = standing.changed_at, standing.reported_at
    # A clock that was named on the dashboard alone has that name, as far as people know.
    reported = standing.reported
    if clock.name and not reported.get("name"):
        reported = {**reported, "name": clock.name}
    return {
        "device_id": clock.device_id,
        "takes_settings": clock.is_v2,
        "version": standing.version,
        "standing": standing.state,
        "wanted": standing.wanted,
        "reported": reported,
        "refused_field": standing.refused_field,
        "changed_by": standing.changed_by,
        "changed_at": changed_at.timestamp() if changed_at else None,
        "reported_at": reported_at.timestamp() if reported_at else None,
    }


def settings_fields() -> list[dict[str, Any]]:
    """Return the form: its groups, and the fields of each."""
    return [
        {"name": name, "fields": [_field(SETTINGS[key]) for key in keys]}
        for name, keys in GROUPS.items()
    ]


def settings_words() -> dict[str, Any]:
    """Return every text of the element in the current language."""
    return {
        "title": _("Set from here"),
        "first_generation": _(
            "Settings cannot be sent to this clock: its firmware is of the first generation. "
            "Update it first."
        ),
        "standings": {
            "none": _("As the clock is"),
            "pending": _("Waits for the clock"),
            "applied": _("Applied"),
            "refused": _("Refused by the clock"),
        },
        "explained": {
            "none": _("Nothing was set from here yet; the clock goes by its own settings."),
            "pending": _(
                "The clock has not answered yet. One that is offline gets the settings when it "
                "comes back."
            ),
            "applied": _("The clock reports these settings as in force."),
            "refused": _("The clock would not take them and changed nothing."),
        },
        "because": _("It would not take: {field}."),
        "changed": _("Changed {time} by {who}"),
        "save": _("Send to the clock"),
        "undo": _("Undo"),
        "unsaved": _("Not sent yet: {fields}"),
        "clock_has": _("The clock has {value}"),
        "own": _("empty: the clock's own"),
        "unset": _("The clock's own, not reported yet."),
        "on": _("on"),
        "off": _("off"),
        "network_warning": _(
            "A wrong value here takes the clock away from this server. It goes back by itself "
            "when the new broker does not answer for ten minutes; what lies behind is then found "
            "on site."
        ),
        "sent": _("Saved. It is sent to the clock now."),
        "mend": _("Some values do not fit. Nothing was sent."),
        "changed_meanwhile": _(
            "Somebody else changed these settings meanwhile. Look at them, then try again."
        ),
        "failed": _("This did not work. Try again."),
        "groups": {
            "place": _("Name and time zone"),
            "light": _("Brightness"),
            "screens": _("Screens"),
            "colours": _("Colours"),
            "panels": _("Panels and supply"),
            "sensor": _("Thermometer"),
            "network": _("Network: where the clock connects"),
        },
        "fields": {
            "name": _("Name"),
            "timezone": _("Time zone"),
            "brightness": _("By day"),
            "night_brightness": _("By night"),
            "night_from": _("Night from"),
            "night_to": _("Night to"),
            "screens": _("What takes turns"),
            "screen_s": _("Seconds of each"),
            "blink_colon": _("Colon blinks"),
            "colour_main": _("Digits"),
            "colour_accent": _("Date and messages"),
            "colour_warning": _("Warnings"),
            "panels": _("Panels in each row"),
            "current_limit_ma": _("Current limit (mA)"),
            "temperature_offset_tenths": _("Added to the sensor's (°C)"),
            "server_url": _("Server for firmware"),
            "mqtt_host": _("Broker"),
            "mqtt_port": _("Broker's port"),
            "trust": _("Certificates"),
            "ntp": _("Time servers"),
        },
        "hints": {
            "name": _("Up to 32 bytes; shown on the dashboard too."),
            "panels": _("From the top, like 4+4; empty: as the board has them."),
            "current_limit_ma": _("What the supply can give for good; the picture dims to it."),
            "ntp": _("Up to three, with commas between."),
        },
        "screens": {
            "time": _("Time"),
            "date": _("Date"),
            "temperature": _("Temperature"),
        },
        "trusts": {
            "verified": _("checked"),
            "insecure": _("not checked"),
            "plain": _("no encryption"),
        },
        "problems": {
            SettingKind.TEXT.name: _("One line of up to {max} bytes."),
            SettingKind.HOST.name: _("A host's name or address."),
            SettingKind.URL.name: _("An address that begins with https:// and ends with the host."),
            SettingKind.ZONE.name: _("The name of a time zone, like Europe/Oslo."),
            SettingKind.HOSTS.name: _("Up to three hosts, with commas between."),
            SettingKind.WHOLE.name: _("A number from {low} to {high}."),
            SettingKind.SWITCH.name: _("On or off."),
            SettingKind.TRUST.name: _("One of the list."),
            SettingKind.COLOUR.name: _("A colour of six digits."),
            SettingKind.SCREENS.name: _("At least one screen."),
            SettingKind.PANELS.name: _("Panels in each row, like 4+4."),
        },
    }


def _field(setting: Setting) -> dict[str, Any]:
    control = _control(setting)
    scale = 10 if control == "tenths" else 1
    return {
        "key": setting.key,
        "kind": setting.kind.name,
        "control": control,
        "low": setting.low / scale,
        "high": setting.high / scale,
        "max": setting.max_bytes,
    }


def _control(setting: Setting) -> str:
    for keys, control in ((_LEVELS, "level"), (_MINUTES, "minute"), (_TENTHS, "tenths")):
        if setting.key in keys:
            return control
    return {
        SettingKind.WHOLE: "number",
        SettingKind.SWITCH: "switch",
        SettingKind.COLOUR: "colour",
        SettingKind.SCREENS: "screens",
        SettingKind.HOSTS: "hosts",
        SettingKind.TRUST: "trust",
        SettingKind.ZONE: "zone",
    }.get(setting.kind, "text")
