"""From messages to committed rows: a bounded queue, batches, one transaction each.

A batch is taken as soon as the last one has committed: at once when somebody waits for
an answer, else every BATCH_INTERVAL_S, or BUSY_INTERVAL_S while many come. While the
database is away the same batch is tried again with backoff; heartbeats that wait are thinned
to the newest of each clock before anything is dropped, and a report about an update is never
dropped.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from backend import batch as batches
from backend import devices, heartbeats, update_log
from backend.batch import Batch, Item, NewestOf
from backend.contract.messages import (
    Heartbeat,
    OtaProgress,
    VersionRequest,
    VersionResponse,
)
from backend.db import Database, is_refused_value, is_unavailable, sentence_of
from backend.fleet import Clock, Fleet, clock_of_row
from backend.health import Health

log = structlog.get_logger(__name__)

BATCH_INTERVAL_S = 0.05
BUSY_INTERVAL_S = 0.15  # larger batches cost less a message
BUSY_BATCH = 200
MAX_BATCH = 5_000
QUEUE_LIMIT = 100_000
MAX_CLOCKS = 50_000  # whoever has the shared password may invent device ids
COMMIT_TIMEOUT_S = 60.0
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
        self._days: set[date] = set()
        self._has_doubt = False
        """Whether a commit ended without an answer: then the database knows better than we."""
        self._thin_at = QUEUE_LIMIT
        self._began_at = 0.0
        self._last_size = 0
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
        if len(self._fleet.clocks) >= MAX_CLOCKS and message.device_id not in self._fleet.clocks:
            self._drop(item)
            return
        if type(message) is VersionRequest and self._answer_now(message):
            item.answered = True
        elif type(message) is not Heartbeat:
            self._urgent.set()
        self._queue.append(item)
        if len(self._queue) >= MAX_BATCH:
            self._urgent.set()
        if len(self._queue) > self._thin_at:
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
        if self.depth:
            log.error("ingest.lost", messages=self.depth)

    def _answer_now(self, request: VersionRequest) -> bool:
        """Answer a clock that has nothing to update without waiting for the database."""
        if not self.is_answering:
            return False
        answer = batches.answer_at_once(request, self._fleet, self._newest_of)
        if answer is not None:
            self._answer(request.device_id, answer)
        return answer is not None

    async def _wait_for_more(self) -> None:
        """Wait until the last batch is old enough, or somebody waits for an answer."""
        interval_s = BUSY_INTERVAL_S if self._last_size > BUSY_BATCH else BATCH_INTERVAL_S
        try:
            async with asyncio.timeout_at(self._began_at + interval_s):
                await self._urgent.wait()
        except TimeoutError:
            return

    async def _write_next(self, *, retry: bool = True) -> None:
        self._wake.clear()
        self._urgent.clear()
        self._began_at = asyncio.get_running_loop().time()
        self._in_flight, self._queue = self._queue[:MAX_BATCH], self._queue[MAX_BATCH:]
        self._last_size = len(self._in_flight)
        if self._queue:
            self._wake.set()
        else:
            self._thin_at = QUEUE_LIMIT
        delay_s = RETRY_MIN_S
        while not await self._write(self._in_flight):
            if not retry:
                return
            await asyncio.sleep(delay_s * random.uniform(0.5, 1))  # noqa: S311 - jitter
            delay_s = min(delay_s * 2, RETRY_MAX_S)

    async def _write(self, items: Sequence[Item]) -> bool:
        """Commit the first messages in flight. False where it must be tried again later."""
        had_doubt, self._has_doubt = self._has_doubt, True
        try:
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                batch, registered = await self._commit(items, reload=had_doubt)
        except Exception as error:
            if not is_refused_value(error):
                if not is_unavailable(error):
                    log.exception("ingest.delayed")
                self._health.set_database(ok=False, detail=sentence_of(error), now=_now())
                return False
            if not had_doubt:
                return await self._write(items)  # once more, on what the database knows
            if len(items) == 1:
                self._refuse(items[0], error)
                return True
            # Halving finds the message that the database refuses; the others are written.
            middle = len(items) // 2
            return await self._write(items[:middle]) and await self._write(items[middle:])
        self._in_flight = self._in_flight[len(items) :]
        self._has_doubt = False
        self._follow_up(items, batch, registered)
        return True

    async def _commit(self, items: Sequence[Item], *, reload: bool) -> tuple[Batch, list[Clock]]:
        async with self._database.session() as session:
            if reload:
                self._fleet.reload_updates(
                    await update_log.load_open(session),
                    await update_log.load_newest_begun(session),
                )
            sessions = batches.sessions_to_load(items, self._fleet)
            known = await update_log.load_sessions(session, sessions)
            batch = batches.decide(items, self._fleet, known, self._newest_of)
            registered = await self._save(session, batch)
        return batch, registered

    def _follow_up(self, items: Sequence[Item], batch: Batch, registered: list[Clock]) -> None:
        """Do what follows from a commit: live state, answers, acknowledgements, figures."""
        now = _now()
        changed = batch.draft.changed.values()
        self._fleet.apply(registered, batch.sightings.values(), changed)
        self._days |= {heartbeats.day_of(at) for _, at in batch.history[:1] + batch.history[-1:]}
        self._health.set_database(ok=True, now=now)
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
        if known:
            fresh += await devices.save_known(session, known)
        if fresh:
            registered = [clock_of_row(row) for row in await devices.register(session, fresh)]
            for clock in registered:
                ids[clock.device_id] = clock.id
                log.info("clock.registered", device_id=clock.device_id, board=clock.board)
        if batch.history:
            # A batch spans two days at the most, unless the server's clock was set.
            days = {heartbeats.day_of(at) for _, at in batch.history[:1] + batch.history[-1:]}
            await heartbeats.ensure_days(session, days - self._days)
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
        self._in_flight = self._in_flight[1:]
        log.error("ingest.refused", device_id=item.message.device_id, error=repr(error)[:500])
        self._drop(item)

    def _drop(self, item: Item) -> None:
        self.figures.refused += 1
        if item.acknowledge is not None:
            item.acknowledge()

    def _make_room(self) -> None:
        """Thin what waits to the newest of its kind; then drop the oldest heartbeats."""
        newest = {key: item for item in self._queue if (key := _kept_once(item)) is not None}
        beats = [item for item in newest.values() if type(item.message) is Heartbeat]
        dropped = {id(item) for item in beats[: max(0, len(newest) - QUEUE_LIMIT // 2)]}
        kept = {id(item) for item in newest.values()} - dropped
        before = len(self._queue)
        queue: list[Item] = []
        for item in self._queue:
            if id(item) in kept or _kept_once(item) is None:
                queue.append(item)
            elif item.acknowledge is not None:
                item.acknowledge()
        self._queue = queue
        # Looking through the queue costs: not again before it has grown by some more.
        self._thin_at = max(QUEUE_LIMIT, len(queue) + QUEUE_LIMIT // 10)
        self.figures.dropped += len(dropped)
        self.figures.thinned += before - len(queue) - len(dropped)
        log.warning("ingest.thinned", before=before, left=len(queue), dropped=len(dropped))


def _kept_once(item: Item) -> tuple[object, ...] | None:
    """Return what makes a waiting message obsolete by a newer one; None: each one counts."""
    message = item.message
    if isinstance(message, Heartbeat | VersionRequest):
        return type(message), message.device_id
    if isinstance(message, OtaProgress):
        return type(message), message.device_id, message.session_id
    return None


def _now() -> datetime:
    return datetime.now(UTC)
