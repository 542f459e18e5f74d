"""Heartbeat history: its partitions, a day each, and how long they are kept."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db import driver_connection

HeartbeatRow = tuple[int, datetime, int | None, int | None, int | None, str | None]
"""device (devices.id), received_at, uptime_s, rssi_dbm, free_heap_bytes, version."""

_COLUMNS = ("device", "received_at", "uptime_s", "rssi_dbm", "free_heap_bytes", "version")
_DAYS_AHEAD = 2


async def append(session: AsyncSession, rows: Iterable[HeartbeatRow]) -> None:
    """Write history by COPY. The partitions of the rows' days must exist."""
    driver = await driver_connection(session)
    await driver.copy_records_to_table("heartbeats", records=rows, columns=_COLUMNS)


async def ensure_partitions(session: AsyncSession, *, now: datetime) -> None:
    """Make the partitions of today and the days around it, so that no heartbeat lacks a home."""
    today = now.astimezone(UTC).date()
    for offset in range(-1, _DAYS_AHEAD + 1):
        day = today + timedelta(days=offset)
        await session.execute(
            text(
                f"CREATE TABLE IF NOT EXISTS {_partition(day)} PARTITION OF heartbeats"
                f" FOR VALUES FROM ('{day}T00:00Z') TO ('{day + timedelta(days=1)}T00:00Z')"
            )
        )


async def drop_old_partitions(session: AsyncSession, *, now: datetime, keep_days: int) -> list[str]:
    """Drop the partitions of days that are no longer kept; return their names."""
    oldest = now.astimezone(UTC).date() - timedelta(days=keep_days)
    names = await session.scalars(
        text(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'heartbeats'::regclass"
        )
    )
    old = sorted(name for name in names if name < _partition(oldest))
    for name in old:
        await session.execute(text(f"DROP TABLE {name}"))
    return old


async def remove_history(session: AsyncSession, device: int) -> None:
    """Remove all history of one clock (devices.id)."""
    await session.execute(text("DELETE FROM heartbeats WHERE device = :device"), {"device": device})


def _partition(day: date) -> str:
    return f"heartbeats_{day:%Y%m%d}"
