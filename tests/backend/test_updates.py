"""Updates: every transition row by row, and the stories that clocks in the field tell."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from backend import updates
from backend.contract.messages import OtaComplete, OtaProgress, OtaStart
from backend.models import OPEN_STATES, UpdateState
from backend.update_states import TRANSITIONS, Event, OpenUpdate, advance
from backend.updates import Book, Draft

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
OLD, NEW, NEWER = "2026.11.1.1", "2026.11.20.4", "2026.11.21.1"
ID = "a1b2c3"


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def update_in(state: UpdateState, **values: object) -> OpenUpdate:
    begun = state not in {UpdateState.OFFERED, UpdateState.LAPSED}
    fields: dict[str, object] = {
        "session_id": uuid4(),
        "device_id": ID,
        "platform": "esp32",
        "old_version": OLD,
        "new_version": NEW,
        "state": state,
        "heard_at": NOW,
        "offered_at": NOW,
        "started_at": NOW if begun else None,
        "completed_at": None if state in OPEN_STATES else NOW,
    }
    return OpenUpdate(**fields | values)  # type: ignore[arg-type]


class Story:
    """One clock's reports, each committed before the next, as ingest does it."""

    def __init__(self) -> None:
        self.book = Book()
        self.log: dict[UUID, OpenUpdate] = {}

    def draft(self) -> Draft:
        return Draft(self.book, self.log.values())

    def commit(self, draft: Draft) -> None:
        self.log |= draft.changed
        self.book.apply(draft.changed.values())

    def offered(self, seconds: float = 0, newest: str = NEW, current: str = OLD) -> UUID | None:
        draft = self.draft()
        update = updates.offer(draft, ID, "esp32", current, newest, now=after(seconds))
        self.commit(draft)
        return update.session_id if update else None

    def start(self, seconds: float, session: UUID | None = None, new: str = NEW) -> bool:
        return self._report(
            updates.begin, OtaStart(ID, "esp32", OLD, new, session_id=session), seconds
        )

    def progress(self, seconds: float, percent: int, session: UUID | None = None) -> bool:
        return self._report(updates.note_progress, OtaProgress(ID, percent, session), seconds)

    def done(
        self, seconds: float, success: bool, session: UUID | None = None, error: str | None = None
    ) -> bool:
        report = OtaComplete(ID, success=success, error=error, session_id=session)
        return self._report(updates.complete, report, seconds)

    def last_word(
        self,
        seconds: float,
        success: bool,
        session: UUID | None,
        *,
        version: str | None = None,
        error: str | None = None,
    ) -> bool:
        report = OtaComplete(
            ID, success, error_message=error, session_id=session, version=version, final=True
        )
        return self._report(updates.complete, report, seconds)

    def seen(
        self,
        seconds: float,
        version: str,
        uptime_s: int | None = None,
        *,
        is_v2: bool = False,
        on_trial: bool = False,
    ) -> None:
        draft = self.draft()
        updates.sight(
            draft,
            ID,
            version,
            uptime_s=uptime_s,
            now=after(seconds),
            is_v2=is_v2,
            on_trial=on_trial,
        )
        self.commit(draft)

    def sweep(self, seconds: float) -> None:
        draft = self.draft()
        for update in updates.silent_updates(
            self.book,
            now=after(seconds),
            silence=timedelta(minutes=15),
            offer_lifetime=timedelta(hours=2),
        ):
            updates.end_by_silence(draft, update, now=after(seconds))
        self.commit(draft)

    def _report(self, take: object, report: object, seconds: float) -> bool:
        draft = self.draft()
        fits = take(draft, report, now=after(seconds))  # type: ignore[operator]
        self.commit(draft)
        return bool(fits)

    @property
    def states(self) -> list[str]:
        return [update.state.value for update in self.log.values()]

    @property
    def last(self) -> OpenUpdate:
        return list(self.log.values())[-1]


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.mark.parametrize("state", UpdateState)
@pytest.mark.parametrize("event", Event)
def test_each_pair_of_state_and_event_is_decided_by_the_table(
    state: UpdateState, event: Event
) -> None:
    changed = advance(update_in(state), event, now=after(60))
    expected = TRANSITIONS.get((state, event))
    if expected is None:
        assert changed is None
        return
    assert changed is not None
    assert changed.state is expected
    assert (changed.completed_at is None) == (expected in OPEN_STATES)
    assert (changed.error_message is not None) == (
        expected in {UpdateState.FAILED, UpdateState.SILENT}
    )
    if expected not in {UpdateState.OFFERED, UpdateState.LAPSED}:
        assert changed.started_at is not None


def test_success_and_failure_are_final_but_for_the_clocks_last_word() -> None:
    final = {UpdateState.SUCCESS, UpdateState.FAILED}
    last_words = {Event.CONFIRMED, Event.ROLLED_BACK}
    assert {event for state, event in TRANSITIONS if state in final} == last_words


@pytest.mark.parametrize("state", UpdateState)
def test_last_word_decides_in_each_state(state: UpdateState) -> None:
    confirmed = advance(update_in(state), Event.CONFIRMED, now=after(60))
    if state is UpdateState.SUCCESS:
        assert confirmed is None
    else:
        assert confirmed is not None
        assert confirmed.state is UpdateState.SUCCESS
    gone_back = advance(update_in(state), Event.ROLLED_BACK, now=after(60), reason="no broker")
    assert gone_back is not None
    assert (gone_back.state, gone_back.error_message) == (UpdateState.FAILED, "no broker")


def test_every_open_state_ends_by_silence() -> None:
    for state in OPEN_STATES:
        assert TRANSITIONS[state, Event.SILENCE] not in OPEN_STATES


def test_the_whole_way(story: Story) -> None:
    session = story.offered()
    assert session is not None
    assert story.start(5, session)
    assert story.progress(10, 40, session)
    assert story.last.progress_percent == 40
    assert story.done(30, True, session)
    assert story.states == ["installed"]
    story.seen(50, NEW, uptime_s=10)
    assert story.states == ["success"]
    assert story.last.completed_at == after(50)
    assert list(story.book) == []


def test_the_whole_way_without_sessions(story: Story) -> None:
    story.offered()
    assert story.start(5)
    assert story.progress(10, 40)
    assert story.done(30, True)
    story.seen(50, NEW)
    assert story.states == ["success"]


def test_the_same_offer_keeps_its_session(story: Story) -> None:
    assert story.offered(0) == story.offered(3600)
    assert len(story.log) == 1
    assert story.last.heard_at == after(3600)


def test_a_newer_firmware_takes_the_place_of_an_offer(story: Story) -> None:
    first = story.offered(0)
    second = story.offered(10, NEWER)
    assert first != second
    assert story.states == ["lapsed", "offered"]


def test_a_clock_that_is_up_to_date_is_offered_nothing(story: Story) -> None:
    assert story.offered(current=NEW) is None
    assert story.offered(current=NEWER) is None
    assert story.log == {}


def test_asking_in_the_middle_of_a_download_gets_the_same_session(story: Story) -> None:
    session = story.offered()
    story.start(1, session)
    story.progress(2, 10, session)
    assert story.offered(3) == session
    assert story.states == ["downloading"]


def test_the_clocks_own_success_is_not_success(story: Story) -> None:
    story.start(0)
    story.done(20, True)
    assert story.states == ["installed"]


def test_back_on_the_old_version_after_its_own_word_is_a_failure(story: Story) -> None:
    story.start(0)
    story.progress(5, 90)
    story.done(20, True)
    story.seen(25, OLD, uptime_s=90_000)
    assert story.states == ["installed"], "the last heartbeat before the restart decides nothing"
    story.seen(60, OLD, uptime_s=20)
    assert story.states == ["failed"]
    assert "restarted" in (story.last.error_message or "")


def test_new_version_without_a_completion_is_success(story: Story) -> None:
    story.start(0)
    story.progress(5, 30)
    story.seen(60, NEW, uptime_s=5)
    assert story.states == ["success"]


def test_new_version_without_any_report_is_success(story: Story) -> None:
    story.offered()
    story.seen(60, NEW)
    assert story.states == ["success"]
    assert story.last.started_at == after(60)


def test_start_without_progress_fails_when_heard_on_the_old_version(story: Story) -> None:
    story.start(0)
    story.seen(60, OLD, uptime_s=90_000)
    assert story.states == ["failed"]


def test_heartbeat_in_the_middle_of_a_download_decides_nothing(story: Story) -> None:
    story.start(0)
    story.progress(20, 30)
    story.seen(40, OLD, uptime_s=90_000)
    assert story.states == ["downloading"]


def test_restart_in_the_middle_of_a_download_is_a_failure(story: Story) -> None:
    story.start(0)
    story.progress(20, 30)
    story.seen(60, OLD, uptime_s=15)
    assert story.states == ["failed"]


def test_failure_in_the_clocks_words(story: Story) -> None:
    story.start(0)
    story.done(20, False, error="not enough room")
    assert story.states == ["failed"]
    assert story.last.error_message == "not enough room"


def test_late_progress_report_is_ignored(story: Story) -> None:
    session = story.offered()
    story.start(1, session)
    story.done(20, False, session, error="x")
    assert story.progress(25, 99, session)
    assert not story.progress(25, 99)
    assert story.states == ["failed"]
    assert story.last.progress_percent == 0


def test_repeated_reports_change_nothing(story: Story) -> None:
    session = story.offered()
    for _ in range(2):
        story.start(1, session)
    for _ in range(2):
        story.done(20, True, session)
    for _ in range(2):
        story.seen(60, NEW, uptime_s=5)
    assert story.states == ["success"]
    assert story.last.completed_at == after(60)


def test_two_starts_of_two_sessions_fail_the_first(story: Story) -> None:
    first = story.offered(0)
    story.start(1, first)
    second = story.offered(2, NEWER)
    story.start(3, second, new=NEWER)
    assert story.states == ["failed", "started"]


def test_two_starts_without_sessions_before_any_byte_are_one_update(story: Story) -> None:
    story.start(0)
    story.start(3)
    assert story.states == ["started"]


def test_second_start_after_some_progress_is_a_second_update(story: Story) -> None:
    story.start(0)
    story.progress(3, 20)
    story.start(60)
    assert story.states == ["failed", "started"]


def test_a_start_that_never_ends_fails_by_silence(story: Story) -> None:
    story.start(0)
    story.sweep(14 * 60)
    assert story.states == ["started"]
    story.sweep(15 * 60)
    assert story.states == ["silent"]
    assert story.last.error_message == "No news from the clock for 15 min."


def test_an_offer_that_nobody_takes_lapses(story: Story) -> None:
    story.offered()
    story.sweep(7200)
    assert story.states == ["lapsed"]
    assert list(story.book) == []


def test_power_cut_and_back_on_the_new_version_hours_later_is_success(story: Story) -> None:
    story.start(0)
    story.done(20, True)
    story.sweep(3600)
    assert story.states == ["silent"]
    story.seen(9 * 3600, NEW, uptime_s=5)
    assert story.states == ["success"]


def test_news_after_silence_reopens_the_update(story: Story) -> None:
    session = story.offered()
    story.start(0, session)
    story.sweep(3600)
    assert story.progress(3700, 50, session)
    assert story.states == ["downloading"]


def test_late_start_of_a_lapsed_offer_is_taken(story: Story) -> None:
    session = story.offered()
    story.sweep(7200)
    assert story.start(7300, session)
    assert story.states == ["started"]


def test_a_third_version_ends_an_update(story: Story) -> None:
    story.start(0)
    story.progress(3, 20)
    story.seen(60, NEWER, uptime_s=5)
    assert story.states == ["failed"]


def test_session_of_another_clock_is_refused(story: Story) -> None:
    session = story.offered()
    draft = story.draft()
    assert not updates.begin(
        draft, OtaStart("b2", "esp32", OLD, NEW, session_id=session), now=after(1)
    )
    assert not updates.note_progress(draft, OtaProgress("b2", 5, session), now=after(1))
    assert draft.changed == {}


def test_report_that_fits_no_update_is_refused(story: Story) -> None:
    assert not story.progress(0, 5)
    assert not story.done(0, True)
    assert not story.done(0, True, uuid4())
    assert not story._report(updates.begin, OtaStart(ID), 0)
    assert story.log == {}


def test_news_that_came_before_the_sweep_was_written_wins(story: Story) -> None:
    session = story.offered()
    story.start(0, session)
    stale = updates.silent_updates(
        story.book, now=after(900), silence=timedelta(minutes=15), offer_lifetime=timedelta(hours=2)
    )
    draft = story.draft()
    updates.note_progress(draft, OtaProgress(ID, 7, session), now=after(900))
    updates.end_by_silence(draft, stale[0], now=after(900))
    story.commit(draft)
    assert story.states == ["downloading"]


def test_late_progress_of_an_ended_update_does_not_end_the_running_one(story: Story) -> None:
    first = story.offered(0)
    story.start(1, first)
    story.done(2, False, first, error="x")
    second = story.offered(3, NEWER)
    story.start(4, second, new=NEWER)
    story.progress(5, 50, first)
    assert story.states == ["failed", "started"]


def test_late_progress_of_a_silent_update_does_not_end_the_running_one(story: Story) -> None:
    first = story.offered(0)
    story.start(1, first)
    story.sweep(3600)
    second = story.offered(3601, NEWER)
    story.start(3602, second, new=NEWER)
    story.progress(3603, 50, first)
    assert story.states == ["silent", "started"]


@pytest.mark.parametrize("version", ["", "unknown", "1.2"])
def test_unreadable_version_in_a_heartbeat_proves_nothing(story: Story, version: str) -> None:
    story.start(0)
    story.progress(3, 20)
    story.seen(60, version, uptime_s=5)
    assert story.states == ["downloading"]


def test_versions_are_the_same_by_number(story: Story) -> None:
    story.start(0, new="2026.11.05.1")
    story.progress(3, 20)
    story.seen(60, "2026.11.5.1", uptime_s=5)
    assert story.states == ["success"]


def test_second_hop_counts_from_where_it_began(story: Story) -> None:
    first = story.offered(0)
    story.start(1, first)
    second = story.offered(2, NEWER)
    story.seen(30, NEW, uptime_s=5)
    assert story.offered(31, NEWER, current=NEW) == second
    draft = story.draft()
    report = OtaStart(ID, "esp32", NEW, NEWER, session_id=second)
    assert updates.begin(draft, report, now=after(32))
    story.commit(draft)
    story.progress(40, 10, second)
    story.seen(60, NEW, uptime_s=35)
    assert story.last.state is UpdateState.DOWNLOADING
    story.seen(90, NEWER, uptime_s=5)
    assert story.states == ["success", "success"]


def begun_v2(story: Story) -> UUID:
    session = story.offered()
    assert session is not None
    story.start(5, session)
    story.progress(10, 40, session)
    story.done(30, True, session)
    return session


def test_new_version_on_trial_is_not_yet_success(story: Story) -> None:
    session = begun_v2(story)
    story.seen(50, NEW, uptime_s=8, is_v2=True, on_trial=True)
    assert story.states == ["installed"]
    assert story.last_word(60, True, session, version=NEW)
    assert story.states == ["success"]
    assert story.last.completed_at == after(60)


def test_trial_whose_completion_was_lost_is_installed(story: Story) -> None:
    session = story.offered()
    story.start(5, session)
    story.seen(50, NEW, uptime_s=8, is_v2=True, on_trial=True)
    assert story.states == ["installed"]


def test_heartbeat_after_the_trial_is_success_without_a_last_word(story: Story) -> None:
    begun_v2(story)
    story.seen(50, NEW, uptime_s=8, is_v2=True, on_trial=True)
    story.seen(110, NEW, uptime_s=68, is_v2=True)
    assert story.states == ["success"]


def test_trial_that_falls_silent_has_failed(story: Story) -> None:
    begun_v2(story)
    story.seen(50, NEW, uptime_s=8, is_v2=True, on_trial=True)
    story.sweep(50 + 15 * 60)
    assert story.states == ["silent"]


def test_rolled_back_with_its_reason(story: Story) -> None:
    session = begun_v2(story)
    story.seen(50, NEW, uptime_s=8, is_v2=True, on_trial=True)
    assert story.last_word(300, False, session, version=OLD, error="no broker in 180 s")
    assert story.states == ["failed"]
    assert story.last.error_message == "no broker in 180 s"


def test_reason_comes_after_the_heartbeat_that_showed_the_rollback(story: Story) -> None:
    session = begun_v2(story)
    story.seen(290, OLD, uptime_s=10, is_v2=True)
    assert story.states == ["failed"]
    assert "restarted" in (story.last.error_message or "")
    assert story.last_word(300, False, session, error="no broker in 180 s")
    assert story.last.error_message == "no broker in 180 s"
    assert story.last.completed_at == after(290)


def test_repeated_last_word_changes_nothing_more(story: Story) -> None:
    session = begun_v2(story)
    for seconds in (60, 120, 180):
        assert story.last_word(seconds, True, session, version=NEW)
    assert story.states == ["success"]
    assert story.last.completed_at == after(60)


def test_last_word_on_a_version_that_does_not_run_is_a_failure(story: Story) -> None:
    session = begun_v2(story)
    assert story.last_word(60, True, session, version=OLD)
    assert story.states == ["failed"]


def test_last_word_after_silence_is_taken(story: Story) -> None:
    session = begun_v2(story)
    story.sweep(3600)
    assert story.states == ["silent"]
    assert story.last_word(7200, True, session, version=NEW)
    assert story.states == ["success"]


def test_v2_clock_that_speaks_before_its_first_progress_has_not_failed(story: Story) -> None:
    session = story.offered()
    story.start(0, session)
    story.seen(1, OLD, uptime_s=90_000, is_v2=True)
    assert story.states == ["started"]
    story.seen(60, OLD, uptime_s=15, is_v2=True)
    assert story.states == ["failed"]
