"""A burst of downloads comes in a few at a time, in order, and holds up nobody else."""

import asyncio
from collections import Counter

from starlette.types import Receive, Scope, Send

from backend.api.turnstile import AT_ONCE, Turnstile


class Turns:
    """Counts the turns of the event loop, as whoever else wants to do something sees them."""

    def __init__(self) -> None:
        self.number = 0
        self._task = asyncio.create_task(self._count())

    async def _count(self) -> None:
        while True:
            self.number += 1
            await asyncio.sleep(0)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class App:
    """Notes in which turn each request came in."""

    def __init__(self, turns: Turns) -> None:
        self.came: list[tuple[str, int]] = []
        self._turns = turns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.came.append((scope["path"], self._turns.number))


async def ask(door: Turnstile, path: str) -> None:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: object) -> None:
        raise AssertionError(message)

    await door({"type": "http", "path": path}, receive, send)


async def test_a_burst_is_let_in_a_few_each_turn_and_in_order() -> None:
    turns = Turns()
    app = App(turns)
    door = Turnstile(app, "/images/")
    paths = [f"/images/{number}" for number in range(10 * AT_ONCE + 1)]
    async with asyncio.timeout(20):
        await asyncio.gather(*(ask(door, path) for path in paths))
    await turns.stop()
    assert [path for path, _ in app.came] == paths
    assert max(Counter(turn for _, turn in app.came).values()) <= AT_ONCE


async def test_nobody_else_waits_for_a_burst() -> None:
    turns = Turns()
    app = App(turns)
    door = Turnstile(app, "/images/")
    burst = [asyncio.create_task(ask(door, f"/images/{number}")) for number in range(200)]
    page = asyncio.create_task(ask(door, "/page"))
    async with asyncio.timeout(20):
        await page
        assert len(app.came) < 50
        await asyncio.gather(*burst)
    await turns.stop()


async def test_a_client_that_left_gives_its_turn_away() -> None:
    turns = Turns()
    app = App(turns)
    door = Turnstile(app, "/images/")
    tasks = [asyncio.create_task(ask(door, f"/images/{number}")) for number in range(40)]
    await asyncio.sleep(0)
    for task in tasks[AT_ONCE : AT_ONCE + 20]:
        task.cancel()
    async with asyncio.timeout(20):
        await asyncio.gather(*tasks, return_exceptions=True)
    await ask(door, "/images/last")
    await turns.stop()
    assert len(app.came) == 21
    assert app.came[-1][0] == "/images/last"
