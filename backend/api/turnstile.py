"""Lets a burst of downloads in a few at a time, so that nobody else waits for all of them."""

import asyncio
from collections import deque

from starlette.types import ASGIApp, Receive, Scope, Send

AT_ONCE = 4
"""So many in one turn of the event loop: with what else is to be done, a few ms."""


class Turnstile:
    """ASGI middleware: a broadcast makes every clock ask for its image in the same second.

    A request takes up to a millisecond to be begun. A thousand of them in one turn of the
    loop would hold up heartbeats, answers and pages for a second, and once more at each step
    of theirs; what has begun to be sent is cheap.
    """

    def __init__(self, app: ASGIApp, path: str) -> None:
        """`path`: the beginning of the paths that must queue."""
        self._app = app
        self._path = path
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._passed = 0
        self._is_counting = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection when it is its turn."""
        if scope["type"] == "http" and scope["path"].startswith(self._path):
            await self._turn()
        await self._app(scope, receive, send)

    async def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        if not self._is_counting:
            self._is_counting = True
            loop.call_soon(self._next_turn)
        if self._passed < AT_ONCE and not self._waiting:
            self._passed += 1
            return
        mine = loop.create_future()
        self._waiting.append(mine)
        await mine

    def _next_turn(self) -> None:
        """Let the next ones in, once in each turn of the loop while somebody waits."""
        self._passed = 0
        while self._waiting and self._passed < AT_ONCE:
            one = self._waiting.popleft()
            if not one.done():  # its client may have left
                one.set_result(None)
                self._passed += 1
        self._is_counting = bool(self._waiting)
        if self._is_counting:
            asyncio.get_running_loop().call_soon(self._next_turn)
