"""`/clocks/<device_id>`: one clock, live: its picture, its journal, and what it is told."""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fastapi import Request
from nicegui import ui

from backend import commands, reports
from backend.access import Identity, Permission
from backend.api.asker import signed_in
from backend.clock_models import ClockDetails
from backend.contract.limits import DEVICE_ID_PATTERN
from backend.contract.orders import CommandName
from backend.fleet import is_online
from backend.sight import UnknownDeviceError, sees
from skiclock_ui.components.clock.clock import ClockElement, clock_state, clock_words
from skiclock_ui.i18n import current_language
from skiclock_ui.live import Live, Topic
from skiclock_ui.pages.clock_credentials import credentials_of, credentials_panel
from skiclock_ui.pages.clock_settings import settings_panel, state_of
from skiclock_ui.pages.clock_swap import swap_panel, swaps_of
from skiclock_ui.pages.flash_history import attempts_of, history_panel
from skiclock_ui.theme import frame

if TYPE_CHECKING:
    from backend.app import Server

PATH = "/clocks/{device_id}"
TELL_EVERY_S = 0.5
SHOWN_COMMANDS = 20
SHOWN_EVENTS = 100
_DEVICE_ID = re.compile(DEVICE_ID_PATTERN)


def create(server: "Server", live: Live) -> None:
    """Register the page, what keeps it live, and what can be told to a clock."""
    changes = server.fleet.watch()

    async def nothing_yet() -> list[str]:
        return []

    async def heard(_is_watched: bool) -> list[str] | None:
        changed, removed = changes.take()
        return sorted(changed | removed) or None

    async def seen(device_ids: list[str], identity: Identity) -> list[str] | None:
        clocks = server.fleet.clocks
        return [one for one in device_ids if sees(identity, clocks.get(one))] or None

    async def state(_identity: Identity, args: dict[str, Any]) -> dict[str, Any]:
        return await _state(server, str(args.get("device_id")))

    async def tell(identity: Identity, args: dict[str, Any]) -> dict[str, Any]:
        name, arguments = _command(args)
        async with server.database.session() as session:
            ids = await commands.give(
                session,
                [str(args.get("device_id"))],
                name,
                arguments,
                actor=identity.email,
                address=None,
                now=datetime.now(UTC),
            )
        server.dispatcher.hurry()
        return {"id": str(ids[0])}

    live.add_topic(
        Topic(
            "clock",
            Permission.SEE_CLOCKS,
            nothing_yet,
            TELL_EVERY_S,
            wake=changes.event,
            news=heard,
            narrow=seen,
        )
    )
    live.add_answer("clock.state", Permission.SEE_CLOCKS, state)
    live.add_answer("clock.tell", Permission.COMMAND_CLOCKS, tell)

    @ui.page(PATH)
    async def clock(request: Request, device_id: str) -> None:
        identity = signed_in(request, Permission.SEE_CLOCKS)
        shown = await _state(server, device_id)
        settings = await state_of(server, device_id)
        swaps = await swaps_of(server, identity, device_id)
        flashed = await attempts_of(server, identity, device_id)
        credentials = await credentials_of(server, device_id)
        with frame(server, shown["name"] or device_id, "clocks"):
            ClockElement(
                words=clock_words(),
                state=shown,
                may={"tell": identity.may(Permission.COMMAND_CLOCKS)},
                lang=current_language(),
            )
            credentials_panel(credentials, identity)
            settings_panel(settings, identity)
            history_panel(flashed, device_id)
            swap_panel(swaps, identity)


async def _state(server: "Server", device_id: str) -> dict[str, Any]:
    clock = server.fleet.clocks.get(device_id) if _DEVICE_ID.fullmatch(device_id) else None
    if clock is None:
        raise UnknownDeviceError(f"There is no clock {device_id[:20]}.")
    async with server.database.session() as session:
        return clock_state(
            clock,
            is_online=is_online(
                clock, now=datetime.now(UTC), offline_after=server.settings.offline_after
            ),
            picture=server.snapshots.of(device_id),
            details=await session.get(ClockDetails, clock.id),
            events=await reports.find_events(session, device_id, limit=SHOWN_EVENTS),
            commands=await commands.find_commands(session, device_id, limit=SHOWN_COMMANDS),
        )


def _command(args: dict[str, Any]) -> tuple[CommandName, dict[str, Any]]:
    try:
        name = CommandName(str(args.get("command")))
    except ValueError:
        raise commands.BadCommandError("There is no such command.", field="command") from None
    wanted = args.get("arguments")
    return name, dict(wanted) if isinstance(wanted, dict) else {}
