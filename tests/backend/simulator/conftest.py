"""Owns a real broker with a password, and an ear at it, for the simulated clocks."""

import asyncio
import shutil
import subprocess
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiomqtt
import pytest
import pytest_asyncio

from backend.simulator.link import Broker
from tests.ports import free_ports

USERNAME, PASSWORD = "clocks", "a password for tests"


class Mosquitto:
    """A broker that can be stopped and started on the same port."""

    def __init__(self, folder: Path) -> None:
        self._program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self.port = free_ports(1)[0]
        passwords = folder / "passwords"
        subprocess.run(
            ["mosquitto_passwd", "-c", "-b", str(passwords), USERNAME, PASSWORD], check=True
        )
        passwords.chmod(0o644)
        folder.chmod(0o755)
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n"
            "user root\nmax_queued_messages 100000\n"
        )
        self._process: asyncio.subprocess.Process | None = None

    @property
    def broker(self) -> Broker:
        """Its address, as clocks take it."""
        return Broker("127.0.0.1", self.port, USERNAME, PASSWORD)

    async def start(self) -> None:
        """Start it; returns once it takes connections."""
        self._process = await asyncio.create_subprocess_exec(
            self._program, "-c", self._config, stdout=DEVNULL, stderr=DEVNULL
        )
        async with asyncio.timeout(10):
            while not await _answers(self.port):
                await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """End it, and every connection."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()


@dataclass
class Ear:
    """Hears everything that clocks say, in order, and can speak to them."""

    client: aiomqtt.Client
    heard: list[tuple[str, bytes]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def of(self, topic: str, device_id: str = "") -> list[bytes]:
        """Return the payloads on a topic, of one clock or of all."""
        named = f'"device_id":"{device_id}"'.encode() if device_id else b""
        return [payload for at, payload in self.heard if at == topic and named in payload]

    async def until(self, topic: str, count: int, device_id: str = "") -> list[bytes]:
        """Wait until so many payloads came."""
        async with asyncio.timeout(20):
            while len(found := self.of(topic, device_id)) < count:
                self.news.clear()
                await self.news.wait()
        return found

    async def say(self, topic: str, payload: bytes) -> None:
        """Speak as the server does."""
        await self.client.publish(topic, payload, qos=1)

    async def listen(self) -> None:
        """Keep hearing until cancelled."""
        async for message in self.client.messages:
            self.heard.append((str(message.topic), bytes(message.payload)))  # type: ignore[arg-type]
            self.news.set()


@pytest_asyncio.fixture(loop_scope="session")
async def mosquitto(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    """A running broker."""
    broker = Mosquitto(tmp_path)
    await broker.start()
    yield broker
    await broker.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def ear(mosquitto: Mosquitto) -> AsyncIterator[Ear]:
    """An ear at the broker."""
    address = mosquitto.broker
    async with aiomqtt.Client(
        address.host, address.port, username=USERNAME, password=PASSWORD
    ) as client:
        await client.subscribe("skiclock/#", qos=1)
        ear = Ear(client)
        task = asyncio.create_task(ear.listen())
        yield ear
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port at which nobody answers."""
    return free_ports(1)[0]


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
