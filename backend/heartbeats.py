"""Heartbeat history: its partitions, a day each, and how long they are kept."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.contract.messages import Heartbeat
from backend.db import driver_connection

Said = Sequence[tuple[Heartbeat, datetime]]

_COLUMNS: tuple[str, ...] = (
    "device",
    "received_at",
    "uptime_s",
    "rssi_dbm",
    "free_heap_bytes",
    "version",
)
_V2_COLUMNS = ("min_free_heap_bytes", "clock_error_ms", "frame_ms")
_DAYS_AHEAD = 2
_DROPPED_AT_ONCE = 4


async def append(session: AsyncSession, said: Said, ids: Mapping[str, int]) -> None:
    """Write history by COPY. `ids`: devices.id by device id; the days' partitions must exist."""
    driver = await driver_connection(session)
    rows: list[tuple[Any, ...]]
    # Columns that v1 clocks have nothing to say of cost time too.
    if any(one.protocol is not None for one, _ in said):
        columns = _COLUMNS + _V2_COLUMNS
        rows = [
            (
                ids[one.device_id],
                at,
                one.uptime,
                one.rssi,
                one.free_heap,
                one.version,
                one.min_free_heap,
                one.clock_error_ms,
                one.frame_ms,
            )
            for one, at in said
        ]
    else:
        columns = _COLUMNS
        rows = [
            (ids[one.device_id], at, one.uptime, one.rssi, one.free_heap, one.version)
            for one, at in said
        ]
    await driver.copy_records_to_table("heartbeats", records=rows, columns=columns)


async def ensure_partitions(session: AsyncSession, *, now: datetime) -> None:
    """Make the partitions of today and the days around it before they are needed."""
    today = day_of(now)
    around = range(-1, _DAYS_AHEAD + 1)
    await ensure_days(session, [today + timedelta(days=offset) for offset in around])


async def ensure_days(session: AsyncSession, days: Iterable[date]) -> None:
    """Make the partitions of some days (UTC), so that no heartbeat of theirs lacks a home."""
    for day in sorted(days):
        await session.execute(
            text(
                f"CREATE TABLE IF NOT EXISTS {_partition(day)} PARTITION OF heartbeats"
                f" FOR VALUES FROM ('{day}T00:00Z') TO ('{day + timedelta(days=1)}T00:00Z')"
            )
        )


async def drop_old_partitions(session: AsyncSession, *, now: datetime, keep_days: int) -> list[str]:
    """Drop the oldest partitions of days that are no longer kept; return their names.

    A few at a time: a server whose clock is wrong for a moment must not drop all history.
    """
    oldest = day_of(now) - timedelta(days=keep_days)
    names = await session.scalars(
        text(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'heartbeats'::regclass"
        )
    )
    old = sorted(name for name in names if name < _partition(oldest))[:_DROPPED_AT_ONCE]
    for name in old:
        await session.execute(text(f"DROP TABLE {name}"))
    return old


async def remove_history(session: AsyncSession, device: int) -> None:
    """Remove all history of one clock (devices.id)."""
    await session.execute(text("DELETE FROM heartbeats WHERE device = :device"), {"device": device})


def day_of(at: datetime) -> date:
    """Return the day (UTC) whose partition holds a time."""
    return at.astimezone(UTC).date()


def _partition(day: date) -> str:
    return f"heartbeats_{day:%Y%m%d}"
