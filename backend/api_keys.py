"""Owns the keys that programs show: named ones from the database, and v1's two shared ones.

A named key is found by its prefix, which is no secret, and compared in constant time.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import ClassVar

import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend import audit, shared_access
from backend.config import Settings
from backend.db import Database, is_unavailable
from backend.errors import Refusal
from backend.key_models import Shared
from backend.models import ApiKey

log = structlog.get_logger(__name__)

FRESH = timedelta(seconds=3)
"""How long the keys are believed without asking the database again: a revoked one dies in it."""

LOOK_AGAIN = timedelta(seconds=0.5)
"""How often the database is asked for the sake of keys that nobody knows."""

_NOTE_USE_EVERY = timedelta(minutes=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

DEFAULT_OVERLAP = timedelta(days=7)
MAX_OVERLAP = timedelta(days=90)
"""How long a key works beside the one that takes its place."""


class Scope(StrEnum):
    """What a key can open."""

    UPLOAD = "upload"  # publish firmware
    DOWNLOAD = "download"  # take firmware, ask for versions
    READ = "read"  # read the dashboard's JSON routes
    METRICS = "metrics"  # read /metrics
    PROMOTE = "promote"  # send published firmware on to production


class WrongKeyError(Refusal):
    """The key is unknown, expired, revoked, or not for this."""

    code: ClassVar[str] = "wrong_key"


class UnknownKeyError(Refusal):
    """No key has that prefix or name."""

    code: ClassVar[str] = "unknown_key"


class BadKeyRequestError(Refusal):
    """A key cannot be made as it was asked for."""

    code: ClassVar[str] = "bad_key_request"


@dataclass(slots=True)
class KeyHolder:
    """A program that showed a key. `id` is None for v1's shared keys."""

    id: int | None
    name: str
    scopes: frozenset[str]
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    key_hash: bytes = b""
    shared: Shared | None = None


class ApiKeys:
    """Knows every usable key, in memory: the hot routes must not wait for the database."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._shared = [
            KeyHolder(
                None,
                name,
                frozenset({scope}),
                key_hash=_hash(secret.get_secret_value()),
                shared=shared,
            )
            for secret, name, scope, shared in (
                (
                    settings.download_api_key,
                    "download key of v1",
                    Scope.DOWNLOAD,
                    Shared.DOWNLOAD_KEY,
                ),
                (settings.upload_api_key, "upload key of v1", Scope.UPLOAD, Shared.UPLOAD_KEY),
            )
            if secret.get_secret_value()
        ]
        self._named: dict[str, KeyHolder] = {}
        self._off: frozenset[Shared] = frozenset()
        self._asked_at: datetime | None = None
        self._refreshing = asyncio.Lock()

    async def check(self, key: str | None, *scopes: Scope, now: datetime) -> KeyHolder:
        """Return who shows a key that has one of `scopes`; raises WrongKeyError."""
        if not key:
            raise WrongKeyError(f"Send a key with the scope {_words(scopes)} as X-API-Key.")
        holder = await self._find(key, now)
        if holder is None:
            raise WrongKeyError("The key is unknown, expired or revoked.")
        if not holder.scopes.intersection(scopes):
            raise WrongKeyError(
                f"The key {holder.name!r} does not open this; "
                f"a key with the scope {_words(scopes)} does."
            )
        return holder

    async def load(self, *, now: datetime) -> None:
        """Learn every key before the first is shown: the database may be away by then."""
        await self._refresh(now)
        self.hurry()  # one that is made from now on works at once

    def hurry(self) -> None:
        """Ask the database again at the next key: something was revoked, or turned off or on."""
        if self._asked_at is not None:
            self._asked_at = _LONG_AGO

    async def _find(self, key: str, now: datetime) -> KeyHolder | None:
        key_hash, prefix = _hash(key), _prefix_of(key)
        shared = [one for one in self._shared if hmac.compare_digest(one.key_hash, key_hash)]
        fresh = FRESH if shared or prefix in self._named else LOOK_AGAIN
        if self._asked_at is None or now - self._asked_at >= fresh:
            await self._refresh(now)
        found = shared[0] if shared else self._named.get(prefix)
        if found is None or not hmac.compare_digest(found.key_hash, key_hash):
            return None
        if found.shared in self._off or (found.expires_at is not None and now >= found.expires_at):
            return None
        await self._note_use(found, now)
        return found

    async def _refresh(self, now: datetime) -> None:
        first = self._asked_at is None
        if not first:
            self._asked_at = now  # the others that ask meanwhile need not wait
        async with self._refreshing:
            if first and self._asked_at is not None:
                return
            try:
                async with self._database.session() as session:
                    rows = await session.scalars(
                        select(ApiKey).where(
                            ApiKey.revoked_at.is_(None),
                            or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
                        )
                    )
                    self._named = {row.prefix: _holder(row) for row in rows}
                    self._off = await shared_access.load_off(session)
            except Exception as error:
                if first or not is_unavailable(error):
                    raise
                log.warning("keys_not_refreshed", problem=str(error))
            self._asked_at = now

    async def _note_use(self, holder: KeyHolder, now: datetime) -> None:
        if holder.last_used_at is not None and now - holder.last_used_at < _NOTE_USE_EVERY:
            return
        holder.last_used_at = now
        try:
            async with self._database.session() as session:
                if holder.shared is not None:
                    await shared_access.note_use(session, holder.shared, now=now)
                    return
                await session.execute(
                    update(ApiKey).where(ApiKey.id == holder.id).values(last_used_at=now)
                )
        except Exception as error:
            if not is_unavailable(error):
                raise
            log.warning("key_use_not_noted", key=holder.name, problem=str(error))


async def create_key(
    session: AsyncSession,
    *,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None,
    actor: str,
    address: str | None,
    now: datetime,
) -> str:
    """Make a key and return it: this is the only time that it can be seen.

    Raises BadKeyRequestError.
    """
    scopes = sorted(set(scopes))
    _check_request(name, scopes, expires_at, now)
    key, prefix = _add(session, name, scopes, expires_at, actor, now)
    audit.record(
        session,
        at=now,
        actor=actor,
        action="key.add",
        object=f"{name} ({prefix})",
        address=address,
        after={"scopes": scopes, "expires_at": _iso(expires_at)},
    )
    await session.flush()
    return key


async def rotate_key(
    session: AsyncSession,
    prefix_or_name: str,
    *,
    overlap: timedelta,
    actor: str,
    address: str | None,
    now: datetime,
) -> tuple[str, datetime]:
    """Make a key that takes another's place, and let the old one end after `overlap`.

    Returns the new key, which is to be seen only now, and when the old one ends. A key that
    expires is followed by one that lives as long. Raises UnknownKeyError, BadKeyRequestError.
    """
    if not timedelta() <= overlap <= MAX_OVERLAP:
        raise BadKeyRequestError(
            f"The old key goes on for 0 to {MAX_OVERLAP.days} days.", field="overlap"
        )
    found = await _usable(session, prefix_or_name, now)
    if len(found) != 1:
        raise BadKeyRequestError(
            f"{len(found)} keys are called {prefix_or_name[:64]!r}: name one by its prefix."
        )
    old = found[0]
    expires_at = None if old.expires_at is None else now + (old.expires_at - old.created_at)
    key, prefix = _add(session, old.name, list(old.scopes), expires_at, actor, now)
    ends_at = now + overlap if old.expires_at is None else min(now + overlap, old.expires_at)
    before = _iso(old.expires_at)
    old.expires_at = ends_at
    audit.record(
        session,
        at=now,
        actor=actor,
        action="key.rotate",
        object=f"{old.name} ({old.prefix})",
        address=address,
        before={"expires_at": before},
        after={"expires_at": _iso(ends_at), "followed_by": prefix, "until": _iso(expires_at)},
    )
    await session.flush()
    return key, ends_at


async def _usable(session: AsyncSession, prefix_or_name: str, now: datetime) -> Sequence[ApiKey]:
    """Return the keys with a prefix or a name that open something; raises UnknownKeyError."""
    wanted = prefix_or_name.removeprefix("sck_")
    found = (
        await session.scalars(
            select(ApiKey)
            .where(
                or_(ApiKey.prefix == wanted, ApiKey.name == prefix_or_name),
                ApiKey.revoked_at.is_(None),
                or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
            )
            .with_for_update()
        )
    ).all()
    if not found:
        raise UnknownKeyError(f"There is no key {prefix_or_name[:64]!r} that works.")
    return found


def _add(
    session: AsyncSession,
    name: str,
    scopes: list[str],
    expires_at: datetime | None,
    actor: str,
    now: datetime,
) -> tuple[str, str]:
    """Add a key; return it and its prefix."""
    prefix = secrets.token_hex(4)
    key = f"sck_{prefix}_{secrets.token_urlsafe(32)}"
    session.add(
        ApiKey(
            name=name,
            prefix=prefix,
            key_hash=_hash(key),
            scopes=scopes,
            created_at=now,
            created_by=actor,
            expires_at=expires_at,
        )
    )
    return key, prefix


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


async def revoke_key(
    session: AsyncSession, prefix_or_name: str, *, actor: str, address: str | None, now: datetime
) -> int:
    """Revoke the keys with a prefix or a name; returns how many. Raises UnknownKeyError.

    Takes effect everywhere within FRESH.
    """
    wanted = prefix_or_name.removeprefix("sck_")
    rows = await session.scalars(
        select(ApiKey).where(
            or_(ApiKey.prefix == wanted, ApiKey.name == prefix_or_name), ApiKey.revoked_at.is_(None)
        )
    )
    found = rows.all()
    if not found:
        raise UnknownKeyError(f"There is no key {prefix_or_name!r} that could be revoked.")
    for row in found:
        row.revoked_at = now
        audit.record(
            session,
            at=now,
            actor=actor,
            action="key.revoke",
            object=f"{row.name} ({row.prefix})",
            address=address,
        )
    return len(found)


async def list_keys(session: AsyncSession) -> Sequence[ApiKey]:
    """Return every key, revoked ones too, newest first."""
    return (await session.scalars(select(ApiKey).order_by(ApiKey.id.desc()))).all()


def _check_request(
    name: str, scopes: Sequence[str], expires_at: datetime | None, now: datetime
) -> None:
    if not 1 <= len(name) <= 64 or not name.isprintable():
        raise BadKeyRequestError("The name of a key has 1 to 64 characters.", field="name")
    known = [scope.value for scope in Scope]
    if not scopes or not set(scopes) <= set(known):
        raise BadKeyRequestError(
            f"Expected one or more scopes of {', '.join(known)}.", field="scopes"
        )
    if expires_at is not None and expires_at <= now:
        raise BadKeyRequestError("The key would have expired already.", field="expires_at")


def _holder(row: ApiKey) -> KeyHolder:
    return KeyHolder(
        row.id,
        row.name,
        frozenset(row.scopes),
        row.expires_at,
        row.last_used_at,
        row.key_hash,
    )


def _prefix_of(key: str) -> str:
    """Return what a key shows of itself: `sck_<prefix>_<secret>`."""
    start, _, rest = key.partition("_")
    return rest.partition("_")[0] if start == "sck" else ""


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="replace")).digest()


def _words(scopes: Iterable[Scope]) -> str:
    return " or ".join(scopes)
