"""One rule on two brokers, mosquitto and ours: a clock says and hears what is its own."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiomqtt
import pytest
import pytest_asyncio

from backend import dynsec
from backend.contract.topics import Kind, Topics
from backend.dynsec import Dynsec, DynsecError
from backend.embedded.broker import EmbeddedBroker, server_user
from backend.embedded.broker_users import BrokerUser, clock_user
from backend.embedded.certificates import ensure_certificates
from backend.mqtt import BrokerAddress
from tests.backend.test_mqtt import is_open, until
from tests.ports import free_ports

TOPICS = Topics("skiclock")
ADMIN, PASSWORD = "server", "server's own"
OWN, OTHER = "a1", "b2"


def user(device_id: str, generation: int = 1) -> BrokerUser:
    name = f"{device_id}-{generation}"
    return clock_user(name, f"{name} secret", TOPICS.allowed_to(device_id))


@dataclass
class Broker:
    """A running broker, and how it is told of users."""

    port: int
    tell: "Tell"

    def client(self, name: str, password: str) -> aiomqtt.Client:
        return aiomqtt.Client("127.0.0.1", self.port, username=name, password=password)

    def clock(self, device_id: str, generation: int = 1) -> aiomqtt.Client:
        one = user(device_id, generation)
        return self.client(one.name, one.password)

    @property
    def address(self) -> BrokerAddress:
        return BrokerAddress("127.0.0.1", self.port, ADMIN, PASSWORD, None, "server")


class Tell:
    """Gives a broker its users."""

    async def __call__(self, users: Sequence[BrokerUser]) -> None:
        raise NotImplementedError


@dataclass
class TellMosquitto(Tell):
    dynsec: Dynsec

    async def __call__(self, users: Sequence[BrokerUser]) -> None:
        await self.dynsec.set_users(users)


@dataclass
class TellOurs(Tell):
    broker: EmbeddedBroker

    async def __call__(self, users: Sequence[BrokerUser]) -> None:
        await self.broker.set_users([server_user(ADMIN, PASSWORD, "skiclock"), *users])


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")
    assert found, f"{name} is missing"
    return found


def plugin() -> Path:
    name = "mosquitto_dynamic_security.so"
    return next(
        path for folder in ("/usr/lib", "/usr/local/lib") for path in Path(folder).rglob(name)
    )


@asynccontextmanager
async def mosquitto(folder: Path) -> AsyncIterator[Broker]:
    port = free_ports(1)[0]
    made = await asyncio.create_subprocess_exec(
        program("mosquitto_ctrl"), "dynsec", "init", folder / "dynsec.json", ADMIN, PASSWORD,
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert await made.wait() == 0
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\nuser root\n"
        f"plugin {plugin()}\nplugin_opt_config_file {folder / 'dynsec.json'}\n"
    )
    process = await asyncio.create_subprocess_exec(
        program("mosquitto"), "-c", config, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await until(lambda: is_open(port))
        broker = Broker(port, Tell())
        broker.tell = TellMosquitto(Dynsec(lambda: broker.address, "skiclock"))
        yield broker
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def ours(folder: Path) -> AsyncIterator[Broker]:
    embedded = EmbeddedBroker(
        folder,
        port=0,
        tls_port=0,
        users=[server_user(ADMIN, PASSWORD, "skiclock")],
        certificates=ensure_certificates(folder / "tls", names=[], now=datetime.now(UTC)),
    )
    await embedded.start()
    try:
        yield Broker(embedded.port, TellOurs(embedded))
    finally:
        await embedded.stop()


@pytest_asyncio.fixture(loop_scope="session", params=[mosquitto, ours], ids=["mosquitto", "ours"])
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Broker]:
    async with request.param(tmp_path) as broker:
        await broker.tell([user(OWN), user(OTHER)])
        yield broker


async def hears(client: aiomqtt.Client) -> list[str]:
    """Return the topics of what comes until the marker."""
    heard = []
    async with asyncio.timeout(30):
        async for message in client.messages:
            if str(message.topic) == "skiclock/heartbeat/marker":
                return heard
            heard.append(str(message.topic))
    raise AssertionError("the connection ended")


async def publish(client: aiomqtt.Client, topic: str) -> None:
    """Publish where one may not, as a clock that was broken into would."""
    await client.publish(topic, b"{}", 0)


async def test_clock_is_heard_on_its_own_topics_and_on_no_other(broker: Broker) -> None:
    forbidden = [TOPICS.of_clock(kind, OTHER) for kind in Kind]
    forbidden += [
        "skiclock/heartbeat",
        "skiclock/ota/complete",
        TOPICS.version_updates,
        f"skiclock/command/{OTHER}",
        f"skiclock/config/{OWN}",
        "other/topic",
    ]
    async with broker.client(ADMIN, PASSWORD) as server:
        await server.subscribe("skiclock/#", 1)
        for topic in forbidden:  # a broker may end the connection for it
            async with broker.clock(OWN) as clock:
                await publish(clock, topic)
        async with broker.clock(OWN) as clock:
            for kind in Kind:
                await clock.publish(TOPICS.of_clock(kind, OWN), b"{}", 1)
        await server.publish("skiclock/heartbeat/marker", b"{}", 1)
        assert await hears(server) == [TOPICS.of_clock(kind, OWN) for kind in Kind]


async def test_clock_hears_what_is_meant_for_it_and_for_no_other(broker: Broker) -> None:
    async with broker.client(ADMIN, PASSWORD) as server:
        for topic in ("skiclock/#", f"skiclock/config/{OTHER}", "skiclock/heartbeat/+", "#"):
            async with broker.clock(OWN) as clock:
                refused = False
                try:
                    granted = await clock.subscribe(topic, 1)
                    refused = all(int(getattr(code, "value", code)) >= 128 for code in granted)
                except aiomqtt.MqttError:
                    refused = True
                if not refused:  # some brokers say yes and then send nothing
                    await clock.subscribe(f"skiclock/config/{OWN}", 1)
                    await server.publish(f"skiclock/config/{OTHER}", b"secret", 1)
                    await server.publish(f"skiclock/config/{OWN}", b"own", 1)
                    async with asyncio.timeout(30):
                        message = await anext(aiter(clock.messages))
                    assert message.payload == b"own", topic
        async with broker.clock(OWN) as clock:
            await clock.subscribe(f"skiclock/config/{OWN}", 1)
            await clock.subscribe(TOPICS.version_updates, 1)
            await server.publish(f"skiclock/config/{OWN}", b"own", 1)
            await server.publish(TOPICS.version_updates, b"all", 1)
            async with asyncio.timeout(30):
                heard = [(await anext(aiter(clock.messages))).payload for _ in range(2)]
            assert sorted(heard) == [b"all", b"own"]


async def until_cut_off(client: aiomqtt.Client) -> None:
    """Wait until the broker ends a connection."""
    async with asyncio.timeout(60):
        with pytest.raises(aiomqtt.MqttError):
            await anext(aiter(client.messages))
    with contextlib.suppress(aiomqtt.MqttError):
        await client.__aexit__(None, None, None)


async def test_user_that_is_taken_away_is_cut_off_and_stays_out(broker: Broker) -> None:
    async with broker.clock(OWN) as kept:
        other = broker.clock(OTHER)
        await other.__aenter__()
        await broker.tell([user(OWN), user(OWN, 2)])
        await until_cut_off(other)
        with pytest.raises(aiomqtt.MqttError):
            await broker.clock(OTHER).__aenter__()
        async with broker.clock(OWN, 2):
            await kept.publish(f"skiclock/heartbeat/{OWN}", b"{}", 1)


async def test_server_that_may_not_change_mosquittos_users_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mosquitto(tmp_path) as broker:
        await broker.tell([user(OWN)])
        await broker.tell([user(OWN)])  # again, as after a restart: nothing to do
        monkeypatch.setattr(dynsec, "ANSWER_WITHIN_S", 1.0)
        own = user(OWN)
        nobody = BrokerAddress("127.0.0.1", broker.port, own.name, own.password, None, "server")
        with pytest.raises(DynsecError, match="may MQTT_USERNAME change it"):
            await Dynsec(lambda: nobody, "skiclock").set_users([own])
