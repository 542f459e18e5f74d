"""What a batch of messages means: decided here, message by message, before it is written."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from backend import devices, updates
from backend.contract.messages import (
    Heartbeat,
    Message,
    OtaComplete,
    OtaProgress,
    OtaStart,
    VersionRequest,
    VersionResponse,
)
from backend.contract.platforms import canonical_platform, platform_of_board
from backend.contract.versions import MAX_LENGTH, is_newer
from backend.devices import Sighting
from backend.fleet import Fleet
from backend.updates import Draft, OpenUpdate


class Newest(Protocol):
    """What an answer needs of a firmware."""

    @property
    def version(self) -> str:
        """The version, in one of its two forms."""


NewestOf = Callable[[str], Newest | None]
"""The newest firmware of a platform."""


@dataclass(slots=True)
class Silence:
    """An update of which nothing was heard for too long; queued like a message."""

    update: OpenUpdate

    @property
    def device_id(self) -> str:
        """The clock that is silent."""
        return self.update.device_id


@dataclass(slots=True)
class Item:
    """One queued message. `acknowledge` is called once its rows are committed."""

    message: Message | Silence
    received_at: datetime
    acknowledge: Callable[[], None] | None = None
    answered: bool = False


@dataclass(slots=True)
class Batch:
    """What one transaction writes, and what follows once it has committed."""

    draft: Draft
    sightings: dict[str, Sighting] = field(default_factory=dict)
    history: list[tuple[Heartbeat, datetime]] = field(default_factory=list)
    answers: list[tuple[str, VersionResponse]] = field(default_factory=list)
    misfits: list[Item] = field(default_factory=list)


def decide(
    items: Iterable[Item], fleet: Fleet, known: Iterable[OpenUpdate], newest_of: NewestOf
) -> Batch:
    """Take messages in the order of arrival. `known`: the updates of sessions that they name."""
    batch = Batch(Draft(fleet.updates, known))
    for item in items:
        _take(batch, item, fleet, newest_of)
    return batch


def answer_at_once(
    request: VersionRequest, fleet: Fleet, newest_of: NewestOf
) -> VersionResponse | None:
    """Return the answer to a clock that has nothing to update; None where rows must be written."""
    platform = canonical_platform(request.platform)
    if platform is None or fleet.updates.of(request.device_id):
        return None
    newest = newest_of(platform)
    if newest is None:
        return _up_to_date(request, platform, request.current_version)
    if is_newer(newest.version, request.current_version):
        return None
    return _up_to_date(request, platform, newest.version)


def sessions_to_load(items: Iterable[Item], fleet: Fleet) -> list[UUID]:
    """Return the sessions named in reports that the live state does not hold."""
    # By clock and session: a session that another clock names is looked up, not believed.
    named = {
        (item.message.session_id, item.message.device_id)
        for item in items
        if isinstance(item.message, OtaStart | OtaProgress | OtaComplete)
        and item.message.session_id is not None
    }
    return list(
        {
            session_id
            for session_id, device_id in named
            if all(update.session_id != session_id for update in fleet.updates.of(device_id))
        }
    )


def _take(batch: Batch, item: Item, fleet: Fleet, newest_of: NewestOf) -> None:
    message, now, draft = item.message, item.received_at, batch.draft
    if isinstance(message, Silence):
        updates.end_by_silence(draft, message.update, now=now)
        return
    sighting = batch.sightings.get(message.device_id)
    if sighting is None:
        sighting = batch.sightings[message.device_id] = Sighting(message.device_id, now, now)
    sighting.seen_at = now
    fits = True
    match message:
        case Heartbeat():
            _take_heartbeat(batch, sighting, message, now, fleet)
        case VersionRequest():
            fits = _take_request(batch, sighting, message, item, newest_of)
        case OtaStart():
            fits = updates.begin(draft, message, now=now)
        case OtaProgress():
            fits = updates.note_progress(draft, message, now=now)
        case OtaComplete():
            fits = updates.complete(draft, message, now=now)
    if not fits:
        batch.misfits.append(item)


def _take_heartbeat(
    batch: Batch, sighting: Sighting, heartbeat: Heartbeat, now: datetime, fleet: Fleet
) -> None:
    clock = fleet.clocks.get(heartbeat.device_id)
    if clock is None or clock.platform is None:
        # What the clock asks firmware for counts; its board is only the first guess.
        sighting.platform = sighting.platform or platform_of_board(heartbeat.board)
    sighting.board = devices.board_said(heartbeat.board) or sighting.board
    sighting.version = heartbeat.version or sighting.version
    if heartbeat.uptime is not None:
        sighting.uptime_s = heartbeat.uptime
    if heartbeat.rssi is not None:
        sighting.rssi_dbm = heartbeat.rssi
    if heartbeat.free_heap is not None:
        sighting.free_heap_bytes = heartbeat.free_heap
    if heartbeat.ssid is not None:
        sighting.ssid = heartbeat.ssid
    if heartbeat.ip is not None:
        sighting.ip_address = heartbeat.ip
    batch.history.append((heartbeat, now))
    if heartbeat.version is not None:
        updates.sight(
            batch.draft, heartbeat.device_id, heartbeat.version, uptime_s=heartbeat.uptime, now=now
        )


def _take_request(
    batch: Batch, sighting: Sighting, request: VersionRequest, item: Item, newest_of: NewestOf
) -> bool:
    """Note what the clock runs, and offer what it should. False for an unknown platform."""
    now, current = item.received_at, request.current_version
    platform = canonical_platform(request.platform)
    sighting.platform = platform or sighting.platform
    if current is not None:
        sighting.version = current
        updates.sight(batch.draft, request.device_id, current, uptime_s=None, now=now)
    if platform is None:
        return False
    if item.answered:
        return True
    newest = newest_of(platform)
    latest = newest.version if newest is not None else current
    update = None
    if newest is not None:
        update = updates.offer(
            batch.draft, request.device_id, platform, current, newest.version, now=now
        )
    answer = _offer(request, update) if update else _up_to_date(request, platform, latest)
    batch.answers.append((request.device_id, answer))
    return True


def _offer(request: VersionRequest, update: OpenUpdate) -> VersionResponse:
    return VersionResponse(
        latest_version=update.new_version,
        current_version=_short(request.current_version),
        update_available=True,
        platform=update.platform or request.platform,
        session_id=update.session_id,
    )


def _up_to_date(request: VersionRequest, platform: str, latest: str | None) -> VersionResponse:
    return VersionResponse(
        latest_version=_short(latest),
        current_version=_short(request.current_version),
        update_available=False,
        platform=platform,
    )


def _short(version: str | None) -> str:
    """Return a clock's word for its version, if it keeps the answer within v1's packet."""
    if version is None or len(version) > MAX_LENGTH or not version.isascii():
        return ""
    return version
