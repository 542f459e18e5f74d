"""The product as a child process, with a data folder and ports of its own."""

import asyncio
import json
import os
import socket
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx

from backend.embedded.postgres import EmbeddedPostgres
from bench.process import ROOT, end, output_of, python

COOKIE = "skiclock_session"
EMAIL, PASSWORD = "bench@club.example", "a-password-for-benchmarks-7"
_READY_WITHIN_S = 60


class Product:
    """`skiclock serve`; start and stop as often as a row wants."""

    def __init__(self, data: Path, **settings: str) -> None:
        self.data = data
        self.port, self.mqtt_port, tls_port = free_ports(3)
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "PYTHONPATH": str(ROOT),
            "SKICLOCK_DATA": str(data),
            "SKICLOCK_PORT": str(self.port),
            "EMBEDDED_MQTT_PORT": str(self.mqtt_port),
            "EMBEDDED_MQTT_TLS_PORT": str(tls_port),
            "SKICLOCK_ADMIN_EMAIL": EMAIL,
            "SKICLOCK_ADMIN_PASSWORD": PASSWORD,
            **settings,
        }
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The server's process, without its children."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def secrets(self) -> dict[str, str]:
        """The secrets that it made."""
        return dict(json.loads((self.data / "secrets.json").read_text()))

    async def start(self) -> float:
        """Start it; return after how many s /readyz said so. Raises RuntimeError."""
        began = time.perf_counter()
        with (self.data / "serve.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *python("skiclock_ui", "serve"),
                env=self._environment,
                cwd=self.data,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        while not await _is_ready(self.port):
            if (
                self._process.returncode is not None
                or time.perf_counter() - began > _READY_WITHIN_S
            ):
                raise RuntimeError((self.data / "serve.log").read_text()[-3000:])
            await asyncio.sleep(0.01)
        return time.perf_counter() - began

    async def stop(self) -> None:
        """Stop it in good order."""
        if self._process is not None:
            await end(self._process)

    async def command(self, *arguments: str) -> str:
        """Run a `skiclock` command beside it; return what it said."""
        return await output_of(*python("skiclock_ui", *arguments), environment=self._environment)

    async def add_key(self, *scopes: str) -> str:
        """Make an API key and return it."""
        options = [option for scope in scopes for option in ("--scope", scope)]
        said = await self.command("key", "add", f"bench {' '.join(scopes)}", *options)
        return said.split()[-1]

    async def cookie(self) -> str:
        """Sign in; return the value of the session's cookie."""
        async with httpx.AsyncClient(base_url=self.url) as client:
            answer = await client.post(
                "/login", data={"username": EMAIL, "password": PASSWORD, "next": "/"}
            )
            if COOKIE not in answer.cookies:
                raise RuntimeError(f"sign-in: {answer.status_code} {answer.text[:300]}")
            return answer.cookies[COOKIE]

    async def upload(self, platform: str, version: str, image: bytes) -> None:
        """Publish a firmware as v1's CI does. Raises RuntimeError."""
        async with httpx.AsyncClient(base_url=self.url, timeout=60) as client:
            answer = await client.post(
                "/api/upload",
                headers={"X-API-Key": self.secrets["upload_api_key"]},
                data={"platform": platform, "version": version},
                files={"file": ("firmware.bin", image)},
            )
        if answer.status_code != httpx.codes.CREATED:
            raise RuntimeError(f"upload: {answer.status_code} {answer.text[:300]}")

    @asynccontextmanager
    async def database(self) -> AsyncIterator[asyncpg.Connection]:
        """Give a connection to its database."""
        postgres = EmbeddedPostgres(self.data / "postgres")
        connection = await asyncpg.connect(_plain(await postgres.start()))
        try:
            yield connection
        finally:
            await connection.close()


@asynccontextmanager
async def running_product(**settings: str) -> AsyncIterator[Product]:
    """Give a running product with a new data folder."""
    with tempfile.TemporaryDirectory(prefix="skiclock-bench-") as folder:
        product = Product(Path(folder), **settings)
        try:
            await product.start()
            yield product
        finally:
            await product.stop()


def free_ports(count: int) -> list[int]:
    """Return ports that nobody has at this moment."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


async def _is_ready(port: int) -> bool:
    """Ask /readyz by hand: a client library's import would be measured too."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return (await reader.readline()).startswith(b"HTTP/1.1 200")
    except OSError:
        return False
    finally:
        writer.close()


def _plain(url: str) -> str:
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)
