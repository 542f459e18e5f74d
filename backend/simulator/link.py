"""One clock's connection to the broker."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

from backend.contract.limits import KEEP_ALIVE_S
from backend.contract.topics import Topics
from backend.simulator.clock import Packet

DROP_TIMEOUT_S = 2
_BAD_CREDENTIALS = {4, 5, 134, 135}  # MQTT 3.1.1's return codes, and MQTT 5's reasons for them


class LinkLostError(Exception):
    """The broker cannot be reached, or is gone."""


class BrokerRefusedError(Exception):
    """The broker does not take user name and password."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the clocks connect. `tls` None: plain."""

    host: str
    port: int
    username: str
    password: str
    tls: ssl.SSLContext | None = None


class Link:
    """An open connection."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client
        self.is_dropped = False

    async def publish(self, packet: Packet) -> bool:
        """Send with QoS 0. False when the connection is gone: the clock's library says no more."""
        try:
            await self._client.publish(packet.topic, packet.payload, qos=packet.qos)
        except aiomqtt.MqttError:
            return False
        return True

    async def next_packet(self, timeout_s: float) -> Packet | None:
        """Wait for what the broker sends; None after `timeout_s`. Raises LinkLostError."""
        try:
            async with asyncio.timeout(max(0.0, timeout_s)):
                message = await anext(self._client.messages)
        except TimeoutError:
            return None
        except aiomqtt.MqttError as error:
            raise LinkLostError(str(error)) from error
        payload = message.payload if isinstance(message.payload, bytes) else b""
        return Packet(str(message.topic), payload, message.qos)

    async def drop(self) -> None:
        """Vanish without a word, as a clock does that restarts or loses its network."""
        self.is_dropped = True
        # aiomqtt only knows polite ends; the client beneath it gives its socket.
        open_socket = self._client._client.socket()
        if isinstance(open_socket, socket.socket):
            open_socket.shutdown(socket.SHUT_RDWR)
        # Closing before the client has noticed makes it write to a socket that is no more.
        with suppress(LinkLostError):
            while await self.next_packet(DROP_TIMEOUT_S) is not None:
                continue


@asynccontextmanager
async def connect(broker: Broker, topics: Topics, device_id: str) -> AsyncIterator[Link]:
    """Connect as a v1 clock does: MQTT 3.1.1, clean session, its two subscriptions.

    Raises LinkLostError, BrokerRefusedError.
    """
    client = aiomqtt.Client(
        broker.host,
        broker.port,
        identifier=f"SkiClock-{device_id}",
        username=broker.username,
        password=broker.password,
        tls_context=broker.tls,
        keepalive=KEEP_ALIVE_S,
        clean_session=True,
        protocol=aiomqtt.ProtocolVersion.V311,
    )
    link = Link(client)
    try:
        async with client:
            await client.subscribe(
                [(topics.version_response(device_id), 1), (topics.version_updates, 0)]
            )
            yield link
    except aiomqtt.MqttError as error:
        if link.is_dropped:
            return
        if isinstance(error, aiomqtt.MqttCodeError) and _code(error) in _BAD_CREDENTIALS:
            raise BrokerRefusedError(str(error)) from error
        raise LinkLostError(str(error)) from error


def _code(error: aiomqtt.MqttCodeError) -> int | None:
    return error.rc.value if isinstance(error.rc, ReasonCode) else error.rc
