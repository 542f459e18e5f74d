"""From messages to committed rows: a bounded queue, batches, one transaction each.

A batch is taken as soon as the last one has committed: at once when somebody waits for
an answer, else every BATCH_INTERVAL_S. While the database is away the same batch is tried
again with backoff; heartbeats that wait are thinned to the newest of each clock before
anything is dropped, and a report about an update is never dropped.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from backend import batch as batches
from backend import devices, heartbeats, update_log
from backend.batch import Batch, Item, NewestOf
from backend.contract.messages import Heartbeat, VersionRequest, VersionResponse
from backend.db import Database, is_unavailable, sentence_of
from backend.fleet import Clock, Fleet, clock_of_row
from backend.health import Health

log = structlog.get_logger(__name__)

BATCH_INTERVAL_S = 0.1
MAX_BATCH = 5_000
QUEUE_LIMIT = 100_000
RETRY_MIN_S, RETRY_MAX_S = 0.2, 5.0


@dataclass(slots=True)
class Figures:
    """What ingest did since the process started. Lag in s, from receipt to commit."""

    received: int = 0
    heartbeats_committed: int = 0
    batches: int = 0
    thinned: int = 0
    dropped: int = 0
    refused: int = 0
    lag_s: float = 0.0
    observers: list[Callable[[float, int], None]] = field(default_factory=list)
    """Called after each commit with (lag of its oldest message in s, number of messages)."""


class Ingest:
    """Owns the queue and the one task that empties it."""

    def __init__(
        self,
        database: Database,
        fleet: Fleet,
        health: Health,
        *,
        newest_of: NewestOf,
        answer: Callable[[str, VersionResponse], None],
        misfit: Callable[[Item], None],
    ) -> None:
        """`answer` sends a version response; `misfit` hears of a message that fits nothing."""
        self.figures = Figures()
        self._database = database
        self._fleet = fleet
        self._health = health
        self._newest_of = newest_of
        self._answer = answer
        self._misfit = misfit
        self.is_answering = False
        """Whether the live state is loaded, so that answers from it are true."""
        self._queue: list[Item] = []
        self._in_flight: list[Item] = []
        self._wake = asyncio.Event()
        self._urgent = asyncio.Event()

    @property
    def depth(self) -> int:
        """How many messages wait or are being written."""
        return len(self._queue) + len(self._in_flight)

    def put(self, item: Item) -> None:
        """Queue one message; never blocks."""
        self.figures.received += 1
        message = item.message
        if type(message) is VersionRequest and self._answer_now(message):
            item.answered = True
        elif type(message) is not Heartbeat:
            self._urgent.set()
        self._queue.append(item)
        if len(self._queue) > QUEUE_LIMIT:
            self._make_room()
        self._wake.set()

    async def run(self) -> None:
        """Empty the queue until cancelled; `drain` then writes what is left."""
        while True:
            await self._wake.wait()
            await self._wait_for_more()
            await self._write_next()

    async def drain(self) -> None:
        """Write what is still queued, for an orderly stop; a database that is away ends it."""
        self._queue[:0], self._in_flight = self._in_flight, []
        while self._queue and self._health.database.ok:
            await self._write_next(retry=False)
        if self._queue:
            log.error("ingest.lost", messages=len(self._queue))

    def _answer_now(self, request: VersionRequest) -> bool:
        """Answer a clock that has nothing to update without waiting for the database."""
        if not self.is_answering:
            return False
        answer = batches.answer_at_once(request, self._fleet, self._newest_of)
        if answer is not None:
            self._answer(request.device_id, answer)
        return answer is not None

    async def _wait_for_more(self) -> None:
        if self._urgent.is_set() or len(self._queue) >= MAX_BATCH:
            return
        try:
            async with asyncio.timeout(BATCH_INTERVAL_S):
                await self._urgent.wait()
        except TimeoutError:
            return

    async def _write_next(self, *, retry: bool = True) -> None:
        self._wake.clear()
        self._urgent.clear()
        self._in_flight, self._queue = self._queue[:MAX_BATCH], self._queue[MAX_BATCH:]
        if self._queue:
            self._wake.set()
        delay_s = RETRY_MIN_S
        while not await self._write(self._in_flight):
            if not retry:
                return
            await asyncio.sleep(delay_s * random.uniform(0.5, 1))  # noqa: S311 - jitter
            delay_s = min(delay_s * 2, RETRY_MAX_S)

    async def _write(self, items: Sequence[Item]) -> bool:
        """Commit the first messages in flight. False while the database is away: the rest waits."""
        try:
            await self._commit(items)
            self._in_flight = self._in_flight[len(items) :]
        except Exception as error:  # noqa: BLE001 - told apart here, and none is lost
            if is_unavailable(error):
                self._health.set_database(ok=False, detail=sentence_of(error), now=_now())
                return False
            if len(items) == 1:
                self._refuse(items[0], error)
                self._in_flight = self._in_flight[1:]
                return True
            # Halving finds the message that the database refuses; the others are written.
            middle = len(items) // 2
            return await self._write(items[:middle]) and await self._write(items[middle:])
        return True

    async def _commit(self, items: Sequence[Item]) -> None:
        async with self._database.session() as session:
            sessions = batches.sessions_to_load(items, self._fleet)
            known = await update_log.load_sessions(session, sessions)
            batch = batches.decide(items, self._fleet, known, self._newest_of)
            registered = await self._save(session, batch)
        now = _now()
        self._health.set_database(ok=True, now=now)
        changed = batch.draft.changed.values()
        self._fleet.apply(registered, batch.sightings.values(), changed)
        for device_id, response in batch.answers:
            self._answer(device_id, response)
        for item in items:
            if item.acknowledge is not None:
                item.acknowledge()
        for item in batch.misfits:
            self._misfit(item)
        self._count(items, batch, now)

    async def _save(self, session: AsyncSession, batch: Batch) -> list[Clock]:
        clocks = self._fleet.clocks
        fresh = [one for one in batch.sightings.values() if one.device_id not in clocks]
        known = [one for one in batch.sightings.values() if one.device_id in clocks]
        ids = {one.device_id: clocks[one.device_id].id for one in known}
        registered: list[Clock] = []
        if fresh:
            registered = [clock_of_row(row) for row in await devices.save_new(session, fresh)]
            for clock in registered:
                ids[clock.device_id] = clock.id
                log.info("clock.registered", device_id=clock.device_id, board=clock.board)
        if known:
            await devices.save_sightings(session, known)
        if batch.history:
            rows = [
                (
                    ids[beat.device_id],
                    received_at,
                    beat.uptime,
                    beat.rssi,
                    beat.free_heap,
                    beat.version,
                )
                for beat, received_at in batch.history
            ]
            await heartbeats.append(session, rows)
        await update_log.save(session, batch.draft.changed.values())
        return registered

    def _count(self, items: Sequence[Item], batch: Batch, now: datetime) -> None:
        figures = self.figures
        figures.batches += 1
        figures.heartbeats_committed += len(batch.history)
        figures.lag_s = (now - items[0].received_at).total_seconds()
        for observe in figures.observers:
            observe(figures.lag_s, len(items))

    def _refuse(self, item: Item, error: Exception) -> None:
        """Give up one message that the database does not take: a fault of ours, so say so."""
        self.figures.refused += 1
        log.error("ingest.refused", device_id=item.message.device_id, error=repr(error)[:500])
        if item.acknowledge is not None:
            item.acknowledge()

    def _make_room(self) -> None:
        """Thin waiting heartbeats to the newest of each clock; then drop the oldest of them."""
        newest = {
            item.message.device_id: item for item in self._queue if type(item.message) is Heartbeat
        }
        excess = len(newest) - QUEUE_LIMIT // 2
        dropped = {id(item) for item in list(newest.values())[: max(0, excess)]}
        kept = {id(item) for item in newest.values()} - dropped
        before = len(self._queue)
        queue: list[Item] = []
        for item in self._queue:
            if type(item.message) is not Heartbeat or id(item) in kept:
                queue.append(item)
            elif item.acknowledge is not None:
                item.acknowledge()
        self._queue = queue
        self.figures.dropped += len(dropped)
        self.figures.thinned += before - len(queue) - len(dropped)
        log.warning("ingest.thinned", before=before, left=len(queue), dropped=len(dropped))


def _now() -> datetime:
    return datetime.now(UTC)
