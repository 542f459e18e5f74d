"""`/people`: who may come in, for those who manage that; and one's own sessions."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend import people, second_factor
from backend.access import Identity, Permission, UnknownUserError
from backend.contract import paths
from backend.models import Role
from backend.people import By, list_people
from backend.sessions import list_sessions
from skiclock_ui.components.people.people import (
    PeopleElement,
    people_state,
    people_words,
    session_state,
)
from skiclock_ui.i18n import _, current_language
from skiclock_ui.live import Live
from skiclock_ui.pages.page import page
from skiclock_ui.theme import frame

if TYPE_CHECKING:
    from backend.app import Server

Change = Callable[[AsyncSession, int, By, datetime], Awaitable[None]]


def create(server: "Server", live: Live) -> None:
    """Register the page, and what it asks."""
    _People(server).offer(live)

    @page("/people", Permission.MANAGE_USERS)
    async def people_page(identity: Identity) -> None:
        async with server.database.session() as session:
            state = await _state(session, identity)
        with frame(server, _("People"), "people"):
            PeopleElement(words=people_words(), state=state, lang=current_language())


class _People:
    """What the page asks for; each change is one transaction, and holds at once."""

    def __init__(self, server: "Server") -> None:
        self._server = server

    def offer(self, live: Live) -> None:
        """Register every answer."""
        for what, change in {
            "people.disable": lambda session, user_id, by, now: people.set_disabled(
                session, user_id, True, by=by, now=now
            ),
            "people.enable": lambda session, user_id, by, now: people.set_disabled(
                session, user_id, False, by=by, now=now
            ),
            "people.factor": lambda session, user_id, by, now: second_factor.reset(
                session, user_id, by=by, now=now
            ),
            "people.withdraw": lambda session, user_id, by, now: people.withdraw(
                session, user_id, by=by, now=now
            ),
        }.items():
            live.add_change(what, Permission.MANAGE_USERS, self._changing(change))
        live.add_change("people.invite", Permission.MANAGE_USERS, self.invite)
        live.add_change("people.link", Permission.MANAGE_USERS, self.link)
        live.add_change("people.role", Permission.MANAGE_USERS, self.role)
        live.add_change("people.sessions", Permission.MANAGE_USERS, self.sessions)

    async def invite(
        self, identity: Identity, args: dict[str, Any], address: str | None
    ) -> dict[str, Any]:
        """Add a person, and return the link for them."""
        email, role = str(args.get("email")), str(args.get("role"))
        async with self._server.database.session() as session:
            _user, token = await people.invite(
                session, email=email, role=role, by=_by(identity, address), now=_now()
            )
            state = await _state(session, identity)
        return {"state": state, "path": paths.JOIN.format(token=token)}

    async def link(
        self, identity: Identity, args: dict[str, Any], address: str | None
    ) -> dict[str, Any]:
        """Return a new link to a password."""
        async with self._server.database.session() as session:
            token = await people.make_link(
                session, _id(args), by=_by(identity, address), now=_now()
            )
            state = await _state(session, identity)
        return {"state": state, "path": paths.JOIN.format(token=token)}

    async def role(
        self, identity: Identity, args: dict[str, Any], address: str | None
    ) -> dict[str, Any]:
        """Give a person another role."""
        role = str(args.get("role"))

        async def change(session: AsyncSession, user_id: int, by: By, now: datetime) -> None:
            await people.set_role(session, user_id, role, by=by, now=now)

        return await self._changing(change)(identity, args, address)

    async def sessions(
        self, identity: Identity, args: dict[str, Any], address: str | None
    ) -> dict[str, Any]:
        """Return where a person is signed in; `end` ends one of these, or "all", before."""
        user_id, end = _id(args), args.get("end")
        async with self._server.database.session() as session:
            await people.check_may_change(session, user_id, by=_by(identity, address))
        if end is not None:
            await self._server.sign_ins.end_sessions(
                user_id,
                session_id=None if end == "all" else _id({"id": end}),
                actor=identity.email,
                address=address,
                now=_now(),
            )
        async with self._server.database.session() as session:
            found = await list_sessions(session, user_id, now=_now())
            state = await _state(session, identity)
        return {"state": state, "sessions": [session_state(one, None) for one in found]}

    def _changing(
        self, change: Change
    ) -> Callable[[Identity, dict[str, Any], str | None], Awaitable[dict[str, Any]]]:
        async def handler(
            identity: Identity, args: dict[str, Any], address: str | None
        ) -> dict[str, Any]:
            user_id = _id(args)
            async with self._server.database.session() as session:
                await change(session, user_id, _by(identity, address), _now())
                state = await _state(session, identity)
            self._server.sign_ins.forget_user(user_id)
            return {"state": state}

        return handler


async def _state(session: AsyncSession, identity: Identity) -> dict[str, Any]:
    found = await list_people(session, now=_now())
    roles = await session.scalars(select(Role).order_by(Role.id))
    return people_state(found, roles, identity)


def _by(identity: Identity, address: str | None) -> By:
    return By(identity.email, address, identity)


def _id(args: dict[str, Any]) -> int:
    value = args.get("id")
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**31:
        raise UnknownUserError("This person is not known here any more.")
    return value


def _now() -> datetime:
    return datetime.now(UTC)
