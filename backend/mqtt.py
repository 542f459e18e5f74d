"""The link to the broker: connect, subscribe, decode what comes, send what is to be said."""

import asyncio
import random
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import aiomqtt
import msgspec
import structlog
from paho.mqtt.client import error_string
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from backend.arrivals import Arrival, Arrivals
from backend.batch import Item
from backend.contract.decoding import decode
from backend.contract.messages import Problem, VersionResponse, encode
from backend.contract.topics import Kind, Order, Topics
from backend.db import sentence_of
from backend.diagnostics import Diagnostics
from backend.health import Health

log = structlog.get_logger(__name__)

CONNECT_TIMEOUT_S = 10
STABLE_AFTER_S = 60
RETRY_MIN_S, RETRY_MAX_S = 0.5, 10.0
SENDING_AT_ONCE = 20
OUTBOX_LIMIT = 50_000
INFLIGHT = 1000


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and who we are to it."""

    host: str
    port: int
    username: str
    password: str
    tls: ssl.SSLContext | None
    client_id: str


class Link:
    """Owns the connection: one task that receives, one that sends."""

    def __init__(
        self,
        address: Callable[[], BrokerAddress],
        topics: Topics,
        health: Health,
        diagnostics: Diagnostics,
        *,
        put: Callable[[Item], None],
    ) -> None:
        """`put` takes each decoded message; `address` is asked at every connect."""
        self._address = address
        self._topics = topics
        self._health = health
        self._diagnostics = diagnostics
        self._put = put
        self._client: aiomqtt.Client | None = None
        self._outbox: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(OUTBOX_LIMIT)
        self.connected = asyncio.Event()
        self.connections = 0
        """How often a connection was made."""

    async def run(self) -> None:
        """Stay connected until cancelled. The pause grows while connections do not last."""
        delay_s = RETRY_MIN_S
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await self._serve_connection()
            except (aiomqtt.MqttError, OSError, TimeoutError) as error:
                self._health.set_broker(ok=False, detail=_explain(error), now=_now())
            finally:
                self._client = None
                self.connected.clear()
            if asyncio.get_running_loop().time() - began > STABLE_AFTER_S:
                delay_s = RETRY_MIN_S
            await asyncio.sleep(delay_s * random.uniform(0.5, 1))  # noqa: S311 - jitter
            delay_s = min(delay_s * 2, RETRY_MAX_S)

    async def run_outbox(self) -> None:
        """Send answers until cancelled; a clock asks again for a lost one."""
        while True:
            self._send(*await self._outbox.get())
            for _ in range(min(self._outbox.qsize(), SENDING_AT_ONCE)):
                self._send(*self._outbox.get_nowait())
            await asyncio.sleep(0)  # reading and pages get their turn

    def answer(self, device_id: str, response: VersionResponse) -> None:
        """Send a version response soon. Dropped while the broker is away: the clock asks again."""
        self.tell(device_id, Order.VERSION_RESPONSE, response)

    def tell(self, device_id: str, order: Order, message: msgspec.Struct) -> None:
        """Send something to a clock soon. Dropped while the broker is away."""
        if not self.connected.is_set() or self._outbox.full():
            log.info("answer.dropped", device_id=device_id, order=order.value)
            return
        self._outbox.put_nowait((self._topics.to_clock(order, device_id), encode(message)))

    async def deliver(self, device_id: str, order: Order, message: msgspec.Struct) -> None:
        """Send something to a clock; returns once the broker has it.

        Raises aiomqtt.MqttError while the broker is away.
        """
        await self._deliver(self._topics.to_clock(order, device_id), encode(message))

    async def announce(self, payload: bytes) -> None:
        """Tell every clock that firmware was published; returns once the broker has it.

        Raises aiomqtt.MqttError while the broker is away.
        """
        await self._deliver(self._topics.version_updates, payload)

    async def _deliver(self, topic: str, payload: bytes) -> None:
        if self._client is None:
            raise aiomqtt.MqttError("not connected")
        await self._client.publish(topic, payload, qos=1)

    def _send(self, topic: str, payload: bytes) -> None:
        if self._client is None:
            return
        # aiomqtt would wait for the broker's acknowledgement, in a task for each answer; the
        # client beneath it keeps count of them by itself.
        info = self._client._client.publish(topic, payload, qos=1)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            log.warning("answer.lost", topic=topic, error=error_string(info.rc))

    async def _serve_connection(self) -> None:
        address = self._address()
        client = aiomqtt.Client(
            address.host,
            address.port,
            username=address.username,
            password=address.password,
            identifier=address.client_id,
            tls_context=address.tls,
            # The broker keeps what was published with QoS 1 while we are away.
            clean_session=False,
            timeout=CONNECT_TIMEOUT_S,
            max_inflight_messages=INFLIGHT,
            max_queued_outgoing_messages=OUTBOX_LIMIT,
        )
        self._prepare(client)
        async with client:
            granted = await client.subscribe([(t, 1) for t in self._topics.from_clocks()])
            if any(isinstance(code, ReasonCode) and code.is_failure for code in granted):
                raise aiomqtt.MqttError("it refuses our subscriptions; check its topic rules")
            self._client = client
            self.connections += 1
            self.connected.set()
            self._health.set_broker(ok=True, now=_now())
            log.info("broker.connected", host=address.host, port=address.port)
            async for _ in client.messages:  # until the connection is lost, which raises
                raise AssertionError("messages go another way")

    def _prepare(self, client: aiomqtt.Client) -> None:
        """Set what aiomqtt has no say over, on the client beneath it."""
        paho: Any = client._client
        # QoS 1 is acknowledged after the commit: what we crashed on comes again.
        paho.manual_ack_set(True)
        paho.disable_logger()
        paho.on_message = partial(self._take_from_client, paho)
        soon = asyncio.get_running_loop().call_soon
        opened: Any = paho.on_socket_open

        def on_socket_open(_client: Any, userdata: object, connection: Any) -> None:
            paho._sock = Arrivals(connection, lambda found: soon(self._take_all, paho, found))
            opened(paho, userdata, connection)

        paho.on_socket_open = on_socket_open

    def _take_from_client(self, paho: Any, _client: Any, _userdata: object, message: Any) -> None:
        """Hear of what Arrivals left to the client: a large message, or one of another QoS."""
        try:
            topic = message.topic.encode()
        except UnicodeDecodeError:  # paho hands over any bytes, and reads them when asked
            topic = b""
        arrival = Arrival(topic, message.payload, message.qos, message.retain, message.mid)
        self._take_all(paho, [arrival])

    def _take_all(self, paho: Any, arrivals: Sequence[Arrival]) -> None:
        now = _now()
        for arrival in arrivals:
            self._take(arrival, paho, now)

    def _take(self, arrival: Arrival, paho: Any, now: datetime) -> None:
        topic, payload, qos, retain, mid = arrival
        acknowledge = partial(paho.ack, mid, qos) if qos else None
        found = self._topics.kind_of(topic.decode(errors="replace"))
        if retain and (found is None or found[0] is not Kind.STATUS):
            # Kept by the broker from who knows when: no sign of life, and no news. A status is
            # retained on purpose: who subscribes late hears whether a clock is there.
            kind_name = found[0] if found else "?"
            self._diagnostics.note(kind_name, Problem.RETAINED, None, payload, now)
        elif found is None:
            self._diagnostics.note("?", Problem.UNKNOWN_TOPIC, None, payload, now)
        else:
            kind, topic_device_id = found
            decoded, problem = decode(kind, payload, topic_device_id)
            if problem is not None:
                device_id = decoded.device_id if decoded else topic_device_id
                self._diagnostics.note(kind, problem, device_id, payload, now)
            if decoded is not None:
                self._put(Item(decoded, now, acknowledge))
                return
        if acknowledge is not None:
            acknowledge()


def _explain(error: BaseException) -> str:
    text = sentence_of(error)
    if "Not authorized" in text or "bad user name" in text.lower():
        return f"The broker refused MQTT_USERNAME and MQTT_PASSWORD ({text})."
    if isinstance(error.__cause__ or error, ssl.SSLError):
        return f"The broker's certificate was not accepted; check MQTT_CA_FILE ({text})."
    return f"The broker cannot be reached ({text})."


def _now() -> datetime:
    return datetime.now(UTC)
