"""A load generator: heartbeats of many clocks over one connection, at a rate or as acknowledged.

Run as a process of its own. Each heartbeat carries when it was sent: `uptime` is STAMP_BASE
plus ms since `epoch_s`. A marker clock carries in `free_heap` how many were sent before it.
"""

import json
import select
import sys
import time
from dataclasses import asdict, dataclass

from bench import wire

STAMP_BASE = 1_000_000_000
MARKER = "feed"
_CHUNK = 50
_TICK_S = 0.005


@dataclass(frozen=True, slots=True)
class Load:
    """What to send. `rate_per_s` 0: as fast as `window` unacknowledged ones allow."""

    port: int
    username: str
    password: str
    epoch_s: float
    devices: int = 10_000
    rate_per_s: float = 0
    window: int = 10_000
    seconds: float = 10
    once: bool = False
    """Send each clock once instead, and end."""

    def command(self) -> str:
        """Return the argument that `main` takes."""
        return json.dumps(asdict(self))


def device_id(number: int) -> str:
    """Return the id of a generated clock."""
    return f"e8c5fb{number:06x}"


def main() -> None:
    """Send, and say how much in how many s."""
    load = Load(**json.loads(sys.argv[1]))
    connection = wire.connect(
        load.port, f"blast-{load.epoch_s * 1000:.0f}", load.username, load.password
    )
    heads, tails = _packets(load.devices)
    ends = time.perf_counter() + load.seconds
    began, sent, acknowledged = time.perf_counter(), 0, 0
    poll = select.poll()
    poll.register(sys.stdin.fileno(), select.POLLIN)
    while not (sent >= load.devices if load.once else time.perf_counter() >= ends):
        allowed = _allowed(load, sent, acknowledged, time.perf_counter() - began)
        if allowed < _CHUNK:
            if load.rate_per_s:
                time.sleep(_TICK_S)
            elif poll.poll(50):
                acknowledged = int(sys.stdin.readline())
            continue
        stamp = b"%d" % (STAMP_BASE + int((time.time() - load.epoch_s) * 1000))
        parts = []
        turn = sent // load.devices % 2
        for number in range(sent, sent + _CHUNK):
            number %= load.devices
            parts += (heads[number], stamp, tails[turn][number])
        parts.append(_marker(stamp, sent + _CHUNK))
        connection.sendall(b"".join(parts))
        sent += _CHUNK
    seconds = time.perf_counter() - began
    wire.disconnect(connection)
    print(json.dumps({"sent": sent, "markers": sent // _CHUNK, "seconds": seconds}))


def _allowed(load: Load, sent: int, acknowledged: int, elapsed_s: float) -> float:
    if load.rate_per_s:
        return load.rate_per_s * elapsed_s - sent
    return load.window - (sent - acknowledged)


def _packets(devices: int) -> tuple[list[bytes], list[list[bytes]]]:
    """Return each clock's packet up to the stamp, and two forms of what follows it."""
    heads, tails = [], [[], []]
    for number in range(devices):
        for turn, rssi in enumerate((-61, -62)):
            before = (
                f'{{"device_id":"{device_id(number)}","board":"ESP32","version":"2026.11.1.1",'
                f'"uptime":'
            ).encode()
            after = (
                f',"rssi":{rssi},"free_heap":181000,"ssid":"Skidstadion",'
                f'"ip":"192.168.{number >> 8 & 255}.{number & 255}"}}'
            ).encode()
            packet = wire.publish("skiclock/heartbeat", before + b"0" * 10 + after)
            tails[turn].append(after)
        heads.append(packet[: -len(after) - 10])
    return heads, tails


def _marker(stamp: bytes, count: int) -> bytes:
    payload = b'{"device_id":"%s","board":"ESP32","uptime":%s,"free_heap":%d}'
    return wire.publish("skiclock/heartbeat", payload % (MARKER.encode(), stamp, count))


if __name__ == "__main__":
    main()
