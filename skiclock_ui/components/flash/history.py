"""The element of what was written over USB: on the flash page, and on each clock's own."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from backend.board_models import FlashAttempt
from backend.contract.platforms import ALL_PLATFORMS
from backend.flash_attempts import is_given_up
from skiclock_ui.components.element import PageElement, component
from skiclock_ui.i18n import _


class FlashHistoryElement(PageElement):
    """Who wrote which board, when, and how it went; the log of each on demand."""

    component = component(Path(__file__).with_name("history.js"))


def history_state(attempts: Sequence[FlashAttempt], *, now: datetime) -> list[dict[str, Any]]:
    """Return what is shown of each attempt."""
    return [
        {
            "id": str(one.id),
            "at": one.begun_at.timestamp(),
            "took_s": (one.ended_at - one.begun_at).total_seconds() if one.ended_at else None,
            "by": one.by,
            "board": ALL_PLATFORMS[one.platform].board,
            "version": one.version,
            "chip": one.chip,
            "mac": one.mac,
            "device_id": one.device_id,
            "state": "left" if is_given_up(one, now=now) else str(one.state),
            "reason": one.reason,
        }
        for one in attempts
    ]


def history_words() -> dict[str, Any]:
    """Return every text of the element in the current language."""
    return {
        "recent": _("Recently flashed"),
        "of_clock": _("Flashed"),
        "none": _("No board was flashed here yet."),
        "states": {
            "running": _("Being written"),
            "done": _("Written"),
            "failed": _("Failed"),
            "aborted": _("Ended by hand"),
            "left": _("No word since"),
        },
        "took": _("in {time}"),
        "show_log": _("Log"),
        "no_log": _("The browser left no log."),
        "failed": _("This did not work. Try again."),
    }
