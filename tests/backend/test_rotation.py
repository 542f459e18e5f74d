"""A clock's own credentials on a real broker: renewed over the air, used, revoked."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
import pytest_asyncio
from sqlalchemy import select, text

from backend import clock_credentials, clock_settings, rotation
from backend.app import Server, create_server, running
from backend.clock_credentials import RotationWaitsError
from backend.clock_keys import Claimed, ClockKeys
from backend.clock_settings import BadSettingsError, NoSettingsError
from backend.config import Settings
from backend.contract.messages import ConfigReport
from backend.contract.topics import Topics
from backend.db import Database
from backend.embedded.broker import EmbeddedBroker, server_user
from backend.embedded.broker_users import BrokerUser
from backend.embedded.certificates import ensure_certificates
from backend.models import Device
from backend.mqtt import BrokerAddress
from backend.surroundings import Surroundings
from tests.backend.ingest_parts import until

ID = "a1b2c3"
WHO = {"actor": "anna@example.org", "address": None}
KEYS, TOPICS = ClockKeys("k" * 48), Topics("skiclock")


@pytest_asyncio.fixture(loop_scope="session")
async def broker(tmp_path: Path) -> AsyncIterator[EmbeddedBroker]:
    folder = tmp_path / "broker"
    broker = EmbeddedBroker(
        folder,
        port=0,
        tls_port=0,
        users=[server_user("server", "server's", "skiclock")],
        certificates=ensure_certificates(folder / "tls", names=[], now=datetime.now(UTC)),
    )
    await broker.start()
    yield broker
    await broker.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def server(settings: Settings, broker: EmbeddedBroker) -> AsyncIterator[Server]:
    async def set_clock_users(users: Sequence[BrokerUser], _is_shared_on: bool) -> None:
        await broker.set_users([server_user("server", "server's", "skiclock"), *users])

    surroundings = Surroundings(
        settings.database_url.get_secret_value(),
        lambda: BrokerAddress("127.0.0.1", broker.port, "server", "server's", None, "server"),
        set_clock_users=set_clock_users,
    )
    server = create_server(settings, surroundings)
    async with running(server), asyncio.timeout(110):
        await server.loaded.wait()
        await server.link.connected.wait()
        yield server


class Clock:
    """A v2 clock with credentials of its own."""

    def __init__(self, broker: EmbeddedBroker, username: str, password: str) -> None:
        self.client = aiomqtt.Client(
            "127.0.0.1",
            broker.port,
            username=username,
            password=password,
            identifier=f"SkiClock-{ID}",
        )
        self._username = username

    async def says(self, topic: str, **fields: Any) -> None:
        payload = json.dumps({"device_id": ID} | fields)
        await self.client.publish(f"skiclock/{topic}/{ID}", payload, 1)

    async def introduces_itself(self, version: int = 0) -> None:
        await self.says("heartbeat", board="ESP-01", version="2026.1.1.1", uptime=1, protocol=2)
        settings = {"mqtt_username": self._username, "brightness": 40}
        await self.says("config/report", version=version, result="current", settings=settings)

    async def hears_config(self) -> dict[str, Any]:
        async with asyncio.timeout(60):
            message = await anext(aiter(self.client.messages))
        assert str(message.topic) == f"skiclock/config/{ID}"
        assert isinstance(message.payload, bytes)
        return dict(json.loads(message.payload))


@asynccontextmanager
async def connected(broker: EmbeddedBroker, username: str, password: str) -> AsyncIterator[Clock]:
    """Connect as soon as the broker knows the credentials."""
    async with asyncio.timeout(60):
        while True:
            clock = Clock(broker, username, password)
            try:
                await clock.client.__aenter__()
                break
            except aiomqtt.MqttError:
                await asyncio.sleep(0.05)
    try:
        await clock.client.subscribe(f"skiclock/config/{ID}", 1)
        yield clock
    finally:
        with contextlib.suppress(aiomqtt.MqttError):  # it may have been cut off
            await clock.client.__aexit__(None, None, None)


async def claim(server: Server) -> tuple[str, str]:
    async with server.database.session() as session:
        row = await clock_credentials.claim(
            session, ID, platform="esp01", mac=None, now=datetime.now(UTC), **WHO
        )
    server.clock_users.hurry()
    return f"{ID}-{row.generation}", server.clock_keys.mqtt_password(ID, row.generation)


async def states(server: Server) -> dict[int, str]:
    async with server.database.session() as session:
        rows = await clock_credentials.history_of(session, ID)
        return {row.generation: str(row.state) for row in rows if row.first_used_at}


async def until_states(server: Server, expected: dict[int, str]) -> None:
    async with asyncio.timeout(60):
        while (seen := await states(server)) != expected:
            await asyncio.sleep(0.05)
    assert seen == expected


async def rotate(server: Server) -> int:
    async with server.database.session() as session:
        rotated = await rotation.rotate(
            session,
            ID,
            keys=server.clock_keys,
            topics=server.topics,
            now=datetime.now(UTC),
            **WHO,
        )
    return rotated.generation


async def test_clock_gets_other_credentials_over_the_air_and_the_old_ones_end(
    server: Server, broker: EmbeddedBroker
) -> None:
    old = await claim(server)
    async with connected(broker, *old) as clock:
        await clock.introduces_itself()
        await until_states(server, {1: "current"})
        async with server.database.session() as session:
            await clock_settings.want(
                session, ID, {"brightness": 40}, topics=TOPICS, now=datetime.now(UTC), **WHO
            )
        # No route told the server: another process did it, as the command line does.
        assert await rotate(server) == 2
        config = await clock.hears_config()
        assert config["version"] == 2
        assert config["settings"] == {"brightness": 40} | rotation.secrets_of(
            server.clock_keys, ID, 2
        )
        said = config["settings"]
        async with connected(broker, said["mqtt_username"], said["mqtt_password"]) as renewed:
            await renewed.introduces_itself(version=2)
            await until_states(server, {1: "revoked", 2: "current"})
    async with server.database.session() as session:
        kept = await session.scalar(text("SELECT settings FROM clock_settings"))
        log = await session.scalar(text("SELECT string_agg(after::text, '') FROM audit_log"))
    assert kept == {"brightness": 40}
    assert said["mqtt_password"] not in str(log)
    await until_refused(broker, *old)


async def until_refused(broker: EmbeddedBroker, username: str, password: str) -> None:
    """Wait until the broker has taken it that somebody may connect no more."""
    async with asyncio.timeout(60):
        while True:
            try:
                async with Clock(broker, username, password).client:
                    await asyncio.sleep(0.05)
            except aiomqtt.MqttError:
                return


async def test_revoked_clock_is_cut_off_and_stays_out(
    server: Server, broker: EmbeddedBroker
) -> None:
    own = await claim(server)
    async with connected(broker, *own) as clock:
        await clock.introduces_itself()
        await until(lambda: ID in server.fleet.clocks)
        async with server.database.session() as session:
            assert await clock_credentials.revoke(session, ID, now=datetime.now(UTC), **WHO) == [1]
        server.clock_users.hurry()
        async with asyncio.timeout(60):
            with pytest.raises(aiomqtt.MqttError):
                await anext(aiter(clock.client.messages))
    await until_refused(broker, *own)


async def test_what_does_not_fit_one_message_is_refused_before_anything_is_made(
    database: Database,
) -> None:
    now = datetime.now(UTC)
    async with database.session() as session:
        await clock_credentials.claim(session, ID, platform="esp01", mac=None, now=now, **WHO)
        await clock_credentials.mark_used(session, Claimed(ID, 1), now=now)
        device = await session.scalar(select(Device))
        assert device is not None

    async def rotate_now() -> None:
        async with database.session() as session:
            await rotation.rotate(session, ID, keys=KEYS, topics=TOPICS, now=now, **WHO)

    with pytest.raises(NoSettingsError):
        await rotate_now()
    async with database.session() as session:
        await session.execute(text("UPDATE devices SET protocol = 2"))
        long = {f"setting_{number}": "x" * 80 for number in range(9)}
        await clock_settings.want(session, ID, long, topics=TOPICS, now=now, **WHO)
    with pytest.raises(BadSettingsError):
        await rotate_now()
    async with database.session() as session:
        assert [one.generation for one in await clock_credentials.load_valid(session)] == [1]
        await clock_settings.want(session, ID, {}, topics=TOPICS, now=now, **WHO)
    await rotate_now()
    with pytest.raises(RotationWaitsError):
        await rotate_now()


@pytest.mark.parametrize(
    ("result", "settings", "used"),
    [
        ("current", {"mqtt_username": f"{ID}-7"}, Claimed(ID, 7)),
        ("applied", {"mqtt_username": f"{ID}-7"}, None),  # said over the old connection
        ("current", {"mqtt_username": "b2b2b2-7"}, None),
        ("current", {"mqtt_username": "skiclock"}, None),
        ("current", {"mqtt_username": 7}, None),
        ("current", None, None),
    ],
)
def test_use_is_what_a_clock_says_of_itself_once_it_has_connected(
    result: str, settings: dict[str, Any] | None, used: Claimed | None
) -> None:
    report = ConfigReport(device_id=ID, version=3, result=result, settings=settings)
    assert rotation.used_by(report) == used
