"""Follows a production server: takes over what it publishes, and writes down what it found.

What is here is never overwritten and never removed. A version is unchanged, taken over, or
refused and why; a break in between costs only what was not there yet.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.announce import Announcer
from backend.config import Settings
from backend.contract.flash_map import Part
from backend.contract.statement import statement
from backend.db import Database
from backend.errors import Refusal
from backend.firmware import Catalogue, FirmwareInfo, check_target, publish
from backend.flash_parts import MAX_PART_BYTES
from backend.keeper import Keeper
from backend.production import Offered, Production, ProductionAwayError
from backend.signatures import SignatureMissingError, check_signature
from backend.storage import Storage, UploadTooLargeError
from backend.sync_models import SyncFinding, SyncRun

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 300.0
RUNS_KEPT = 200
ACTOR = "production sync"
_PIECE_BYTES = 256 * 1024


@dataclass(slots=True)
class Findings:
    """What one look found; `refused` holds (platform, version, reason)."""

    unchanged: int = 0
    taken: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    problem: str | None = None


class Follower:
    """Owns the task that follows production. `busy_with`: the version that comes just now."""

    def __init__(
        self,
        settings: Settings,
        production: Production,
        database: Database,
        storage: Storage,
        catalogue: Catalogue,
        announcer: Announcer,
        keeper: Keeper,
    ) -> None:
        self.production = production
        self.is_looking = False
        self.busy_with: str | None = None
        self.next_look_at: datetime | None = None
        self.there: set[tuple[str, str]] = set()
        """Platform and hash of every image that production had when it was looked at."""
        self._settings = settings
        self._database = database
        self._storage = storage
        self._catalogue = catalogue
        self._announcer = announcer
        self._keeper = keeper
        self._folder = settings.data / "sync"
        self._asked = asyncio.Event()
        self._asked_by: str | None = None
        self._refused_before: dict[Offered, str] = {}

    def hurry(self, asked_by: str) -> None:
        """Look at once, and at what was refused before, too."""
        self._asked_by = asked_by
        self._asked.set()

    async def run(self) -> None:
        """Look every five minutes, and when asked, until cancelled; nothing to do: end."""
        while self.production.url:
            asked_by, self._asked_by = self._asked_by, None
            self._asked.clear()
            await self.look(asked_by=asked_by)
            self.next_look_at = datetime.fromtimestamp(_now().timestamp() + LOOK_EVERY_S, UTC)
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._asked.wait()
            except TimeoutError:
                continue
        await asyncio.Event().wait()

    async def look(self, *, asked_by: str | None = None) -> Findings:
        """Take over what is new, and write down what was found."""
        began_at, findings = _now(), Findings()
        if asked_by is not None:
            self._refused_before.clear()
        self.is_looking = True
        try:
            every = await self.production.offered()
            self.there = {(one.platform, one.sha256) for one in every}
            for offered in every:
                await self._consider(offered, findings)
            await asyncio.to_thread(_remove_files, self._folder)
        except Refusal as error:  # production is away, or does not let us in
            findings.problem = str(error)
        finally:
            self.is_looking, self.busy_with = False, None
        async with self._database.session() as session:
            await write_down(session, findings, began_at=began_at, asked_by=asked_by, now=_now())
        log.info(
            "production.looked_at",
            unchanged=findings.unchanged,
            taken=len(findings.taken),
            refused=len(findings.refused),
            problem=findings.problem,
        )
        return findings

    async def _consider(self, offered: Offered, findings: Findings) -> None:
        """Sort one version; raises ProductionAwayError."""
        named = (offered.platform, offered.version)
        ours = self._catalogue.find(*named)
        if ours is not None and ours.sha256 == offered.sha256:
            findings.unchanged += 1
            return
        if ours is not None:
            reason = "Another image was published here as this version; it is not replaced."
            findings.refused.append((*named, reason))
            return
        if before := self._refused_before.get(offered):
            findings.refused.append((*named, before))
            return
        try:
            self._check_before_fetching(offered)
            info = await self._take(offered)
        except ProductionAwayError:
            raise
        except Refusal as error:
            self._refused_before[offered] = str(error)
            findings.refused.append((*named, str(error)))
            return
        findings.taken.append(named)
        self._catalogue.add(info)
        self._announcer.hurry()
        self._keeper.hurry()

    def _check_before_fetching(self, offered: Offered) -> None:
        """Raise the Refusal of what need not be fetched to be refused."""
        check_target(offered.platform, offered.version, self._settings.platforms)
        if self._settings.public_keys and not offered.signature:
            raise SignatureMissingError("It is not signed, and firmware must be signed here.")
        if offered.signature:
            said = statement(offered.platform, offered.version, offered.size, offered.sha256)
            check_signature(offered.signature, said, self._settings.public_keys)
        if offered.size > self._settings.upload_max_bytes:
            raise UploadTooLargeError(f"It has {offered.size:,} bytes: over UPLOAD_MAX_BYTES.")
        if any(part.size > MAX_PART_BYTES for part in offered.parts):
            raise UploadTooLargeError("One of its parts is larger than any part is.")

    async def _take(self, offered: Offered) -> FirmwareInfo:
        self.busy_with = f"{offered.platform} {offered.version}"
        self._folder.mkdir(parents=True, exist_ok=True)
        application = await self._fetch(offered, Part.APPLICATION, offered.size, offered.sha256)
        files = {
            one.part: await self._fetch(offered, one.part, one.size, one.sha256)
            for one in offered.parts
        }
        async with (
            self._storage.receive(max_bytes=offered.size) as incoming,
            self._database.session() as session,
        ):
            with application.open("rb") as stream:
                while piece := await asyncio.to_thread(stream.read, _PIECE_BYTES):
                    await incoming.write(piece)
            info = await publish(
                session,
                incoming,
                platform=offered.platform,
                version=offered.version,
                filename=offered.filename,
                actor=ACTOR,
                address=None,
                now=_now(),
                signature=offered.signature,
                parts={part: file.read_bytes() for part, file in files.items()},
                public_keys=self._settings.public_keys,
                platforms=self._settings.platforms,
                takes_older=True,
            )
        for file in (application, *files.values()):
            file.unlink(missing_ok=True)
        return info

    async def _fetch(self, offered: Offered, part: Part, size_bytes: int, sha256: str) -> Path:
        file = self._folder / sha256
        await self.production.fetch(offered, part, file, size_bytes=size_bytes, sha256=sha256)
        return file


async def write_down(
    session: AsyncSession,
    findings: Findings,
    *,
    began_at: datetime,
    asked_by: str | None,
    now: datetime,
) -> None:
    """Add a look to the history; one like the last is counted there. Old ones go."""
    last = await session.scalar(select(SyncRun).order_by(SyncRun.id.desc()).limit(1))
    found = [
        *((platform, version, None) for platform, version in findings.taken),
        *findings.refused,
    ]
    if last is not None and asked_by is None and not findings.taken:
        then = [(one.platform, one.version, one.reason) for one in last.findings]
        same = (last.unchanged, last.problem, then) == (findings.unchanged, findings.problem, found)
        if same:
            last.ended_at, last.looks = now, last.looks + 1
            return
    session.add(
        SyncRun(
            began_at=began_at,
            ended_at=now,
            asked_by=asked_by,
            problem=findings.problem,
            unchanged=findings.unchanged,
            findings=[SyncFinding(platform=p, version=v, reason=r) for p, v, r in found],
        )
    )
    await session.flush()
    kept = select(SyncRun.id).order_by(SyncRun.id.desc()).limit(RUNS_KEPT)
    await session.execute(delete(SyncRun).where(SyncRun.id.not_in(kept)))


async def list_runs(session: AsyncSession, *, limit: int) -> Sequence[SyncRun]:
    """Return looks with what they found, newest first."""
    return (await session.scalars(select(SyncRun).order_by(SyncRun.id.desc()).limit(limit))).all()


def _remove_files(folder: Path) -> None:
    """Remove what no version needs any more: after a whole look nothing is half fetched."""
    for file in folder.glob("*"):
        file.unlink()


def _now() -> datetime:
    return datetime.now(UTC)
