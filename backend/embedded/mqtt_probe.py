"""Whether a broker really answers: one MQTT connect and its answer."""

import asyncio
import secrets
import ssl
from enum import Enum

PROBE_TIMEOUT_S = 8.0
_CONNECT, _CONNACK, _DISCONNECT = 0x10, 0x20, b"\xe0\x00"
_CLEAN_WITH_USER_AND_PASSWORD = 0xC2
_MQTT_3_1_1 = 4


class Answer(Enum):
    """What came of a connect."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # a broker, but not with this user and password
    NOTHING = "no MQTT answer"  # nobody listens, or something else does


async def ask(
    host: str, port: int, user: str, password: str, *, tls: ssl.SSLContext | None = None
) -> Answer:
    """Connect as `user`, read the answer, and leave; over TLS for the name `localhost`."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            name = "localhost" if tls else None
            reader, writer = await asyncio.open_connection(
                host, port, ssl=tls, server_hostname=name
            )
            try:
                writer.write(_connect_packet(user, password))
                answer = await reader.readexactly(4)
                writer.write(_DISCONNECT)
                await writer.drain()
            finally:
                writer.close()
    except (OSError, asyncio.IncompleteReadError):
        return Answer.NOTHING
    if answer[0] != _CONNACK:
        return Answer.NOTHING
    return Answer.ACCEPTED if answer[3] == 0 else Answer.REFUSED


def _connect_packet(user: str, password: str) -> bytes:
    client_id = f"probe-{secrets.token_hex(8)}"
    header = _text("MQTT") + bytes([_MQTT_3_1_1, _CLEAN_WITH_USER_AND_PASSWORD, 0, 30])
    body = header + _text(client_id) + _text(user) + _text(password)
    return bytes([_CONNECT]) + _length(len(body)) + body


def _length(value: int) -> bytes:
    """Write a length as MQTT does: seven bits a byte, the lowest first."""
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _length(rest) if rest else bytes([low])


def _text(value: str) -> bytes:
    encoded = value.encode()
    return len(encoded).to_bytes(2, "big") + encoded
