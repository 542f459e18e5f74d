"""From messages to committed rows: what each one means is decided once, in order of arrival.

Two lanes, a task and a transaction each. Every message is a sighting of its clock: the
sightings' lane alone writes clocks and heartbeat history, in large batches. What bears on an
update (requests, reports, silence, and the heartbeats that can decide one) also goes through
the updates' lane, which alone writes updates, in small ones: a clock that waits for its offer
does not wait for thousands of heartbeats. Neither lane touches the other's rows, and within
each every message keeps its place.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from backend import batch as batches
from backend import devices, heartbeats, update_log, updates
from backend.batch import Changes, Item, NewestOf, Sightings, Silence
from backend.contract.messages import Heartbeat, VersionRequest, VersionResponse
from backend.db import Database
from backend.fleet import Clock, Fleet, clock_of_row
from backend.health import Health
from backend.lane import Commit, Figures, FollowUp, Lane

log = structlog.get_logger(__name__)

SIGHTINGS_INTERVAL_S = 0.05
SIGHTINGS_BUSY_INTERVAL_S = 0.15
UPDATES_INTERVAL_S = 0.01
MAX_CLOCKS = 50_000  # whoever has the shared password may invent device ids


class Ingest:
    """Owns the two lanes, and what follows from their commits."""

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
        self.is_answering = False
        """Whether the live state is loaded, so that what is decided from it is true."""
        self.depth = 0
        """How many messages wait or are being written."""
        self._database = database
        self._fleet = fleet
        self._health = health
        self._newest_of = newest_of
        self._answer = answer
        self._misfit = misfit
        self._days: set[date] = set()
        self._unacknowledged: deque[Item] = deque()
        self._sightings = self._lane(
            "sightings", SIGHTINGS_INTERVAL_S, SIGHTINGS_BUSY_INTERVAL_S, self._commit_sightings
        )
        self._updates = self._lane(
            "updates", UPDATES_INTERVAL_S, UPDATES_INTERVAL_S, self._commit_updates
        )

    def put(self, item: Item) -> None:
        """Queue one message; never blocks."""
        self.figures.received += 1
        device_id, clocks = item.message.device_id, self._fleet.clocks
        if item.acknowledge is not None:
            self._unacknowledged.append(item)
        if len(clocks) >= MAX_CLOCKS and device_id not in clocks:
            self.figures.refused += 1
            self._acknowledge()
            return
        lanes = self._lanes_of(item)
        item.lanes = len(lanes)
        self.depth += 1
        for lane in lanes:
            lane.put(item)

    async def run(self) -> None:
        """Write what comes until cancelled; `drain` then writes what is left."""
        async with asyncio.TaskGroup() as tasks:
            for lane in (self._updates, self._sightings):
                tasks.create_task(lane.run())

    async def drain(self) -> None:
        """Write what is still queued, for an orderly stop; a database that is away ends it."""
        await self._updates.drain()
        await self._sightings.drain()

    def _lanes_of(self, item: Item) -> tuple[Lane, ...]:
        """Return who must write a message; answers a request that changes nothing."""
        message = item.message
        both = (self._updates, self._sightings)
        if isinstance(message, Silence):
            return (self._updates,)
        # Before the load, or after a message that still waits, nobody knows what this one means.
        if not self.is_answering or message.device_id in self._updates.waiting:
            return both
        open_updates = self._fleet.updates.of(message.device_id)
        if type(message) is Heartbeat:
            decides = bool(open_updates) and updates.can_decide(
                open_updates, message.version, uptime_s=message.uptime, now=item.received_at
            )
            return both if decides else (self._sightings,)
        if type(message) is VersionRequest and not open_updates:
            answer = batches.answer_at_once(message, self._newest_of)
            if answer is not None:
                self._answer(message.device_id, answer)
                return (self._sightings,)
        return both

    async def _commit_sightings(self, items: Sequence[Item], in_doubt: bool) -> FollowUp:
        if in_doubt:
            self._days.clear()
        batch = batches.gather(items, self._fleet)
        async with self._database.session() as session:
            registered = await self._save(session, batch)
        return partial(self._follow_sightings, batch, registered)

    async def _commit_updates(self, items: Sequence[Item], in_doubt: bool) -> FollowUp:
        known: list[updates.OpenUpdate] = []
        sessions = batches.sessions_to_load(items, self._fleet)
        if in_doubt or sessions:
            async with self._database.session() as session:
                if in_doubt:
                    self._fleet.reload_updates(
                        await update_log.load_open(session),
                        await update_log.load_newest_begun(session),
                    )
                    sessions = batches.sessions_to_load(items, self._fleet)
                known = await update_log.load_sessions(session, sessions)
        changes = batches.decide(items, self._fleet, known, self._newest_of)
        if changes.draft.changed:
            async with self._database.session() as session:
                await update_log.save(session, changes.draft.changed.values())
            self._health.set_database(ok=True, now=_now())
        return partial(self._follow_updates, changes)

    async def _save(self, session: AsyncSession, batch: Sightings) -> list[Clock]:
        clocks = self._fleet.clocks
        fresh = [one for one in batch.clocks.values() if one.device_id not in clocks]
        known = [one for one in batch.clocks.values() if one.device_id in clocks]
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
            await heartbeats.ensure_days(session, _days_of(batch) - self._days)
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
        return registered

    def _follow_sightings(self, batch: Sightings, registered: list[Clock]) -> None:
        self._fleet.apply(registered, batch.clocks.values(), ())
        self._days |= _days_of(batch)
        self._health.set_database(ok=True, now=_now())
        self.figures.heartbeats_committed += len(batch.history)

    def _follow_updates(self, changes: Changes) -> None:
        self._fleet.apply((), (), changes.draft.changed.values())
        for device_id, response in changes.answers:
            self._answer(device_id, response)
        for item in changes.misfits:
            self._misfit(item)

    def _finish(self, item: Item) -> None:
        """Hear from a lane that it is done with a message."""
        item.lanes -= 1
        if item.lanes == 0:
            self.depth -= 1
            self._acknowledge()

    def _acknowledge(self) -> None:
        """Acknowledge what nobody holds any more, in the order of arrival as MQTT wants it."""
        waiting = self._unacknowledged
        while waiting and waiting[0].lanes == 0:
            item = waiting.popleft()
            if item.acknowledge is not None:
                item.acknowledge()

    def _lane(self, name: str, interval_s: float, busy_interval_s: float, commit: Commit) -> Lane:
        return Lane(
            name,
            self._health,
            self.figures,
            interval_s=interval_s,
            busy_interval_s=busy_interval_s,
            commit=commit,
            finish=self._finish,
        )


def _days_of(batch: Sightings) -> set[date]:
    # A batch spans two days at the most, unless the server's clock was set.
    return {heartbeats.day_of(at) for _, at in batch.history[:1] + batch.history[-1:]}


def _now() -> datetime:
    return datetime.now(UTC)
