"""What open pages are told of updates, from a real database and a live fleet."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest_asyncio

from backend import devices
from backend.access import Identity
from backend.db import Database
from backend.devices import Sighting
from backend.firmware import Catalogue
from backend.fleet import Fleet, clock_of_row
from backend.models import UpdateState
from backend.update_log import save
from backend.update_states import OpenUpdate
from skiclock_ui.components.updates.feed import WEEKS, UpdateFeed, figures_of, versions_of

NOW = datetime.now(UTC)


class Club:
    """A fleet with its database, and the feed of its updates."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.fleet, self.catalogue = Fleet(), Catalogue()
        self.feed = UpdateFeed(self.fleet, self.catalogue, database)

    async def register(self, device_id: str, version: str | None = "2026.11.1.1") -> None:
        sighting = Sighting(device_id, NOW, NOW, board="ESP32", platform="esp32", version=version)
        async with self.database.session() as session:
            rows = await devices.register(session, [sighting])
        self.fleet.apply([clock_of_row(row) for row in rows], [sighting], [])

    async def change(self, *updates: OpenUpdate) -> None:
        async with self.database.session() as session:
            await save(session, updates)
        self.fleet.apply([], [], updates)


def an_update(device_id: str, state: UpdateState, **fields: object) -> OpenUpdate:
    ended = state in {UpdateState.SUCCESS, UpdateState.FAILED}
    values: dict[str, object] = {
        "session_id": uuid4(),
        "started_at": NOW,
        "completed_at": NOW + timedelta(seconds=40) if ended else None,
        **fields,
    }
    return OpenUpdate(
        device_id=device_id,
        platform="esp32",
        old_version="2026.11.1.1",
        new_version="2026.11.2.1",
        state=state,
        heard_at=NOW,
        **values,  # type: ignore[arg-type]
    )


@pytest_asyncio.fixture(loop_scope="session")
async def club(database: Database) -> Club:
    club = Club(database)
    await club.register("a1")
    await club.feed.news(watched=False)
    return club


async def test_only_what_changed_is_told(club: Club) -> None:
    await club.register("b2")
    await club.change(an_update("a1", UpdateState.STARTED))
    news = await club.feed.news(watched=True)
    assert news is not None
    assert [row["device_id"] for row in news["rows"]] == ["a1"]
    assert news["rows"][0]["state"] == "started"
    assert news["figures"]["statistics"]["in_progress_count"] == 1
    assert await club.feed.news(watched=True) is None


async def test_a_heartbeat_alone_is_no_news_of_updates(club: Club) -> None:
    await club.change(an_update("a1", UpdateState.STARTED))
    await club.feed.news(watched=True)
    club.fleet.apply([], [Sighting("a1", NOW, NOW, uptime_s=5)], [])
    assert await club.feed.news(watched=True) is None


async def test_progress_tells_the_row_without_counting_again(club: Club) -> None:
    update = an_update("a1", UpdateState.DOWNLOADING, progress_percent=10)
    await club.change(update)
    await club.feed.news(watched=True)
    session = update.session_id
    await club.change(
        an_update("a1", UpdateState.DOWNLOADING, progress_percent=20, session_id=session)
    )
    news = await club.feed.news(watched=True)
    assert news is not None
    assert news["rows"][0]["progress"] == 20
    assert "figures" not in news


async def test_an_update_that_another_one_replaced_is_told_with_its_end(club: Club) -> None:
    first = an_update("a1", UpdateState.DOWNLOADING)
    await club.change(first)
    await club.feed.news(watched=True)
    ended = an_update(
        "a1", UpdateState.FAILED, session_id=first.session_id, error_message="replaced"
    )
    second = an_update("a1", UpdateState.STARTED, started_at=NOW + timedelta(seconds=50))
    await club.change(ended, second)
    news = await club.feed.news(watched=True)
    assert news is not None
    told = {row["session"]: row["state"] for row in news["rows"]}
    assert told == {str(first.session_id): "failed", str(second.session_id): "started"}


async def test_what_happened_while_nobody_watched_is_not_told_later(club: Club) -> None:
    await club.change(an_update("a1", UpdateState.STARTED))
    assert await club.feed.news(watched=False) is None
    news = await club.feed.news(watched=True)
    assert news is None or "rows" not in news


async def test_removed_clocks_leave_the_versions(club: Club) -> None:
    await club.register("b2", version=None)
    assert versions_of(club.fleet.clocks.values(), club.catalogue)["counts"] == [
        ["2026.11.1.1", 1],
        ["", 1],
    ]
    await club.feed.news(watched=True)
    club.fleet.forget("b2")
    news = await club.feed.news(watched=True)
    assert news is not None
    assert news["versions"]["counts"] == [["2026.11.1.1", 1]]


async def test_versions_are_ordered_as_numbers(club: Club) -> None:
    for device_id, version in (("b", "2026.11.10.1"), ("c", "2026.11.9.1"), ("d", "v9.0.0")):
        await club.register(device_id, version)
    ordered = [
        version
        for version, _count in versions_of(club.fleet.clocks.values(), club.catalogue)["counts"]
    ]
    assert ordered == ["2026.11.10.1", "2026.11.9.1", "2026.11.1.1", "v9.0.0"]


async def test_weeks_are_whole_without_gaps_and_end_with_this_one(club: Club) -> None:
    await club.change(
        an_update("a1", UpdateState.SUCCESS),
        an_update("a1", UpdateState.FAILED, started_at=NOW - timedelta(weeks=3)),
        an_update("a1", UpdateState.SUCCESS, started_at=NOW - timedelta(weeks=WEEKS + 5)),
    )
    async with club.database.session() as session:
        weeks = (await figures_of(session, now=NOW))["weeks"]
    starts = [week["start"] for week in weeks]
    assert len(weeks) == WEEKS
    assert {later - earlier for earlier, later in pairwise(starts)} == {7 * 24 * 3600}
    assert weeks[-1]["success"] == 1
    assert weeks[-4]["failed"] == 1
    assert sum(week["success"] + week["failed"] + week["running"] for week in weeks) == 2


async def test_whoever_sees_some_groups_is_told_of_their_updates_only(database: Database) -> None:
    club = Club(database)
    for device_id, group in (("a1", "Slalom"), ("b2", "Jump")):
        await club.register(device_id)
        club.fleet.regroup(device_id, group)
        await club.change(an_update(device_id, UpdateState.SUCCESS))
    message = await club.feed.news(True)
    assert message is not None
    coach = Identity(1, "a@b", "coach", frozenset(), frozenset(), frozenset({"Slalom"}))
    told = await club.feed.narrow(message, coach)
    assert told is not None
    assert {row["device_id"] for row in message["rows"]} == {"a1", "b2"}
    assert [row["device_id"] for row in told["rows"]] == ["a1"]
    assert told["versions"]["clocks"] == 1
    assert told["figures"]["statistics"]["total_updates"] == 1
    assert sum(week["success"] for week in told["figures"]["weeks"]) == 1
    stranger = Identity(1, "a@b", "none", frozenset(), frozenset(), frozenset({"Nobody's"}))
    assert await club.feed.narrow({"rows": message["rows"]}, stranger) is None
