"""How long what was written down is kept: old rows go in small steps, so that ingest never waits.

The audit log is kept for ever. Heartbeats go by the day (backend.heartbeats); images that no
version refers to any more are collected after a grace time (backend.keeper).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend import audit, reports
from backend.config import Settings
from backend.contract.versions import version_key
from backend.db import Database
from backend.firmware import Catalogue, FirmwareInfo
from backend.fleet import Fleet
from backend.models import Firmware

log = structlog.get_logger(__name__)

AT_ONCE = 1000
PAUSE_S = 0.2
SWEEP_S = 3600.0


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of one kind that go after a number of days, the oldest first."""

    table: str
    key: str
    since: str
    """The column whose time counts; each has an index that finds the oldest."""
    condition: str = "TRUE"

    @property
    def statement(self) -> str:
        """One step: at most `limit` rows from before `before`."""
        return (
            f"DELETE FROM {self.table} WHERE ({self.key}) IN (SELECT {self.key} FROM {self.table}"  # noqa: S608 - our own names
            f" WHERE {self.since} < :before AND {self.condition}"
            f" ORDER BY {self.since} LIMIT :limit)"
        )


OFFERS = Rule("updates", "id", "completed_at", "state = 'lapsed'")
UPDATES = Rule("updates", "id", "started_at", "completed_at IS NOT NULL")
DOWNLOADS = Rule("downloads", "id", "at")
EVENTS = Rule("clock_events", "device, boot, seq", "received_at")
COMMANDS = Rule("commands", "id", "created_at")
ATTEMPTS = Rule("flash_attempts", "id", "begun_at")


def days_kept(settings: Settings) -> Mapping[Rule, int]:
    """Return for how many days each kind of row is kept."""
    return {
        OFFERS: settings.lapsed_offer_days,
        UPDATES: settings.update_days,
        DOWNLOADS: settings.download_days,
        EVENTS: settings.event_days,
        COMMANDS: settings.event_days,
        ATTEMPTS: settings.event_days,
    }


async def keep(database: Database, settings: Settings, fleet: Fleet, catalogue: Catalogue) -> None:
    """Remove what is past keeping, now and every hour, until cancelled."""
    while True:
        now = datetime.now(UTC)
        for rule, days in days_kept(settings).items():
            await sweep(database, rule, before=now - timedelta(days=days))
        async with database.session() as session:
            await reports.thin_events(session)
        if settings.firmware_kept:
            await retire_firmware(
                database, fleet, catalogue, keep_versions=settings.firmware_kept, now=now
            )
        await asyncio.sleep(SWEEP_S)


async def sweep(database: Database, rule: Rule, *, before: datetime) -> int:
    """Remove every row of a rule from before a time, a transaction a step; returns how many."""
    removed, step = 0, AT_ONCE
    while step == AT_ONCE:
        async with database.session() as session:
            step = await remove_some(session, rule, before=before, limit=AT_ONCE)
        removed += step
        if step == AT_ONCE:
            await asyncio.sleep(PAUSE_S)
    if removed:
        log.info("retention.removed", table=rule.table, rows=removed)
    return removed


async def remove_some(session: AsyncSession, rule: Rule, *, before: datetime, limit: int) -> int:
    """Remove the oldest rows of a rule, at most `limit`; returns how many."""
    result = await session.execute(text(rule.statement), {"before": before, "limit": limit})
    return int(getattr(result, "rowcount", 0))


def to_retire(fleet: Fleet, catalogue: Catalogue, *, keep_versions: int) -> list[FirmwareInfo]:
    """Return the versions beyond the newest `keep_versions` of each board that nobody needs.

    A version that any clock runs, or is just being updated to, is needed.
    """
    said = [clock.version for clock in fleet.clocks.values()]
    said += [update.new_version for update in fleet.updates]
    needed = {version_key(version) for version in said}
    return [
        info
        for platform in sorted({platform for platform, _ in catalogue.published()})
        for info in catalogue.versions(platform)[keep_versions:]
        if info.version_key not in needed
    ]


async def retire_firmware(
    database: Database, fleet: Fleet, catalogue: Catalogue, *, keep_versions: int, now: datetime
) -> list[FirmwareInfo]:
    """Take back old versions, each in a transaction of its own; returns which."""
    retired = to_retire(fleet, catalogue, keep_versions=keep_versions)
    for info in retired:
        async with database.session() as session:
            await session.execute(delete(Firmware).where(Firmware.id == info.id))
            audit.record(
                session,
                at=now,
                actor="system",
                action="firmware.retire",
                object=f"{info.platform} {info.version}",
                address=None,
                before={"sha256": info.sha256, "size_bytes": info.size_bytes},
            )
        catalogue.remove(info)
    return retired
