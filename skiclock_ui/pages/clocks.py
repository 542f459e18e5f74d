"""`/`: every clock, live; renaming and removing one."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import FastAPI
from nicegui import app as nicegui_app
from nicegui import core
from nicegui.events import GenericEventArguments
from sqlalchemy.ext.asyncio import AsyncSession

from backend import devices
from backend.access import Identity, Permission
from backend.contract.limits import DEVICE_ID_PATTERN
from backend.db import is_unavailable
from backend.sight import NotYourGroupError, group_for, sees
from skiclock_ui.components.fleet.feed import Feed
from skiclock_ui.components.fleet.fleet import Fleet
from skiclock_ui.components.fleet.room import Room, who_may
from skiclock_ui.i18n import _, current_language
from skiclock_ui.pages import clock_list
from skiclock_ui.pages.page import page
from skiclock_ui.refusals import sentence
from skiclock_ui.theme import frame

if TYPE_CHECKING:
    from backend.app import Server

log = structlog.get_logger(__name__)

ANSWER = "fleet_answer"
NAME_LENGTH = 64
_DEVICE_ID = re.compile(DEVICE_ID_PATTERN)


class NotDoneError(Exception):
    """What was asked cannot be done; the text says why and what to do."""


def create(app: FastAPI, server: "Server") -> None:
    """Register the page, the list that it starts from, and the feed that keeps it live."""
    feed = Feed(server.fleet, server.catalogue, server.diagnostics, server.health)
    clock_list.create(app, feed)
    _run_while_serving(feed, Room(feed))
    actions = Actions(server)

    @page("/", Permission.SEE_CLOCKS)
    async def clocks(identity: Identity) -> None:
        with frame(server, _("Clocks"), "clocks"):
            Fleet(
                list_url=clock_list.PATH,
                language=current_language(),
                offline_after_s=server.settings.offline_after_s,
                may={
                    "edit": identity.may(Permission.EDIT_CLOCKS),
                    "remove": identity.may(Permission.REMOVE_CLOCKS),
                },
                connect=_how_to_connect(server),
                on_rename=actions.rename,
                on_remove=actions.remove,
            )


class Actions:
    """What people do to clocks on this page; one thing at a time for each open page."""

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._busy: set[str] = set()

    async def rename(self, event: GenericEventArguments) -> None:
        """Name a clock, or take its name away."""
        await self._answer(event, self._rename)

    async def remove(self, event: GenericEventArguments) -> None:
        """Remove a clock and its history."""
        await self._answer(event, self._remove)

    async def _rename(self, args: dict[str, Any], event: GenericEventArguments) -> str:
        identity = _allowed(event, Permission.EDIT_CLOCKS)
        device_id, name = self._clock(identity, args), _name(args)
        group = _group_for(identity, args)
        about: dict[str, Any] = {
            "actor": identity.email,
            "address": event.client.ip,
            "now": datetime.now(UTC),
        }

        async def change(session: AsyncSession) -> bool:
            await devices.regroup_device(session, device_id, group, **about)
            return await devices.rename_device(session, device_id, name, **about)

        await self._change(change)
        self._server.fleet.regroup(device_id, group)
        self._server.fleet.rename(device_id, name)
        return _("Saved.")

    async def _remove(self, args: dict[str, Any], event: GenericEventArguments) -> str:
        identity = _allowed(event, Permission.REMOVE_CLOCKS)
        device_id = self._clock(identity, args)
        await self._change(
            lambda session: devices.remove_device(
                session,
                device_id,
                actor=identity.email,
                address=event.client.ip,
                now=datetime.now(UTC),
            )
        )
        self._server.fleet.forget(device_id)
        return _("Removed. If the clock speaks again, it comes back.")

    def _clock(self, identity: Identity, args: dict[str, Any]) -> str:
        device_id = _device_id(args)
        if not sees(identity, self._server.fleet.clocks.get(device_id)):
            raise NotDoneError(_("This clock is no longer in the list. Somebody else removed it."))
        return device_id

    async def _change(self, change: Callable[[AsyncSession], Awaitable[bool]]) -> None:
        with _database_away_is_refused():
            async with self._server.database.session() as session:
                found = await change(session)
        if not found:
            raise NotDoneError(_("This clock is no longer in the list. Somebody else removed it."))

    async def _answer(
        self,
        event: GenericEventArguments,
        act: Callable[[dict[str, Any], GenericEventArguments], Awaitable[str]],
    ) -> None:
        """Do it once, and tell the page how it ended."""
        args = event.args if isinstance(event.args, dict) else {}
        client_id = event.client.id
        answer: dict[str, Any] = {"request": args.get("request"), "error": None, "message": None}
        if client_id in self._busy:
            return
        self._busy.add(client_id)
        try:
            answer["message"] = await act(args, event)
        except NotDoneError as refusal:
            answer["error"] = str(refusal)
        except Exception:
            answer["error"] = _("This did not work, and the server's log says why.")
            raise
        finally:
            self._busy.discard(client_id)
            await core.sio.emit(ANSWER, answer, room=client_id)


def _allowed(event: GenericEventArguments, permission: Permission) -> Identity:
    identity = who_may(event.client, permission)
    if identity is None:
        raise NotDoneError(_("Your role may not do this. Ask an administrator of this server."))
    return identity


@contextlib.contextmanager
def _database_away_is_refused() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if not is_unavailable(error):
            raise
        log.warning("clocks_page.database_away", error=str(error))
        raise NotDoneError(
            _("The database does not answer. Nothing was changed; try again in a moment.")
        ) from error


def _device_id(args: dict[str, Any]) -> str:
    device_id = args.get("device_id")
    if not isinstance(device_id, str) or not _DEVICE_ID.fullmatch(device_id):
        raise NotDoneError(_("This clock is no longer in the list. Somebody else removed it."))
    return device_id


def _name(args: dict[str, Any]) -> str | None:
    """Return the name asked for, or None for no name."""
    name = _line(args.get("name"), NAME_LENGTH)
    if name is None:
        raise NotDoneError(_("A name is text of up to 64 characters."))
    return name or None


def _group(args: dict[str, Any]) -> str | None:
    """Return the group asked for, or None for no group."""
    group = _line(args.get("group"), devices.MAX_GROUP)
    if group is None:
        raise NotDoneError(_("The name of a group is text of up to 40 characters."))
    return group or None


def _group_for(identity: Identity, args: dict[str, Any]) -> str | None:
    """Return the group asked for, where this person may put a clock into it."""
    try:
        return group_for(identity, _group(args))
    except NotYourGroupError as refusal:
        raise NotDoneError(sentence(refusal.code, str(refusal))) from refusal


def _line(text: object, length: int) -> str | None:
    """Return printable text in one line; None for what is none, or is too long."""
    if not isinstance(text, str):
        return None
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= length else None


def _how_to_connect(server: "Server") -> dict[str, Any]:
    """Return what a clock needs to find the broker."""
    settings = server.settings
    return {
        "address": server.surroundings.clocks_connect_to,
        "tls": settings.embeds_broker or settings.mqtt_tls,
        "user": settings.mqtt_username,
    }


def _run_while_serving(feed: Feed, room: Room) -> None:
    tasks: list[asyncio.Task[None]] = []

    async def start() -> None:
        tasks.append(asyncio.create_task(feed.run(room.broadcast), name="fleet feed"))

    async def stop() -> None:
        while tasks:
            task = tasks.pop()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    nicegui_app.on_startup(start)
    nicegui_app.on_shutdown(stop)
