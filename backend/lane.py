"""One lane of ingest: a bounded queue and the one task that empties it, a batch a transaction.

While the database is away the same batch is tried again with backoff; what waits is thinned
to the newest of its kind of each clock before anything is dropped, and a report about an
update is never dropped.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from backend.batch import Item
from backend.contract.messages import (
    ConfigReport,
    Heartbeat,
    Info,
    OtaProgress,
    Status,
    VersionRequest,
)
from backend.db import is_refused_value, is_unavailable, sentence_of
from backend.health import Health

log = structlog.get_logger(__name__)

BUSY_BATCH = 200
MAX_BATCH = 5_000
QUEUE_LIMIT = 100_000
COMMIT_TIMEOUT_S = 60.0
RETRY_MIN_S, RETRY_MAX_S = 0.2, 5.0

FollowUp = Callable[[], None]
Commit = Callable[[Sequence[Item], bool], Awaitable[FollowUp]]
"""Writes a batch; with True, on what the database knows, for the last commit's end is not
known. What it returns is called once the batch counts as written."""


@dataclass(slots=True)
class Figures:
    """What ingest did since the process started. Lag in s, from receipt to commit.

    Each lane counts for itself: two transactions, and twice thinned, where both had a message.
    """

    received: int = 0
    heartbeats_committed: int = 0
    batches: int = 0
    thinned: int = 0
    dropped: int = 0
    refused: int = 0
    lag_s: float = 0.0
    observers: list[Callable[[float, int], None]] = field(default_factory=list)
    """Called after each commit with (lag of its oldest message in s, number of messages)."""


class Lane:
    """Owns a queue. `finish` hears of each item once: written, or refused, thinned, dropped."""

    def __init__(
        self,
        name: str,
        health: Health,
        figures: Figures,
        *,
        interval_s: float,
        busy_interval_s: float,
        commit: Commit,
        finish: Callable[[Item], None],
    ) -> None:
        """A batch begins `interval_s` after the last one, `busy_interval_s` after a large one."""
        self.waiting: Counter[str] = Counter()
        """How many items of a clock are queued or in flight."""
        self._name = name
        self._health = health
        self._figures = figures
        self._interval_s = interval_s
        self._busy_interval_s = busy_interval_s
        self._commit = commit
        self._finish = finish
        self._queue: list[Item] = []
        self._in_flight: list[Item] = []
        self._has_doubt = False
        """Whether a commit ended without an answer: then the database knows better than we."""
        self._thin_at = QUEUE_LIMIT
        self._began_at = 0.0
        self._last_size = 0
        self._wake = asyncio.Event()
        self._full = asyncio.Event()

    @property
    def depth(self) -> int:
        """How many items wait or are being written."""
        return len(self._queue) + len(self._in_flight)

    def put(self, item: Item) -> None:
        """Queue one item; never blocks."""
        self._queue.append(item)
        self.waiting[item.message.device_id] += 1
        if len(self._queue) >= MAX_BATCH:
            self._full.set()
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
        while self.depth and self._health.database.ok:
            await self._write_next(retry=False)
        if self.depth:
            log.error("ingest.lost", lane=self._name, messages=self.depth)

    async def _wait_for_more(self) -> None:
        """Wait until the last batch is old enough, or a whole one waits."""
        is_busy = self._last_size > BUSY_BATCH
        interval_s = self._busy_interval_s if is_busy else self._interval_s
        try:
            async with asyncio.timeout_at(self._began_at + interval_s):
                await self._full.wait()
        except TimeoutError:
            return

    async def _write_next(self, *, retry: bool = True) -> None:
        self._wake.clear()
        self._full.clear()
        self._began_at = asyncio.get_running_loop().time()
        self._queue[:0] = self._in_flight  # what a cancelled task left
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
        """Commit the first items in flight. False where it must be tried again later."""
        had_doubt, self._has_doubt = self._has_doubt, True
        try:
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                follow_up = await self._commit(items, had_doubt)
        except Exception as error:
            if not is_refused_value(error):
                if not is_unavailable(error):
                    log.exception("ingest.delayed", lane=self._name)
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
        follow_up()
        for item in items:
            self._leave(item)
        self._observe(items)
        return True

    def _observe(self, items: Sequence[Item]) -> None:
        figures = self._figures
        figures.batches += 1
        figures.lag_s = (_now() - items[0].received_at).total_seconds()
        for observe in figures.observers:
            observe(figures.lag_s, len(items))

    def _refuse(self, item: Item, error: Exception) -> None:
        """Give up one message that the database does not take: a fault of ours, so say so."""
        self._in_flight = self._in_flight[1:]
        device_id = item.message.device_id
        log.error("ingest.refused", lane=self._name, device_id=device_id, error=repr(error)[:500])
        self._figures.refused += 1
        self._leave(item)

    def _leave(self, item: Item) -> None:
        device_id = item.message.device_id
        if self.waiting[device_id] > 1:
            self.waiting[device_id] -= 1
        else:
            del self.waiting[device_id]
        self._finish(item)

    def _make_room(self) -> None:
        """Thin what waits to the newest of its kind; then drop the oldest heartbeats."""
        newest = {key: item for item in self._queue if (key := _kept_once(item)) is not None}
        beats = [item for item in newest.values() if type(item.message) is Heartbeat]
        dropped = {id(item) for item in beats[: max(0, len(newest) - QUEUE_LIMIT // 2)]}
        kept = {id(item) for item in newest.values()} - dropped
        before, self._queue = self._queue, []
        for item in before:
            if id(item) in kept or _kept_once(item) is None:
                self._queue.append(item)
            else:
                self._leave(item)
        # Looking through the queue costs: not again before it has grown by some more.
        left = len(self._queue)
        self._thin_at = max(QUEUE_LIMIT, left + QUEUE_LIMIT // 10)
        self._figures.dropped += len(dropped)
        self._figures.thinned += len(before) - left - len(dropped)
        log.warning(
            "ingest.thinned", lane=self._name, before=len(before), left=left, dropped=len(dropped)
        )


def _kept_once(item: Item) -> tuple[object, ...] | None:
    """Return what makes a waiting message obsolete by a newer one; None: each one counts."""
    message = item.message
    if isinstance(message, Heartbeat | VersionRequest | Status | Info | ConfigReport):
        return type(message), message.device_id
    if isinstance(message, OtaProgress):
        return type(message), message.device_id, message.session_id
    return None


def _now() -> datetime:
    return datetime.now(UTC)
