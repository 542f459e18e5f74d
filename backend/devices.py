"""Clocks in the database: written in bulk as they speak, renamed and removed by people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend import audit, heartbeats
from backend.contract.platforms import UNKNOWN_BOARD
from backend.db import driver_connection
from backend.models import Device


@dataclass(slots=True)
class Sighting:
    """What a clock said last in one batch; None where it did not say."""

    device_id: str
    first_at: datetime
    seen_at: datetime
    board: str | None = None
    platform: str | None = None
    version: str | None = None
    uptime_s: int | None = None
    rssi_dbm: int | None = None
    free_heap_bytes: int | None = None
    ssid: str | None = None
    ip_address: str | None = None


_COLUMNS = {
    "device_id": "text",
    "board": "text",
    "platform": "text",
    "version": "text",
    "uptime_s": "bigint",
    "rssi_dbm": "smallint",
    "free_heap_bytes": "bigint",
    "ssid": "text",
    "ip_address": "text",
    "first_at": "timestamptz",
    "seen_at": "timestamptz",
}
_SAID = [name for name in _COLUMNS if name not in {"device_id", "first_at", "seen_at"}]
_SAVE = """
    INSERT INTO devices AS known ({columns}, first_seen, last_seen)
    SELECT {columns}, first_at, seen_at FROM unnest({arrays}) AS said ({names})
    ON CONFLICT (device_id) DO UPDATE SET {assignments},
        last_seen = greatest(known.last_seen, excluded.last_seen)
""".format(  # noqa: S608 - built from our own column names
    columns=", ".join(["device_id", *_SAID]),
    names=", ".join(_COLUMNS),
    arrays=", ".join(f"${i}::{type_}[]" for i, type_ in enumerate(_COLUMNS.values(), 1)),
    assignments=", ".join(f"{name} = coalesce(excluded.{name}, known.{name})" for name in _SAID),
)


async def save_sightings(session: AsyncSession, sightings: Sequence[Sighting]) -> None:
    """Write the last state of some clocks, each named once; new clocks are registered."""
    columns = [[getattr(one, name) for one in sightings] for name in _COLUMNS]
    await (await driver_connection(session)).execute(_SAVE, *columns)


async def save_new(session: AsyncSession, sightings: Sequence[Sighting]) -> list[dict[str, Any]]:
    """Write clocks that the live state does not know; return their rows (id, names, times)."""
    columns = [[getattr(one, name) for one in sightings] for name in _COLUMNS]
    rows = await (await driver_connection(session)).fetch(f"{_SAVE} RETURNING *", *columns)
    return [dict(row) for row in rows]


async def load_devices(session: AsyncSession) -> list[Device]:
    """Return every clock."""
    return list(await session.scalars(select(Device)))


async def rename_device(
    session: AsyncSession,
    device_id: str,
    name: str | None,
    *,
    actor: str,
    address: str | None,
    now: datetime,
) -> bool:
    """Name a clock, or take its name away. False for a clock that is not there."""
    device = await session.scalar(select(Device).where(Device.device_id == device_id))
    if device is None:
        return False
    before, device.name = device.name, (name or "").strip()[:64] or None
    audit.record(
        session,
        at=now,
        actor=actor,
        action="clock.rename",
        object=device_id,
        address=address,
        before={"name": before},
        after={"name": device.name},
    )
    return True


async def remove_device(
    session: AsyncSession, device_id: str, *, actor: str, address: str | None, now: datetime
) -> bool:
    """Remove a clock and its history; its update log stays. False for one that is not there."""
    device = await session.scalar(select(Device).where(Device.device_id == device_id))
    if device is None:
        return False
    await heartbeats.remove_history(session, device.id)
    await session.delete(device)
    audit.record(
        session,
        at=now,
        actor=actor,
        action="clock.remove",
        object=device_id,
        address=address,
        before={"name": device.name, "board": device.board, "version": device.version},
    )
    return True


def board_said(board: str | None) -> str | None:
    """Return the board worth keeping: `Unknown` must not overwrite what is known."""
    return None if board == UNKNOWN_BOARD else board
