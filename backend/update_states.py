"""The states of an update over the air: what may happen to one, and what becomes of it then."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from backend.models import OPEN_STATES, UpdateState

_WHOLE = {UpdateState.INSTALLED, UpdateState.SUCCESS}
"""Where the whole image has arrived."""


class Event(StrEnum):
    """What can happen to an update."""

    OFFER = "offer"  # the clock asked again and was told the same
    START = "start"  # the clock says that it begins
    PROGRESS = "progress"  # the clock says how far it is
    DONE = "done"  # the clock's own word of success
    REFUSED = "refused"  # the clock's own word of failure
    SEEN_NEW = "seen_new"  # heard on the new version
    ON_TRIAL = "on_trial"  # heard on the new version, which may yet be rolled back
    SEEN_OLD = "seen_old"  # heard on the old version, no restart in between
    BACK_ON_OLD = "back_on_old"  # heard on the old version after a restart
    SEEN_OTHER = "seen_other"  # heard on a third version
    SUPERSEDED = "superseded"  # another update of the same clock took its place
    SILENCE = "silence"  # no news for too long
    CONFIRMED = "confirmed"  # the clock's last word after the restart: it runs the new version
    ROLLED_BACK = "rolled_back"  # the clock's last word: it does not, and why


_S, _E = UpdateState, Event

TRANSITIONS: dict[tuple[UpdateState, Event], UpdateState] = {
    (_S.OFFERED, _E.OFFER): _S.OFFERED,
    (_S.OFFERED, _E.START): _S.STARTED,
    (_S.OFFERED, _E.PROGRESS): _S.DOWNLOADING,
    (_S.OFFERED, _E.DONE): _S.INSTALLED,
    (_S.OFFERED, _E.REFUSED): _S.FAILED,
    (_S.OFFERED, _E.SEEN_NEW): _S.SUCCESS,
    (_S.OFFERED, _E.SEEN_OTHER): _S.LAPSED,
    (_S.OFFERED, _E.SUPERSEDED): _S.LAPSED,
    (_S.OFFERED, _E.SILENCE): _S.LAPSED,
    (_S.STARTED, _E.START): _S.STARTED,
    (_S.STARTED, _E.PROGRESS): _S.DOWNLOADING,
    (_S.STARTED, _E.DONE): _S.INSTALLED,
    (_S.STARTED, _E.REFUSED): _S.FAILED,
    (_S.STARTED, _E.SEEN_NEW): _S.SUCCESS,
    (_S.STARTED, _E.SEEN_OLD): _S.FAILED,
    (_S.STARTED, _E.BACK_ON_OLD): _S.FAILED,
    (_S.STARTED, _E.SEEN_OTHER): _S.FAILED,
    (_S.STARTED, _E.SUPERSEDED): _S.FAILED,
    (_S.STARTED, _E.SILENCE): _S.SILENT,
    (_S.DOWNLOADING, _E.START): _S.DOWNLOADING,
    (_S.DOWNLOADING, _E.PROGRESS): _S.DOWNLOADING,
    (_S.DOWNLOADING, _E.DONE): _S.INSTALLED,
    (_S.DOWNLOADING, _E.REFUSED): _S.FAILED,
    (_S.DOWNLOADING, _E.SEEN_NEW): _S.SUCCESS,
    (_S.DOWNLOADING, _E.BACK_ON_OLD): _S.FAILED,
    (_S.DOWNLOADING, _E.SEEN_OTHER): _S.FAILED,
    (_S.DOWNLOADING, _E.SUPERSEDED): _S.FAILED,
    (_S.DOWNLOADING, _E.SILENCE): _S.SILENT,
    (_S.INSTALLED, _E.REFUSED): _S.FAILED,
    (_S.INSTALLED, _E.SEEN_NEW): _S.SUCCESS,
    (_S.INSTALLED, _E.BACK_ON_OLD): _S.FAILED,
    (_S.INSTALLED, _E.SEEN_OTHER): _S.FAILED,
    (_S.INSTALLED, _E.SUPERSEDED): _S.FAILED,
    (_S.INSTALLED, _E.SILENCE): _S.SILENT,
    # Silence was our guess; whatever the clock says afterwards is worth more.
    (_S.SILENT, _E.START): _S.STARTED,
    (_S.SILENT, _E.PROGRESS): _S.DOWNLOADING,
    (_S.SILENT, _E.DONE): _S.INSTALLED,
    (_S.SILENT, _E.REFUSED): _S.FAILED,
    (_S.SILENT, _E.SEEN_NEW): _S.SUCCESS,
    (_S.LAPSED, _E.START): _S.STARTED,
    (_S.LAPSED, _E.SEEN_NEW): _S.SUCCESS,
    # A trial that lives is no success yet.
    (_S.OFFERED, _E.ON_TRIAL): _S.INSTALLED,
    (_S.STARTED, _E.ON_TRIAL): _S.INSTALLED,
    (_S.DOWNLOADING, _E.ON_TRIAL): _S.INSTALLED,
    (_S.INSTALLED, _E.ON_TRIAL): _S.INSTALLED,
    (_S.SILENT, _E.ON_TRIAL): _S.INSTALLED,
    # The last word of a v2 clock is worth more than what we made of its heartbeats.
    (_S.OFFERED, _E.CONFIRMED): _S.SUCCESS,
    (_S.STARTED, _E.CONFIRMED): _S.SUCCESS,
    (_S.DOWNLOADING, _E.CONFIRMED): _S.SUCCESS,
    (_S.INSTALLED, _E.CONFIRMED): _S.SUCCESS,
    (_S.SILENT, _E.CONFIRMED): _S.SUCCESS,
    (_S.LAPSED, _E.CONFIRMED): _S.SUCCESS,
    (_S.FAILED, _E.CONFIRMED): _S.SUCCESS,
    (_S.OFFERED, _E.ROLLED_BACK): _S.FAILED,
    (_S.STARTED, _E.ROLLED_BACK): _S.FAILED,
    (_S.DOWNLOADING, _E.ROLLED_BACK): _S.FAILED,
    (_S.INSTALLED, _E.ROLLED_BACK): _S.FAILED,
    (_S.SILENT, _E.ROLLED_BACK): _S.FAILED,
    (_S.LAPSED, _E.ROLLED_BACK): _S.FAILED,
    (_S.SUCCESS, _E.ROLLED_BACK): _S.FAILED,
    (_S.FAILED, _E.ROLLED_BACK): _S.FAILED,
}
"""Every change that is allowed. A pair that is not here changes nothing: late and
repeated reports about an ended update are ignored, but for the clock's last word."""

REASONS = {
    Event.SEEN_OLD: "The clock was heard on its old version again without downloading.",
    Event.BACK_ON_OLD: "The clock restarted on its old version.",
    Event.SEEN_OTHER: "The clock runs another version than the one it was updated to.",
    Event.SUPERSEDED: "The clock began another update.",
    Event.SILENCE: "No news from the clock.",
    Event.REFUSED: "The clock reported a failure without a reason.",
    Event.ROLLED_BACK: "The clock went back to its old version without a reason.",
}


@dataclass(slots=True, frozen=True)
class OpenUpdate:
    """One update as the live state holds it; the columns of models.Update but its id."""

    session_id: UUID
    device_id: str
    platform: str | None
    old_version: str | None
    new_version: str
    state: UpdateState
    heard_at: datetime
    progress_percent: int = 0
    offered_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    error_message: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether its end is still to come."""
        return self.state in OPEN_STATES


def advance(
    update: OpenUpdate,
    event: Event,
    *,
    now: datetime,
    progress_percent: int | None = None,
    reason: str | None = None,
) -> OpenUpdate | None:
    """Return the update after an event, or None where the event changes nothing."""
    state = TRANSITIONS.get((update.state, event))
    if state is None:
        return None
    ends = state not in OPEN_STATES
    failed = state in {UpdateState.FAILED, UpdateState.SILENT}
    begun = state not in {UpdateState.OFFERED, UpdateState.LAPSED}
    progress = update.progress_percent if progress_percent is None else progress_percent
    return replace(
        update,
        state=state,
        heard_at=update.heard_at if event is Event.SILENCE else now,
        progress_percent=100 if state in _WHOLE else progress,
        started_at=update.started_at or (now if begun else None),
        # The last word may give the reason of what had ended before.
        completed_at=(update.completed_at if state is update.state else now) if ends else None,
        error_message=(reason or REASONS[event])[:500] if failed else None,
    )
