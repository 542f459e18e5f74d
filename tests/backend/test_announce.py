"""The broadcast after a publish: a row is the outbox."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiomqtt
import pytest_asyncio
from sqlalchemy import text

from backend.announce import Announcer
from backend.contract.topics import Topics
from backend.db import Database
from backend.diagnostics import Diagnostics
from backend.embedded.broker import BrokerUser, EmbeddedBroker
from backend.embedded.certificates import ensure_certificates
from backend.health import Health
from backend.models import Firmware
from backend.mqtt import BrokerAddress, Link


@pytest_asyncio.fixture(loop_scope="session")
async def broker(tmp_path: Path) -> AsyncIterator[EmbeddedBroker]:
    folder = tmp_path / "broker"
    broker = EmbeddedBroker(
        folder,
        port=0,
        tls_port=0,
        users=[BrokerUser("all", "pw", ("skiclock/#",), ("skiclock/#",))],
        certificates=ensure_certificates(folder / "tls", names=[], now=datetime.now(UTC)),
    )
    await broker.start()
    yield broker
    await broker.stop()


@asynccontextmanager
async def announcing(database: Database, port: int) -> AsyncIterator[Announcer]:
    address = BrokerAddress("127.0.0.1", port, "all", "pw", None, "server")
    link = Link(lambda: address, Topics("skiclock"), Health(), Diagnostics(), put=lambda item: None)
    announcer = Announcer(database, link)
    tasks = [asyncio.create_task(link.run()), asyncio.create_task(announcer.run())]
    try:
        yield announcer
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def publish(database: Database, *versions: str) -> None:
    async with database.session() as session:
        for version in versions:
            session.add(
                Firmware(
                    platform="esp32",
                    version=version,
                    version_key=[1],
                    filename="x.bin",
                    size_bytes=1,
                    sha256="0" * 64,
                    uploaded_at=datetime.now(UTC),
                    uploaded_by="ci",
                )
            )


async def waiting(database: Database) -> int:
    async with database.session() as session:
        count = await session.scalar(
            text("SELECT count(*) FROM firmware WHERE announced_at IS NULL")
        )
        return int(count or 0)


async def test_published_firmware_is_told_to_all_clocks_once(
    database: Database, broker: EmbeddedBroker
) -> None:
    async with aiomqtt.Client(
        "127.0.0.1", broker.port, username="all", password="pw", identifier="SkiClock-a1"
    ) as clock:
        await clock.subscribe("skiclock/version/updates")
        async with announcing(database, broker.port) as announcer:
            await publish(database, "2026.1.1.1", "2026.1.1.2")
            announcer.hurry()
            async with asyncio.timeout(10):
                message = await anext(aiter(clock.messages))
            assert str(message.topic) == "skiclock/version/updates"
            await no_more_waiting(database)
            announcer.hurry()
            await clock.publish("skiclock/version/updates", b"mark")
            async with asyncio.timeout(10):
                message = await anext(aiter(clock.messages))
            assert message.payload == b"mark", "one broadcast for both versions, and no second one"


async def test_firmware_published_while_the_broker_was_away_is_told_later(
    database: Database, broker: EmbeddedBroker
) -> None:
    await broker.stop()
    async with announcing(database, broker.port) as announcer:
        await publish(database, "2026.1.1.1")
        announcer.hurry()
        assert await waiting(database) == 1
        await broker.start()
        await no_more_waiting(database)


async def no_more_waiting(database: Database) -> None:
    async with asyncio.timeout(20):
        while await waiting(database):
            await asyncio.sleep(0.02)
