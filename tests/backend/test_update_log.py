"""The update log on a real PostgreSQL: figures exact to the second, old lapsed offers removed."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest
from sqlalchemy import text

from backend import retention, update_log
from backend.db import Database
from backend.models import UpdateState
from backend.updates import OpenUpdate

NOW = datetime(2026, 11, 24, 12, 30, 15, tzinfo=UTC)
WEEK, DAY, SECOND = timedelta(days=7), timedelta(days=1), timedelta(seconds=1)


def ended(number: int, state: UpdateState, at: datetime) -> OpenUpdate:
    begun = at if state is not UpdateState.LAPSED else None
    return OpenUpdate(
        uuid4(), f"{number:x}", "esp32", "v1", "v2", state, at, started_at=begun, completed_at=at
    )


async def save(database: Database, *updates: OpenUpdate) -> None:
    async with database.session() as session:
        await update_log.save(session, updates)


async def figures_at(database: Database, now: datetime) -> tuple[int, int, int]:
    async with database.session() as session:
        found = await update_log.update_statistics(session, now=now)
    return found.total_updates, found.recent_updates_7days, found.failed_devices_24h


@pytest.mark.parametrize("hours_east", [0, 13, -9])
async def test_figures_of_a_week_and_a_day_are_exact_to_the_second(
    database: Database, hours_east: int
) -> None:
    zone = timezone(timedelta(hours=hours_east))
    success, failed = UpdateState.SUCCESS, UpdateState.FAILED
    since = NOW - WEEK
    midnight = since.replace(hour=0, minute=0, second=0) + DAY
    await save(
        database,
        ended(1, success, since - SECOND),
        ended(2, success, since),
        ended(3, success, since + SECOND),
        ended(4, success, midnight - SECOND),
        ended(5, success, midnight),
        ended(6, success, midnight + 3 * DAY),
        ended(7, failed, NOW - DAY - SECOND),
        ended(8, failed, NOW - DAY),
        ended(8, failed, NOW - SECOND),
        ended(9, UpdateState.SILENT, NOW - SECOND),
    )
    assert await figures_at(database, NOW.astimezone(zone)) == (10, 9, 2)
    assert await figures_at(database, NOW.astimezone(zone) + SECOND) == (10, 8, 2)
    assert await figures_at(database, NOW.astimezone(zone) + 2 * SECOND) == (10, 7, 2)


async def test_offers_that_lapsed_long_ago_are_removed_in_small_steps(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    monkeypatch.setattr(retention, "PAUSE_S", 0)
    now = datetime.now(UTC)
    old, young = now - 31 * DAY, now - 29 * DAY
    lapsed = [ended(number, UpdateState.LAPSED, old) for number in range(1, 6)]
    kept = [ended(6, UpdateState.LAPSED, young), ended(7, UpdateState.FAILED, old)]
    await save(database, *lapsed, *kept)
    assert await retention.sweep(database, retention.OFFERS, before=now - 30 * DAY) == 5
    assert await devices_of(database) == ["6", "7"]
    assert await retention.sweep(database, retention.UPDATES, before=now - 30 * DAY) == 1
    assert await devices_of(database) == ["6"]


async def devices_of(database: Database) -> list[str]:
    async with database.session() as session:
        return list(await session.scalars(text("SELECT device_id FROM updates ORDER BY id")))
