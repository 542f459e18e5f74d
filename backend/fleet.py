"""The live state of every clock, the rule that says whether it is online, and who listens.

Changed only after a commit: what a page shows, the database holds.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend.devices import Sighting
from backend.models import Device
from backend.updates import Book, OpenUpdate


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
    last_update: OpenUpdate | None = None
    """The newest update that the clock has begun, ended or not."""


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
    ) -> None:
        """Take the state that the database holds, in place of all that was known."""
        self.clocks = {device.device_id: _clock_of(device) for device in devices}
        self.updates = Book()
        newest_begun = list(newest_begun)
        self.updates.apply(newest_begun)
        self.updates.apply(open_updates)
        for update in newest_begun:
            self.clocks[update.device_id].last_update = update
        self._tell(self.clocks)

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
        self._tell(changed)

    def rename(self, device_id: str, name: str | None) -> None:
        """Take over a name that was committed."""
        if clock := self.clocks.get(device_id):
            clock.name = name
            self._tell([device_id])

    def forget(self, device_id: str) -> None:
        """Take over that a clock was removed; it comes back when it speaks again."""
        if self.clocks.pop(device_id, None) is not None:
            for listener in self._listeners:
                listener.note_removed(device_id)

    def _tell(self, device_ids: Iterable[str]) -> None:
        for listener in self._listeners:
            listener.note_changed(device_ids)


def is_online(clock: Clock, *, now: datetime, offline_after: timedelta) -> bool:
    """Tell whether a clock was heard recently enough to be called online."""
    return now - clock.last_seen < offline_after


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
    clock.last_seen = max(clock.last_seen, sighting.seen_at)


def _newer(one: OpenUpdate | None, other: OpenUpdate) -> OpenUpdate:
    """Return the update to show: the one begun last, in its newest state."""
    if one is None or one.session_id == other.session_id:
        return other
    begun = (one.started_at or one.heard_at), (other.started_at or other.heard_at)
    return other if begun[1] >= begun[0] else one


def _clock_of(device: Device) -> Clock:
    return Clock(
        **{
            name: getattr(device, name)
            for name in Clock.__dataclass_fields__
            if name != "last_update"
        }
    )


def clock_of_row(row: dict[str, object]) -> Clock:
    """Return the live state of a clock that was just registered, from its row."""
    return Clock(**{name: row[name] for name in Clock.__dataclass_fields__ if name in row})  # type: ignore[arg-type]
