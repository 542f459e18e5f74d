"""How much room each of the broker's stores may take.

nats-server makes a store for each of its purposes and limits none. When they together reach
the limit of all, no client can connect any more, not even the one whose reading would make
room: one clock that publishes retained messages on made-up topics could lock out all others.
The limits are set through NATS's own protocol, by a user of which only we know.
"""

import asyncio
import json
import secrets
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping
from typing import Any

from backend.embedded.errors import StoreLimitError

TIMEOUT_S = 10.0
_MB = 1024 * 1024

# name: the most bytes, and what goes when they are reached
STORE_LIMITS: dict[str, tuple[int, str]] = {
    "$MQTT_msgs": (640 * _MB, "new"),  # refused, not acknowledged: the publisher keeps it
    "$MQTT_rmsgs": (64 * _MB, "old"),  # retained messages, the one set longest ago first
    "$MQTT_sess": (64 * _MB, "old"),  # sessions, likewise: their clients begin anew
    "$MQTT_out": (16 * _MB, "old"),  # QoS 2, which we do not offer
    "$MQTT_qos2in": (16 * _MB, "new"),
}


def limiting_user(name: str, password: str) -> dict[str, object]:
    """Return the one user who may speak NATS, about the stores' settings alone."""
    settings = ["$JS.API.STREAM.INFO.*", "$JS.API.STREAM.UPDATE.*"]
    return {
        "user": name,
        "password": password,
        "allowed_connection_types": ["STANDARD"],
        "permissions": {"publish": {"allow": settings}, "subscribe": {"allow": ["_INBOX.>"]}},
    }


async def limit_stores(host: str, port: int, user: str, password: str) -> None:
    """Give each store its limit; they exist from the first MQTT client on.

    Raises StoreLimitError with what the broker answered.
    """
    try:
        async with asyncio.timeout(TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                await _log_in(reader, writer, user, password)
                for store, (most_bytes, discard) in STORE_LIMITS.items():
                    await _limit(reader, writer, store, most_bytes, discard)
            finally:
                writer.close()
    except (OSError, asyncio.IncompleteReadError, ValueError) as error:
        raise StoreLimitError(str(error) or type(error).__name__) from error


async def _limit(
    reader: StreamReader, writer: StreamWriter, store: str, most_bytes: int, discard: str
) -> None:
    found = await _request(reader, writer, f"$JS.API.STREAM.INFO.{store}", {})
    wanted = found["config"] | {"max_bytes": most_bytes, "discard": discard}
    if wanted != found["config"]:
        await _request(reader, writer, f"$JS.API.STREAM.UPDATE.{store}", wanted)


async def _log_in(reader: StreamReader, writer: StreamWriter, user: str, password: str) -> None:
    await reader.readline()  # INFO
    login = {"user": user, "pass": password, "verbose": False, "pedantic": False}
    writer.write(f"CONNECT {json.dumps(login)}\r\nPING\r\n".encode())
    answer = await reader.readline()
    if answer != b"PONG\r\n":
        raise StoreLimitError(answer.decode(errors="replace").strip())


async def _request(
    reader: StreamReader, writer: StreamWriter, subject: str, body: Mapping[str, Any]
) -> dict[str, Any]:
    """Ask the broker's storage and return its answer."""
    inbox = f"_INBOX.{secrets.token_hex(8)}"
    payload = json.dumps(body).encode() if body else b""
    writer.write(f"SUB {inbox} 1\r\nPUB {subject} {inbox} {len(payload)}\r\n".encode())
    writer.write(payload + b"\r\n")
    head = (await reader.readline()).split()
    if not head or head[0] != b"MSG":
        raise StoreLimitError(b" ".join(head).decode(errors="replace"))
    answer: dict[str, Any] = json.loads(await reader.readexactly(int(head[-1]) + 2))
    writer.write(b"UNSUB 1\r\n")
    if "error" in answer:
        raise StoreLimitError(f"{subject}: {answer['error'].get('description')}")
    return answer
