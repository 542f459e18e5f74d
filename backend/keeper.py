"""Keeps the stored files where they belong: moves them to the bucket, removes what nobody needs.

A row without its bucket is the outbox: first move, retry and restart are one path. What was
uploaded while the bucket was away lies in the folder, is served from there, and moves later.
"""

import asyncio
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from backend import objects
from backend.bucket_errors import BucketError
from backend.db import Database
from backend.firmware import Catalogue
from backend.health import Health
from backend.storage import ImageAwayError, ImageUnreadableError, Storage

if TYPE_CHECKING:
    from backend.bucket import Bucket

log = structlog.get_logger(__name__)

LOOK_AGAIN_S = 60.0
RETRY_S, RETRY_MAX_S = 1.0, 300.0
INVENTORY_EVERY = timedelta(hours=6)
GRACE = timedelta(days=7)
"""What nothing refers to is kept so long: an upload that is being written is never in danger."""


@dataclass(slots=True)
class Keeping:
    """How the files stand, for people. `unreadable`: why a file cannot move, by its hash."""

    unreadable: dict[str, str] = field(default_factory=dict)
    near_bytes: int = 0
    collected: int = 0
    last_moved_at: datetime | None = None


class Keeper:
    """Owns the task that moves and collects. `owner` tells our bucket from another server's."""

    def __init__(
        self,
        database: Database,
        storage: Storage,
        catalogue: Catalogue,
        health: Health,
        *,
        owner: str,
        grace: timedelta = GRACE,
        retry_max_s: float = RETRY_MAX_S,
    ) -> None:
        self.state = Keeping()
        self._database = database
        self._storage = storage
        self._catalogue = catalogue
        self._health = health
        self._owner = owner
        self._grace = grace
        self._retry_max_s = retry_max_s
        self._published = asyncio.Event()
        self._next_inventory_at = datetime.min.replace(tzinfo=UTC)

    @property
    def waiting(self) -> list[str]:
        """Hashes of published files that the bucket does not have yet."""
        published = self._catalogue.published()
        infos = [self._catalogue.find(platform, version) for platform, version in published]
        hashes = {sha256 for info in infos if info is not None for sha256 in info.files}
        return [sha256 for sha256 in hashes if self._storage.is_waiting(sha256)]

    def hurry(self) -> None:
        """Look at once: something was stored just now."""
        self._published.set()

    async def run(self) -> None:
        """Look, move and collect until cancelled; after a failure the pauses grow."""
        await self._recall()
        failures = 0
        while True:
            try:
                await self.look(now=datetime.now(UTC))
            except (BucketError, ImageAwayError) as error:
                failures += 1
                self._health.set_store(ok=False, detail=str(error), now=datetime.now(UTC))
            else:
                failures = 0
                self._health.set_store(ok=True, now=datetime.now(UTC))
            await self._pause(failures)

    async def look(self, *, now: datetime) -> None:
        """Move what waits, bring near what clocks need, and now and then take the inventory.

        Raises BucketError, or ImageAwayError.
        """
        bucket = self._storage.bucket
        if bucket is not None:
            await bucket.claim(self._owner)
            await self._move(bucket, now)
            await self._bring_near()
        self.state.near_bytes = await self._storage.size_bytes()
        if now >= self._next_inventory_at:
            await self.take_inventory(now=now)
            self._next_inventory_at = now + INVENTORY_EVERY

    async def take_inventory(self, *, now: datetime) -> None:
        """Remove what nothing refers to since the grace time; find what the bucket lost."""
        before = now - self._grace
        listed = await self._storage.bucket.list() if self._storage.bucket else []
        async with self._database.session() as session:
            referenced = await objects.referenced(session)
        collected = await self._storage.collect(referenced, before_s=before.timestamp())
        if bucket := self._storage.bucket:
            old = [one.sha256 for one in listed if one.stored_at < before]
            collected += await self._collect_there(bucket, old, referenced)
            await self._note_lost(bucket, {one.sha256 for one in listed})
        self.state.collected += len(collected)
        if collected:
            log.info("objects.collected", count=len(collected))

    async def _collect_there(
        self, bucket: "Bucket", old: Iterable[str], referenced: set[str]
    ) -> list[str]:
        removed = []
        for sha256 in old:
            if sha256 not in referenced:
                await bucket.delete(sha256)
                self._storage.moved.discard(sha256)
                removed.append(sha256)
        if removed:
            async with self._database.session() as session:
                await objects.forget(session, removed)
        return removed

    async def _note_lost(self, bucket: "Bucket", there: set[str]) -> None:
        async with self._database.session() as session:
            lost = await objects.moved_to(session, bucket.place) - there
            if not lost:
                return
            await objects.note_lost(session, lost)
        self._storage.moved -= lost
        log.warning("objects.lost", count=len(lost), bucket=bucket.place)
        self.hurry()

    async def _recall(self) -> None:
        if bucket := self._storage.bucket:
            async with self._database.session() as session:
                self._storage.moved |= await objects.moved_to(session, bucket.place)

    async def _move(self, bucket: "Bucket", now: datetime) -> None:
        async with self._database.session() as session:
            waiting = [row.sha256 for row in await objects.waiting_for(session, bucket.place)]
        for sha256 in waiting:
            try:
                path = await self._storage.checked_path(sha256)
            except ImageUnreadableError as error:
                if not await self._is_there(sha256):
                    self._note_unreadable(sha256, str(error))
                    continue
            else:
                await bucket.put(sha256, path)
            async with self._database.session() as session:
                await objects.note_moved(session, sha256, bucket.place, now=now)
            self._storage.moved.add(sha256)
            self.state.unreadable.pop(sha256, None)
            self.state.last_moved_at = now
            log.info("object.moved", sha256=sha256, bucket=bucket.place)
        await self._storage.make_room()

    async def _is_there(self, sha256: str) -> bool:
        """Tell whether the bucket has a file that is not near; it was copied by other means."""
        try:
            await self._storage.read(sha256)
        except ImageAwayError:
            raise
        except ImageUnreadableError:
            return False
        return True

    def _note_unreadable(self, sha256: str, problem: str) -> None:
        if sha256 not in self.state.unreadable:
            log.error("object.unreadable", sha256=sha256, problem=problem)
        self.state.unreadable[sha256] = problem

    async def _bring_near(self) -> None:
        """Have the newest of each platform in the folder, for when the bucket is away."""
        newest = [self._catalogue.newest(platform) for platform in self._catalogue.platforms]
        self._storage.wanted = frozenset(
            sha256 for info in newest if info is not None for sha256 in info.files
        )
        for sha256 in self._storage.wanted:
            if not await self._storage.exists(sha256):
                try:
                    await self._storage.read(sha256)
                except ImageAwayError:
                    raise
                except ImageUnreadableError as error:
                    self._note_unreadable(sha256, str(error))

    async def _pause(self, failures: int) -> None:
        """Wait until there is something to do; after failures uploads do not shorten the wait."""
        if failures:
            pause_s = min(RETRY_S * 2 ** min(failures - 1, 16), self._retry_max_s)
            await asyncio.sleep(pause_s * random.uniform(0.5, 1))  # noqa: S311 - jitter
            return
        try:
            async with asyncio.timeout(LOOK_AGAIN_S):
                await self._published.wait()
        except TimeoutError:
            return
        finally:
            self._published.clear()
