"""`/updates`: how updates go, and the log of them, live."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import Request
from nicegui import ui

from backend.access import Identity, Permission
from backend.db import is_unavailable
from backend.models import RUNNING_STATES, UpdateState
from backend.sight import clocks_seen, ids_seen, sees
from backend.update_log import find_updates
from skiclock_ui.components.updates.feed import UpdateFeed, figures_of, row_of, versions_of
from skiclock_ui.components.updates.updates import UpdatesElement, updates_words
from skiclock_ui.i18n import _
from skiclock_ui.live import Live, Topic
from skiclock_ui.pages.page import page
from skiclock_ui.theme import frame

if TYPE_CHECKING:
    from backend.app import Server

log = structlog.get_logger(__name__)

SEND_EVERY_S = 0.5
ROWS = 50
MATCHES = 8

STATES = {
    "running": RUNNING_STATES,
    "success": (UpdateState.SUCCESS,),
    "failed": (UpdateState.FAILED, UpdateState.SILENT),
}
"""What can be chosen, and the states that it means."""


def create(server: "Server", live: Live) -> None:
    """Register the page, its topic, and what it asks."""
    feed = UpdateFeed(server.fleet, server.catalogue, server.database)

    async def find(identity: Identity, args: dict[str, Any]) -> dict[str, Any]:
        return await _find(server, identity, args)

    async def clocks(identity: Identity, args: dict[str, Any]) -> list[dict[str, Any]]:
        return _matching_clocks(server, identity, str(args.get("text", "")))

    live.add_topic(
        Topic(
            "updates",
            Permission.SEE_CLOCKS,
            feed.snapshot,
            SEND_EVERY_S,
            wake=feed.changes.event,
            news=feed.news,
            narrow=feed.narrow,
        )
    )
    live.add_answer("updates.find", Permission.SEE_CLOCKS, find)
    live.add_answer("updates.clocks", Permission.SEE_CLOCKS, clocks)

    @page("/updates", Permission.SEE_CLOCKS)
    async def updates(identity: Identity) -> None:
        request: Request = ui.context.client.request
        with frame(server, _("Updates"), "updates"):
            UpdatesElement(
                words=updates_words(),
                state=await _first_state(server, identity, request),
                may={"see_firmware": identity.may(Permission.SEE_FIRMWARE)},
            )


async def _first_state(server: "Server", identity: Identity, request: Request) -> dict[str, Any]:
    """Return what the page begins with; without figures and rows while the database is away."""
    query = request.query_params
    clock = server.fleet.clocks.get(query.get("clock", ""))
    clock = clock if sees(identity, clock) else None
    device_ids = ids_seen(server.fleet, identity)
    filters = {
        "clock": query.get("clock", "") if clock else "",
        "state": query.get("state", "") if query.get("state") in STATES else "",
    }
    state: dict[str, Any] = {
        "filters": filters,
        "clock_name": clock.name if clock else None,
        "versions": versions_of(clocks_seen(server.fleet, identity), server.catalogue),
    }
    try:
        async with server.database.session() as session:
            state["figures"] = await figures_of(
                session, now=datetime.now(UTC), device_ids=device_ids
            )
        return state | await _find(server, identity, filters)
    except Exception as error:
        if not is_unavailable(error):
            raise
        log.warning("updates_page.database_away", error=str(error))
        return state | {"figures": None, "rows": None, "more": False}


async def _find(server: "Server", identity: Identity, args: dict[str, Any]) -> dict[str, Any]:
    """Return a page of the log: rows, and whether there are older ones."""
    before_id = args.get("before_id")
    is_id = isinstance(before_id, int) and 0 < before_id < 2**63
    async with server.database.session() as session:
        found = await find_updates(
            session,
            device_id=str(args["clock"])[:64] if args.get("clock") else None,
            device_ids=ids_seen(server.fleet, identity),
            states=STATES.get(str(args.get("state")), ()),
            before_id=before_id if is_id else None,
            limit=ROWS + 1,
        )
    rows = [row_of(update, server.fleet) for update in found[:ROWS]]
    return {"rows": rows, "more": len(found) > ROWS}


def _matching_clocks(server: "Server", identity: Identity, text: str) -> list[dict[str, Any]]:
    """Return the clocks whose name or id holds a text, the first few by name."""
    words = text.lower().split()
    matches = [
        {"device_id": clock.device_id, "name": clock.name}
        for clock in clocks_seen(server.fleet, identity)
        if words and all(word in f"{clock.name or ''} {clock.device_id}".lower() for word in words)
    ]
    matches.sort(key=lambda one: (one["name"] is None, one["name"] or one["device_id"]))
    return matches[:MATCHES]
