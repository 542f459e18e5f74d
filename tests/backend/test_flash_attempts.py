"""The history of boards written over USB."""

from datetime import UTC, datetime, timedelta

import pytest

from backend import flash_attempts
from backend.board_models import FlashAttempt, FlashState
from backend.db import Database
from backend.flash_attempts import LOG_CHARACTERS, BadAttemptError, UnknownAttemptError
from backend.retention import ATTEMPTS, remove_some

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MAC = "F0:F5:BD:FB:C5:E8"
KARI, OLA = "kari@club.example", "ola@club.example"


async def begin(database: Database, *, mac: str = MAC, chip: str = "ESP32-D0WD-V3") -> int:
    async with database.session() as session:
        attempt = await flash_attempts.begin(
            session,
            platform="esp32",
            version="2026.11.24.1",
            chip=chip,
            mac=mac,
            by=KARI,
            now=NOW,
        )
        return attempt.id


async def finish(
    database: Database,
    attempt_id: int,
    *,
    state: str = "done",
    reason: str = "",
    log: str = "",
    by: str = KARI,
) -> FlashAttempt:
    async with database.session() as session:
        return await flash_attempts.finish(
            session,
            attempt_id,
            state=state,
            reason=reason,
            log=log,
            by=by,
            now=NOW + timedelta(seconds=75),
        )


async def test_attempt_is_kept_with_the_clock_that_the_chip_is(database: Database) -> None:
    await finish(database, await begin(database), state="failed", reason="cable", log="a\nb")
    async with database.session() as session:
        (found,) = await flash_attempts.find_attempts(session, device_id="e8c5fbbdf5f0")
        whole = await flash_attempts.find_attempt(session, found.id)
        assert await flash_attempts.find_attempts(session, device_id="a1") == []
        assert await flash_attempts.find_attempts(session, platforms=["esp01"]) == []
    assert (found.mac, found.chip, found.by) == ("f0:f5:bd:fb:c5:e8", "ESP32-D0WD-V3", KARI)
    assert (found.state, found.reason) == (FlashState.FAILED, "cable")
    assert found.ended_at == NOW + timedelta(seconds=75)
    assert whole is not None
    assert whole.log == "a\nb"


async def test_log_is_bounded_plain_text_and_keeps_its_end(database: Database) -> None:
    hostile = "x" * LOG_CHARACTERS + "\x00\x1b[31m<b>\u202eend"
    attempt = await finish(database, await begin(database), log=hostile)
    assert attempt.log is not None
    assert len(attempt.log) <= LOG_CHARACTERS
    assert attempt.log.endswith("��[31m<b>�end")


async def test_attempt_ends_once_and_by_the_word_of_who_began_it(database: Database) -> None:
    attempt_id = await begin(database)
    with pytest.raises(UnknownAttemptError):
        await finish(database, attempt_id, by=OLA)
    with pytest.raises(BadAttemptError):
        await finish(database, attempt_id, state="running")
    await finish(database, attempt_id, state="aborted")
    with pytest.raises(UnknownAttemptError):
        await finish(database, attempt_id)


async def test_what_is_no_address_of_a_chip_is_refused(database: Database) -> None:
    with pytest.raises(BadAttemptError):
        await begin(database, mac="<script>")


async def test_attempt_that_never_ended_is_given_up(database: Database) -> None:
    await begin(database)
    async with database.session() as session:
        (attempt,) = await flash_attempts.find_attempts(session)
    assert not flash_attempts.is_given_up(attempt, now=NOW + timedelta(minutes=30))
    assert flash_attempts.is_given_up(attempt, now=NOW + timedelta(minutes=31))


async def test_old_attempts_are_removed(database: Database) -> None:
    await begin(database)
    for days, kept in ((90, 1), (91, 0)):
        async with database.session() as session:
            before = NOW + timedelta(days=days - 90)
            await remove_some(session, ATTEMPTS, before=before, limit=10)
            assert len(await flash_attempts.find_attempts(session)) == kept
