"""A load generator: clocks that ask for their version at a rate; tells how long answers took.

Run as a process of its own, one connection for all clocks.
"""

import asyncio
import json
import socket
import sys
import time
from dataclasses import asdict, dataclass

import aiomqtt
import uvloop

from bench.blast import device_id
from bench.sitting import quantile

AT_ONCE = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
"""One connection speaks for a thousand clocks: none may wait for what another one sent."""
_TICK_S = 0.002
_WAIT_FOR_LAST_S = 5


@dataclass(frozen=True, slots=True)
class Questions:
    """What to ask."""

    port: int
    username: str
    password: str
    version: str
    rate_per_s: float = 1000
    seconds: float = 10
    devices: int = 10_000

    def command(self) -> str:
        """Return the argument that `main` takes."""
        return json.dumps(asdict(self))


async def main(questions: Questions) -> None:
    """Ask, and say how many were answered, how fast (ms), and how many got an offer."""
    asked_at: dict[str, float] = {}
    took_s: list[float] = []
    offers = 0
    async with aiomqtt.Client(
        "127.0.0.1",
        questions.port,
        username=questions.username,
        password=questions.password,
        identifier=f"asker-{time.time_ns()}",
        socket_options=AT_ONCE,
    ) as client:
        await client.subscribe("skiclock/version/response/+", qos=1)
        asking = asyncio.create_task(_ask(client, questions, asked_at))
        ends = time.perf_counter() + questions.seconds + _WAIT_FOR_LAST_S
        while not (asking.done() and not asked_at) and time.perf_counter() < ends:
            try:
                async with asyncio.timeout(0.5):
                    message = await anext(client.messages)
            except TimeoutError:
                continue
            began = asked_at.pop(str(message.topic).rpartition("/")[2], None)
            if began is not None:
                took_s.append(time.perf_counter() - began)
                offers += b'"update_available":true' in message.payload
        asked = await asking
    said = {
        "asked": asked,
        "answered": len(took_s),
        "offers": offers,
        "p50_ms": 1000 * quantile(took_s, 0.5),
        "p99_ms": 1000 * quantile(took_s, 0.99),
    }
    print(json.dumps(said))


async def _ask(client: aiomqtt.Client, questions: Questions, asked_at: dict[str, float]) -> int:
    began, asked = time.perf_counter(), 0
    while (elapsed_s := time.perf_counter() - began) < questions.seconds:
        while asked < elapsed_s * questions.rate_per_s:
            clock = device_id(asked % questions.devices)
            request = {
                "device_id": clock,
                "platform": "esp32",
                "current_version": questions.version,
            }
            payload = json.dumps(request, separators=(",", ":"))
            asked_at[clock] = time.perf_counter()
            await client.publish("skiclock/version/request", payload)
            asked += 1
        await asyncio.sleep(_TICK_S)
    return asked


if __name__ == "__main__":
    uvloop.run(main(Questions(**json.loads(sys.argv[1]))))
