"""Changes that people make to a clock's settings, laid over what was wanted before."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, text

from backend import clock_settings, setting_edits
from backend.clock_models import ClockDetails, ClockSettings
from backend.clock_settings import NoSettingsError
from backend.contract.settings import SETTINGS
from backend.contract.topics import Topics
from backend.db import Database
from backend.fleet import Clock
from backend.models import AuditEntry, Device
from backend.setting_edits import ChangedMeanwhileError, Saved, UnfitSettingsError

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def clocks(database: Database) -> None:
    async with database.session() as session:
        await session.execute(
            text(
                "INSERT INTO devices (device_id, protocol, first_seen, last_seen)"
                " VALUES ('a1', 2, now(), now()), ('c3', NULL, now(), now())"
            )
        )


async def change(
    database: Database, changes: dict[str, Any], *, seen: int = 0, device_id: str = "a1"
) -> Saved:
    async with database.session() as session:
        return await setting_edits.change(
            session,
            device_id,
            changes,
            seen_version=seen,
            topics=Topics("skiclock"),
            actor="kari@club.example",
            address=None,
            now=NOW,
        )


async def wanted_of(database: Database) -> ClockSettings:
    async with database.session() as session:
        found = await clock_settings.find_wanted(session, "a1")
    assert found is not None
    return found


async def test_change_is_laid_over_what_was_wanted_and_nothing_takes_it_back(
    database: Database,
) -> None:
    await change(database, {"brightness": 40, "screen_s": 9})
    saved = await change(database, {"brightness": None, "ntp": ["ntp.se"]}, seen=1)
    assert saved == Saved(version=2, is_renamed=False, name=None)
    assert (await wanted_of(database)).settings == {"screen_s": 9, "ntp": ["ntp.se"]}


async def test_of_two_who_save_the_first_settings_at_once_one_is_told_to_look(
    database: Database,
) -> None:
    results = await asyncio.gather(
        change(database, {"brightness": 40}),
        change(database, {"screen_s": 9}),
        return_exceptions=True,
    )
    saved = [one for one in results if isinstance(one, Saved)]
    refused = [one for one in results if isinstance(one, ChangedMeanwhileError)]
    assert (len(saved), len(refused)) == (1, 1), results
    assert len((await wanted_of(database)).settings) == 1


async def test_secrets_that_were_sent_before_stay_and_are_never_shown(database: Database) -> None:
    async with database.session() as session:
        await clock_settings.want(
            session,
            "a1",
            {"mqtt_password": "hush", "mqtt_username": "a1-2"},
            topics=Topics("skiclock"),
            actor="x",
            address=None,
            now=NOW,
        )
    await change(database, {"brightness": 40}, seen=1)
    wanted = await wanted_of(database)
    assert wanted.settings["mqtt_password"] == "hush"
    details = ClockDetails(device=1, report_settings={"mqtt_username": "a1-2", "brightness": 3})
    standing = setting_edits.standing_of(clock(config_version=1), wanted, details)
    assert standing.wanted == {"brightness": 40}
    assert standing.reported == {"brightness": 3}


async def test_name_is_the_dashboards_too_and_the_log_holds_before_and_after(
    database: Database,
) -> None:
    assert await change(database, {"name": "Start", "brightness": 9}) == Saved(1, True, "Start")
    assert await change(database, {"name": "Mål"}, seen=1) == Saved(2, True, "Mål")
    async with database.session() as session:
        name = await session.scalar(select(Device.name).where(Device.device_id == "a1"))
        entries = list(
            await session.scalars(
                select(AuditEntry)
                .where(AuditEntry.action == "clock.settings")
                .order_by(AuditEntry.id)
            )
        )
    assert name == "Mål"
    assert entries[1].before == {"name": "Start", "brightness": 9}
    assert entries[1].after == {"name": "Mål", "brightness": 9}


async def test_change_to_what_somebody_else_changed_meanwhile_is_refused(
    database: Database,
) -> None:
    await change(database, {"brightness": 40})
    with pytest.raises(ChangedMeanwhileError):
        await change(database, {"brightness": 50})
    assert (await wanted_of(database)).settings == {"brightness": 40}


@pytest.mark.parametrize(
    "changes",
    [
        {"brightness": 256},
        {"brightness": "40"},
        {"timezone": "Europe/Oslo\n"},
        {"screens": []},
        {"mqtt_password": "hush"},
        {"topic_prefix": "other"},
        {"mqtt_host": None},
        {"nonsense": 1},
    ],
)
async def test_what_does_not_fit_is_named_and_nothing_is_written(
    database: Database, changes: dict[str, Any]
) -> None:
    with pytest.raises(UnfitSettingsError) as caught:
        await change(database, {"screen_s": 9, **changes})
    assert list(caught.value.problems) == list(changes)
    async with database.session() as session:
        assert await clock_settings.find_wanted(session, "a1") is None


async def test_clock_of_the_first_generation_takes_none(database: Database) -> None:
    with pytest.raises(NoSettingsError):
        await change(database, {"brightness": 40}, device_id="c3")


@pytest.mark.parametrize(
    ("live", "state"),
    [
        ({}, "pending"),
        ({"config_version": 6}, "pending"),
        ({"config_version": 7}, "applied"),
        ({"config_version": 6, "refused_config": 7}, "refused"),
    ],
)
def test_standing_goes_by_the_version_that_the_clock_reports(
    live: dict[str, int], state: str
) -> None:
    wanted = ClockSettings(
        device=1, version=7, settings={"brightness": 40}, changed_at=NOW, changed_by="x"
    )
    refused = ClockDetails(
        device=1, report_version=7, report_result="refused", report_field="brightness"
    )
    details = refused if state == "refused" else None
    standing = setting_edits.standing_of(clock(**live), wanted, details)
    assert standing.state == state
    assert standing.refused_field == ("brightness" if details else None)


def test_nothing_was_wanted_of_a_clock_that_nobody_set() -> None:
    standing = setting_edits.standing_of(clock(), None, None)
    assert (standing.state, standing.version, standing.wanted) == ("none", 0, {})


def test_no_secret_can_be_changed_here_and_every_key_is_in_the_contract() -> None:
    assert SETTINGS.keys() > setting_edits.CHANGEABLE
    assert not any(SETTINGS[key].secret for key in setting_edits.CHANGEABLE)


def clock(**live: int) -> Clock:
    return Clock(
        1, "a1", None, "ESP32", "esp32", "2026.11.1.1", 60, -61, 180_000, "Ski", "10.0.0.2",
        NOW, NOW, protocol=2, **live,  # type: ignore[arg-type]
    )  # fmt: skip
