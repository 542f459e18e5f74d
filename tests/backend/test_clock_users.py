"""Which clocks our broker lets in follows from their credentials."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from backend import clock_credentials, shared_access
from backend.clock_keys import Claimed, ClockKeys
from backend.clock_users import ClockUsers
from backend.contract.topics import Topics
from backend.db import Database
from backend.embedded.broker_users import BrokerUser
from backend.key_models import Shared

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
KEYS, TOPICS = ClockKeys("k" * 48), Topics("skiclock")
WHO = {"actor": "anna@example.org", "address": None, "now": NOW}


class Port:
    """Stands for the broker: remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[list[BrokerUser]] = []
        self.is_shared_on = True
        self.heard = asyncio.Event()

    async def __call__(self, users: Sequence[BrokerUser], is_shared_on: bool) -> None:
        self.told.append(list(users))
        self.is_shared_on = is_shared_on
        self.heard.set()

    @property
    def names(self) -> list[str]:
        return [user.name for user in self.told[-1]]


async def claim(database: Database, device_id: str) -> None:
    async with database.session() as session:
        await clock_credentials.claim(session, device_id, platform="esp01", mac=None, **WHO)


async def test_broker_is_told_what_is_valid_and_only_when_that_changed(
    database: Database,
) -> None:
    port = Port()
    users = ClockUsers(database, KEYS, TOPICS, port)
    await users.refresh()
    assert port.told == []
    await claim(database, "b2")
    await claim(database, "a1")
    await users.refresh()
    await users.refresh()
    assert len(port.told) == 1
    assert port.names == ["a1-1", "b2-1"]
    assert port.told[0][0].password == KEYS.mqtt_password("a1", 1)
    assert port.told[0][0].publish == TOPICS.allowed_to("a1").publish

    async with database.session() as session:
        await clock_credentials.mark_used(session, Claimed("a1", 1), now=NOW)
    await claim(database, "a1")
    await users.refresh()
    assert port.names == ["a1-1", "a1-2", "b2-1"]
    async with database.session() as session:
        await clock_credentials.revoke(session, "b2", **WHO)
        await clock_credentials.mark_used(session, Claimed("a1", 2), now=NOW)
    await users.refresh()
    assert port.names == ["a1-2"]


async def test_change_is_passed_on_at_once_when_it_is_told_of(database: Database) -> None:
    port = Port()
    users = ClockUsers(database, KEYS, TOPICS, port)
    task = asyncio.create_task(users.run())
    await claim(database, "a1")
    users.hurry()
    async with asyncio.timeout(30):
        await port.heard.wait()
    assert port.names == ["a1-1"]
    task.cancel()


async def test_the_shared_user_goes_when_it_is_turned_off_and_comes_back(
    database: Database,
) -> None:
    port = Port()
    users = ClockUsers(database, KEYS, TOPICS, port)
    for on in (False, True):
        async with database.session() as session:
            await shared_access.turn(session, Shared.MQTT_USER, on=on, **WHO)
        await users.refresh()
        assert port.is_shared_on is on
    assert len(port.told) == 2
    started_without = ClockUsers(database, KEYS, TOPICS, port, is_shared_on=False)
    await started_without.refresh()
    assert len(port.told) == 3
