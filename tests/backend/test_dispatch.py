"""A server as it is wired, a real broker with its topic rules, and a v2 clock on it."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import aiomqtt
import pytest_asyncio
from sqlalchemy import text

from backend import clock_settings, commands, dispatch
from backend.app import Server, create_server, running
from backend.config import Settings
from backend.contract.orders import CommandName
from backend.embedded.broker import EmbeddedBroker, server_user, shared_clock_user
from backend.embedded.certificates import ensure_certificates
from backend.fleet import is_online
from backend.mqtt import BrokerAddress
from backend.surroundings import Surroundings
from tests.backend.ingest_parts import until

ID = "a1b2c3"


@pytest_asyncio.fixture(loop_scope="session")
async def broker(tmp_path: Path) -> AsyncIterator[EmbeddedBroker]:
    folder = tmp_path / "broker"
    broker = EmbeddedBroker(
        folder,
        port=0,
        tls_port=0,
        users=[
            server_user("server", "server's", "skiclock"),
            shared_clock_user("clocks", "clocks'", "skiclock"),
        ],
        certificates=ensure_certificates(folder / "tls", names=[], now=datetime.now(UTC)),
    )
    await broker.start()
    yield broker
    await broker.stop()


@asynccontextmanager
async def serving(settings: Settings, broker: EmbeddedBroker) -> AsyncIterator[Server]:
    surroundings = Surroundings(
        settings.database_url.get_secret_value(),
        lambda: BrokerAddress("127.0.0.1", broker.port, "server", "server's", None, "server"),
    )
    server = create_server(settings, surroundings)
    async with running(server), asyncio.timeout(60):
        await server.loaded.wait()
        await server.link.connected.wait()
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def server(settings: Settings, broker: EmbeddedBroker) -> AsyncIterator[Server]:
    async with serving(settings, broker) as server:
        yield server


class Clock:
    """A v2 clock: says what it is asked to, and hears its own topics."""

    def __init__(self, broker: EmbeddedBroker) -> None:
        self._client = aiomqtt.Client(
            "127.0.0.1",
            broker.port,
            username="clocks",
            password="clocks'",
            identifier=f"SkiClock-{ID}",
            will=aiomqtt.Will(f"skiclock/status/{ID}", self._status(False), 1, retain=True),
        )

    async def __aenter__(self) -> "Clock":
        await self._client.__aenter__()
        for topic in ("ack", "command", "config", "version/response"):
            await self._client.subscribe(f"skiclock/{topic}/{ID}", 1)
        await self._client.publish(f"skiclock/status/{ID}", self._status(True), 1, retain=True)
        return self

    async def __aexit__(self, *error: object) -> None:
        with contextlib.suppress(aiomqtt.MqttError):  # without power there is no goodbye
            await self._client.__aexit__(None, None, None)

    async def says(self, topic: str, **fields: Any) -> None:
        payload = json.dumps({"device_id": ID} | fields)
        await self._client.publish(f"skiclock/{topic}/{ID}", payload)

    async def beats(self, **fields: Any) -> None:
        said = {"board": "ESP32", "version": "2026.1.1.1", "uptime": 60, "protocol": 2}
        await self.says("heartbeat", **said | fields)

    async def hears(self) -> tuple[str, Any]:
        """Return what is said to it next: the topic's middle, and what was said."""
        async with asyncio.timeout(30):
            message = await anext(aiter(self._client.messages))
        assert not message.retain
        assert isinstance(message.payload, bytes)
        topic = str(message.topic).removeprefix("skiclock/").removesuffix(f"/{ID}")
        return topic, json.loads(message.payload)

    def lose_power(self) -> None:
        """End the connection without a word."""
        self._client._client.socket().shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _status(online: bool) -> str:
        return json.dumps({"device_id": ID, "online": online})


async def give(server: Server, name: CommandName, **arguments: Any) -> UUID:
    async with server.database.session() as session:
        (command_id,) = await commands.give(
            session, [ID], name, arguments, actor="x", address=None, now=datetime.now(UTC)
        )
    server.dispatcher.hurry()
    return command_id


async def command_state(server: Server) -> str:
    async with server.database.session() as session:
        return str(await session.scalar(text("SELECT state FROM commands")))


async def until_state(server: Server, state: str) -> None:
    async with asyncio.timeout(30):
        while await command_state(server) != state:
            await asyncio.sleep(0.02)


async def known(server: Server, clock: Clock, **fields: Any) -> None:
    await clock.beats(**fields)
    await until(lambda: ID in server.fleet.clocks)


def online(server: Server) -> bool:
    return is_online(
        server.fleet.clocks[ID], now=datetime.now(UTC), offline_after=timedelta(minutes=15)
    )


async def test_acknowledgements_reach_the_clock(server: Server, broker: EmbeddedBroker) -> None:
    async with Clock(broker) as clock:
        await clock.beats(ack=7)
        assert await clock.hears() == ("ack", {"heartbeat": 7})
        happening = {"seq": 3, "boot": 1, "up": 5, "kind": "boot"}
        await clock.says("event", events=[happening])
        assert await clock.hears() == ("ack", {"events": 3})
        session_id = str(UUID(int=7))
        await clock.says("ota/complete", success=True, final=True, session_id=session_id)
        assert await clock.hears() == ("ack", {"session_id": session_id})


async def test_v2_request_is_answered_in_v2s_words(server: Server, broker: EmbeddedBroker) -> None:
    async with Clock(broker) as clock:
        await clock.says("version/request", platform="esp32", current_version="v1.2.3", protocol=2)
        topic, answer = await clock.hears()
        assert topic == "version/response"
        assert (answer["protocol"], answer["update_available"]) == (2, False)


async def test_command_goes_out_and_its_result_comes_back(
    server: Server, broker: EmbeddedBroker
) -> None:
    async with Clock(broker) as clock:
        await known(server, clock)
        command_id = await give(server, CommandName.MESSAGE, text="Start 10:30", seconds=60)
        topic, command = await clock.hears()
        assert topic == "command"
        assert command.pop("expires_at") > datetime.now(UTC).timestamp()
        assert command == {
            "id": str(command_id),
            "command": "message",
            "text": "Start 10:30",
            "seconds": 60,
        }
        await until_state(server, "sent")
        await clock.says("command/result", id=str(command_id), result="done")
        await until_state(server, "done")


async def test_command_for_a_clock_that_is_away_reaches_it_when_it_comes_back(
    server: Server, broker: EmbeddedBroker
) -> None:
    async with Clock(broker) as clock:
        await known(server, clock)
    command_id = await give(server, CommandName.RESTART)
    await until_state(server, "sent")
    async with Clock(broker) as clock:
        topic, command = await clock.hears()
        assert (topic, command["id"]) == ("command", str(command_id))


async def test_command_given_while_the_broker_was_away_is_sent_later(
    server: Server, broker: EmbeddedBroker
) -> None:
    async with Clock(broker) as clock:
        await known(server, clock)
    await broker.stop()
    command_id = await give(server, CommandName.INFO)
    assert await command_state(server) == "waiting"
    await broker.start()
    await until_state(server, "sent")
    async with Clock(broker) as clock:
        topic, command = await clock.hears()
        assert (topic, command["id"]) == ("command", str(command_id))


async def test_command_that_was_committed_before_a_kill_is_sent_by_the_next_server(
    settings: Settings, broker: EmbeddedBroker
) -> None:
    async with serving(settings, broker) as server, Clock(broker) as clock:
        await known(server, clock)
        async with server.database.session() as session:  # and no word to the dispatcher
            await commands.give(
                session,
                [ID],
                CommandName.IDENTIFY,
                {"seconds": 20},
                actor="x",
                address=None,
                now=datetime.now(UTC),
            )
    async with Clock(broker) as clock, serving(settings, broker) as server:
        topic, command = await clock.hears()
        assert (topic, command["command"], command["seconds"]) == ("command", "identify", 20)
        await until_state(server, "sent")


async def test_settings_go_out_until_they_are_reported(
    server: Server, broker: EmbeddedBroker
) -> None:
    async with Clock(broker) as clock:
        await known(server, clock, config_version=3)
        async with server.database.session() as session:
            version = await clock_settings.want(
                session,
                ID,
                {"brightness": 40},
                topics=server.topics,
                actor="x",
                address=None,
                now=datetime.now(UTC),
            )
        server.fleet.want(ID, version)
        await clock.beats(config_version=3)
        assert await clock.hears() == ("config", {"version": 4, "settings": {"brightness": 40}})
        await clock.says("config/report", version=4, result="applied", settings={})
        await until(lambda: server.fleet.clocks[ID].config_version == 4)
        await clock.beats(config_version=4, ack=9)
        assert await clock.hears() == ("ack", {"heartbeat": 9})


async def test_clock_that_did_not_get_its_settings_is_sent_them_again(
    server: Server, broker: EmbeddedBroker, monkeypatch: Any
) -> None:
    monkeypatch.setattr(dispatch, "SETTINGS_AGAIN_AFTER", timedelta(0))
    async with Clock(broker) as clock:
        await known(server, clock, config_version=3)
        async with server.database.session() as session:
            await session.execute(
                text("INSERT INTO clock_settings SELECT id, 9, '{}', now(), 'x' FROM devices")
            )
        server.fleet.want(ID, 9)
        for _ in range(2):
            await clock.beats(config_version=3)
            assert await clock.hears() == ("config", {"version": 9, "settings": {}})


async def test_clock_without_power_is_gone_at_once_and_back_with_its_next_word(
    server: Server, broker: EmbeddedBroker
) -> None:
    clock = Clock(broker)
    async with clock:
        await known(server, clock)
        await until(lambda: server.fleet.clocks[ID].says_online is True)
        assert online(server)
        clock.lose_power()
        await until(lambda: server.fleet.clocks[ID].says_online is False)
        assert not online(server)
    async with Clock(broker) as clock:
        await clock.beats()
        await until(lambda: online(server))


async def test_retained_status_is_believed_by_the_next_server(
    settings: Settings, broker: EmbeddedBroker
) -> None:
    clock = Clock(broker)
    async with clock:
        async with serving(settings, broker) as server:
            await known(server, clock)
            await until(lambda: server.fleet.clocks[ID].says_online is True)
        clock.lose_power()
    async with serving(settings, broker) as server:
        await until(lambda: server.fleet.clocks[ID].says_online is False)
        assert not online(server)
        assert not server.diagnostics.counts


async def test_other_retained_messages_of_v2_are_not_taken(
    settings: Settings, broker: EmbeddedBroker
) -> None:
    async with Clock(broker) as clock:
        payload = json.dumps({"device_id": ID, "platform": "esp32"})
        await clock._client.publish(f"skiclock/info/{ID}", payload, 1, retain=True)
    async with serving(settings, broker) as server:
        await until(lambda: server.diagnostics.counts["info", "retained"] > 0)
        assert server.fleet.clocks == {}
