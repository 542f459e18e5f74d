"""What a broker publishes to us, taken from the stream before the MQTT client reads it.

paho asks the kernel for each packet four times and makes seven objects of it: a third of the
server's time at 10,000 heartbeats/s. PUBLISH packets of QoS 0 and 1 (MQTT 3.1.1, section 3.3)
are therefore split off here, from large pieces; every other packet is the client's, untouched.
"""

import socket
from collections.abc import Callable
from typing import NamedTuple

PIECE_BYTES = 32_768
"""What is taken from the kernel at once: some hundred heartbeats, handled before anything else."""
LARGEST_BYTES = 1 << 18
"""A packet that is longer is left to the client: it does not have to fit in memory twice."""

_PUBLISH = 3


class Arrival(NamedTuple):
    """One message; `mid` is what a QoS 1 is acknowledged by, 0 otherwise."""

    topic: bytes
    payload: bytes
    qos: int
    retain: bool
    mid: int


class Arrivals:
    """Stands for the client's socket: owns what was received and not yet handed on.

    `pending` is what ssl.SSLSocket has under this name, so that who waits for the file
    descriptor knows that there is more which it will not tell of. What is not defined here is
    the socket's own.
    """

    def __init__(
        self, connection: socket.socket, hand_over: Callable[[list[Arrival]], object]
    ) -> None:
        """`hand_over` is given what one piece held, in order; it must not raise."""
        self._connection = connection
        self._hand_over = hand_over
        self._piece = b""
        self._at = 0
        self._owed = 0
        """How many of the next bytes belong to the client: its packet, or the rest of it."""

    def __getattr__(self, name: str) -> object:
        """Return what the socket itself has under a name."""
        return getattr(self._connection, name)

    def pending(self) -> int:
        """Return how many bytes wait that the file descriptor does not tell of."""
        beneath = getattr(self._connection, "pending", None)
        return min(self._owed, len(self._piece) - self._at) + (beneath() if beneath else 0)

    def recv(self, limit_bytes: int) -> bytes:
        """Return at most so many bytes of the client's packets; none at the stream's end.

        Raises BlockingIOError while there are none, OSError as the socket does.
        """
        if self._at == len(self._piece) or not self._owed:
            piece = self._connection.recv(PIECE_BYTES)
            if not piece:
                return b""
            self._piece, self._at = self._piece[self._at :] + piece, 0
            if not self._owed:
                self._split()
        if not self._owed:
            raise BlockingIOError
        begin = self._at
        self._at = min(begin + min(limit_bytes, self._owed), len(self._piece))
        self._owed -= self._at - begin
        taken = self._piece[begin : self._at]
        if not self._owed and self._at < len(self._piece):
            self._split()
        return taken

    def _split(self) -> None:
        """Hand over the next packets as far as they are here whole, and ours."""
        found: list[Arrival] = []
        piece, at, end = self._piece, self._at, len(self._piece)
        while end - at >= 2:
            length, body = piece[at + 1], at + 2
            if length & 128:
                length, body = _length(piece, at + 1)
                if not body:
                    break
            stop = body + length
            first = piece[at]
            if first >> 4 != _PUBLISH or first & 4 or not 2 <= length <= LARGEST_BYTES:
                self._owed = stop - at
                break
            if stop > end:
                break
            topic_at = body + 2
            body = topic_at + (piece[body] << 8 | piece[body + 1])
            qos, mid = first >> 1 & 1, 0
            if qos:
                mid = int.from_bytes(piece[body : body + 2], "big")
                body += 2
            if body > stop:  # no packet at all: the client says so, and hangs up
                self._owed = stop - at
                break
            topic = piece[topic_at : body - 2 * qos]
            found.append(Arrival(topic, piece[body:stop], qos, bool(first & 1), mid))
            at = stop
        self._at = at
        if found:
            self._hand_over(found)


def _length(piece: bytes, at: int) -> tuple[int, int]:
    """Return a remaining length and where its packet's body begins; 0 where more must come.

    Raises nothing for one of over four bytes, which is none: the client is given it and hangs up.
    """
    length = 0
    for count in range(4):
        if at + count == len(piece):
            return 0, 0
        byte = piece[at + count]
        length |= (byte & 127) << 7 * count
        if not byte & 128:
            return length, at + count + 1
    return LARGEST_BYTES + 1, at + 4
