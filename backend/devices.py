"""Clocks in the database: written in bulk as they speak, renamed and removed by people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend import audit, clock_credentials, heartbeats
from backend.contract.messages import Heartbeat
from backend.contract.platforms import UNKNOWN_BOARD
from backend.db import driver_connection
from backend.models import Device

MAX_GROUP = 40
"""Characters of the name of a group of clocks."""


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
    v2: Heartbeat | None = None
    """The heartbeat that says what only v2 clocks say, or that the clock is v2 no more."""


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
# Of the heartbeat in `Sighting.v2`; its columns are all written where there is one.
_V2_COLUMNS = {
    "protocol": ("smallint", "protocol"),
    "reset_reason": ("text", "reset_reason"),
    "min_free_heap_bytes": ("bigint", "min_free_heap"),
    "time_source": ("text", "time_source"),
    "clock_error_ms": ("int", "clock_error_ms"),
    "frame_ms": ("int", "frame_ms"),
    "trust": ("text", "trust"),
    "config_version": ("bigint", "config_version"),
    "on_trial": ("boolean", "trial"),
}
_V2_FIELDS = attrgetter(*(field for _, field in _V2_COLUMNS.values()))
_SILENT = (None,) * len(_V2_COLUMNS)
_SAID = [name for name in _COLUMNS if name not in {"device_id", "first_at", "seen_at"}]


def _statements(*, v2: bool) -> tuple[str, str]:
    """Return how known clocks are updated and how new ones are registered."""
    types = dict(_COLUMNS)
    assignments = [f"{name} = coalesce(said.{name}, known.{name})" for name in _SAID]
    names = list(_SAID)
    if v2:
        types |= {"is_v2": "boolean"} | {name: one[0] for name, one in _V2_COLUMNS.items()}
        assignments += [
            f"{name} = CASE WHEN said.is_v2 THEN said.{name} ELSE known.{name} END"
            for name in _V2_COLUMNS
        ]
        names += _V2_COLUMNS
    arrays = ", ".join(f"${i}::{type_}[]" for i, type_ in enumerate(types.values(), 1))
    said = f"unnest({arrays}) AS said ({', '.join(types)})"
    update = f"""
        UPDATE devices AS known SET {", ".join(assignments)}, heard = true,
            last_seen = greatest(known.last_seen, said.seen_at)
        FROM {said} WHERE known.device_id = said.device_id
    """  # noqa: S608 - built from our own column names
    again = ", ".join(f"{name} = coalesce(excluded.{name}, known.{name})" for name in names)
    columns = ", ".join(["device_id", *names])
    register = f"""
        INSERT INTO devices AS known ({columns}, first_seen, last_seen)
        SELECT {columns}, first_at, seen_at FROM {said}
        ON CONFLICT (device_id) DO UPDATE SET {again}, heard = true,
            last_seen = greatest(known.last_seen, excluded.last_seen)
        RETURNING *
    """  # noqa: S608 - built from our own column names
    return update, register


_UPDATE, _REGISTER = _statements(v2=False)
_UPDATE_V2, _REGISTER_V2 = _statements(v2=True)


async def save_known(session: AsyncSession, sightings: Sequence[Sighting]) -> list[Sighting]:
    """Write the last state of known clocks; return those that are not in the table any more.

    An UPDATE, not an upsert: each row that an upsert only tries to insert uses up an id.
    """
    driver = await driver_connection(session)
    statement = _UPDATE_V2 if _any_v2(sightings) else _UPDATE
    status = await driver.execute(statement, *_columns_of(sightings))
    if int(status.rpartition(" ")[2]) == len(sightings):
        return []
    ids = [one.device_id for one in sightings]
    found = await session.scalars(select(Device.device_id).where(Device.device_id.in_(ids)))
    there = set(found)
    return [one for one in sightings if one.device_id not in there]


async def register(session: AsyncSession, sightings: Sequence[Sighting]) -> list[dict[str, Any]]:
    """Write clocks that the live state does not know; return their rows."""
    driver = await driver_connection(session)
    statement = _REGISTER_V2 if _any_v2(sightings) else _REGISTER
    return [dict(row) for row in await driver.fetch(statement, *_columns_of(sightings))]


def _any_v2(sightings: Sequence[Sighting]) -> bool:
    return any(one.v2 is not None for one in sightings)


def _columns_of(sightings: Sequence[Sighting]) -> list[list[Any]]:
    columns = [[getattr(one, name) for one in sightings] for name in _COLUMNS]
    if _any_v2(sightings):
        columns.append([one.v2 is not None for one in sightings])
        said = [_SILENT if one.v2 is None else _V2_FIELDS(one.v2) for one in sightings]
        columns += map(list, zip(*said, strict=True))
    return columns


async def load_devices(session: AsyncSession) -> list[Device]:
    """Return every clock."""
    return list(await session.scalars(select(Device)))


async def find_device(session: AsyncSession, device_id: str) -> Device | None:
    """Return one clock."""
    found: Device | None = await session.scalar(select(Device).where(Device.device_id == device_id))
    return found


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
    device = await find_device(session, device_id)
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


async def regroup_device(
    session: AsyncSession,
    device_id: str,
    group: str | None,
    *,
    actor: str,
    address: str | None,
    now: datetime,
) -> bool:
    """Put a clock into a group, or into none. False for a clock that is not there."""
    device = await find_device(session, device_id)
    if device is None:
        return False
    before, device.device_group = device.device_group, (group or "").strip()[:MAX_GROUP] or None
    if device.device_group != before:
        audit.record(
            session,
            at=now,
            actor=actor,
            action="clock.group",
            object=device_id,
            address=address,
            before={"group": before},
            after={"group": device.device_group},
        )
    return True


async def remove_device(
    session: AsyncSession, device_id: str, *, actor: str, address: str | None, now: datetime
) -> bool:
    """Remove a clock, its history and its right to come back as itself; its update log stays.

    False for one that is not there.
    """
    device = await find_device(session, device_id)
    if device is None:
        return False
    await clock_credentials.revoke(session, device_id, actor=actor, address=address, now=now)
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
