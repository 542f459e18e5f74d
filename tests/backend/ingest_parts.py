"""An ingest under test with its fleet, on a real PostgreSQL whose tables can be held."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from backend import clock_settings, devices, reports, update_log
from backend.batch import Item
from backend.contract.messages import ConfigReport, Message, VersionResponse
from backend.contract.orders import Ack
from backend.db import Database
from backend.fleet import Fleet
from backend.health import Health
from backend.ingest import Ingest
from backend.snapshots import Snapshots

NOW = datetime.now(UTC)
OLD, NEW = "2026.11.1.1", "2026.11.20.4"


@dataclass(frozen=True)
class Published:
    version: str
    size_bytes: int = 1_000_000
    sha256: str = "ab" * 32
    signature: str | None = None


@dataclass
class Told:
    """What clocks were to be told, in place of the dispatcher."""

    acks: list[tuple[str, Ack]] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    reported: list[ConfigReport] = field(default_factory=list)

    def ack(self, device_id: str, ack: Ack) -> None:
        self.acks.append((device_id, ack))

    def came_back(self, device_id: str) -> None:
        self.back.append(device_id)

    def settings_differ(self, device_id: str, *, now: datetime) -> None:
        self.differing.append(device_id)

    def settings_reported(self, report: ConfigReport) -> None:
        self.reported.append(report)


@dataclass
class Bench:
    """An ingest with its fleet, and what it sent and refused."""

    database: Database
    fleet: Fleet = field(default_factory=Fleet)
    health: Health = field(default_factory=Health)
    answers: list[tuple[str, VersionResponse]] = field(default_factory=list)
    misfits: list[Item] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    newest: dict[str, Published] = field(default_factory=dict)
    told: Told = field(default_factory=Told)
    snapshots: Snapshots = field(default_factory=Snapshots)

    def __post_init__(self) -> None:
        self.ingest = Ingest(
            self.database,
            self.fleet,
            self.health,
            newest_of=self.newest.get,
            answer=lambda device_id, response: self.answers.append((device_id, response)),
            misfit=self.misfits.append,
            contact=self.told,
            snapshots=self.snapshots,
        )
        self.ingest.is_answering = True

    def put(self, message: Message, seconds: float = 0, mark: str | None = None) -> None:
        acknowledge = (lambda: self.acknowledged.append(mark)) if mark else None
        self.ingest.put(Item(message, NOW + timedelta(seconds=seconds), acknowledge))

    async def written(self) -> None:
        """Wait until all that was put is committed."""
        await until(lambda: self.ingest.depth == 0)

    async def load(self) -> None:
        """Forget everything and load it again, as a restarted server does."""
        async with self.database.session() as session:
            self.fleet.load(
                await devices.load_devices(session),
                await update_log.load_open(session),
                await update_log.load_newest_begun(session),
                await reports.load_standings(session),
                await clock_settings.load_wanted(session),
            )

    async def rows(self, query: str) -> list[tuple[object, ...]]:
        async with self.database.session() as session:
            return [tuple(row) for row in await session.execute(text(query))]

    @asynccontextmanager
    async def held(self, table: str) -> AsyncIterator[None]:
        """Let nobody write a table for the length of a block."""
        async with self.database.session() as session:
            await session.execute(text(f"LOCK TABLE {table} IN EXCLUSIVE MODE"))
            yield


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
