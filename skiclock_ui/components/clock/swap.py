"""The element that lets a spare take a clock's place, and tells whose place a clock took."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.board_models import Swap
from backend.fleet import Clock
from skiclock_ui.components.element import PageElement, component
from skiclock_ui.i18n import _
from skiclock_ui.refusals import sentences

OFFERED = 50


class ClockSwapElement(PageElement):
    """Who replaced whom, and the form for it."""

    component = component(Path(__file__).with_name("swap.js"))


def swap_state(
    clock: Clock, swaps: Sequence[Swap], known: Mapping[str, Clock], spares: Iterable[Clock]
) -> dict[str, Any]:
    """Return the swaps of a clock, newest first, and clocks that could take its place.

    `known`: those of whom a page can be shown.
    """
    return {
        "device_id": clock.device_id,
        "name": clock.name,
        "swaps": [
            {
                "at": one.at.timestamp(),
                "by": one.by,
                "other": one.old if one.new == clock.device_id else one.new,
                "took_over": one.new == clock.device_id,
                "known": (one.old if one.new == clock.device_id else one.new) in known,
            }
            for one in swaps
        ],
        "spares": [
            {"device_id": one.device_id, "about": " · ".join(filter(None, (one.name, one.board)))}
            for one in _likeliest(clock, spares)
        ],
    }


def swap_words() -> dict[str, Any]:
    """Return every text of the element in the current language."""
    return {
        "title": _("Replace it by a spare"),
        "about": _(
            "For a broken clock: name, group, settings and measurements move to the spare, and "
            "this clock's credentials are revoked. Its journal and its updates stay on this page."
        ),
        "spare": _("The spare's id"),
        "spare_hint": _("A clock that is known here: flash it first, or let it connect once."),
        "replace": _("Replace"),
        "sure": _("Let {spare} take the place of {clock}?"),
        "yes": _("Yes, replace it"),
        "no": _("No"),
        "took_over": _("This clock took the place of {other}."),
        "replaced": _("This clock was replaced by {other}."),
        "earlier": _("Earlier journal"),
        "updates": _("Earlier updates"),
        "open": _("Open it"),
        "refusals": {
            code: text
            for code, text in sentences().items()
            if code in {"bad_swap", "unknown_device", "forbidden", "not_signed_in", "no_answer"}
        },
        "failed": _("This did not work. Try again."),
    }


def _likeliest(clock: Clock, spares: Iterable[Clock]) -> list[Clock]:
    """Return other clocks, those first that have no name: a spare has hung nowhere yet."""
    others = [one for one in spares if one.device_id != clock.device_id]
    return sorted(others, key=lambda one: (one.name is not None, one.device_id))[:OFFERED]
