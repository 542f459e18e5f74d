"""What open pages are told and may ask: topics with one task each, however many pages watch.

A page that joins a topic gets it as it stands, then whatever changes. Who may follow or
ask is checked against who signed in, for each socket event.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog
from nicegui import Client, core

from backend import sight
from backend.access import Identity, Permission
from backend.db import is_unavailable
from backend.errors import Refusal
from backend.fleet import Fleet
from skiclock_ui.components.fleet.room import (
    address_of_socket,
    identity_of_page,
    identity_of_socket,
    views_in,
)

log = structlog.get_logger(__name__)

EVENT = "live"
FOLLOW = "live_follow"
ASK = "live_ask"

Snapshot = Callable[[], Awaitable[Any]]
News = Callable[[bool], Awaitable[Any]]
Narrow = Callable[[Any, Identity], Awaitable[Any]]
Handler = Callable[[Identity, dict[str, Any]], Awaitable[Any]]
Changer = Callable[[Identity, dict[str, Any], str | None], Awaitable[Any]]


@dataclass(slots=True, eq=False)
class Topic:
    """One thing that pages watch. `wake` is set when it may have changed."""

    name: str
    permission: Permission | None
    snapshot: Snapshot
    every_s: float
    """Shortest time between two messages."""
    wake: asyncio.Event | None = None
    """None: look every `every_s`."""
    news: News | None = None
    """What to send instead of the whole, called with whether anybody watches; None: nothing."""
    narrow: Narrow | None = None
    """What somebody who sees only some clocks is told in place of a message; None: nothing.
    Without it the message tells of no clock, and is the same for all."""
    sent: Any = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def room(self) -> str:
        """The socket.io room of its pages."""
        return f"live:{self.name}"


class Live:
    """The topics and questions of one server."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._topics: dict[str, Topic] = {}
        self._answers: dict[str, tuple[Permission | None, Changer]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        core.sio.on(FOLLOW, self.follow)
        core.sio.on(ASK, self.ask)

    @property
    def topics(self) -> list[str]:
        """The names of the topics."""
        return list(self._topics)

    @property
    def questions(self) -> list[str]:
        """The names of what can be asked."""
        return list(self._answers)

    def add_topic(self, topic: Topic) -> None:
        """Offer a topic, before `start`."""
        self._topics[topic.name] = topic

    def add_answer(self, what: str, permission: Permission | None, handler: Handler) -> None:
        """Offer an answer to a question; the handler may raise a Refusal."""

        async def without_address(
            identity: Identity, args: dict[str, Any], _address: str | None
        ) -> Any:
            return await handler(identity, args)

        self._answers[what] = (permission, without_address)

    def add_change(self, what: str, permission: Permission | None, handler: Changer) -> None:
        """As `add_answer`, for what is written down with the address that it came from."""
        self._answers[what] = (permission, handler)

    async def start(self) -> None:
        """Begin to send."""
        self._tasks = [
            asyncio.create_task(self._run(topic), name=f"live {topic.name}")
            for topic in self._topics.values()
        ]

    async def stop(self) -> None:
        """End every task."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def follow(self, sid: str, request: Any) -> dict[str, Any]:
        """Let a page watch a topic; the answer holds the topic as it stands."""
        name = request.get("topic") if isinstance(request, dict) else None
        topic = self._topics.get(name) if isinstance(name, str) else None
        if topic is None:
            return _refused("unknown_topic", "There is no such topic.")
        identity = _who_asks(sid, request)
        if not isinstance(identity, Identity):
            return identity
        if not _may(identity, topic.permission):
            return _refused("forbidden", "Your role may not see this.")
        await core.sio.enter_room(sid, topic.room)
        message = await _for_view(topic, await _snapshot(topic), identity)
        return {"message": message, "now": _now_s()}

    async def ask(self, sid: str, request: Any) -> dict[str, Any]:
        """Answer a page's question."""
        identity = _who_asks(sid, request)
        if not isinstance(identity, Identity):
            return identity
        what, args = request.get("what"), request.get("args")
        if not isinstance(what, str) or not isinstance(args, dict) or what not in self._answers:
            return _refused("unknown_question", "There is no such question.")
        permission, handler = self._answers[what]
        if not _may(identity, permission):
            return _refused("forbidden", "Your role may not do this.")
        if args.get("device_id") is not None:
            try:
                sight.check(self._fleet, identity, args["device_id"])
            except Refusal as refusal:
                return _refused(refusal.code, str(refusal))
        return await _answer(what, handler, identity, args, address_of_socket(sid))

    async def _run(self, topic: Topic) -> None:
        while True:
            if topic.wake is not None:
                await topic.wake.wait()
                topic.wake.clear()
            try:
                await self._send(topic)
            except Exception as error:
                # A page that is told nothing now is told at the next change.
                if not is_unavailable(error):
                    log.exception("live.failed", topic=topic.name)
            await asyncio.sleep(topic.every_s)

    async def _send(self, topic: Topic) -> None:
        watched = next(core.sio.manager.get_participants("/", topic.room), None) is not None
        message = None
        if topic.news is not None:
            message = await topic.news(watched)
        elif watched:
            before = topic.sent
            message = await _snapshot(topic)
            message = None if message == before else message
        if watched and message is not None:
            await _tell(topic, message)


async def _tell(topic: Topic, message: Any) -> None:
    """Send a message to every page that watches: made once for all who see the same clocks."""
    for identity, sids in views_in(topic.room, topic.permission):
        seen = await _for_view(topic, message, identity)
        if seen is not None:
            body = {"topic": topic.name, "message": seen, "now": _now_s()}
            await core.sio.emit(EVENT, body, to=sids)


async def _for_view(topic: Topic, message: Any, identity: Identity) -> Any:
    if topic.narrow is None or identity.groups is None:
        return message
    return await topic.narrow(message, identity)


async def _snapshot(topic: Topic) -> Any:
    async with topic.lock:
        topic.sent = await topic.snapshot()
        return topic.sent


async def _answer(
    what: str, handler: Changer, identity: Identity, args: dict[str, Any], address: str | None
) -> dict[str, Any]:
    try:
        return {"answer": await handler(identity, args, address)}
    except Refusal as refusal:
        return _refused(refusal.code, str(refusal))
    except Exception as error:
        if is_unavailable(error):
            sentence = "The database does not answer. Try again in a moment."
            return _refused("database_unavailable", sentence)
        log.exception("live.answer_failed", what=what)
        return _refused("failed", "This did not work, and the server's log says why.")


def _who_asks(sid: str, request: Any) -> Identity | dict[str, Any]:
    """Return who a socket belongs to, or a refusal.

    The page's client id is a bearer secret, so it must be this socket's own page and the
    signed-in user of socket and page must be one.
    """
    client_id = request.get("client_id") if isinstance(request, dict) else None
    client = Client.instances.get(client_id) if isinstance(client_id, str) else None
    if client is None or client.id not in core.sio.rooms(sid):
        return _refused("unknown_page", "This page is not known here. Reload it.")
    by_socket, by_page = identity_of_socket(sid), identity_of_page(client)
    if by_socket is None or by_page is None or by_socket.user_id != by_page.user_id:
        log.warning("live.refused", user=by_socket.email if by_socket else None)
        return _refused("not_signed_in", "Sign in first.")
    return by_socket


def _may(identity: Identity, permission: Permission | None) -> bool:
    return permission is None or identity.may(permission)


def _refused(code: str, sentence: str) -> dict[str, Any]:
    return {"error": sentence, "code": code}


def _now_s() -> float:
    return datetime.now(UTC).timestamp()
