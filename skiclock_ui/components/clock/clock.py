"""The element of one clock's page: its words, and what it is told of the clock."""

import base64
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from backend.clock_models import ClockDetails, ClockEvent, Command
from backend.contract.limits import PROTOCOL
from backend.fleet import Clock
from backend.snapshots import Picture
from skiclock_ui.components.element import PageElement, component
from skiclock_ui.i18n import _


class ClockElement(PageElement):
    """One clock, live, and what can be told to it."""

    component = component(Path(__file__).with_name("clock.js"))


def clock_state(
    clock: Clock,
    *,
    is_online: bool,
    picture: Picture | None,
    details: ClockDetails | None,
    events: Sequence[ClockEvent],
    commands: Sequence[Command],
) -> dict[str, Any]:
    """Return everything that the page shows of a clock."""
    info = (details.info if details else None) or {}
    return {
        "device_id": clock.device_id,
        "name": clock.name,
        "board": clock.board,
        "version": clock.version,
        "online": is_online,
        "heard": clock.heard,
        "last_seen": clock.last_seen.timestamp(),
        "takes_commands": (clock.protocol or 0) >= PROTOCOL,
        "readings": {
            "uptime_s": clock.uptime_s,
            "rssi_dbm": clock.rssi_dbm,
            "free_heap_bytes": clock.free_heap_bytes,
            "min_free_heap_bytes": clock.min_free_heap_bytes,
            "clock_error_ms": clock.clock_error_ms,
            "frame_ms": clock.frame_ms,
        },
        "says": {
            "time_source": clock.time_source,
            "trust": clock.trust,
            "reset_reason": clock.reset_reason,
            **{name: info.get(name) for name in _INFO},
        },
        "settings": (details.report_settings if details else None) or {},
        "picture": _picture(picture),
        "events": [_event(one) for one in events],
        "commands": [_command(one) for one in commands],
    }


def clock_words() -> dict[str, Any]:
    """Return every text of the element in the current language."""
    return {
        "back": _("All clocks"),
        "online": _("Online"),
        "offline": _("Offline"),
        "heard": _("Heard"),
        "unheard": _("Claimed, and not heard yet: it waits for its first contact."),
        "first_generation": _(
            "This clock runs firmware of the first generation: it takes no commands and keeps no "
            "journal. Update it, and this page fills."
        ),
        "picture": _("On the panels"),
        "no_picture": _("No picture yet."),
        "taken": _("Seen {time}"),
        "look": _("Look now"),
        "tell": _("Tell it"),
        "identify": _("Blink"),
        "identify_hint": _("for 15 s, so that somebody finds it"),
        "check": _("Ask for updates"),
        "restart": _("Restart"),
        "rollback": _("Back to the last firmware"),
        "sure": _("Really {what}?"),
        "yes": _("Yes"),
        "no": _("No"),
        "message": _("Message"),
        "show": _("Show"),
        "seconds": _("Seconds"),
        "brightness": _("Brightness for an hour"),
        "set": _("Set"),
        "told": _("What it was told"),
        "nothing_told": _("Nothing yet."),
        "states": {
            "waiting": _("Waiting"),
            "sent": _("Sent"),
            "done": _("Done"),
            "refused": _("Refused"),
            "failed": _("Failed"),
            "expired": _("Too late"),
        },
        "commands": {
            "restart": _("Restart"),
            "rollback": _("Back to the last firmware"),
            "snapshot": _("Look now"),
            "identify": _("Blink"),
            "message": _("Message"),
            "brightness": _("Brightness"),
            "info": _("Say what it is made of"),
            "check": _("Ask for updates"),
        },
        "journal": _("Journal"),
        "no_journal": _("The clock has told of nothing yet."),
        "at_uptime": _("{time} after a start"),
        "kinds": {
            "boot": _("Started"),
            "wifi_lost": _("Wi-Fi lost"),
            "wifi_back": _("Wi-Fi back"),
            "broker_lost": _("Broker lost"),
            "sensor_error": _("Sensor does not answer"),
            "low_heap": _("Little memory left"),
            "button": _("Button"),
            "time_sync": _("Time set"),
            "update": _("Update"),
            "config": _("Settings"),
            "command": _("Command"),
            "portal": _("Wi-Fi set-up"),
        },
        "made_of": _("What it is"),
        "facts": {
            "platform": _("Platform"),
            "chip": _("Chip"),
            "flash_bytes": _("Flash"),
            "mac": _("MAC address"),
            "sdk": _("Built with"),
            "boots": _("Starts"),
            "panels": _("Panels"),
            "identity": _("Identity"),
            "time_source": _("Time from"),
            "trust": _("Broker's certificate"),
            "reset_reason": _("Last restart"),
        },
        "readings": {
            "uptime_s": _("Uptime"),
            "rssi_dbm": _("Signal"),
            "free_heap_bytes": _("Memory"),
            "min_free_heap_bytes": _("Least memory"),
            "clock_error_ms": _("Clock error"),
            "frame_ms": _("A frame takes"),
        },
        "settings": _("Settings in force"),
        "no_settings": _("Not reported yet."),
        "failed": _("This did not work. Try again."),
        "sent": _("Sent. The clock's answer stands below."),
    }


_INFO = ("platform", "chip", "flash_bytes", "mac", "sdk", "boots", "panels", "identity")


def _picture(picture: Picture | None) -> dict[str, Any] | None:
    if picture is None:
        return None
    return {
        "width": picture.width,
        "height": picture.height,
        "palette": list(picture.palette),
        "pixels": base64.b64encode(picture.pixels).decode(),
        "at": picture.taken_at.timestamp(),
    }


def _event(one: ClockEvent) -> dict[str, Any]:
    return {
        "key": f"{one.boot}.{one.seq}",
        "kind": one.kind,
        "detail": one.detail,
        "at": _seconds(one.occurred_at),
        "uptime_s": one.uptime_s,
    }


def _command(one: Command) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "command": one.command,
        "text": one.arguments.get("text"),
        "state": one.state,
        "detail": one.detail,
        "by": one.created_by,
        "at": one.created_at.timestamp(),
    }


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
