"""What the server tells a clock, and what it hears from one, with the clock's own software."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from backend import clock_settings, commands, reports
from backend.app import Server, create_server, running
from backend.config import Settings
from backend.contract.orders import CommandName
from backend.embedded.broker import EmbeddedBroker, server_user, shared_clock_user
from backend.embedded.certificates import ensure_certificates
from backend.fleet import Clock, is_online
from backend.mqtt import BrokerAddress
from backend.surroundings import Surroundings
from e2e.linux_clock import LinuxClock, Program, Programs, running_clock
from tests.backend.ingest_parts import until
from tests.conftest import clean_environment, postgres_url, settings, tmp_data

__all__ = ["clean_environment", "postgres_url", "settings", "tmp_data"]

# The first build takes a minute or two of a busy machine.
pytestmark = pytest.mark.timeout(900)
ID = "0de5"
PASSWORD = "clocks' own"


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    with TemporaryDirectory(prefix="skiclock-clock-") as folder:
        yield Programs(Path(folder)).make()


@pytest_asyncio.fixture(loop_scope="session")
async def broker(tmp_path: Path) -> AsyncIterator[EmbeddedBroker]:
    broker = EmbeddedBroker(
        tmp_path / "broker",
        port=0,
        tls_port=0,
        users=[
            server_user("server", "server's", "skiclock"),
            shared_clock_user("skiclock", PASSWORD, "skiclock"),
        ],
        certificates=ensure_certificates(tmp_path / "tls", names=[], now=datetime.now(UTC)),
    )
    await broker.start()
    yield broker
    await broker.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def server(settings: Settings, broker: EmbeddedBroker) -> AsyncIterator[Server]:
    settings.development = True
    address = BrokerAddress("127.0.0.1", broker.port, "server", "server's", None, "server")
    surroundings = Surroundings(settings.database_url.get_secret_value(), lambda: address)
    server = create_server(settings, surroundings)
    async with running(server):
        async with asyncio.timeout(60):
            await server.loaded.wait()
            await server.link.connected.wait()
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def clock(
    server: Server, broker: EmbeddedBroker, program: Program, tmp_path: Path
) -> AsyncIterator[LinuxClock]:
    """A clock that the server has heard."""
    shop: Any = SimpleNamespace(
        data=tmp_path,
        mqtt_tls_port=broker.tls_port,
        secrets={"mqtt_password": PASSWORD, "download_api_key": "not needed"},
    )
    url = "https://localhost:1"  # nothing is published, so nothing is downloaded
    async with running_clock(shop, url, program.path, ID, tmp_path / "flash") as clock:
        await until(lambda: ID in server.fleet.clocks and seen(server).is_v2, 120)
        yield clock


def seen(server: Server) -> Clock:
    return server.fleet.clocks[ID]


async def give(server: Server, name: CommandName, **arguments: Any) -> tuple[str, str | None]:
    """Give the clock a command; return what became of it, and its words on that."""
    async with server.database.session() as session:
        await commands.give(
            session, [ID], name, arguments, actor="x", address=None, now=datetime.now(UTC)
        )
    server.dispatcher.hurry()
    async with asyncio.timeout(60):
        while True:
            async with server.database.session() as session:
                row = (await commands.find_commands(session, ID, limit=1))[0]
            if row.ended_at is not None:
                return str(row.state), row.detail
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        (CommandName.IDENTIFY, {"seconds": 2}),
        (CommandName.MESSAGE, {"text": 'Start "10:30" Åre', "seconds": 2}),
        (CommandName.BRIGHTNESS, {"level": 40, "seconds": 2}),
        (CommandName.INFO, {}),
        (CommandName.CHECK, {}),
    ],
)
async def test_clock_does_what_it_is_told(
    server: Server, clock: LinuxClock, name: CommandName, arguments: dict[str, Any]
) -> None:
    assert (await give(server, name, **arguments))[0] == "done"


async def test_picture_of_the_panels_arrives(server: Server, clock: LinuxClock) -> None:
    assert (await give(server, CommandName.SNAPSHOT))[0] == "done"
    await until(lambda: server.snapshots.of(ID) is not None)
    picture = server.snapshots.of(ID)
    assert picture is not None
    assert (picture.width % 16, picture.height % 16) == (0, 0)
    assert len(picture.pixels) == picture.width * picture.height
    assert any(picture.pixels), "a clock shows something"


async def test_settings_are_applied_and_reported(server: Server, clock: LinuxClock) -> None:
    wanted = {"name": "Start", "brightness": 40}
    async with server.database.session() as session:
        version = await clock_settings.want(
            session,
            ID,
            wanted,
            topics=server.topics,
            actor="x",
            address=None,
            now=datetime.now(UTC),
        )
    server.fleet.want(ID, version)
    await until(lambda: seen(server).config_version == version, 60)
    async with asyncio.timeout(60):
        while True:
            async with server.database.session() as session:
                details = await reports.find_details(session, ID)
            if details is not None and details.report_version == version:
                break
            await asyncio.sleep(0.05)
    assert details.report_result in {"applied", "current"}
    assert details.report_settings is not None
    assert wanted.items() <= details.report_settings.items()
    assert "password" not in str(details.report_settings)


async def test_settings_that_the_clock_refuses_are_named(server: Server, clock: LinuxClock) -> None:
    async with server.database.session() as session:
        version = await clock_settings.want(
            session,
            ID,
            {"brightness": 4000},
            topics=server.topics,
            actor="x",
            address=None,
            now=datetime.now(UTC),
        )
    server.fleet.want(ID, version)
    await until(lambda: seen(server).refused_config == version, 60)
    async with server.database.session() as session:
        details = await reports.find_details(session, ID)
    assert details is not None
    assert details.report_field == "brightness"


async def test_clock_says_what_it_is_and_keeps_a_journal(server: Server, clock: LinuxClock) -> None:
    async with asyncio.timeout(60):
        while True:
            async with server.database.session() as session:
                details = await reports.find_details(session, ID)
                events = await reports.find_events(session, ID)
            if details is not None and details.info and events:
                break
            await asyncio.sleep(0.05)
    assert details.info["platform"] == "linux"
    assert "boot" in {one.kind for one in events}
    assert seen(server).says_online is True
    assert seen(server).trust == "verified"


async def test_restart_that_is_told_happens_once(server: Server, clock: LinuxClock) -> None:
    before = seen(server).uptime_s
    assert before is not None
    state, detail = await give(server, CommandName.RESTART)
    assert state == "done", detail
    restarted = datetime.now(UTC)
    await until(lambda: seen(server).last_seen > restarted + timedelta(seconds=1), 60)
    async with server.database.session() as session:
        events = await reports.find_events(session, ID, kinds=["boot"])
    boots = {one.boot for one in events}
    assert len(boots) <= 2, "the repeated command was obeyed again"


async def test_clock_that_ends_is_offline_at_once(server: Server, clock: LinuxClock) -> None:
    def online() -> bool:
        offline_after = timedelta(minutes=15)
        return is_online(seen(server), now=datetime.now(UTC), offline_after=offline_after)

    await until(online, 60)
    await clock.end()
    await until(lambda: not online(), 60)
    # Its own word, and not fifteen minutes of silence.
    assert seen(server).says_online is False
