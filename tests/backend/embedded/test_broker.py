"""The embedded broker: who gets in, who may say and hear what, and what is never lost."""

import asyncio
import os
import signal
import socket
import ssl
import stat
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiomqtt
import paho.mqtt.client as paho
import psutil
import pytest

from backend.contract.topics import Kind, Order, Topics
from backend.embedded.broker import (
    BrokerUser,
    EmbeddedBroker,
    clock_user,
    server_user,
    shared_clock_user,
)
from backend.embedded.broker_users import subjects_of
from backend.embedded.certificates import Certificates, ensure_certificates
from backend.embedded.errors import (
    DuplicateUserError,
    FolderInUseError,
    PortTakenError,
    UnusablePasswordError,
)
from backend.embedded.mqtt_probe import Answer, ask
from backend.embedded.store_limits import STORE_LIMITS

ROOT = Path(__file__).parents[3]
SERVER = server_user("server", "server's secret", "skiclock")
CLOCKS = shared_clock_user("clocks", "clocks' secret", "skiclock")


REFUSED = r"(?i)not authorized|bad user name or password"


def make(folder: Path, users: Sequence[BrokerUser] = (SERVER, CLOCKS)) -> EmbeddedBroker:
    return EmbeddedBroker(
        folder / "broker", port=0, tls_port=0, users=users, certificates=certificates(folder)
    )


def certificates(folder: Path, now: datetime | None = None) -> Certificates:
    return ensure_certificates(folder / "tls", names=[], now=now or datetime.now(UTC))


@asynccontextmanager
async def running(
    folder: Path, users: Sequence[BrokerUser] = (SERVER, CLOCKS)
) -> AsyncIterator[EmbeddedBroker]:
    broker = make(folder, users)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


@asynccontextmanager
async def supervised(broker: EmbeddedBroker) -> AsyncIterator[None]:
    task = asyncio.create_task(broker.supervise())
    yield
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.fixture
async def broker(folder: Path) -> AsyncIterator[EmbeddedBroker]:
    async with running(folder) as running_broker:
        yield running_broker


def plain(broker: EmbeddedBroker, user: BrokerUser, **options: object) -> aiomqtt.Client:
    return aiomqtt.Client(
        "127.0.0.1", broker.port, username=user.name, password=user.password, **options
    )


def over_tls(
    broker: EmbeddedBroker, folder: Path, user: BrokerUser, **options: object
) -> aiomqtt.Client:
    return aiomqtt.Client(
        "localhost",
        broker.tls_port,
        username=user.name,
        password=user.password,
        tls_context=ssl.create_default_context(cafile=str(folder / "tls" / "ca.pem")),
        **options,
    )


async def take(client: aiomqtt.Client, count: int = 1, within_s: float = 10) -> list[str]:
    """Return the topics and texts of the next messages."""
    found: list[str] = []
    async with asyncio.timeout(within_s):
        async for message in client.messages:
            found.append(f"{message.topic} {bytes(message.payload).decode()}")
            if len(found) == count:
                break
    return found


async def retained(client: aiomqtt.Client, topic: str) -> str:
    """Return a topic's retained text; the broker has it a moment after it was acknowledged."""
    heard = asyncio.create_task(take(client))
    async with asyncio.timeout(15):
        while not heard.done():
            await client.subscribe(topic)
            await asyncio.wait([heard], timeout=0.1)
    return (await heard)[0].removeprefix(f"{topic} ")


def lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


async def until(condition: Callable[[], bool], within_s: float = 15) -> None:
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.02)


# Who gets in


@pytest.mark.parametrize(
    ("name", "password"),
    [("clocks", "wrong"), ("clocks", ""), ("nobody", "clocks' secret"), ("", "")],
)
async def test_wrong_name_or_password_is_refused(
    broker: EmbeddedBroker, folder: Path, name: str, password: str
) -> None:
    stranger = BrokerUser(name, password, (), ())
    for client in (plain(broker, stranger), over_tls(broker, folder, stranger)):
        with pytest.raises(aiomqtt.MqttError, match=REFUSED):
            async with client:
                pass


async def test_client_without_name_and_password_is_refused(broker: EmbeddedBroker) -> None:
    with pytest.raises(aiomqtt.MqttError, match=REFUSED):
        async with aiomqtt.Client("127.0.0.1", broker.port):
            pass


AWKWARD = [
    'quo"te',
    "back\\slash\\n",
    "$HOME",
    "$2a$",
    "a b\tc",
    "åäö € 雪 \U0001f3bf",
    "{a: [1, 2]} # no comment // either",
    "include ./other.conf",
    "'single'",
    "12345",
    "true",
    "\x01\x7f\x1b",
    "p" * 70,
]


async def test_any_name_and_password_is_read_as_it_stands(folder: Path) -> None:
    users = [BrokerUser(f"user {text}", text, (), ()) for text in AWKWARD]
    async with running(folder, users) as broker:
        context = ssl.create_default_context(cafile=str(folder / "tls" / "ca.pem"))
        for user in users:
            right = (user.name, user.password)
            assert await ask("127.0.0.1", broker.port, *right) is Answer.ACCEPTED
            assert await ask("127.0.0.1", broker.tls_port, *right, tls=context) is Answer.ACCEPTED
            assert await ask("127.0.0.1", broker.port, user.name, "x") is Answer.REFUSED


async def test_users_that_the_broker_would_misread_are_refused(
    broker: EmbeddedBroker,
) -> None:
    odd = BrokerUser("odd", "$2a$10$abc", (), ())
    with pytest.raises(UnusablePasswordError, match="'odd'"):
        await broker.set_users([SERVER, odd])
    with pytest.raises(DuplicateUserError, match="'server'"):
        await broker.set_users([SERVER, replace(CLOCKS, name="server")])
    async with plain(broker, CLOCKS):  # nothing was changed
        pass


async def test_passwords_are_in_files_for_their_owner_alone(
    broker: EmbeddedBroker, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stat.S_IMODE((folder / "broker").stat().st_mode) == 0o700
    for file in (folder / "broker").iterdir():
        if file.is_file():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    for log in (folder / "broker").glob("*.log"):
        assert "secret" not in log.read_text()
    for pid in broker.pids:
        process = psutil.Process(pid)
        assert set(process.environ()) <= {"PATH", "GOGC", "LC_CTYPE"}
        assert "secret" not in " ".join(process.cmdline())


# Where it listens


async def test_only_the_tls_port_is_open_to_the_network(broker: EmbeddedBroker) -> None:
    listening = {
        (connection.laddr.ip, connection.laddr.port)
        for pid in broker.pids
        for connection in psutil.Process(pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert ("127.0.0.1", broker.port) in listening
    open_to_all = {port for ip, port in listening if ip not in ("127.0.0.1", "::1")}
    assert open_to_all == {broker.tls_port}


async def test_nobody_speaks_nats_to_it(broker: EmbeddedBroker) -> None:
    ports = {
        connection.laddr.port
        for pid in broker.pids
        for connection in psutil.Process(pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    } - {broker.port, broker.tls_port}
    assert len(ports) == 3  # NATS's own port of each process, and the link between them
    for port in ports:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        login = f'{{"user":"{SERVER.name}","pass":"{SERVER.password}","verbose":true}}'
        writer.write(f"CONNECT {login}\r\nPING\r\n".encode())
        async with asyncio.timeout(10):
            said = await reader.read()  # until the broker closes
        assert b"-ERR" in said
        assert b"PONG" not in said
        writer.close()


async def test_tls_holds_for_our_authority_and_for_no_other(
    broker: EmbeddedBroker, folder: Path
) -> None:
    context = ssl.create_default_context(cafile=str(folder / "tls" / "ca.pem"))
    _, writer = await asyncio.open_connection("localhost", broker.tls_port, ssl=context)
    tls = writer.get_extra_info("ssl_object")
    assert tls.version() == "TLSv1.3"
    writer.close()
    other = ensure_certificates(folder / "other", names=[], now=datetime.now(UTC))
    context = ssl.create_default_context(cafile=str(other.ca_file))
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.open_connection("localhost", broker.tls_port, ssl=context)


async def test_old_clock_gets_tls_1_2(broker: EmbeddedBroker, folder: Path) -> None:
    context = ssl.create_default_context(cafile=str(folder / "tls" / "ca.pem"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")  # what BearSSL and mbedTLS have
    _, writer = await asyncio.open_connection("localhost", broker.tls_port, ssl=context)
    assert writer.get_extra_info("ssl_object").version() == "TLSv1.2"
    writer.close()


async def test_port_of_another_program_is_named_with_its_setting(folder: Path) -> None:
    for host, option, setting in (
        ("127.0.0.1", "port", "EMBEDDED_MQTT_PORT"),
        ("0.0.0.0", "tls_port", "EMBEDDED_MQTT_TLS_PORT"),
    ):
        with socket.create_server((host, 0)) as other:
            taken = other.getsockname()[1]
            ports = {"port": 0, "tls_port": 0, option: taken}
            broker = EmbeddedBroker(
                folder / "broker", users=[], certificates=certificates(folder), **ports
            )
            text = f"Port {taken} is taken by another program. Set {setting} to a free one."
            with pytest.raises(PortTakenError, match=text):
                await broker.start()
            assert broker.pids == ()


async def test_two_brokers_run_side_by_side_but_not_in_one_folder(folder: Path) -> None:
    async with running(folder / "a") as one, running(folder / "b") as other:
        assert len({one.port, one.tls_port, other.port, other.tls_port}) == 4
        async with plain(one, SERVER) as here, plain(other, SERVER) as there:
            await here.subscribe("skiclock/#")
            await there.publish("skiclock/heartbeat", "there")
            await here.publish("skiclock/heartbeat", "here")
            assert await take(here) == ["skiclock/heartbeat here"]
        with pytest.raises(FolderInUseError, match="in use by another skiclock"):
            await make(folder / "a").start()
        async with plain(one, SERVER):
            pass


# Who may say and hear what


@pytest.mark.parametrize(
    ("topic_filter", "subjects"),
    [
        ("skiclock/heartbeat", ("skiclock.heartbeat",)),
        ("skiclock/heartbeat/+", ("skiclock.heartbeat.*",)),
        ("+/ota/+", ("*.ota.*",)),
        ("skiclock/#", ("skiclock", "skiclock.>")),
        ("#", (">",)),
        ("site.a/clock", ("site//a.clock",)),
        ("a$b/c'd", ("a$b.c'd",)),
    ],
)
def test_topic_filter_means_these_subjects(topic_filter: str, subjects: tuple[str, ...]) -> None:
    assert subjects_of(topic_filter) == subjects


@pytest.mark.parametrize(
    "topic_filter",
    ["", "a//b", "/a", "a/", "a/#/b", "a+/b", "a#", "a b", "a/*", "a/>", "a\n", "a\0"],
)
def test_filter_that_cannot_be_kept_to_is_refused(topic_filter: str) -> None:
    with pytest.raises(ValueError, match="not a topic filter"):
        subjects_of(topic_filter)


async def test_clock_says_only_what_clocks_say(broker: EmbeddedBroker, folder: Path) -> None:
    async with plain(broker, SERVER) as server, over_tls(broker, folder, CLOCKS) as clock:
        await server.subscribe("skiclock/#", 1)
        refused = [
            "skiclock/version/updates",
            "skiclock/command/a1",
            "skiclock/heartbeat/a1/b",
            "x",
        ]
        allowed = [
            "skiclock/heartbeat",
            "skiclock/heartbeat/a1",
            "skiclock/version/request",
            "skiclock/version/request/a1",
            "skiclock/ota/start",
            "skiclock/ota/progress/a1",
            "skiclock/ota/complete",
            "skiclock/status/a1",
            "skiclock/info/a1",
        ]
        for qos in (0, 1):
            for topic in (*refused, *allowed):
                await clock.publish(topic, f"{qos}", qos)
        heard = await take(server, 2 * len(allowed))
        assert sorted(heard) == sorted(f"{topic} {qos}" for topic in allowed for qos in (0, 1))


async def test_clock_hears_only_what_clocks_hear(broker: EmbeddedBroker, folder: Path) -> None:
    for client in (plain(broker, CLOCKS), over_tls(broker, folder, CLOCKS)):
        async with client as clock:
            for topic in ("version/response/a1", "version/updates", "command/a1", "ack/a1"):
                granted = await clock.subscribe(f"skiclock/{topic}", 1)
                assert [code.is_failure for code in granted] == [False], topic
            for topic in ("skiclock/#", "#", "skiclock/heartbeat", "+/heartbeat", "$SYS/#"):
                granted = await clock.subscribe(topic, 0)
                assert [code.is_failure for code in granted] == [True], topic


async def test_user_without_filters_may_nothing(folder: Path) -> None:
    mute = BrokerUser("mute", "secret", (), ())
    async with (
        running(folder, [SERVER, mute]) as broker,
        plain(broker, SERVER) as server,
        plain(broker, mute) as other,
    ):
        await server.subscribe("skiclock/#")
        assert (await other.subscribe("skiclock/heartbeat"))[0].is_failure
        await other.publish("skiclock/heartbeat", "mute")
        await server.publish("skiclock/heartbeat", "server")
        assert await take(server) == ["skiclock/heartbeat server"]


async def test_messages_pass_between_both_ports_in_both_directions(
    broker: EmbeddedBroker, folder: Path
) -> None:
    async with plain(broker, SERVER) as server, over_tls(broker, folder, CLOCKS) as clock:
        await server.subscribe("skiclock/heartbeat", 1)
        await clock.subscribe("skiclock/version/response/a1", 1)
        for qos in (0, 1):
            await clock.publish("skiclock/heartbeat", f"up {qos}", qos)
            assert await take(server) == [f"skiclock/heartbeat up {qos}"]
            await server.publish("skiclock/version/response/a1", f"down {qos}", qos)
            assert await take(clock) == [f"skiclock/version/response/a1 down {qos}"]


async def test_second_client_of_the_same_id_takes_over(
    broker: EmbeddedBroker, folder: Path
) -> None:
    async with (
        over_tls(broker, folder, CLOCKS, identifier="SkiClock-a1") as first,
        over_tls(broker, folder, CLOCKS, identifier="SkiClock-a1") as second,
        plain(broker, SERVER) as server,
    ):
        await second.subscribe("skiclock/version/updates", 1)
        with pytest.raises(aiomqtt.MqttError, match=r"(?i)disconnected"):
            await take(first)
        await server.publish("skiclock/version/updates", "news", 1)
        assert await take(second) == ["skiclock/version/updates news"]


async def test_last_will_is_said_and_retained(broker: EmbeddedBroker, folder: Path) -> None:
    will = aiomqtt.Will("skiclock/status/a1", "offline", 1, retain=True)
    async with plain(broker, SERVER) as server:
        await server.subscribe("skiclock/status/+", 1)
        clock = over_tls(broker, folder, CLOCKS, identifier="SkiClock-a1", will=will)
        await clock.__aenter__()
        clock._client.socket().shutdown(socket.SHUT_RDWR)  # as when its power is cut
        assert await take(server) == ["skiclock/status/a1 offline"]
        await clock.__aexit__(None, None, None)
    async with plain(broker, SERVER) as later:
        assert await retained(later, "skiclock/status/a1") == "offline"


# Users change while it runs


async def test_new_users_get_in_and_others_keep_their_connections(
    broker: EmbeddedBroker, folder: Path
) -> None:
    own = BrokerUser("a1", "own", ("skiclock/heartbeat/a1",), ("skiclock/command/a1",))
    async with plain(broker, SERVER) as server, over_tls(broker, folder, CLOCKS) as clock:
        await server.subscribe("skiclock/#", 1)
        await broker.set_users([SERVER, CLOCKS, own])
        async with over_tls(broker, folder, own) as a1:
            await a1.subscribe("skiclock/command/a1", 1)
            await a1.publish("skiclock/heartbeat/b2", "not mine", 1)
            await a1.publish("skiclock/heartbeat/a1", "mine", 1)
            await clock.publish("skiclock/heartbeat", "still here", 1)
            heard = await take(server, 2)
            assert sorted(heard) == ["skiclock/heartbeat still here", "skiclock/heartbeat/a1 mine"]
            await server.publish("skiclock/command/a1", "do", 1)
            assert (await take(server), await take(a1)) == (
                ["skiclock/command/a1 do"],
                ["skiclock/command/a1 do"],
            )


async def test_removed_user_is_cut_off(broker: EmbeddedBroker, folder: Path) -> None:
    clock = over_tls(broker, folder, CLOCKS)
    await clock.__aenter__()
    async with plain(broker, SERVER):
        await broker.set_users([SERVER, replace(CLOCKS, password="another")])
        with pytest.raises(aiomqtt.MqttError):
            await take(clock)
        with pytest.raises(aiomqtt.MqttError, match=REFUSED):
            async with over_tls(broker, folder, CLOCKS):
                pass
    await clock.__aexit__(None, None, None)


async def test_renewed_certificate_is_shown_after_users_are_set(
    broker: EmbeddedBroker, folder: Path
) -> None:
    async def shown() -> bytes | None:
        context = ssl.create_default_context(cafile=str(folder / "tls" / "ca.pem"))
        _, writer = await asyncio.open_connection("localhost", broker.tls_port, ssl=context)
        tls = writer.get_extra_info("ssl_object")
        writer.close()
        return bytes(tls.getpeercert(binary_form=True))

    before = await shown()
    async with over_tls(broker, folder, CLOCKS) as clock:
        renewed = certificates(folder, datetime.now(UTC) - timedelta(days=2))
        ensure_certificates(folder / "tls", names=["new.example"], now=datetime.now(UTC))
        await broker.set_users([SERVER, CLOCKS])
        assert await shown() != before
        assert renewed.ca_file.exists()
        await clock.publish("skiclock/heartbeat", "still here", 1)


# Nothing acknowledged is lost


class Publisher:
    """A paho client that knows which of its messages the broker acknowledged."""

    def __init__(self, port: int, in_flight: int = 500) -> None:
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="publisher")
        self._client.username_pw_set(CLOCKS.name, CLOCKS.password)
        self._client.max_inflight_messages_set(in_flight)
        self._client.on_publish = self._acknowledged
        self._client.connect("127.0.0.1", port)
        self._client.on_disconnect = self._disconnected
        self._numbers: dict[int, int] = {}
        self._mids: set[int] = set()
        self.was_cut_off = False

    def send(self, count: int, padding: str = "") -> None:
        for number in range(count):
            info = self._client.publish("skiclock/heartbeat", f"{number}{padding}", 1)
            self._numbers[number] = info.mid
        self._client.loop_start()

    def _disconnected(self, *_: object) -> None:
        self.was_cut_off = True

    def _acknowledged(self, _client: object, _data: object, mid: int, *_: object) -> None:
        self._mids.add(mid)

    def leave(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def acknowledged(self) -> set[int]:
        return {number for number, mid in self._numbers.items() if mid in self._mids}

    @property
    def acknowledged_count(self) -> int:
        return len(self._mids)


@asynccontextmanager
async def durable_subscriber(broker: EmbeddedBroker) -> AsyncIterator[aiomqtt.Client]:
    async with plain(broker, SERVER, identifier="server", clean_session=False) as client:
        yield client


async def heard_numbers(broker: EmbeddedBroker, wanted: set[int]) -> set[int]:
    heard: set[int] = set()
    async with durable_subscriber(broker) as subscriber, asyncio.timeout(50):
        async for message in subscriber.messages:
            heard.add(int(bytes(message.payload)))
            if wanted <= heard:
                break
    return heard


async def test_publisher_that_leaves_at_once_loses_nothing(broker: EmbeddedBroker) -> None:
    async with durable_subscriber(broker) as subscriber:
        await subscriber.subscribe("skiclock/heartbeat", 1)
    publisher = Publisher(broker.port)
    publisher.send(10_000)
    await until(lambda: publisher.acknowledged_count == 10_000, within_s=60)
    publisher.leave()
    everything = set(range(10_000))
    assert await heard_numbers(broker, everything) == everything


async def test_broker_killed_in_a_burst_comes_back_with_all_it_acknowledged(
    broker: EmbeddedBroker,
) -> None:
    async with durable_subscriber(broker) as subscriber:
        await subscriber.subscribe("skiclock/heartbeat", 1)
    hub = broker.pids[0]
    async with supervised(broker):
        publisher = Publisher(broker.port)
        publisher.send(4000)
        await until(lambda: publisher.acknowledged_count >= 1000)
        os.kill(hub, signal.SIGKILL)
        publisher.leave()
        acknowledged = publisher.acknowledged
        assert 1000 <= len(acknowledged) < 4000
        await until(lambda: len(broker.pids) == 2 and broker.pids[0] != hub)
        assert await heard_numbers(broker, acknowledged) >= acknowledged


async def test_clocks_on_tls_live_through_a_crash_of_the_hub(
    broker: EmbeddedBroker, folder: Path
) -> None:
    hub = broker.pids[0]
    async with supervised(broker), over_tls(broker, folder, CLOCKS) as clock:
        await clock.subscribe("skiclock/version/updates", 1)
        await clock.subscribe("skiclock/command/+", 1)
        os.kill(hub, signal.SIGKILL)
        await until(lambda: len(broker.pids) == 2 and broker.pids[0] != hub)
        async with plain(broker, SERVER) as server:
            await server.subscribe("skiclock/heartbeat", 1)
            async with asyncio.timeout(10):  # until the link is there again
                while not server._queue.qsize():
                    await clock.publish("skiclock/heartbeat", "alive")
                    await asyncio.sleep(0.05)
            await server.publish("skiclock/version/updates", "news", 1)
            assert await take(clock) == ["skiclock/version/updates news"]
            await server.publish("skiclock/command/a1", "kept", 1, retain=True)
            assert await take(clock) == ["skiclock/command/a1 kept"]
        async with over_tls(broker, folder, CLOCKS) as another:
            assert await retained(another, "skiclock/command/a1") == "kept"


async def test_front_comes_back_after_a_crash_on_its_port(
    broker: EmbeddedBroker, folder: Path
) -> None:
    front, port = broker.pids[1], broker.tls_port
    async with supervised(broker):
        os.kill(front, signal.SIGKILL)
        await until(lambda: len(broker.pids) == 2 and broker.pids[1] != front)
        assert broker.tls_port == port
        async with over_tls(broker, folder, CLOCKS) as clock:
            await clock.publish("skiclock/heartbeat", "alive", 1)


async def test_both_killed_at_once_come_back_at_once(broker: EmbeddedBroker) -> None:
    async with supervised(broker):
        hub, front = broker.pids
        # The front first: its start must not keep the hub from starting.
        os.kill(front, signal.SIGKILL)
        os.kill(hub, signal.SIGKILL)
        await until(lambda: not {hub, front} & set(broker.pids))
        await until(lambda: len(broker.pids) == 2, within_s=6)


async def test_slow_reader_gets_everything(broker: EmbeddedBroker, folder: Path) -> None:
    """20 MB come while our link does not read: more than the sockets hold."""
    count, payload = 5000, "x" * 4000
    async with over_tls(broker, folder, CLOCKS) as clock:
        reader, writer = await asyncio.open_connection("127.0.0.1", broker.port, limit=1000)
        writer.write(connect_packet("slow", SERVER))
        assert await reader.readexactly(4) == b"\x20\x02\x00\x00"
        writer.write(b"\x82\x17\x00\x01\x00\x12skiclock/heartbeat\x00")
        assert await reader.readexactly(5) == b"\x90\x03\x00\x01\x00"
        for _ in range(count):
            await clock.publish("skiclock/heartbeat", payload)
        await asyncio.sleep(2)
        async with asyncio.timeout(20):
            for _ in range(count):
                await reader.readexactly(3 + 2 + 18 + len(payload))
        writer.close()


def connect_packet(client_id: str, user: BrokerUser) -> bytes:
    def text(value: str) -> bytes:
        return len(value).to_bytes(2, "big") + value.encode()

    body = text("MQTT") + b"\x04\xc2\x00\x3c"
    body += text(client_id) + text(user.name) + text(user.password)
    return bytes([0x10, len(body)]) + body


# A full store


async def test_full_store_refuses_publishers_until_its_reader_made_room(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STORE_LIMITS, "$MQTT_msgs", (1_000_000, "new"))
    async with running(folder) as broker:
        async with durable_subscriber(broker) as subscriber:
            await subscriber.subscribe("skiclock/heartbeat", 1)
        # What is acknowledged while a connection is being cut may not be read any more.
        publisher = Publisher(broker.port, in_flight=20)
        publisher.send(600, padding=" " * 4000)
        await until(lambda: publisher.was_cut_off)
        publisher.leave()
        acknowledged = publisher.acknowledged
        assert 100 < len(acknowledged) < 300
        assert await heard_numbers(broker, acknowledged) >= acknowledged
        async with plain(broker, CLOCKS) as clock:
            await clock.publish("skiclock/heartbeat", "1000", 1)


async def test_flood_of_retained_messages_locks_nobody_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STORE_LIMITS, "$MQTT_rmsgs", (100_000, "old"))
    async with running(folder) as broker:
        async with plain(broker, CLOCKS) as hostile:
            for number in range(200):
                await hostile.publish(f"skiclock/status/{number:x}", "x" * 4000, retain=True)
        async with plain(broker, CLOCKS) as clock, plain(broker, SERVER) as server:
            await clock.publish("skiclock/status/a1b2c3", "last", 1, retain=True)
            assert await retained(server, "skiclock/status/a1b2c3") == "last"


async def test_flood_of_sessions_locks_nobody_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STORE_LIMITS, "$MQTT_sess", (10_000, "old"))
    async with running(folder) as broker:
        for number in range(100):
            async with plain(broker, CLOCKS, identifier=f"made-up-{number}", clean_session=False):
                pass
        async with plain(broker, SERVER) as server, over_tls(broker, folder, CLOCKS) as clock:
            await clock.subscribe("skiclock/version/updates", 1)
            await server.publish("skiclock/version/updates", "news", 1)
            assert await take(clock) == ["skiclock/version/updates news"]


OWNER = """
import asyncio, sys
from pathlib import Path
from tests.backend.embedded.test_broker import make

async def main():
    broker = make(Path(sys.argv[1]))
    await broker.start()
    print("READY", broker.port, broker.tls_port, *broker.pids, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_killed_server_takes_the_broker_with_it_and_the_next_start_gets_its_ports(
    folder: Path,
) -> None:
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, str(folder), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout
    async for line in owner.stdout:
        if line.startswith(b"READY"):
            break
    port, tls_port, *pids = (int(part) for part in line.split()[1:])
    owner.kill()
    await owner.wait()
    broker = EmbeddedBroker(
        folder / "broker",
        port=port,
        tls_port=tls_port,
        users=[SERVER, CLOCKS],
        certificates=certificates(folder),
    )
    await broker.start()  # at once: the old processes still end
    assert not set(pids) & set(broker.pids)
    assert not [pid for pid in pids if lives(pid)]
    async with plain(broker, SERVER):
        pass
    await broker.stop()


async def test_stop_is_idempotent_and_ends_every_process(folder: Path) -> None:
    broker = make(folder)
    await broker.stop()
    await broker.start()
    pids = broker.pids
    assert len(pids) == 2
    await broker.stop()
    await broker.stop()
    assert broker.pids == ()
    assert not [pid for pid in pids if lives(pid)]


def one_clock(device_id: str) -> BrokerUser:
    return clock_user(f"{device_id}-1", f"{device_id}'s", Topics("skiclock").allowed_to(device_id))


async def test_clock_with_its_own_user_keeps_to_its_own_topics(folder: Path) -> None:
    mine, other = one_clock("a1"), one_clock("b2")
    async with (
        running(folder, [SERVER, mine, other]) as broker,
        plain(broker, SERVER) as server,
        over_tls(broker, folder, mine) as clock,
    ):
        await server.subscribe("skiclock/#", qos=1)
        for kind in Kind:
            await clock.publish(f"skiclock/{kind.value}/b2", "forged", qos=0)
            if kind.is_v1:
                await clock.publish(f"skiclock/{kind.value}", "forged", qos=0)
        for order in Order:
            await clock.publish(f"skiclock/{order.value}/a1", "forged", qos=0)
        for kind in Kind:
            await clock.publish(f"skiclock/{kind.value}/a1", "own", qos=0)
        assert set(await take(server, len(Kind))) == {
            f"skiclock/{kind.value}/a1 own" for kind in Kind
        }

        foreign = [f"skiclock/{order.value}/{who}" for order in Order for who in ("b2", "+", "#")]
        for topic in (*foreign, "#", "skiclock/#", "+/command/a1", "skiclock/heartbeat/a1"):
            granted = await clock.subscribe(topic, qos=1)
            assert [code.is_failure for code in granted] == [True], topic
        for topic in ("version/updates", *(f"{order.value}/a1" for order in Order)):
            granted = await clock.subscribe(f"skiclock/{topic}", qos=1)
            assert [code.is_failure for code in granted] == [False], topic
        await server.publish("skiclock/command/b2", "not for it", qos=1)
        await server.publish("skiclock/command/a1", "for it", qos=1)
        assert await take(clock) == ["skiclock/command/a1 for it"]


@pytest.mark.timeout(300)
async def test_ten_thousand_clocks_have_users_of_their_own(folder: Path) -> None:
    clocks = [one_clock(f"{number:x}") for number in range(1, 10_001)]
    async with running(folder) as broker:
        began = asyncio.get_running_loop().time()
        await broker.set_users([SERVER, *clocks])
        took_s = asyncio.get_running_loop().time() - began
        print(f"10,000 users in {took_s:.1f} s")
        async with over_tls(broker, folder, clocks[-1]) as last:
            await broker.set_users([SERVER, *clocks[1:]])
            await last.subscribe("skiclock/command/2710", qos=1)
        with pytest.raises(aiomqtt.MqttError, match=REFUSED):
            async with over_tls(broker, folder, clocks[0]):
                pass
        assert took_s < 120
