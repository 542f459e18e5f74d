"""What a batch of messages means: decided here, message by message, before it is written.

`gather` reads from it where clocks were last seen, `decide` what becomes of their updates.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from backend import devices, updates
from backend.contract.limits import PROTOCOL
from backend.contract.messages import (
    CommandResult,
    ConfigReport,
    Events,
    Heartbeat,
    Info,
    Message,
    OtaComplete,
    OtaProgress,
    OtaStart,
    Status,
    VersionRequest,
    VersionResponse,
)
from backend.contract.orders import Ack
from backend.contract.platforms import (
    PLATFORMS,
    Platform,
    canonical_platform,
    platform_of_board,
)
from backend.contract.versions import MAX_LENGTH, is_newer
from backend.devices import Sighting
from backend.fleet import Fleet
from backend.reports import Report
from backend.update_states import OpenUpdate
from backend.updates import Draft


class Newest(Protocol):
    """What an answer needs of a firmware."""

    @property
    def version(self) -> str:
        """The version, in one of its two forms."""

    @property
    def size_bytes(self) -> int:
        """Size of the image."""

    @property
    def sha256(self) -> str:
        """Hash of the image in hex."""

    @property
    def signature(self) -> str | None:
        """What a v2 clock checks before it installs the image."""


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
    lanes: int = 0
    """How many lanes of ingest still have it."""


@dataclass(slots=True)
class Sightings:
    """What clocks said last, each of their heartbeats, and what v2 clocks say besides.

    `acks`: what is to be acknowledged to a clock once this has committed.
    """

    clocks: dict[str, Sighting] = field(default_factory=dict)
    history: list[tuple[Heartbeat, datetime]] = field(default_factory=list)
    reports: list[tuple[Report, datetime]] = field(default_factory=list)
    acks: list[tuple[str, Ack]] = field(default_factory=list)


@dataclass(slots=True)
class Changes:
    """What becomes of updates, and what follows once that has committed."""

    draft: Draft
    answers: list[tuple[str, VersionResponse]] = field(default_factory=list)
    acks: list[tuple[str, Ack]] = field(default_factory=list)
    misfits: list[Item] = field(default_factory=list)


def gather(
    items: Iterable[Item], fleet: Fleet, platforms: Mapping[str, Platform] = PLATFORMS
) -> Sightings:
    """Take messages in the order of arrival as signs of life, and what v2 clocks report."""
    batch = Sightings()
    for item in items:
        message = item.message
        if type(message) is Status:
            # The broker says it in the clock's name, perhaps long after the clock said it.
            batch.reports.append((message, item.received_at))
        elif not isinstance(message, Silence):
            _see(batch, message, item.received_at, fleet, platforms)
    return batch


def decide(
    items: Iterable[Item],
    fleet: Fleet,
    known: Iterable[OpenUpdate],
    newest_of: NewestOf,
    platforms: Mapping[str, Platform] = PLATFORMS,
) -> Changes:
    """Take messages in the order of arrival. `known`: the updates of sessions that they name."""
    changes = Changes(Draft(fleet.updates, known))
    for item in items:
        if not _bears_on_update(changes, item, fleet, newest_of, platforms):
            changes.misfits.append(item)
    return changes


def answer_at_once(
    request: VersionRequest,
    newest_of: NewestOf,
    platforms: Mapping[str, Platform] = PLATFORMS,
) -> VersionResponse | None:
    """Return the answer to a clock without an open update, or None where it is to get one."""
    platform = canonical_platform(request.platform, platforms)
    if platform is None:
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


def _see(
    batch: Sightings,
    message: Message,
    now: datetime,
    fleet: Fleet,
    platforms: Mapping[str, Platform],
) -> None:
    sighting = batch.clocks.get(message.device_id)
    if sighting is None:
        sighting = batch.clocks[message.device_id] = Sighting(message.device_id, now, now)
    sighting.seen_at = now
    match message:
        case Heartbeat():
            _see_heartbeat(sighting, message, fleet, platforms)
            batch.history.append((message, now))
            if message.ack is not None:
                batch.acks.append((message.device_id, Ack(heartbeat=message.ack)))
        case VersionRequest():
            sighting.platform = canonical_platform(message.platform, platforms) or sighting.platform
            sighting.version = message.current_version or sighting.version
        case Info():
            _see_info(sighting, message, platforms)
            batch.reports.append((message, now))
        case Events():
            batch.reports.append((message, now))
            if message.events:
                newest = max(one.seq for one in message.events)
                batch.acks.append((message.device_id, Ack(events=newest)))
        case CommandResult() | ConfigReport():
            batch.reports.append((message, now))


def _see_info(sighting: Sighting, info: Info, platforms: Mapping[str, Platform]) -> None:
    said = canonical_platform(info.platform, platforms) if info.platform else None
    sighting.platform = said or sighting.platform
    sighting.board = devices.board_said(info.board) or sighting.board
    sighting.version = info.version or sighting.version


def _see_heartbeat(
    sighting: Sighting, heartbeat: Heartbeat, fleet: Fleet, platforms: Mapping[str, Platform]
) -> None:
    clock = fleet.clocks.get(heartbeat.device_id)
    if clock is None or clock.platform is None:
        # What the clock asks firmware for counts; its board is only the first guess.
        sighting.platform = sighting.platform or platform_of_board(heartbeat.board, platforms)
    # One that was v2 and says nothing of it went back to v1 firmware.
    if heartbeat.protocol is not None or (clock is not None and clock.protocol is not None):
        sighting.v2 = heartbeat
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


def _bears_on_update(
    changes: Changes,
    item: Item,
    fleet: Fleet,
    newest_of: NewestOf,
    platforms: Mapping[str, Platform],
) -> bool:
    """Let one message change its clock's updates. False where it fits nothing."""
    message, now, draft = item.message, item.received_at, changes.draft
    match message:
        case Heartbeat():
            updates.sight(
                draft,
                message.device_id,
                message.version,
                uptime_s=message.uptime,
                now=now,
                is_v2=_is_v2(message.protocol),
                on_trial=message.trial,
            )
        case VersionRequest():
            clock = fleet.clocks.get(message.device_id)
            last = clock.last_update if clock is not None else None
            return _take_request(changes, message, now, last, newest_of, platforms)
        case OtaStart():
            return updates.begin(draft, message, now=now)
        case OtaProgress():
            return updates.note_progress(draft, message, now=now)
        case OtaComplete():
            if message.final and message.session_id is not None:
                # Also where it fits nothing any more: else the clock would repeat it for ever.
                changes.acks.append((message.device_id, Ack(session_id=message.session_id)))
            return updates.complete(draft, message, now=now)
        case Silence():
            updates.end_by_silence(draft, message.update, now=now)
    return True


def _take_request(
    changes: Changes,
    request: VersionRequest,
    now: datetime,
    last: OpenUpdate | None,
    newest_of: NewestOf,
    platforms: Mapping[str, Platform],
) -> bool:
    """Note what the clock runs, and offer what it should. False for an unknown platform.

    `last`: the update that the clock began last, ended or not.
    """
    current = request.current_version
    platform = canonical_platform(request.platform, platforms)
    is_v2 = _is_v2(request.protocol)
    # A request does not tell whether what runs is on trial; the heartbeat does.
    updates.sight(
        changes.draft,
        request.device_id,
        current,
        uptime_s=None,
        now=now,
        is_v2=is_v2,
        on_trial=is_v2,
    )
    if platform is None:
        return False
    newest = newest_of(platform)
    latest = newest.version if newest is not None else current
    update = None
    given_up = is_v2 and last is not None and updates.is_given_up(last, latest, now=now)
    if newest is not None and not given_up:
        update = updates.offer(
            changes.draft, request.device_id, platform, current, newest.version, now=now
        )
    if update is not None and newest is not None:
        answer = _offer(request, update, newest)
    else:
        answer = _up_to_date(request, platform, latest)
    changes.answers.append((request.device_id, answer))
    return True


def _offer(request: VersionRequest, update: OpenUpdate, newest: Newest) -> VersionResponse:
    answer = VersionResponse(
        latest_version=update.new_version,
        current_version=_short(request.current_version),
        update_available=True,
        platform=update.platform or request.platform,
        session_id=update.session_id,
    )
    if _is_v2(request.protocol):
        answer.protocol = PROTOCOL
        answer.size, answer.sha256 = newest.size_bytes, newest.sha256
        answer.signature = newest.signature
    return answer


def _up_to_date(request: VersionRequest, platform: str, latest: str | None) -> VersionResponse:
    return VersionResponse(
        latest_version=_short(latest),
        current_version=_short(request.current_version),
        update_available=False,
        platform=platform,
        protocol=PROTOCOL if _is_v2(request.protocol) else None,
    )


def _is_v2(protocol: int | None) -> bool:
    return protocol is not None and protocol >= PROTOCOL


def _short(version: str | None) -> str:
    """Return a clock's word for its version, if it keeps the answer within v1's packet."""
    if version is None or len(version) > MAX_LENGTH or not version.isascii():
        return ""
    return version
