"""The element of the page about production: its words, and what it is told."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from backend.sync import Follower
from backend.sync_models import SyncRun
from skiclock_ui.components.element import PageElement, component
from skiclock_ui.i18n import _, both_forms


class SyncElement(PageElement):
    """How this server follows production."""

    component = component(Path(__file__).with_name("sync.js"))


def sync_state(follower: Follower, runs: Iterable[SyncRun]) -> dict[str, Any]:
    """Return the page's state. Times in Unix seconds."""
    return {
        "url": follower.production.url,
        "can_send": follower.production.can_send,
        "looking": follower.is_looking,
        "busy_with": follower.busy_with,
        "next_at": follower.next_look_at.timestamp() if follower.next_look_at else None,
        "runs": [_run(run) for run in runs],
    }


def sync_words() -> dict[str, Any]:
    """Return every text of the element in the current language."""
    return {
        "title": _("Production"),
        "about": _(
            "This server takes over what production publishes. Its own versions are never "
            "replaced or removed."
        ),
        "look": _("Look now"),
        "looking": _("Looking …"),
        "fetching": _("Fetching {what} …"),
        "follows": _("Follows"),
        "last": _("Last look"),
        "next": _("Next look"),
        "never": _("not yet"),
        "promotes": _("Promotes"),
        "yes": _("yes"),
        "no": _("no"),
        "promotes_hint": _("from the firmware page, or with `skiclock promote`"),
        "promotes_not": _("PRODUCTION_UPLOAD_KEY is not set"),
        "history": _("What was found"),
        "when": _("When"),
        "result": _("Result"),
        "found": _("Found"),
        "looks": both_forms("{n} look", "{n} looks"),
        "asked_by": _("asked by {who}"),
        "ok": _("In step"),
        "news": _("Taken over"),
        "refusals": _("Refused"),
        "away": _("Broke off"),
        "unchanged": both_forms("{n} version unchanged", "{n} versions unchanged"),
        "taken": both_forms("{n} version taken over", "{n} versions taken over"),
        "refused": both_forms("{n} version refused", "{n} versions refused"),
        "nothing": _("Nothing is published there"),
        "waiting": _("The first look comes right after the start"),
        "off": _("This server follows no other"),
        "off_hint": _(
            "A development server can take over what production publishes, every five minutes, "
            "and send versions on to it. Make a key there, and set here:"
        ),
        "copy": _("Copy"),
        "copied": _("Copied"),
        "failed": _("This did not work. Try again."),
    }


def _run(run: SyncRun) -> dict[str, Any]:
    taken = [one for one in run.findings if one.reason is None]
    refused = [one for one in run.findings if one.reason is not None]
    return {
        "id": run.id,
        "began_at": run.began_at.timestamp(),
        "ended_at": run.ended_at.timestamp(),
        "looks": run.looks,
        "asked_by": run.asked_by,
        "problem": run.problem,
        "unchanged": run.unchanged,
        "taken": [f"{one.platform} {one.version}" for one in taken],
        "refused": [[f"{one.platform} {one.version}", one.reason] for one in refused],
    }
