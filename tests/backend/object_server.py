"""A real S3 server as a child process, and a line to it that can be slow, cut or noisy."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx

from tests.ports import free_ports

ACCESS_KEY, SECRET_KEY = "club", "snow-on-the-roof"
STARTS_WITHIN_S = 60


class ObjectServer:
    """nanio: it checks signatures, and keeps buckets as folders in which tests can look."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_ports(1)[0]
        self._process: asyncio.subprocess.Process | None = None

    def environment(self, port: int | None = None) -> dict[str, str]:
        """What a client must have in its environment."""
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port or self.port}",
        }

    def make_bucket(self, name: str) -> Path:
        """Make a bucket and return the folder in which its objects lie."""
        (self.folder / name).mkdir(parents=True)
        return self.folder / name

    async def start(self) -> None:
        """Start, and wait until it answers."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "nanio", "serve", "--data-dir", str(self.folder)),
            *("--host", "127.0.0.1", "--port", str(self.port)),
            env={**os.environ, "NANIO_ACCESS_KEY": ACCESS_KEY, "NANIO_SECRET_KEY": SECRET_KEY},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(STARTS_WITHIN_S), httpx.AsyncClient() as client:
            while True:
                assert self._process.returncode is None
                try:
                    await client.get(f"http://127.0.0.1:{self.port}/")
                except httpx.TransportError:
                    await asyncio.sleep(0.02)
                    continue
                return

    async def kill(self) -> None:
        """End as a power cut does."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            self._process = None


class Line:
    """A TCP line to the server, one way up and one down; counts are of bytes a connection."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self.holds_up_after: int | None = None
        self.holds_down_after: int | None = None
        self.cuts_down_after: int | None = None
        self.bytes_down = 0
        self.connections = 0
        """Bytes from the server, and connections to it, over all."""
        self.held = asyncio.Event()
        """Set once the line holds back what comes after so many bytes."""
        self.pause_s = 0.0
        """Between two pieces from the server."""
        self.flips_bits = False
        """In what the server sends after its headers."""
        self._target_port = target_port
        self._tasks: set[asyncio.Task[None]] = set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            there = await asyncio.open_connection("127.0.0.1", self._target_port)
            pumps = [self._up(reader, there[1]), self._down(there[0], writer)]
            tasks = [asyncio.create_task(pump) for pump in pumps]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for one in tasks:
                one.cancel()
            there[1].close()
        except OSError:
            pass  # the server is gone: so is the line
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        count = 0
        while piece := await reader.read(16384):
            count += len(piece)
            if self.holds_up_after is not None and count > self.holds_up_after:
                self.held.set()
                await asyncio.Event().wait()
            writer.write(piece)
            await writer.drain()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        count = 0
        while piece := await reader.read(16384):
            count += len(piece)
            self.bytes_down += len(piece)
            if self.cuts_down_after is not None and count > self.cuts_down_after:
                return
            if self.holds_down_after is not None and count > self.holds_down_after:
                self.held.set()
                await reader.read()  # until the server is gone
                return
            if self.pause_s:
                await asyncio.sleep(self.pause_s)
            if self.flips_bits and count > 4096:
                piece = piece[:-1] + bytes([piece[-1] ^ 1])
            writer.write(piece)
            await writer.drain()


def line_to(server: ObjectServer) -> AbstractAsyncContextManager[Line]:
    """Lay a line to an object server."""
    return line_to_port(server.port)


@asynccontextmanager
async def line_to_port(port: int) -> AsyncIterator[Line]:
    """Lay a line to whatever listens there."""
    line = Line(port)
    listening = await asyncio.start_server(line._carry, "127.0.0.1", 0)
    line.port = listening.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        listening.close()
        for task in list(line._tasks):
            task.cancel()
        await asyncio.gather(*line._tasks, return_exceptions=True)
