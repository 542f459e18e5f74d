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
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from backend import batch as batches
from backend import devices, heartbeats, reports, update_log, updates
from backend.batch import Changes, Item, NewestOf, Sightings, Silence
from backend.contract.messages import (
    CommandResult,
    ConfigReport,
    Events,
    Heartbeat,
    Info,
    Snapshot,
    Status,
    VersionRequest,
    VersionResponse,
)
from backend.contract.orders import Ack
from backend.contract.platforms import PLATFORMS, Platform
from backend.db import Database
from backend.fleet import Clock, Fleet, clock_of_row
from backend.health import Health
from backend.lane import Commit, Figures, FollowUp, Lane
from backend.reports import Report
from backend.snapshots import Snapshots
from backend.throttle import Bucket
from backend.update_states import OpenUpdate

log = structlog.get_logger(__name__)

SIGHTINGS_INTERVAL_S = 0.05
SIGHTINGS_BUSY_INTERVAL_S = 0.15
UPDATES_INTERVAL_S = 0.01
# Whoever has the shared password may invent device ids: a whole fleet may come at once, and
# from then on more by and by.
MAX_CLOCKS = 50_000
NEW_CLOCKS_AT_ONCE = 12_000
NEW_CLOCKS_PER_S = 10
_REFUSED_SAID_EVERY = timedelta(minutes=1)

MAX_EARLY = 10_000  # statuses of clocks that are not there; they are kept until they are

_NO_UPDATES = (Status, Info, Events, CommandResult, ConfigReport, Snapshot)
"""What v2 clocks say that bears on no update."""


class Contact(Protocol):
    """What is told to clocks once they, or we, have committed something."""

    def ack(self, device_id: str, ack: Ack) -> None:
        """Tell a clock what is committed."""

    def came_back(self, device_id: str) -> None:
        """Hear that a clock has just connected."""

    def settings_differ(self, device_id: str, *, now: datetime) -> None:
        """Hear that a clock has other settings than the wanted."""

    def settings_reported(self, report: ConfigReport) -> None:
        """Hear what a clock is set to."""


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
        contact: Contact,
        snapshots: Snapshots,
        platforms: Mapping[str, Platform] = PLATFORMS,
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
        self._contact = contact
        self._snapshots = snapshots
        self._platforms = platforms
        self._early: dict[str, tuple[Report, datetime]] = {}
        self._newcomers = Bucket(capacity=NEW_CLOCKS_AT_ONCE, per_s=NEW_CLOCKS_PER_S)
        self._refused_said_at: datetime | None = None
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
        if item.acknowledge is not None:
            self._unacknowledged.append(item)
        if item.message.device_id not in self._fleet.clocks and not self._admits(item):
            self._acknowledge()
            return
        lanes = self._lanes_of(item)
        item.lanes = len(lanes)
        self.depth += 1
        for lane in lanes:
            lane.put(item)

    def _admits(self, item: Item) -> bool:
        """Tell whether a clock that is not known may come in; counts and says who may not."""
        device_id, now = item.message.device_id, item.received_at
        if isinstance(item.message, Silence | Status):
            return True  # registers nobody
        if len(self._fleet.clocks) < MAX_CLOCKS and (
            not self.is_answering  # nobody is known yet
            or device_id in self._sightings.waiting  # came in with an earlier message
            or self._newcomers.take(now=now)
        ):
            return True
        self.figures.refused += 1
        if self._refused_said_at is None or now - self._refused_said_at >= _REFUSED_SAID_EVERY:
            self._refused_said_at = now
            log.warning(
                "ingest.newcomer_refused", device_id=device_id, refused=self.figures.refused
            )
        return False

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
        if type(message) is not Heartbeat:  # nearly all are
            if isinstance(message, Silence):
                return (self._updates,)
            if isinstance(message, Snapshot):
                self._snapshots.put(message, item.received_at)
            if isinstance(message, _NO_UPDATES):
                return (self._sightings,)
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
            answer = batches.answer_at_once(message, self._newest_of, self._platforms)
            if answer is not None:
                self._answer(message.device_id, answer)
                return (self._sightings,)
        return both

    async def _commit_sightings(self, items: Sequence[Item], in_doubt: bool) -> FollowUp:
        if in_doubt:
            self._days.clear()
        batch = batches.gather(items, self._fleet, self._platforms)
        async with self._database.session() as session:
            registered = await self._save(session, batch)
        return partial(self._follow_sightings, batch, registered)

    async def _commit_updates(self, items: Sequence[Item], in_doubt: bool) -> FollowUp:
        known: list[OpenUpdate] = []
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
        changes = batches.decide(items, self._fleet, known, self._newest_of, self._platforms)
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
            await heartbeats.append(session, batch.history, ids)
        batch.reports += self._early_of(registered)
        if batch.reports:
            for report, _ in batch.reports:  # a status is no sighting
                if report.device_id in clocks:
                    ids.setdefault(report.device_id, clocks[report.device_id].id)
            await reports.save(session, batch.reports, ids)
        return registered

    def _follow_sightings(self, batch: Sightings, registered: list[Clock]) -> None:
        self._fleet.apply(registered, batch.clocks.values(), ())
        self._follow_v2(batch)
        self._days |= _days_of(batch)
        self._health.set_database(ok=True, now=_now())
        self.figures.heartbeats_committed += len(batch.history)

    def _early_of(self, registered: Sequence[Clock]) -> list[tuple[Report, datetime]]:
        """Return the statuses that came just before the first heartbeat of a new clock."""
        return [
            self._early[clock.device_id] for clock in registered if clock.device_id in self._early
        ]

    def _follow_v2(self, batch: Sightings) -> None:
        """Acknowledge what v2 clocks want acknowledged, and note who is to be told something."""
        for report, at in batch.reports:
            self._early.pop(report.device_id, None)
            if report.device_id not in self._fleet.clocks and len(self._early) < MAX_EARLY:
                self._early[report.device_id] = report, at
        self._fleet.apply_reports(batch.reports)
        for device_id, ack in batch.acks:
            self._contact.ack(device_id, ack)
        for report, _ in batch.reports:
            if isinstance(report, Info) or (isinstance(report, Status) and report.online):
                self._contact.came_back(report.device_id)
            elif isinstance(report, ConfigReport):
                self._contact.settings_reported(report)
        clocks = self._fleet.clocks
        for sighting in batch.clocks.values():
            clock = clocks.get(sighting.device_id)
            if clock is not None and clock.wanted_config is not None and clock.lacks_settings:
                self._contact.settings_differ(clock.device_id, now=sighting.seen_at)

    def _follow_updates(self, changes: Changes) -> None:
        self._fleet.apply((), (), changes.draft.changed.values())
        for device_id, ack in changes.acks:
            self._contact.ack(device_id, ack)
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
