"""Settings that people want a clock to have."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, text

from backend import clock_settings
from backend.clock_settings import BadSettingsError, NoSettingsError
from backend.contract.topics import Topics
from backend.db import Database
from backend.models import AuditEntry

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def clocks(database: Database) -> None:
    async with database.session() as session:
        await session.execute(
            text(
                "INSERT INTO devices (device_id, protocol, config_version, first_seen, last_seen)"
                " VALUES ('a1', 2, 41, now(), now()), ('b2', 2, NULL, now(), now()),"
                " ('c3', NULL, NULL, now(), now())"
            )
        )


async def want(database: Database, device_id: str, settings: dict[str, Any]) -> int:
    async with database.session() as session:
        return await clock_settings.want(
            session,
            device_id,
            settings,
            topics=Topics("skiclock"),
            actor="kari@club.example",
            address=None,
            now=NOW,
        )


async def test_version_is_higher_than_all_that_the_clock_was_given(database: Database) -> None:
    assert await want(database, "a1", {"brightness": 40}) == 42
    assert await want(database, "a1", {"brightness": 50}) == 43
    assert await want(database, "b2", {"ntp": ["pool.ntp.org", ""], "name": "Åre"}) == 1
    async with database.session() as session:
        wanted = await clock_settings.load_wanted(session, ["a1", "b2"])
        found = await clock_settings.find_wanted(session, "a1")
        assert await clock_settings.find_wanted(session, "c3") is None
    assert sorted((one.device_id, one.config.version) for one in wanted) == [("a1", 43), ("b2", 1)]
    assert found is not None
    assert (found.settings, found.changed_by) == ({"brightness": 50}, "kari@club.example")


async def test_secrets_stand_in_no_log(database: Database) -> None:
    await want(database, "a1", {"mqtt_password": "hush", "name": "Start"})
    await want(database, "a1", {"download_api_key": "hush"})
    async with database.session() as session:
        entries = list(await session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert "hush" not in str([(entry.before, entry.after) for entry in entries])
    assert entries[1].before == {"mqtt_password": "********", "name": "Start"}


@pytest.mark.parametrize(
    "settings",
    [
        {"Brightness": 1},
        {"brightness; DROP": 1},
        {"brightness": 1.5},
        {"brightness": 2**40},
        {"brightness": None},
        {"colours": {"main": "ff0000"}},
        {"ntp": [["pool.ntp.org"]]},
        {"ntp": ["x"] * 17},
        {"name": "a\x00b"},
        {"name": "x" * 1000},
    ],
)
async def test_settings_that_no_clock_could_take_are_refused(
    database: Database, settings: dict[str, Any]
) -> None:
    with pytest.raises(BadSettingsError):
        await want(database, "a1", settings)


@pytest.mark.parametrize("device_id", ["c3", "dead"])
async def test_clock_that_takes_no_settings_is_given_none(
    database: Database, device_id: str
) -> None:
    with pytest.raises(NoSettingsError):
        await want(database, device_id, {"brightness": 40})
