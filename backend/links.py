"""Owns signed download links, and the log of who took which image."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

import structlog
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.access import Identity, find_identity
from backend.contract.flash_map import Part
from backend.db import Database, is_unavailable, sentence_of
from backend.errors import Refusal
from backend.models import Download

log = structlog.get_logger(__name__)

LIFETIME = timedelta(hours=1)
WRITE_EVERY_S = 1.0
RETRY_AFTER_S = 5.0
MAX_WAITING = 10_000
MAX_BATCH = 1_000


class BadLinkError(Refusal):
    """The link was not made by us, or was changed on the way."""

    code: ClassVar[str] = "bad_link"


class ExpiredLinkError(Refusal):
    """The link was good until an hour after it was made."""

    code: ClassVar[str] = "link_expired"


class LinkNotAllowedError(Refusal):
    """The user that the link was made for may no longer take this."""

    code: ClassVar[str] = "not_allowed"


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """What a link is for, and for whom."""

    user_id: int
    platform: str
    version: str
    part: Part = Part.APPLICATION
    claim: str = ""
    """Of the board whose identity this is; for no other part."""


class Links:
    """Makes and reads download links: all of LinkTarget and their end inside, signed."""

    def __init__(self, secret_key: str) -> None:
        self._serializer = URLSafeSerializer(secret_key, salt="firmware download")

    def make(
        self,
        identity: Identity,
        platform: str,
        version: str,
        part: Part = Part.APPLICATION,
        *,
        claim: str = "",
        now: datetime,
    ) -> str:
        """Return the token of a link that works for LIFETIME."""
        ends_s = int((now + LIFETIME).timestamp())
        said = [identity.user_id, platform, version, part, claim, ends_s]
        return str(self._serializer.dumps(said))

    def read(self, token: str, *, now: datetime) -> LinkTarget:
        """Return what a token is for; raises BadLinkError or ExpiredLinkError."""
        try:
            user_id, platform, version, part, claim, ends_s = self._serializer.loads(token)
            target = LinkTarget(user_id, platform, version, Part(part), claim)
        except (BadData, ValueError, TypeError):
            raise BadLinkError("This download link is not valid. Get a new one.") from None
        if now.timestamp() >= ends_s:
            raise ExpiredLinkError(
                "This download link has expired; links work for an hour. Get a new one."
            )
        return target


async def check_taker(session: AsyncSession, target: LinkTarget) -> Identity:
    """Return whom a link was made for; raises LinkNotAllowedError where that right is gone."""
    identity = await find_identity(session, target.user_id)
    if identity is None or not identity.may_take(target.platform):
        raise LinkNotAllowedError(f"You may no longer download images for {target.platform}.")
    return identity


@dataclass(frozen=True, slots=True)
class Taken:
    """One download that began."""

    at: datetime
    platform: str
    version: str
    taker: str
    address: str | None
    user_agent: str | None
    size_bytes: int
    part: Part = Part.APPLICATION


class DownloadLog:
    """Writes downloads down in batches, so that a clock's download costs no transaction.

    Entries are in memory for a second: those are lost when the process is killed. While
    the database is away at most MAX_WAITING are kept; the oldest go first, and are counted.
    """

    def __init__(self, database: Database) -> None:
        self.dropped = 0
        self._database = database
        self._waiting: deque[Taken] = deque()
        self._wake = asyncio.Event()

    def note(self, taken: Taken) -> None:
        """Add a download; never blocks."""
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(taken)
        self._wake.set()

    async def run(self) -> None:
        """Write what is noted until cancelled; `flush` then writes the rest."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(WRITE_EVERY_S)
            if not await self.flush():
                await asyncio.sleep(RETRY_AFTER_S)

    async def flush(self) -> bool:
        """Write everything that waits; False where the database is away."""
        self._wake.clear()
        while self._waiting:
            batch = [self._waiting[i] for i in range(min(MAX_BATCH, len(self._waiting)))]
            dropped_before = self.dropped
            try:
                async with self._database.session() as session:
                    await write_down(session, batch)
            except Exception as error:
                if not is_unavailable(error):
                    raise
                self._wake.set()
                log.warning(
                    "downloads.waiting", entries=len(self._waiting), error=sentence_of(error)
                )
                return False
            # What was dropped meanwhile stood at the front: it is written, not lost.
            overtaken = self.dropped - dropped_before
            self.dropped -= min(overtaken, len(batch))
            for _ in range(len(batch) - overtaken):
                self._waiting.popleft()
        return True


async def write_down(session: AsyncSession, downloads: Sequence[Taken]) -> None:
    """Write downloads to the log."""
    await session.execute(
        insert(Download),
        [{name: getattr(one, name) for name in Taken.__slots__} for one in downloads],
    )
