"""Waiting for a server to listen."""

import asyncio
import time

_WITHIN_S = 30


async def until_listening(port: int) -> None:
    """Return once something takes connections on loopback. Raises OSError when nothing does."""
    deadline = time.monotonic() + _WITHIN_S
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
