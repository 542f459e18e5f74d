"""What v2 clocks say besides heartbeats, in the database: status, info, settings, journal.

Written in bulk by the lane that writes clocks, in the transaction that registers new ones.
Of a clock that is not there nothing is kept: a status alone makes none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend import commands
from backend.clock_models import ClockDetails, ClockEvent
from backend.contract.messages import (
    CommandResult,
    ConfigReport,
    Events,
    Happening,
    Info,
    Status,
)
from backend.db import driver_connection
from backend.models import Device

Report = Status | Info | Events | CommandResult | ConfigReport
Heard = Sequence[tuple[Report, datetime]]

EVENTS_KEPT = 1000
"""Of one clock, however many it sends."""


async def save(session: AsyncSession, heard: Heard, ids: Mapping[str, int]) -> None:
    """Write reports in the order in which they came. `ids`: devices.id by device id."""
    known = [(ids[report.device_id], report, at) for report, at in heard if report.device_id in ids]
    await _save_details(
        session,
        {"says_online": "boolean", "status_at": "timestamptz"},
        {device: (one.online, at) for device, one, at in known if isinstance(one, Status)},
    )
    await _save_details(
        session,
        {"info": "jsonb", "info_at": "timestamptz"},
        {device: (_json(one), at) for device, one, at in known if isinstance(one, Info)},
    )
    await _save_details(
        session,
        {
            "report_version": "bigint",
            "report_result": "text",
            "report_field": "text",
            "report_settings": "jsonb",
            "report_at": "timestamptz",
        },
        {
            device: (one.version, one.result, one.field, _json(one.settings), at)
            for device, one, at in known
            if isinstance(one, ConfigReport)
        },
    )
    await _save_events(
        session, [(device, one, at) for device, one, at in known if isinstance(one, Events)]
    )
    await commands.take_results(
        session, [(device, one, at) for device, one, at in known if isinstance(one, CommandResult)]
    )


async def _save_details(
    session: AsyncSession, columns: dict[str, str], rows: Mapping[int, tuple[Any, ...]]
) -> None:
    """Write some columns of the clocks' details; a clock that is gone is left out."""
    if not rows:
        return
    names = ", ".join(columns)
    arrays = ", ".join(f"${i}::{type_}[]" for i, type_ in enumerate(columns.values(), 2))
    statement = f"""
        INSERT INTO clock_details (device, {names})
        SELECT devices.id, {", ".join(f"said.{name}" for name in columns)}
        FROM unnest($1::bigint[], {arrays}) AS said (device, {names})
        JOIN devices ON devices.id = said.device
        ON CONFLICT (device) DO UPDATE
        SET {", ".join(f"{name} = excluded.{name}" for name in columns)}
    """  # noqa: S608 - built from our own column names
    driver = await driver_connection(session)
    await driver.execute(statement, list(rows), *map(list, zip(*rows.values(), strict=True)))


_EVENT_TYPES = {
    "device": "bigint",
    "boot": "bigint",
    "seq": "bigint",
    "kind": "text",
    "detail": "text",
    "uptime_s": "bigint",
    "occurred_at": "timestamptz",
    "received_at": "timestamptz",
}
# A clock whose flash was erased counts from the beginning again: then the newer entry stays.
_SAVE_EVENTS = """
    INSERT INTO clock_events ({names})
    SELECT said.* FROM unnest({arrays}) AS said ({names}) JOIN devices ON devices.id = said.device
    ON CONFLICT (device, boot, seq) DO UPDATE
    SET (kind, detail, uptime_s, occurred_at, received_at) = (excluded.kind, excluded.detail,
        excluded.uptime_s, excluded.occurred_at, excluded.received_at)
    WHERE (clock_events.kind, clock_events.detail, clock_events.uptime_s)
        IS DISTINCT FROM (excluded.kind, excluded.detail, excluded.uptime_s)
""".format(  # noqa: S608 - built from our own column names
    names=", ".join(_EVENT_TYPES),
    arrays=", ".join(f"${i}::{type_}[]" for i, type_ in enumerate(_EVENT_TYPES.values(), 1)),
)


async def _save_events(
    session: AsyncSession, heard: Sequence[tuple[int, Events, datetime]]
) -> None:
    rows = {
        (device, one.boot, one.seq): _event_row(device, one, at)
        for device, report, at in heard
        for one in report.events
    }
    if rows:
        driver = await driver_connection(session)
        await driver.execute(_SAVE_EVENTS, *map(list, zip(*rows.values(), strict=True)))
    await _save_details(
        session,
        {"events_lost": "bigint"},
        {device: (report.lost,) for device, report, _ in heard if report.lost is not None},
    )


def _event_row(device: int, one: Happening, at: datetime) -> tuple[Any, ...]:
    occurred_at = datetime.fromtimestamp(one.at, UTC) if one.at else None
    return (device, one.boot, one.seq, one.kind, one.detail, one.up, occurred_at, at)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the live state needs of a clock's details."""

    device_id: str
    says_online: bool | None
    status_at: datetime | None
    refused_config: int | None


async def load_standings(session: AsyncSession) -> list[Standing]:
    """Return the standing of every clock that said more than heartbeats."""
    rows = await session.execute(
        select(
            Device.device_id,
            ClockDetails.says_online,
            ClockDetails.status_at,
            ClockDetails.report_result,
            ClockDetails.report_version,
        ).join(ClockDetails, ClockDetails.device == Device.id)
    )
    return [
        Standing(device_id, says_online, status_at, version if result == "refused" else None)
        for device_id, says_online, status_at, result, version in rows
    ]


async def find_details(session: AsyncSession, device_id: str) -> ClockDetails | None:
    """Return what a clock said of itself besides heartbeats."""
    found: ClockDetails | None = await session.scalar(
        select(ClockDetails)
        .join(Device, Device.id == ClockDetails.device)
        .where(Device.device_id == device_id)
    )
    return found


async def find_events(
    session: AsyncSession, device_id: str, *, kinds: Sequence[str] = (), limit: int = 100
) -> list[ClockEvent]:
    """Return a clock's journal, newest first."""
    query = (
        select(ClockEvent)
        .join(Device, Device.id == ClockEvent.device)
        .where(Device.device_id == device_id)
        .order_by(ClockEvent.boot.desc(), ClockEvent.seq.desc())
        .limit(limit)
    )
    if kinds:
        query = query.where(ClockEvent.kind.in_(kinds))
    return list(await session.scalars(query))


async def thin_events(session: AsyncSession) -> None:
    """Remove of each clock the entries beyond EVENTS_KEPT."""
    await session.execute(
        text(
            "DELETE FROM clock_events USING (SELECT device, boot, seq, row_number() OVER"
            " (PARTITION BY device ORDER BY received_at DESC, boot DESC, seq DESC) AS place"
            " FROM clock_events WHERE device IN (SELECT device FROM clock_events GROUP BY device"
            " HAVING count(*) > :kept)) AS ranked WHERE ranked.place > :kept"
            " AND (clock_events.device, clock_events.boot, clock_events.seq)"
            " = (ranked.device, ranked.boot, ranked.seq)"
        ),
        {"kept": EVENTS_KEPT},
    )


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
