"""What a v2 clock was told is committed must be there, however often the server is killed."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import uuid4

import aiomqtt
import asyncpg
import pytest_asyncio

from e2e.conftest import Product, running_product
from tests.conftest import Postgres

ID = "acced"
ROUNDS = 4
OLD, NEW = "2026.11.1.1", "2026.11.20.4"


@pytest_asyncio.fixture(loop_scope="session")
async def database(postgres: Postgres) -> AsyncIterator[str]:
    """An external database, which outlives the killed server."""
    name = await postgres.create_database()
    yield postgres.url(name)
    await postgres.drop_database(name)


class Talker:
    """A v2 clock that says something new all the time and notes what is acknowledged."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.said = 0
        self.events = 0
        self.sessions: set[str] = set()

    async def talk(self) -> None:
        """Connect, talk and listen until cancelled or cut off."""
        with suppress(aiomqtt.MqttError):
            async with aiomqtt.Client(
                "127.0.0.1",
                self.product.mqtt_port,
                username="skiclock",
                password=self.product.secrets["mqtt_password"],
                identifier=f"SkiClock-{ID}",
            ) as client:
                await client.subscribe(f"skiclock/ack/{ID}", 1)
                listening = asyncio.create_task(self._listen(client))
                try:
                    while True:
                        await self._say_something(client)
                finally:
                    listening.cancel()
                    await asyncio.gather(listening, return_exceptions=True)

    async def _say_something(self, client: aiomqtt.Client) -> None:
        self.said += 1
        happening = {"seq": self.said, "boot": 1, "up": self.said, "kind": "button"}
        await self._say(client, "event", events=[happening])
        session_id = str(uuid4())
        versions = {"old_version": OLD, "new_version": NEW}
        await self._say(client, "ota/start", session_id=session_id, platform="esp32", **versions)
        word = {"success": False, "final": True, "error_message": "no broker", "version": OLD}
        await self._say(client, "ota/complete", session_id=session_id, **word)

    async def _say(self, client: aiomqtt.Client, topic: str, **fields: object) -> None:
        await client.publish(f"skiclock/{topic}/{ID}", json.dumps({"device_id": ID} | fields), 1)

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            ack = json.loads(message.payload)
            self.events = max(self.events, ack.get("events", 0))
            if "session_id" in ack:
                self.sessions.add(ack["session_id"])


async def test_nothing_that_was_acknowledged_to_a_clock_is_lost_when_the_server_is_killed(
    database: str,
) -> None:
    async with running_product(DATABASE_URL=database) as product:
        talker = Talker(product)
        for round_ in range(ROUNDS):
            heard = len(talker.sessions)
            talking = asyncio.create_task(talker.talk())
            async with asyncio.timeout(60):
                while len(talker.sessions) < heard + 10:
                    await asyncio.sleep(0.02)
            assert product.process is not None
            product.process.kill()  # in the middle of what is being said
            await product.process.wait()
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
            await _check(database, talker, round_)
            await product.start()


async def _check(database: str, talker: Talker, round_: int) -> None:
    connection = await asyncpg.connect(database)
    try:
        stored = {row[0] for row in await connection.fetch("SELECT seq FROM clock_events")}
        ended = {
            str(row[0])
            for row in await connection.fetch(
                "SELECT session_id FROM updates WHERE state = 'failed'"
                " AND error_message = 'no broker'"
            )
        }
    finally:
        await connection.close()
    assert talker.events in stored
    assert talker.sessions <= ended, f"round {round_}"
    assert len(talker.sessions) >= 10 * (round_ + 1)
