"""The link against real brokers: the embedded one, and mosquitto as the external one."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiomqtt
import pytest
import pytest_asyncio

from backend.batch import Item
from backend.contract.messages import Heartbeat, OtaProgress, VersionResponse
from backend.contract.topics import Topics
from backend.diagnostics import Diagnostics
from backend.embedded.broker import BrokerUser, EmbeddedBroker
from backend.embedded.certificates import ensure_certificates
from backend.health import Health
from backend.mqtt import BrokerAddress, Link
from tests.ports import free_ports

TOPICS = Topics("skiclock")


@dataclass
class Broker:
    """A running broker, and how to end it and bring it back."""

    port: int
    stop: Callable[[], object]
    start: Callable[[], object]


@dataclass
class Bench:
    """A link to a broker, and what it received."""

    broker: Broker
    health: Health = field(default_factory=Health)
    diagnostics: Diagnostics = field(default_factory=Diagnostics)
    items: list[Item] = field(default_factory=list)

    def link(self, client_id: str = "skiclock-server-test") -> Link:
        address = BrokerAddress("127.0.0.1", self.broker.port, "server", "pw", None, client_id)
        return Link(lambda: address, TOPICS, self.health, self.diagnostics, put=self.items.append)

    @asynccontextmanager
    async def connected(self, link: Link | None = None) -> AsyncIterator[Link]:
        link = link or self.link()
        tasks = [asyncio.create_task(link.run()), asyncio.create_task(link.run_outbox())]
        try:
            async with asyncio.timeout(15):
                await link.connected.wait()
            yield link
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def clock(self, client_id: str = "SkiClock-a1b2c3") -> aiomqtt.Client:
        return aiomqtt.Client(
            "127.0.0.1",
            self.broker.port,
            username="clock",
            password="pw",
            identifier=client_id,
            keepalive=15,
        )

    async def heard(self, count: int) -> None:
        await until(lambda: len(self.items) >= count)


async def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


@pytest_asyncio.fixture(loop_scope="session", params=["embedded", "mosquitto"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    make = embedded if request.param == "embedded" else mosquitto
    async with make(tmp_path) as broker:
        yield Bench(broker)


@asynccontextmanager
async def embedded(folder: Path) -> AsyncIterator[Broker]:
    broker = EmbeddedBroker(
        folder / "broker",
        port=0,
        tls_port=0,
        users=[
            BrokerUser(name, "pw", ("skiclock/#",), ("skiclock/#",)) for name in ("server", "clock")
        ],
        certificates=ensure_certificates(folder / "tls", names=[], now=datetime.now(UTC)),
    )
    await broker.start()
    try:
        yield Broker(broker.port, broker.stop, broker.start)
    finally:
        await broker.stop()


@asynccontextmanager
async def mosquitto(folder: Path) -> AsyncIterator[Broker]:
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    port = free_ports(1)[0]
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    process: list[asyncio.subprocess.Process] = []

    async def start() -> None:
        process.append(
            await asyncio.create_subprocess_exec(
                program, "-c", str(config), stderr=asyncio.subprocess.DEVNULL
            )
        )
        await until(lambda: is_open(port))

    async def stop() -> None:
        process[-1].terminate()
        await process[-1].wait()

    await start()
    try:
        yield Broker(port, stop, start)
    finally:
        if process[-1].returncode is None:
            await stop()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_messages_on_both_kinds_of_topic_arrive_in_order(bench: Bench) -> None:
    async with bench.connected(), bench.clock() as clock:
        await clock.publish("skiclock/heartbeat", b'{"device_id":"a1b2c3","uptime":1}')
        await clock.publish("skiclock/heartbeat/a1b2c3", b'{"device_id":"a1b2c3","uptime":2}')
        await clock.publish("skiclock/ota/progress", b'{"device_id":"a1b2c3","progress":40}')
        await bench.heard(3)
    assert [item.message for item in bench.items] == [
        Heartbeat("a1b2c3", uptime=1),
        Heartbeat("a1b2c3", uptime=2),
        OtaProgress("a1b2c3", 40),
    ]


async def test_bad_input_is_counted_and_never_stops_the_stream(bench: Bench) -> None:
    hostile = [b"", b"\x00" * 50, b"[" * 4000, b"{" * 60_000, b'{"device_id":"a1","x":NaN', b"null"]
    async with bench.connected(), bench.clock() as clock:
        for payload in hostile:
            await clock.publish("skiclock/heartbeat", payload)
        await clock.publish("skiclock/heartbeat/NOTHEX", b"{}")
        await clock.publish("skiclock/heartbeat", b'{"device_id":"a1b2c3"}')
        await until(lambda: any(item.message.device_id == "a1b2c3" for item in bench.items))
    counts = bench.diagnostics.counts
    assert counts["heartbeat", "not_json"] == 4
    assert counts["heartbeat", "oversized"] == 1
    assert counts["heartbeat", "salvaged"] == 1
    assert counts["?", "unknown_topic"] == 1


async def test_answer_reaches_the_clock_as_exact_bytes(bench: Bench) -> None:
    async with bench.connected() as link, bench.clock() as clock:
        await clock.subscribe("skiclock/version/response/a1b2c3")
        link.answer("a1b2c3", VersionResponse("2026.1.1.2", "2026.1.1.1", True, "esp32"))
        async with asyncio.timeout(10):
            message = await anext(aiter(clock.messages))
    assert message.payload == (
        b'{"latest_version":"2026.1.1.2","current_version":"2026.1.1.1",'
        b'"update_available":true,"platform":"esp32"}'
    )


async def test_each_of_a_thousand_answers_at_once_reaches_its_clock(bench: Bench) -> None:
    names = [f"{number + 1:x}" for number in range(1000)]
    async with bench.connected() as link, bench.clock() as clock:
        await clock.subscribe("skiclock/version/response/+", qos=1)
        for name in names:
            link.answer(name, VersionResponse("2026.1.1.2", "2026.1.1.1", True, "esp32"))
        async with asyncio.timeout(30):
            topics = [str((await anext(aiter(clock.messages))).topic) for _ in names]
    assert sorted(topics) == sorted(f"skiclock/version/response/{name}" for name in names)


async def test_unacknowledged_message_comes_again_after_a_crash(bench: Bench) -> None:
    async with bench.connected(), bench.clock() as clock:
        await clock.publish("skiclock/ota/progress", b'{"device_id":"a1","progress":1}', qos=1)
        await bench.heard(1)
    assert bench.items.pop().acknowledge is not None, "received, and then we died"
    async with bench.connected():
        await bench.heard(1)
        item = bench.items.pop()
        assert item.message == OtaProgress("a1", 1)
        assert item.acknowledge is not None
        item.acknowledge()
        await asyncio.sleep(0.2)
    async with bench.connected(), bench.clock() as clock:
        await clock.publish("skiclock/ota/progress", b'{"device_id":"a1","progress":2}', qos=1)
        await bench.heard(1)
    assert [item.message for item in bench.items] == [OtaProgress("a1", 2)]


async def test_report_published_while_the_server_is_away_is_kept(bench: Bench) -> None:
    async with bench.connected():
        pass
    async with bench.clock() as clock:
        await clock.publish("skiclock/ota/progress", b'{"device_id":"a1","progress":7}', qos=1)
    async with bench.connected():
        await bench.heard(1)
    assert bench.items[0].message == OtaProgress("a1", 7)


async def test_broker_that_goes_and_comes_back_is_noted_and_rejoined(bench: Bench) -> None:
    async with bench.connected() as link:
        assert bench.health.broker.ok
        await bench.broker.stop()  # type: ignore[misc]
        await until(lambda: not bench.health.broker.ok)
        assert "cannot be reached" in bench.health.broker.detail
        link.answer("a1", VersionResponse("1", "1", False, "esp32"))
        await bench.broker.start()  # type: ignore[misc]
        await until(lambda: bench.health.broker.ok, 40)
        async with bench.clock() as clock:
            await clock.publish("skiclock/heartbeat", b'{"device_id":"a1b2c3"}')
            await bench.heard(1)


async def test_what_the_broker_retained_is_no_sign_of_life(bench: Bench) -> None:
    async with bench.clock() as clock:
        await clock.publish("skiclock/heartbeat", b'{"device_id":"dead"}', qos=1, retain=True)
    async with bench.connected(), bench.clock() as clock:
        await until(lambda: bench.diagnostics.counts["heartbeat", "retained"] >= 1)
        await clock.publish("skiclock/heartbeat", b'{"device_id":"a1b2c3"}')
        await bench.heard(1)
    assert [item.message for item in bench.items] == [Heartbeat("a1b2c3")]


async def test_wrong_password_is_told_in_words(tmp_path: Path) -> None:
    async with embedded(tmp_path) as broker:
        bench = Bench(broker)
        address = BrokerAddress("127.0.0.1", broker.port, "server", "wrong", None, "x")
        link = Link(
            lambda: address, TOPICS, bench.health, bench.diagnostics, put=bench.items.append
        )
        task = asyncio.create_task(link.run())
        await until(lambda: "refused MQTT_USERNAME" in bench.health.broker.detail)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert not link.connected.is_set()
