"""MQTT by hand, for load generators that must cost less than what they measure."""

import socket

from backend.contract.limits import KEEP_ALIVE_S

_CONNECT, _PUBLISH, _PINGREQ, _DISCONNECT = 0x10, 0x30, b"\xc0\x00", b"\xe0\x00"


def connect(port: int, client_id: str, username: str, password: str) -> socket.socket:
    """Connect to a broker on loopback with MQTT 3.1.1. Raises ConnectionError."""
    body = _text("MQTT") + bytes([4, 0xC2]) + (KEEP_ALIVE_S * 40).to_bytes(2, "big")
    body += _text(client_id) + _text(username) + _text(password)
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(bytes([_CONNECT]) + _length(len(body)) + body)
    answer = connection.recv(4)
    if answer[3:] != b"\0":
        raise ConnectionError(f"the broker refused the connection: {answer.hex() or 'closed'}")
    return connection


def disconnect(connection: socket.socket) -> None:
    """Leave politely: what was written is taken first."""
    connection.sendall(_DISCONNECT)
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(4096):
        continue
    connection.close()


def publish(topic: str, payload: bytes) -> bytes:
    """Return a QoS 0 PUBLISH packet."""
    body = _text(topic) + payload
    return bytes([_PUBLISH]) + _length(len(body)) + body


def _text(value: str) -> bytes:
    encoded = value.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def _length(value: int) -> bytes:
    out = bytearray()
    while True:
        value, digit = value >> 7, value & 0x7F
        out.append(digit | (0x80 if value else 0))
        if not value:
            return bytes(out)
