"""The live state of every clock, the rule that says whether it is online, and who listens.

Changed only after a commit: what a page shows, the database holds.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend.clock_settings import Wanted
from backend.contract.limits import PROTOCOL
from backend.contract.messages import ConfigReport, Heartbeat, Status
from backend.devices import Sighting
from backend.models import Device
from backend.reports import Report, Standing
from backend.update_states import OpenUpdate
from backend.updates import Book


@dataclass(slots=True, eq=False)
class Clock:
    """One clock as it was last heard. Units: s, dBm, bytes; times in UTC."""

    id: int
    device_id: str
    name: str | None
    board: str | None
    platform: str | None
    version: str | None
    uptime_s: int | None
    rssi_dbm: int | None
    free_heap_bytes: int | None
    ssid: str | None
    ip_address: str | None
    first_seen: datetime
    last_seen: datetime
    heard: bool = True
    """False: claimed, and waiting for its first contact; `last_seen` is when it was claimed."""
    device_group: str | None = None
    last_update: OpenUpdate | None = None
    """The newest update that the clock has begun, ended or not."""
    protocol: int | None = None
    reset_reason: str | None = None
    min_free_heap_bytes: int | None = None
    time_source: str | None = None
    clock_error_ms: int | None = None
    frame_ms: int | None = None
    trust: str | None = None
    config_version: int | None = None
    on_trial: bool | None = None
    """These and what follows: v2 only."""
    says_online: bool | None = None
    status_at: datetime | None = None
    wanted_config: int | None = None
    """Version of the settings that people want it to have."""
    refused_config: int | None = None
    """Version of the wanted settings that the clock would not take."""

    @property
    def is_v2(self) -> bool:
        """Whether it takes commands and settings, and says what its trials come to."""
        return self.protocol is not None and self.protocol >= PROTOCOL

    @property
    def lacks_settings(self) -> bool:
        """Whether it is to be sent the wanted settings."""
        wanted = self.wanted_config
        return wanted is not None and wanted not in {self.config_version, self.refused_config}


class Changes:
    """What changed since a listener last looked. `event` is set while there is something."""

    def __init__(self, listeners: set["Changes"]) -> None:
        self.event = asyncio.Event()
        self._changed: set[str] = set()
        self._removed: set[str] = set()
        self._listeners = listeners
        listeners.add(self)

    def take(self) -> tuple[set[str], set[str]]:
        """Return the ids of changed and of removed clocks, and forget them."""
        changed, removed = self._changed, self._removed
        self._changed, self._removed = set(), set()
        self.event.clear()
        return changed, removed

    def close(self) -> None:
        """Stop listening."""
        self._listeners.discard(self)

    def note_changed(self, device_ids: Iterable[str]) -> None:
        """Add clocks that changed or came."""
        ids = set(device_ids)
        self._changed |= ids
        self._removed -= ids
        self.event.set()

    def note_removed(self, device_id: str) -> None:
        """Add a clock that is gone."""
        self._removed.add(device_id)
        self._changed.discard(device_id)
        self.event.set()


class Fleet:
    """All clocks, and the updates of theirs that can still change."""

    def __init__(self) -> None:
        self.clocks: dict[str, Clock] = {}
        self.updates = Book()
        self._begun_before: dict[str, OpenUpdate] = {}
        """Newest updates of clocks that are still being registered."""
        self._listeners: set[Changes] = set()

    def watch(self) -> Changes:
        """Start to gather changes for one listener; close it when done."""
        return Changes(self._listeners)

    def load(
        self,
        devices: Iterable[Device],
        open_updates: Iterable[OpenUpdate],
        newest_begun: Iterable[OpenUpdate],
        standings: Iterable[Standing] = (),
        wanted: Iterable[Wanted] = (),
    ) -> None:
        """Take the state that the database holds, in place of all that was known."""
        self.clocks = {device.device_id: clock_of(device) for device in devices}
        for standing in standings:
            clock = self.clocks[standing.device_id]
            clock.says_online, clock.status_at = standing.says_online, standing.status_at
            clock.refused_config = standing.refused_config
        for one in wanted:
            self.clocks[one.device_id].wanted_config = one.config.version
        self.updates = Book()
        newest_begun = list(newest_begun)
        self.updates.apply(newest_begun)
        self.updates.apply(open_updates)
        for update in newest_begun:
            self.clocks[update.device_id].last_update = update
        self.tell(self.clocks)

    def reload_updates(
        self, open_updates: Iterable[OpenUpdate], newest_begun: Iterable[OpenUpdate]
    ) -> None:
        """Take the updates that the database holds, where ours may have missed a commit."""
        self.updates = Book()
        self.updates.apply(newest_begun)
        self.updates.apply(open_updates)

    def apply(
        self,
        registered: Iterable[Clock],
        sightings: Iterable[Sighting],
        updates: Iterable[OpenUpdate],
    ) -> None:
        """Take over what one committed batch said."""
        changed: set[str] = set()
        for clock in registered:
            clock.last_update = self._begun_before.pop(clock.device_id, None)
            self.clocks[clock.device_id] = clock
            changed.add(clock.device_id)
        for sighting in sightings:
            # A clock that was removed while its batch was on the way stays removed.
            if clock_seen := self.clocks.get(sighting.device_id):
                _take_sighting(clock_seen, sighting)
                changed.add(sighting.device_id)
        updates = list(updates)
        self.updates.apply(updates)
        for update in updates:
            if update.started_at is None:
                continue
            if clock_updated := self.clocks.get(update.device_id):
                clock_updated.last_update = _newer(clock_updated.last_update, update)
                changed.add(update.device_id)
            else:
                before = self._begun_before.get(update.device_id)
                self._begun_before[update.device_id] = _newer(before, update)
        self.tell(changed)

    def apply_reports(self, heard: Iterable[tuple[Report, datetime]]) -> None:
        """Take over what clocks said besides heartbeats, as it was committed."""
        changed: set[str] = set()
        for report, at in heard:
            clock = self.clocks.get(report.device_id)
            if clock is None:
                continue
            if isinstance(report, Status):
                clock.says_online, clock.status_at = report.online, at
            elif isinstance(report, ConfigReport):
                _take_report(clock, report)
            changed.add(report.device_id)
        self.tell(changed)

    def claim(self, clock: Clock) -> None:
        """Take over that a board was claimed, as it was committed; what is known of it stays."""
        known = self.clocks.setdefault(clock.device_id, clock)
        known.name, known.platform = clock.name, clock.platform
        known.device_group = clock.device_group
        self.tell([clock.device_id])

    def want(self, device_id: str, version: int) -> None:
        """Take over that a clock is to have other settings, as it was committed."""
        if clock := self.clocks.get(device_id):
            clock.wanted_config, clock.refused_config = version, None
            self.tell([device_id])

    def forget_wanted(self, device_id: str) -> None:
        """Take over that nobody wants settings of a clock any more, as it was committed."""
        if clock := self.clocks.get(device_id):
            clock.wanted_config = clock.refused_config = None
            self.tell([device_id])

    def rename(self, device_id: str, name: str | None) -> None:
        """Take over a name that was committed."""
        if clock := self.clocks.get(device_id):
            clock.name = name
            self.tell([device_id])

    def regroup(self, device_id: str, group: str | None) -> None:
        """Take over a group that was committed."""
        if clock := self.clocks.get(device_id):
            clock.device_group = group
            self.tell([device_id])

    def forget(self, device_id: str) -> None:
        """Take over that a clock was removed; it comes back when it speaks again."""
        if self.clocks.pop(device_id, None) is not None:
            for listener in self._listeners:
                listener.note_removed(device_id)

    def tell(self, device_ids: Iterable[str]) -> None:
        """Let listeners know of clocks whose state, or whose rows, changed."""
        device_ids = list(device_ids)
        for listener in self._listeners:
            listener.note_changed(device_ids)


def is_online(clock: Clock, *, now: datetime, offline_after: timedelta) -> bool:
    """Tell whether a clock is there: heard recently, and not gone by its own last word since.

    A retained word alone may be a lie, of a clock that came back under a new connection
    before the broker noticed the end of the old one: what is heard after it counts more.
    """
    return clock.heard and now - clock.last_seen < offline_after and not has_gone(clock)


def has_gone(clock: Clock) -> bool:
    """Tell whether a clock's last word, or its will, was that it is gone."""
    at = clock.status_at
    return clock.says_online is False and at is not None and clock.last_seen <= at


_SAID = (
    "board",
    "platform",
    "version",
    "uptime_s",
    "rssi_dbm",
    "free_heap_bytes",
    "ssid",
    "ip_address",
)


def _take_sighting(clock: Clock, sighting: Sighting) -> None:
    for name in _SAID:
        value = getattr(sighting, name)
        if value is not None:
            setattr(clock, name, value)
    if sighting.v2 is not None:
        _take_v2(clock, sighting.v2)
    clock.heard = True
    clock.last_seen = max(clock.last_seen, sighting.seen_at)


def _take_v2(clock: Clock, said: Heartbeat) -> None:
    # Name by name: this is done for each clock in each batch.
    clock.protocol = said.protocol
    clock.reset_reason = said.reset_reason
    clock.min_free_heap_bytes = said.min_free_heap
    clock.time_source = said.time_source
    clock.clock_error_ms = said.clock_error_ms
    clock.frame_ms = said.frame_ms
    clock.trust = said.trust
    clock.config_version = said.config_version
    clock.on_trial = said.trial


def _take_report(clock: Clock, report: ConfigReport) -> None:
    if report.result == "refused":
        clock.refused_config = report.version
    else:
        clock.config_version = report.version


def _newer(one: OpenUpdate | None, other: OpenUpdate) -> OpenUpdate:
    """Return the update to show: the one begun last, in its newest state."""
    if one is None or one.session_id == other.session_id:
        return other
    begun = (one.started_at or one.heard_at), (other.started_at or other.heard_at)
    return other if begun[1] >= begun[0] else one


def clock_of(device: Device) -> Clock:
    """Return the live state of a clock, from its row."""
    return Clock(
        **{
            name: getattr(device, name)
            for name in Clock.__dataclass_fields__
            if name in Device.__table__.columns
        }
    )


def clock_of_row(row: dict[str, object]) -> Clock:
    """Return the live state of a clock that was just registered, from its row."""
    return Clock(**{name: row[name] for name in Clock.__dataclass_fields__ if name in row})  # type: ignore[arg-type]
