"""The fleet as open pages see it: one numbered stream of changes for all of them.

A page loads the list once, then follows the stream. Each change has a number; a page
that misses one asks for what changed since the last that it saw.
"""

import asyncio
import contextlib
import hashlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import orjson
import structlog

from backend.contract.messages import Problem
from backend.contract.platforms import PLATFORMS
from backend.contract.topics import Kind
from backend.diagnostics import Diagnostics
from backend.firmware import Catalogue
from backend.fleet import Clock, Fleet, has_gone
from backend.health import Health, PartHealth
from backend.models import UpdateState
from backend.update_states import OpenUpdate

log = structlog.get_logger(__name__)

_T = TypeVar("_T")

Groups = frozenset[str] | None
"""Of the clocks that somebody sees; None: all."""

INTERVAL_S = 0.1
BUSY_INTERVAL_S = 0.2
BUSY_ROWS = 50
"""A delta of so many rows lets the next one wait longer: large ones cost the pages less."""
LOOK_S = 1.0
"""How often to look at what no listener tells of: catalogue, health, bad messages."""
PULSE_S = 5.0
"""A page is sent something at least so often: silence means that it lost the server."""
DAMAGED_FOR = timedelta(minutes=10)
REMOVALS_KEPT = 1000

FIELDS = (
    "device_id",
    "name",
    "board",
    "platform",
    "version",
    "uptime_s",
    "rssi_dbm",
    "free_heap_bytes",
    "ssid",
    "ip_address",
    "first_seen",
    "last_seen",
    "update",
    "damaged",
    "gone",
    "heard",
    "group",
)
"""What a row holds, in this order. Times in Unix seconds; damaged, gone, heard are 0 or 1."""

UPDATE_FIELDS = ("state", "progress_percent", "new_version", "error", "at")


@dataclass(frozen=True, slots=True)
class Delta:
    """One change of the fleet: which clocks, and the surroundings where they changed too.

    `left`: clocks that were removed, or put into another group, with the group of before.
    """

    seq: int
    changed: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    left: Mapping[str, str | None] = field(default_factory=dict)
    newest: dict[str, str] | None = None
    health: dict[str, list[Any]] | None = None


class Feed:
    """The numbered stream. `epoch` names its numbering, which starts anew with the process."""

    def __init__(
        self, fleet: Fleet, catalogue: Catalogue, diagnostics: Diagnostics, health: Health
    ) -> None:
        self._fleet = fleet
        self._catalogue = catalogue
        self._diagnostics = diagnostics
        self._health = health
        self._begin()

    def _begin(self) -> None:
        self.epoch = uuid4().hex[:12]
        self.seq = 0
        self._changed_at: dict[str, int] = {}
        self._left_at: deque[tuple[int, str, str | None]] = deque(maxlen=REMOVALS_KEPT)
        self._group_of = {one.device_id: one.device_group for one in self._fleet.clocks.values()}
        self._oldest_known = 0
        self._damaged: frozenset[str] = frozenset()
        self._newest = _newest(self._catalogue)
        self._parts = _parts(self._health)

    async def run(self, send: Callable[[Delta], Awaitable[None]]) -> None:
        """Send what changed until cancelled: at once, then at most every INTERVAL_S."""
        changes = self._fleet.watch()
        loop = asyncio.get_running_loop()
        sent_at = loop.time()
        try:
            while True:
                pause_s = INTERVAL_S
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changes.event.wait(), LOOK_S)
                try:
                    delta = self.advance(*changes.take(), now=datetime.now(UTC))
                    if delta and len(delta.changed) >= BUSY_ROWS:
                        pause_s = BUSY_INTERVAL_S
                    if delta or loop.time() - sent_at >= PULSE_S:
                        await send(delta or Delta(self.seq))
                        sent_at = loop.time()
                except Exception:
                    log.exception("fleet_feed.failed")
                    self._begin()  # what was taken is lost: every page loads the list again
                await asyncio.sleep(pause_s)
        finally:
            changes.close()

    def advance(self, changed: set[str], removed: set[str], *, now: datetime) -> Delta | None:
        """Number what changed; None if nothing did."""
        damaged = _damaged(self._diagnostics, since=now - DAMAGED_FOR)
        changed = (changed | (damaged ^ self._damaged)) & self._fleet.clocks.keys()
        newest = _if_new(_newest(self._catalogue), self._newest)
        parts = _if_new(_parts(self._health), self._parts)
        if not (changed or removed or newest is not None or parts is not None):
            return None
        self.seq += 1
        self._damaged = damaged
        self._newest = self._newest if newest is None else newest
        self._parts = self._parts if parts is None else parts
        self._changed_at |= dict.fromkeys(changed, self.seq)
        left = self._who_left(changed, removed)
        for device_id in removed:
            self._changed_at.pop(device_id, None)
        for device_id, group in left.items():
            if len(self._left_at) == REMOVALS_KEPT:
                self._oldest_known = self._left_at[0][0]
            self._left_at.append((self.seq, device_id, group))
        return Delta(self.seq, frozenset(changed), frozenset(removed), left, newest, parts)

    def _who_left(self, changed: set[str], removed: set[str]) -> dict[str, str | None]:
        """Return who is in no group, or in another one, since the last look."""
        left = {device_id: self._group_of.pop(device_id, None) for device_id in removed}
        for device_id in changed:
            group = self._fleet.clocks[device_id].device_group
            before = self._group_of.setdefault(device_id, group)
            if before != group:
                left[device_id] = before
                self._group_of[device_id] = group
        return left

    def epoch_of(self, groups: Groups) -> str:
        """Return the name of the stream as those see it who see some groups."""
        if groups is None:
            return self.epoch
        names = "\0".join(sorted(groups)).encode()
        return f"{self.epoch}-{hashlib.sha256(names).hexdigest()[:16]}"

    def message(self, delta: Delta, *, now: datetime, groups: Groups = None) -> dict[str, Any]:
        """Return what an open page is sent for one delta."""
        rows = self._rows(self._seen(delta.changed, groups))
        gone = delta.removed if groups is None else self._unseen(delta.left.items(), groups)
        return {
            "epoch": self.epoch_of(groups),
            "seq": delta.seq,
            "now": round(now.timestamp(), 3),
            # Encoded here, once: socket.io would look through every value for bytes first.
            "rows": orjson.Fragment(orjson.dumps(rows)),
            "removed": list(gone),
            **({} if delta.newest is None else {"newest": delta.newest}),
            **({} if delta.health is None else {"health": delta.health}),
        }

    def list_json(self, *, since: int | None = None, groups: Groups = None) -> bytes:
        """Return the fleet as JSON: all of it, or what changed after number `since`."""
        if since is not None and not self._oldest_known <= since <= self.seq:
            since = None
        rows = self._fleet.clocks if since is None else self._after(since)
        return orjson.dumps(
            {
                "epoch": self.epoch_of(groups),
                "seq": self.seq,
                "since": since,
                "rows": self._rows(self._seen(rows, groups)),
                "removed": [] if since is None else self._removed_after(since, groups),
                "newest": self._newest,
                "health": self._parts,
            }
        )

    def _after(self, since: int) -> list[str]:
        return [device_id for device_id, seq in self._changed_at.items() if seq > since]

    def _removed_after(self, since: int, groups: Groups) -> list[str]:
        left = [(device_id, group) for seq, device_id, group in self._left_at if seq > since]
        if groups is not None:
            return list(self._unseen(left, groups))
        return list({device_id for device_id, _ in left} - self._fleet.clocks.keys())

    def _seen(self, device_ids: Iterable[str], groups: Groups) -> Iterable[str]:
        """Return those clocks that are in some groups."""
        if groups is None:
            return device_ids
        clocks = self._fleet.clocks
        return [one for one in device_ids if one in clocks and clocks[one].device_group in groups]

    def _unseen(
        self, left: Iterable[tuple[str, str | None]], groups: frozenset[str]
    ) -> Iterable[str]:
        """Return those clocks that were in some groups and are not any more."""
        were = {device_id for device_id, before in left if before in groups}
        return were - set(self._seen(were, groups))

    def _rows(self, device_ids: Iterable[str]) -> list[list[Any]]:
        clocks = self._fleet.clocks
        return [_row(clocks[one], one in self._damaged) for one in device_ids if one in clocks]


def _row(clock: Clock, damaged: bool) -> list[Any]:
    return [
        clock.device_id,
        clock.name,
        clock.board,
        clock.platform,
        clock.version,
        clock.uptime_s,
        clock.rssi_dbm,
        clock.free_heap_bytes,
        clock.ssid,
        clock.ip_address,
        int(clock.first_seen.timestamp()),
        round(clock.last_seen.timestamp(), 1),
        _update(clock.last_update),
        int(damaged),
        int(has_gone(clock)),
        int(clock.heard),
        clock.device_group,
    ]


def _update(update: OpenUpdate | None) -> list[Any] | None:
    """Return the update that a card tells of: one that runs, or one that failed."""
    if update is None or update.state is UpdateState.SUCCESS:
        return None
    at = update.completed_at or update.heard_at
    return [
        update.state,
        update.progress_percent,
        update.new_version,
        update.error_message,
        int(at.timestamp()),
    ]


def _newest(catalogue: Catalogue) -> dict[str, str]:
    found = {platform: catalogue.newest(platform) for platform in PLATFORMS}
    return {platform: info.version for platform, info in found.items() if info is not None}


def _damaged(diagnostics: Diagnostics, *, since: datetime) -> frozenset[str]:
    """Return the clocks whose heartbeats came damaged lately.

    A salvaged one does not count: v1 does not escape its SSID, and nobody can mend that.
    """
    return frozenset(
        sample.device_id
        for sample in diagnostics.samples()
        if sample.kind == Kind.HEARTBEAT
        and sample.problem != Problem.SALVAGED
        and sample.last_at > since
    )


def _parts(health: Health) -> dict[str, list[Any]]:
    return {"database": _part(health.database), "broker": _part(health.broker)}


def _part(part: PartHealth) -> list[Any]:
    return [part.ok, int(part.since.timestamp())]


def _if_new(value: _T, known: _T) -> _T | None:
    return None if value == known else value
