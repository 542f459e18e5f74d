"""The clock's own software as a child process, and HTTPS in front of a product."""

import asyncio
import fcntl
import os
import shutil
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import structlog

from backend.contract.flash_map import NVS_BYTES, NVS_OFFSET
from backend.identity_part import NVS_NAMESPACE
from backend.signatures import new_key, pem_of, public_digits
from backend.simulator.linux_program import build_program
from e2e.conftest import Product
from e2e.written_flash import WrittenFlash
from tests.nvs import read_blobs

log = structlog.get_logger(__name__)

BUILD = Path(__file__).parents[1] / ".build" / "linux-clock-e2e"


@dataclass(frozen=True)
class Program:
    """One build of the clock."""

    version: str
    path: Path


class Programs:
    """Builds of the clock, each newer than all before; they differ in nothing else but health."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key_file = folder / "key.pem"
        self.foreign_key_file = folder / "foreign.pem"
        key = new_key()
        self.key_file.write_bytes(pem_of(key))
        self.foreign_key_file.write_bytes(pem_of(new_key()))
        self._public_key = public_digits(key)
        self._numbers = count(100)  # as many digits each: no version begins another

    def make(self, *, defect: str = "kNone") -> Program:
        version = f"2026.11.24.{next(self._numbers)}"
        # Tests that run beside these build there too, with another version and key.
        BUILD.mkdir(parents=True, exist_ok=True)
        with (BUILD / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            built = build_program(
                BUILD, version=version, public_key=self._public_key, defect=defect
            )
            return Program(version, Path(shutil.copy(built, self.folder / f"linux-{version}.bin")))


class LinuxClock:
    """One clock that runs; `said` are its lines so far."""

    def __init__(self, process: asyncio.subprocess.Process, data: Path) -> None:
        self.process = process
        self.data = data
        self.said: list[str] = []
        self._more = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    async def says(self, *words: str, within_s: float = 120) -> str:
        """Wait for a line, from the first on, that holds all words."""
        found: list[str] = []

        def is_there() -> bool:
            found[:] = [line for line in self.said if all(word in line for word in words)]
            return bool(found)

        await self._until(is_there, within_s, f"never said {words}")
        return found[0]

    async def says_again(self, *words: str, within_s: float = 120) -> None:
        """Wait for a second line that holds all words, with another one in between."""

        def is_there() -> bool:
            rest = iter(all(word in line for word in words) for line in self.said)
            return all(wanted in rest for wanted in (True, False, True))

        await self._until(is_there, within_s, f"never said {words} again")

    async def _until(self, is_so: Callable[[], bool], within_s: float, what: str) -> None:
        try:
            async with asyncio.timeout(within_s), self._more:
                await self._more.wait_for(is_so)
        except TimeoutError:
            raise AssertionError(f"{what}; but:\n" + "\n".join(self.said)) from None

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self._more:
                self.said.append(line.decode(errors="replace").rstrip())
                self._more.notify_all()

    async def end(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
        await self.process.wait()
        await self._reader

    @property
    def boot_flags(self) -> str:
        return (self.data / "boot").read_text()


@asynccontextmanager
async def running_clock(
    product: Product, url: str, program: Path, device_id: str, data: Path, *options: str
) -> AsyncIterator[LinuxClock]:
    """A clock that trusts the product's own authority, and nobody else."""
    process = await asyncio.create_subprocess_exec(
        program,
        *("--data", data, "--device-id", device_id, "--headless", "--jitter", "1"),
        *("--server", url, "--mqtt-host", "127.0.0.1", "--mqtt-port", str(product.mqtt_tls_port)),
        *("--ca", product.data / "tls" / "ca.pem", "--heartbeat", "2", *options),
        env={
            "PATH": os.environ["PATH"],
            "MQTT_USERNAME": "skiclock",
            "MQTT_PASSWORD": product.secrets["mqtt_password"],
            "DOWNLOAD_API_KEY": product.secrets["download_api_key"],
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    clock = LinuxClock(process, data)
    try:
        yield clock
    finally:
        await clock.end()


async def boot(
    flash: WrittenFlash, program: Path, device_id: str, data: Path
) -> asyncio.subprocess.Process:
    """Start a new board on what was flashed: nothing else tells it where to go, and as whom.

    What the chip's NVS library would read is put where the Linux clock reads it, record by record.
    """
    store = data / "store"
    store.mkdir(parents=True)
    for (namespace, key), record in read_blobs(flash.read(NVS_OFFSET, NVS_BYTES)).items():
        assert namespace == NVS_NAMESPACE
        (store / key).write_bytes(record)
    return await asyncio.create_subprocess_exec(
        program,
        *("--data", data, "--device-id", device_id, "--headless", "--improv", "--no-wifi"),
        *("--jitter", "1", "--heartbeat", "2"),
        env={"PATH": os.environ["PATH"]},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def https_before(product: Product) -> AsyncIterator[str]:
    """A reverse proxy as small as can be, with the certificate of the product's broker."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    folder = product.data / "tls"
    tls.load_cert_chain(folder / "server.pem", folder / "server.key")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", product.port)
        await asyncio.gather(_pass_on(reader, inner_writer), _pass_on(inner_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}"


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    except (ConnectionError, ssl.SSLError) as error:
        log.info("proxy.side_gone", error=repr(error))  # as it may when it has what it wants
    finally:
        writer.close()
