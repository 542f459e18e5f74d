"""Credentials of single clocks: claimed, used, rotated, revoked, and never given twice."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from backend import clock_credentials
from backend.clock_credentials import NoCredentialsError, RotationWaitsError
from backend.clock_keys import Claimed
from backend.clock_models import CredentialState
from backend.db import Database
from backend.devices import remove_device
from backend.models import AuditEntry, Device

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ID = "a1b2c3"
WHO = {"actor": "anna@example.org", "address": None}


async def claim(database: Database, *, device_id: str = ID) -> int:
    async with database.session() as session:
        row = await clock_credentials.claim(
            session, device_id, platform="esp32", mac=None, name="Start", now=NOW, **WHO
        )
        return row.generation


async def use(database: Database, generation: int, *, at: datetime = NOW) -> bool:
    async with database.session() as session:
        return await clock_credentials.mark_used(session, Claimed(ID, generation), now=at)


async def rotate(database: Database) -> int:
    async with database.session() as session:
        return (await clock_credentials.rotate(session, ID, now=NOW, **WHO)).generation


async def valid(database: Database) -> dict[int, CredentialState]:
    async with database.session() as session:
        rows = await clock_credentials.load_valid(session, [ID])
        return {row.generation: row.state for row in rows}


async def test_a_claimed_clock_is_there_with_its_name(database: Database) -> None:
    assert await claim(database) == 1
    async with database.session() as session:
        device = await session.scalar(select(Device).where(Device.device_id == ID))
        assert device is not None
        assert (device.name, device.platform, device.version) == ("Start", "esp32", None)
        entry = await session.scalar(select(AuditEntry).where(AuditEntry.action == "clock.claim"))
        assert entry is not None
        assert (entry.object, entry.after["generation"]) == (ID, 1)


async def test_old_credentials_are_valid_until_the_new_ones_are_used(database: Database) -> None:
    await claim(database)
    await use(database, 1)
    assert await claim(database) == 2
    assert await valid(database) == {1: "retiring", 2: "current"}
    assert not await use(database, 1)
    assert await valid(database) == {1: "retiring", 2: "current"}
    assert await use(database, 2)
    assert await valid(database) == {2: "current"}
    async with database.session() as session:
        assert not await clock_credentials.is_valid(session, Claimed(ID, 1))


async def test_flashes_that_failed_leave_what_the_clock_used_last(database: Database) -> None:
    await claim(database)
    await use(database, 1)
    for _ in range(3):
        generation = await claim(database)
    assert await valid(database) == {1: "retiring", generation: "current"}


async def test_use_is_noted_once_a_minute(database: Database) -> None:
    await claim(database)
    for seconds in (0, 30, 90):
        await use(database, 1, at=NOW + timedelta(seconds=seconds))
    async with database.session() as session:
        (row,) = await clock_credentials.history_of(session, ID)
    assert (row.first_used_at, row.last_used_at) == (NOW, NOW + timedelta(seconds=90))


async def test_rotation_waits_for_the_clock(database: Database) -> None:
    with pytest.raises(NoCredentialsError):
        await rotate(database)
    await claim(database)
    with pytest.raises(RotationWaitsError):
        await rotate(database)
    await use(database, 1)
    assert await rotate(database) == 2
    with pytest.raises(RotationWaitsError):
        await rotate(database)
    assert await use(database, 2)
    assert await rotate(database) == 3


async def test_revoked_means_at_once_and_for_good(database: Database) -> None:
    await claim(database)
    await use(database, 1)
    await claim(database)
    async with database.session() as session:
        assert await clock_credentials.revoke(session, ID, now=NOW, **WHO) == [2, 1]
        assert await clock_credentials.revoke(session, ID, now=NOW, **WHO) == []
    assert await valid(database) == {}
    assert not await use(database, 2)
    assert await claim(database) == 3


async def test_removed_clock_that_comes_back_gets_no_old_generation(database: Database) -> None:
    await claim(database)
    async with database.session() as session:
        assert await remove_device(session, ID, now=NOW, **WHO)
    assert await valid(database) == {}
    assert await claim(database) == 2
