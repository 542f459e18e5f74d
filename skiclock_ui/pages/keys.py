"""`/keys`: keys of programs, and what the first generation shares, for those who manage keys."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend import api_keys, shared_access
from backend.access import Identity, Permission
from backend.api_keys import BadKeyRequestError, Scope, UnknownKeyError
from backend.key_models import Shared
from backend.models import ApiKey
from backend.people import AboveYouError
from skiclock_ui.components.keys.keys import (
    PERMISSION_FOR,
    KeysElement,
    keys_rules,
    keys_state,
    keys_words,
)
from skiclock_ui.i18n import _, current_language
from skiclock_ui.live import Live
from skiclock_ui.pages.page import page
from skiclock_ui.theme import frame

if TYPE_CHECKING:
    from backend.app import Server

MAX_DAYS = 3650


def create(server: "Server", live: Live) -> None:
    """Register the page, and what it asks."""
    _Keys(server).offer(live)

    @page("/keys", Permission.MANAGE_KEYS)
    async def keys_page(identity: Identity) -> None:
        async with server.database.session() as session:
            state = await _state(server, session, identity)
        with frame(server, _("Keys"), "keys"):
            KeysElement(
                words=keys_words(), state=state, rules=keys_rules(), lang=current_language()
            )


class _Keys:
    """What the page asks for; each change is one transaction, and holds at once."""

    def __init__(self, server: "Server") -> None:
        self._server = server

    def offer(self, live: Live) -> None:
        """Register every answer."""
        live.add_change("keys.add", Permission.MANAGE_KEYS, self.add)
        live.add_change("keys.rotate", Permission.MANAGE_KEYS, self.rotate)
        live.add_change("keys.revoke", Permission.MANAGE_KEYS, self.revoke)
        live.add_change("keys.turn", Permission.MANAGE_KEYS, self.turn)

    async def add(
        self, identity: Identity, args: dict[str, Any], address: str | None
    ) -> dict[str, Any]:
        """Make a key; the answer holds it, this once."""
        scopes, days, now = args.get("scopes"), _days(args, MAX_DAYS), _now()
        scopes = [str(one) for one in scopes] if isinstance(scopes, list) else []
        _check_scopes(identity, scopes)
        async with self._server.database.session() as session:
            key = await api_keys.create_key(
                session,
                name=" ".join(str(args.get("name") or "").split()),
                scopes=scopes,
                expires_at=now + timedelta(days=days) if days else None,
                actor=identity.email,
                address=address,
                now=now,
            )
            state = await _state(self._server, session, identity)
        self._server.keys.hurry()
        return {"state": state, "key": key}

    async def rotate(
        self, identity: Identity, args: dict[str, Any], address: str | None
    ) -> dict[str, Any]:
        """Make a key that takes another's place; the answer holds it, this once."""
        now = _now()
        async with self._server.database.session() as session:
            old = await _key(session, args)
            _check_scopes(identity, old.scopes)
            key, ends_at = await api_keys.rotate_key(
                session,
                old.prefix,
                overlap=timedelta(days=_days(args, api_keys.MAX_OVERLAP.days)),
                actor=identity.email,
                address=address,
                now=now,
            )
            state = await _state(self._server, session, identity)
        self._server.keys.hurry()
        return {"state": state, "key": key, "ends_at": ends_at.timestamp()}

    async def revoke(
        self, identity: Identity, args: dict[str, Any], address: str | None
    ) -> dict[str, Any]:
        """Revoke one key."""
        async with self._server.database.session() as session:
            key = await _key(session, args)
            await api_keys.revoke_key(
                session, key.prefix, actor=identity.email, address=address, now=_now()
            )
            state = await _state(self._server, session, identity)
        self._server.keys.hurry()
        return {"state": state}

    async def turn(
        self, identity: Identity, args: dict[str, Any], address: str | None
    ) -> dict[str, Any]:
        """Turn something that is shared off, or on again."""
        what, on = _shared(args), args.get("on") is True
        if what is Shared.MQTT_USER and not self._server.settings.embeds_broker:
            raise BadKeyRequestError("The broker is not this server's: take the user away there.")
        async with self._server.database.session() as session:
            await shared_access.turn(
                session, what, on=on, actor=identity.email, address=address, now=_now()
            )
            state = await _state(self._server, session, identity)
        self._server.keys.hurry()
        self._server.clock_users.hurry()
        return {"state": state}


async def _state(server: "Server", session: AsyncSession, identity: Identity) -> dict[str, Any]:
    await session.flush()
    now = _now()
    return keys_state(
        await api_keys.list_keys(session),
        await shared_access.load(session),
        await shared_access.clocks_that_share(session, now=now),
        server.settings,
        identity,
        now=now,
    )


async def _key(session: AsyncSession, args: dict[str, Any]) -> ApiKey:
    number = args.get("id")
    is_id = isinstance(number, int) and not isinstance(number, bool) and 0 < number < 2**31
    key = await session.scalar(select(ApiKey).where(ApiKey.id == number)) if is_id else None
    if key is None:
        raise UnknownKeyError("This key is not there any more.")
    return key


def _check_scopes(identity: Identity, scopes: list[str]) -> None:
    """Raise AboveYouError where a key would open what its maker may not do."""
    for scope in scopes:
        needed = PERMISSION_FOR.get(Scope(scope)) if scope in set(Scope) else None
        if needed is not None and not identity.may(needed):
            raise AboveYouError(f"Your role does not include {needed}.", field="scopes")


def _days(args: dict[str, Any], most: int) -> int:
    days = args.get("days")
    if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days <= most:
        raise BadKeyRequestError(f"Expected 0 to {most} days.", field="days")
    return days


def _shared(args: dict[str, Any]) -> Shared:
    try:
        return Shared(str(args.get("name")))
    except ValueError:
        raise BadKeyRequestError("There is nothing shared of that name.", field="name") from None


def _now() -> datetime:
    return datetime.now(UTC)
