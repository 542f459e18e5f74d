"""Owns a whole server without pages, served over real TCP by uvicorn, and clients of it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from backend.access import Identity, add_user, find_identity
from backend.api.guard import COOKIE
from backend.api_keys import Scope, create_key
from backend.app import Server, create_app, create_server
from backend.batch import Item
from backend.config import Settings
from backend.contract.flash_map import Part
from backend.contract.messages import Message
from backend.firmware import NO_PARTS, FirmwareInfo, publish
from backend.mqtt import BrokerAddress
from backend.surroundings import Surroundings
from tests.backend.images import esp_image
from tests.ports import free_ports

PASSWORD = "snow on the roof"
ADMIN = "admin@localhost"


@dataclass
class Site:
    """A served server, and short words for what tests do with it."""

    server: Server
    app: FastAPI
    url: str
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 0

    def client(self, **headers: str) -> httpx.AsyncClient:
        """Return a client that nobody signed in."""
        headers = {"accept-encoding": "identity"} | headers
        client = httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30)
        self.clients.append(client)
        return client

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """Return a client that asks as a browser does when a person opens a page."""
        return self.client(accept="text/html,application/xhtml+xml", **headers)

    async def signed_in(self, role: str = "admin", **headers: str) -> httpx.AsyncClient:
        """Return a client that somebody with a role signed in, and that names our origin."""
        email = f"{role}@example.org"
        async with self.server.database.session() as session:
            await add_user(
                session,
                email=email,
                role=role,
                password=PASSWORD,
                actor="test",
                address=None,
                now=datetime.now(UTC),
            )
        client = self.client(origin=self.url, **headers)
        answer = await client.post("/login", data={"username": email, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        assert COOKIE in client.cookies
        return client

    async def key(self, *scopes: Scope, name: str = "program") -> str:
        async with self.server.database.session() as session:
            return await create_key(
                session,
                name=name,
                scopes=scopes,
                expires_at=None,
                actor="test",
                address=None,
                now=datetime.now(UTC),
            )

    async def publish(
        self,
        platform: str = "esp32",
        version: str = "2026.11.24.1",
        *,
        image: bytes | None = None,
        parts: Mapping[Part, bytes] = NO_PARTS,
        signature: str | None = None,
    ) -> FirmwareInfo:
        async with (
            self.server.storage.receive(max_bytes=2**24) as incoming,
            self.server.database.session() as session,
        ):
            await incoming.write(image or esp_image(platform))
            info = await publish(
                session,
                incoming,
                platform=platform,
                version=version,
                filename="firmware.bin",
                actor="test",
                address=None,
                now=datetime.now(UTC),
                parts=parts,
                signature=signature,
            )
        self.server.catalogue.add(info)
        return info

    async def hear(self, *messages: Message, ago: timedelta = timedelta()) -> None:
        """Let clocks say something, and wait until it is committed."""
        for message in messages:
            self.server.ingest.put(Item(message, datetime.now(UTC) - ago))
        await until(lambda: self.server.ingest.depth == 0)

    async def identity(self, email: str) -> Identity:
        async with self.server.database.session() as session:
            for user_id in range(1, 20):
                identity = await find_identity(session, user_id)
                if identity is not None and identity.email == email:
                    return identity
        raise AssertionError(email)


async def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def serve(
    settings: Settings, *, extend: Callable[[FastAPI], None] | None = None
) -> AsyncIterator[Site]:
    """Serve a server with these settings, on a free port, without a broker."""
    dead_port = free_ports(1)[0]
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    port = listening.getsockname()[1]
    settings = settings.model_copy(update={"port": port, "admin_password": SecretStr(PASSWORD)})
    server = create_server(
        settings,
        Surroundings(
            settings.database_url.get_secret_value(),
            lambda: BrokerAddress("127.0.0.1", dead_port, "server", "password", None, "test"),
        ),
    )
    app = create_app(server)
    if extend is not None:
        extend(app)
    web = QuietWeb(
        uvicorn.Config(
            app,
            loop="none",
            http="httptools",
            ws="websockets-sansio",
            log_config=None,
            access_log=False,
        )
    )
    serving = asyncio.create_task(web.serve(sockets=[listening]))
    site = Site(server, app, f"http://127.0.0.1:{port}")
    try:
        await until(lambda: web.started or serving.done())
        yield site
    finally:
        for client in site.clients:
            await client.aclose()
        web.should_exit = True
        await serving


class QuietWeb(uvicorn.Server):
    """Uvicorn that leaves signals to pytest."""

    def install_signal_handlers(self) -> None:
        return

    def capture_signals(self) -> Any:
        return nullcontext()


@pytest_asyncio.fixture(loop_scope="session")
async def site(settings: Settings) -> AsyncIterator[Site]:
    """A served server with a fresh database."""
    async with serve(settings) as site:
        await asyncio.wait_for(site.server.loaded.wait(), 15)
        yield site


class Cable:
    """The way to PostgreSQL, which can be pulled out and put in again."""

    def __init__(self, folder: Path, target: Path) -> None:
        self.path = folder / target.name
        self._target = target
        self._listening: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def plug_in(self) -> None:
        self._listening = await asyncio.start_unix_server(self._carry, self.path)

    async def pull_out(self) -> None:
        assert self._listening is not None
        self._listening.close()
        for writer in self._writers:
            writer.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.path.unlink(missing_ok=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            there = await asyncio.open_unix_connection(self._target)
            self._writers |= {writer, there[1]}
            await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer))
        except (OSError, asyncio.CancelledError):
            return
        finally:
            self._tasks.discard(task)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def cable(postgres_url: str, tmp_path: Path) -> AsyncIterator[Cable]:
    """A way to PostgreSQL that tests can cut."""
    folder = Path(parse_qs(urlsplit(postgres_url).query)["host"][0])
    cable = Cable(tmp_path, folder / ".s.PGSQL.5432")
    await cable.plug_in()
    yield cable
    await cable.pull_out()


@pytest.fixture
def settings_by_cable(settings: Settings, cable: Cable, postgres_url: str) -> Settings:
    url = postgres_url.partition("?")[0] + f"?host={cable.path.parent}"
    return settings.model_copy(update={"database_url": SecretStr(url)})


Eventually = Callable[[], Coroutine[Any, Any, bool]]


async def eventually(condition: Eventually, seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)
