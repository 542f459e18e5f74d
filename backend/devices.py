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
_ARRAYS = ", ".join(f"${i}::{type_}[]" for i, type_ in enumerate(_COLUMNS.values(), 1))
_UPDATE = """
    UPDATE devices AS known SET {assignments},
        last_seen = greatest(known.last_seen, said.seen_at)
    FROM unnest({arrays}) AS said ({names}) WHERE known.device_id = said.device_id
""".format(  # noqa: S608 - built from our own column names
    names=", ".join(_COLUMNS),
    arrays=_ARRAYS,
    assignments=", ".join(f"{name} = coalesce(said.{name}, known.{name})" for name in _SAID),
)
_REGISTER = """
    INSERT INTO devices AS known ({columns}, first_seen, last_seen)
    SELECT {columns}, first_at, seen_at FROM unnest({arrays}) AS said ({names})
    ON CONFLICT (device_id) DO UPDATE SET {assignments},
        last_seen = greatest(known.last_seen, excluded.last_seen)
    RETURNING *
""".format(  # noqa: S608 - built from our own column names
    columns=", ".join(["device_id", *_SAID]),
    names=", ".join(_COLUMNS),
    arrays=_ARRAYS,
    assignments=", ".join(f"{name} = coalesce(excluded.{name}, known.{name})" for name in _SAID),
)


async def save_known(session: AsyncSession, sightings: Sequence[Sighting]) -> list[Sighting]:
    """Write the last state of known clocks; return those that are not in the table any more.

    An UPDATE, not an upsert: each row that an upsert only tries to insert uses up an id.
    """
    driver = await driver_connection(session)
    status = await driver.execute(_UPDATE, *_columns_of(sightings))
    if int(status.rpartition(" ")[2]) == len(sightings):
        return []
    ids = [one.device_id for one in sightings]
    found = await session.scalars(select(Device.device_id).where(Device.device_id.in_(ids)))
    there = set(found)
    return [one for one in sightings if one.device_id not in there]


async def register(session: AsyncSession, sightings: Sequence[Sighting]) -> list[dict[str, Any]]:
    """Write clocks that the live state does not know; return their rows."""
    driver = await driver_connection(session)
    return [dict(row) for row in await driver.fetch(_REGISTER, *_columns_of(sightings))]


def _columns_of(sightings: Sequence[Sighting]) -> list[list[Any]]:
    return [[getattr(one, name) for one in sightings] for name in _COLUMNS]


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
