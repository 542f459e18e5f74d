"""Updates over the air: what a clock is offered, and how each update comes to its end.

The truth about an update is the version in the clock's next heartbeat. Everything here
decides over plain data in memory (`Draft`, a set of changes over the open updates) and
is written with `save` in the caller's transaction; once that has committed, `Book.apply`
makes it the live state.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from backend.contract.messages import OtaComplete, OtaProgress, OtaStart
from backend.contract.platforms import ALL_PLATFORMS, canonical_platform
from backend.contract.versions import is_newer, version_key
from backend.models import RUNNING_STATES, UpdateState
from backend.update_states import TRANSITIONS, Event, OpenUpdate, advance

UNKNOWN_VERSION = "?"
"""Of an update whose end was heard before its beginning."""

OFFER_AGAIN_AFTER = timedelta(days=1)
_RESTART_MARGIN = timedelta(seconds=5)


class Book:
    """The updates that can still change: at most an offer and a begun one per clock."""

    def __init__(self) -> None:
        self._by_device: dict[str, list[OpenUpdate]] = {}

    def of(self, device_id: str) -> list[OpenUpdate]:
        """Return a clock's updates that can still change, oldest first."""
        return self._by_device.get(device_id, [])

    def __iter__(self) -> Iterator[OpenUpdate]:
        for updates in self._by_device.values():
            yield from updates

    def apply(self, changed: Iterable[OpenUpdate]) -> None:
        """Take over what was committed."""
        for update in changed:
            others = [
                one
                for one in self.of(update.device_id)
                if one.session_id != update.session_id
                # A guess about an older update ends where a newer one begins.
                and (one.is_open or update.state is UpdateState.LAPSED)
            ]
            if update.is_open or update.state is UpdateState.SILENT:
                others.append(update)
            if others:
                self._by_device[update.device_id] = others
            else:
                self._by_device.pop(update.device_id, None)


class Draft:
    """Changes over a Book that are not committed yet, in the order in which they came."""

    def __init__(self, book: Book, known: Iterable[OpenUpdate] = ()) -> None:
        self._book = book
        self._known = {update.session_id: update for update in known}
        self._changed_of: dict[str, dict[UUID, OpenUpdate]] = {}
        self.changed: dict[UUID, OpenUpdate] = {}

    def of(self, device_id: str) -> list[OpenUpdate]:
        """Return a clock's updates that can still change, oldest first, as drafted."""
        updates = {one.session_id: one for one in self._book.of(device_id)}
        updates |= self._changed_of.get(device_id, {})
        return [one for one in updates.values() if one.is_open or one.state is UpdateState.SILENT]

    def find(self, session_id: UUID, device_id: str) -> OpenUpdate | None:
        """Return the update of a session, ended or not; a session of another clock is none."""
        update = self.changed.get(session_id) or self._known.get(session_id)
        if update is None:
            update = next((u for u in self._book.of(device_id) if u.session_id == session_id), None)
        return update if update is not None and update.device_id == device_id else None

    def is_taken(self, session_id: UUID) -> bool:
        """Tell whether any clock's update has this session."""
        return session_id in self._known or session_id in self.changed

    def put(self, update: OpenUpdate) -> None:
        """Note a new or changed update."""
        self.changed[update.session_id] = update
        self._changed_of.setdefault(update.device_id, {})[update.session_id] = update


def begin(draft: Draft, report: OtaStart, *, now: datetime) -> bool:
    """Take a clock's word that it begins. False where the report fits no update."""
    update = _meant_by_start(draft, report)
    if update is not None:
        if update.new_version == UNKNOWN_VERSION:
            draft.put(_with_names_of(report, update))
            return True
        update = replace(update, old_version=report.old_version or update.old_version)
        _take_report(draft, update, Event.START, now)
        return True
    if report.new_version is None:
        return False
    if report.session_id is not None and draft.is_taken(report.session_id):
        return False
    update = OpenUpdate(
        session_id=report.session_id or uuid4(),
        device_id=report.device_id,
        platform=canonical_platform(report.platform or "", ALL_PLATFORMS),
        old_version=report.old_version,
        new_version=report.new_version,
        state=UpdateState.STARTED,
        heard_at=now,
        started_at=now,
    )
    _supersede_others(draft, update, now)
    draft.put(update)
    return True


def note_progress(draft: Draft, report: OtaProgress, *, now: datetime) -> bool:
    """Take a clock's word on how far it is. False where the report fits no update."""
    update = _meant(draft, report.device_id, report.session_id)
    if update is None:
        return False
    _take_report(draft, update, Event.PROGRESS, now, progress_percent=report.progress)
    return True


def complete(draft: Draft, report: OtaComplete, *, now: datetime) -> bool:
    """Take a clock's own word on how it went. False where the report fits no update."""
    update = _meant(draft, report.device_id, report.session_id)
    if update is None and report.final:
        update = _begun_unheard(draft, report, now)
    if update is None:
        return False
    if report.final:
        _take_last_word(draft, update, report, now)
    elif report.succeeded:
        _take_report(draft, update, Event.DONE, now, progress_percent=100)
    else:
        _take_report(draft, update, Event.REFUSED, now, reason=report.reason)
    return True


def sight(
    draft: Draft,
    device_id: str,
    version: str | None,
    *,
    uptime_s: int | None,
    now: datetime,
    is_v2: bool = False,
    on_trial: bool = False,
) -> None:
    """Let the version that a clock was heard on decide about its updates."""
    if version is None:
        return
    for update in draft.of(device_id):
        event = _event_of_sighting(update, version, uptime_s, now)
        # A v2 clock speaks on while it downloads; v1 is silent from its start to the end.
        if event is Event.SEEN_OLD and is_v2:
            continue
        if event is Event.SEEN_NEW and on_trial:
            event = Event.ON_TRIAL
        if event is not None:
            _change(draft, update, event, now)


def can_decide(
    updates: Iterable[OpenUpdate], version: str | None, *, uptime_s: int | None, now: datetime
) -> bool:
    """Tell whether the version that a clock was heard on changes one of its updates."""
    return version is not None and any(
        (update.state, _event_of_sighting(update, version, uptime_s, now)) in TRANSITIONS
        for update in updates
    )


def offer(
    draft: Draft, device_id: str, platform: str, current: str | None, newest: str, *, now: datetime
) -> OpenUpdate | None:
    """Return the update that a clock on `current` is offered, or None if it is up to date.

    The same offer keeps its session however often the clock asks.
    """
    if not is_newer(newest, current):
        return None
    updates = draft.of(device_id)
    for update in updates:
        if update.new_version == newest and update.is_open:
            if update.state is UpdateState.OFFERED:
                _change(draft, replace(update, old_version=current), Event.OFFER, now)
            return draft.find(update.session_id, device_id)
    for update in updates:
        if update.state is UpdateState.OFFERED:
            _change(draft, update, Event.SUPERSEDED, now)
    update = OpenUpdate(
        session_id=uuid4(),
        device_id=device_id,
        platform=platform,
        old_version=current,
        new_version=newest,
        state=UpdateState.OFFERED,
        heard_at=now,
        offered_at=now,
    )
    draft.put(update)
    return update


def is_given_up(last: OpenUpdate, newest: str | None, *, now: datetime) -> bool:
    """Tell whether a v2 clock fell back from the newest version, or would not begin with it.

    It remembers that and would refuse each offer again; it is asked once a day.
    """
    refused_at_once = last.started_at == last.completed_at
    return (
        last.state is UpdateState.FAILED
        and newest is not None
        and _is_same(last.new_version, newest)
        and (last.progress_percent == 100 or refused_at_once)
        and now - last.heard_at < OFFER_AGAIN_AFTER
    )


def silent_updates(
    book: Book, *, now: datetime, silence: timedelta, offer_lifetime: timedelta
) -> list[OpenUpdate]:
    """Return the open updates of which nothing was heard for too long."""
    return [
        update
        for update in book
        if update.is_open
        and now - update.heard_at
        >= (offer_lifetime if update.state is UpdateState.OFFERED else silence)
    ]


def end_by_silence(draft: Draft, update: OpenUpdate, *, now: datetime) -> None:
    """End an update of which nothing was heard, unless news came in the meantime."""
    current = draft.find(update.session_id, update.device_id)
    if current is not None and current.heard_at == update.heard_at:
        minutes = round((now - update.heard_at).total_seconds() / 60)
        reason = f"No news from the clock for {minutes} min."
        _change(draft, current, Event.SILENCE, now, reason=reason)


def _meant(draft: Draft, device_id: str, session_id: UUID | None) -> OpenUpdate | None:
    """Return the update that a report is about; without a session, the newest unfinished one."""
    if session_id is not None:
        return draft.find(session_id, device_id)
    updates = draft.of(device_id)
    running = [update for update in updates if update.started_at is not None]
    return next(reversed(running or updates), None)


def _meant_by_start(draft: Draft, report: OtaStart) -> OpenUpdate | None:
    if report.session_id is not None:
        return draft.find(report.session_id, report.device_id)
    fitting = [
        update
        for update in draft.of(report.device_id)
        # Where bytes have already come, a second start is a second update.
        if update.state in {UpdateState.OFFERED, UpdateState.STARTED}
        and report.new_version in {None, update.new_version}
    ]
    return fitting[-1] if fitting else None


def _take_report(
    draft: Draft,
    update: OpenUpdate,
    event: Event,
    now: datetime,
    *,
    progress_percent: int | None = None,
    reason: str | None = None,
) -> None:
    """Let a clock's report change its update, and end those that it took the place of."""
    changed = advance(update, event, now=now, progress_percent=progress_percent, reason=reason)
    if changed is None:
        return
    others = [one for one in draft.of(update.device_id) if one.session_id != update.session_id]
    if not update.is_open and any(one.state in RUNNING_STATES for one in others):
        return  # late news of an update that the clock has left behind
    if changed.state in RUNNING_STATES:
        _supersede_others(draft, update, now)
    draft.put(changed)


def _take_last_word(draft: Draft, update: OpenUpdate, report: OtaComplete, now: datetime) -> None:
    """Let what a v2 clock says after the restart decide, whatever was made of it before."""
    if not report.succeeded:
        _change(draft, update, Event.ROLLED_BACK, now, reason=report.reason or update.error_message)
    elif report.version is None or _is_same(report.version, update.new_version):
        _change(draft, update, Event.CONFIRMED, now)
    else:
        _change(draft, update, Event.SEEN_OTHER, now)


def _begun_unheard(draft: Draft, report: OtaComplete, now: datetime) -> OpenUpdate | None:
    """Return an update of which only the last word was heard, as if it had begun.

    Messages on several topics may overtake each other where the broker held them back; what is
    acknowledged to the clock must not be lost for that.
    """
    if report.session_id is None or draft.is_taken(report.session_id):
        return None
    return OpenUpdate(
        session_id=report.session_id,
        device_id=report.device_id,
        platform=None,
        old_version=None if report.succeeded else report.version,
        new_version=(report.version if report.succeeded else None) or UNKNOWN_VERSION,
        state=UpdateState.STARTED,
        heard_at=now,
        started_at=now,
    )


def _with_names_of(report: OtaStart, update: OpenUpdate) -> OpenUpdate:
    """Return an ended update with what its start, heard late, says that it was."""
    return replace(
        update,
        platform=canonical_platform(report.platform or "", ALL_PLATFORMS) or update.platform,
        old_version=report.old_version or update.old_version,
        new_version=report.new_version or update.new_version,
    )


def _supersede_others(draft: Draft, update: OpenUpdate, now: datetime) -> None:
    for other in draft.of(update.device_id):
        if other.session_id != update.session_id:
            _change(draft, other, Event.SUPERSEDED, now)


def _event_of_sighting(
    update: OpenUpdate, version: str, uptime_s: int | None, now: datetime
) -> Event | None:
    if _is_same(version, update.new_version):
        return Event.SEEN_NEW
    if version_key(version) is None and version != update.old_version:
        return None  # unreadable: it proves nothing
    if update.old_version is not None and not _is_same(version, update.old_version):
        # Still behind, on yet another version: an offer to it stays a good one.
        behind = is_newer(update.new_version, version)
        return None if update.state is UpdateState.OFFERED and behind else Event.SEEN_OTHER
    if update.started_at is None:
        return None
    restarted = (
        uptime_s is not None
        and now - timedelta(seconds=uptime_s) > update.started_at + _RESTART_MARGIN
    )
    return Event.BACK_ON_OLD if restarted else Event.SEEN_OLD


def _is_same(one: str, other: str) -> bool:
    """Compare as clocks do, by number: `2026.11.05.1` is `2026.11.5.1`."""
    key = version_key(one)
    return one == other or (key is not None and key == version_key(other))


def _change(
    draft: Draft,
    update: OpenUpdate,
    event: Event,
    now: datetime,
    *,
    progress_percent: int | None = None,
    reason: str | None = None,
) -> None:
    changed = advance(update, event, now=now, progress_percent=progress_percent, reason=reason)
    if changed is not None:
        draft.put(changed)
