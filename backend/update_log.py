"""The update log in the database: writing updates, reading them back, statistics."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, distinct, func, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db import driver_connection
from backend.models import OPEN_STATES, RUNNING_STATES, Update, UpdateState, UpdateTotal
from backend.update_states import OpenUpdate

_COLUMNS = [field.name for field in fields(OpenUpdate)]
_TYPES = {
    "session_id": "uuid",
    "progress_percent": "int",
    "heard_at": "timestamptz",
    "offered_at": "timestamptz",
    "started_at": "timestamptz",
    "completed_at": "timestamptz",
}
_FIXED = {"session_id", "device_id"}
_SAVE = """
    INSERT INTO updates ({columns}) SELECT * FROM unnest({arrays})
    ON CONFLICT (session_id) DO UPDATE SET {assignments}
    WHERE updates.device_id = excluded.device_id
""".format(  # noqa: S608 - built from our own column names
    columns=", ".join(_COLUMNS),
    arrays=", ".join(f"${i}::{_TYPES.get(c, 'text')}[]" for i, c in enumerate(_COLUMNS, 1)),
    assignments=", ".join(f"{c} = excluded.{c}" for c in _COLUMNS if c not in _FIXED),
)


@dataclass(frozen=True, slots=True)
class UpdateStatistics:
    """Figures over all begun updates; field names are v1's. Rate in per cent, duration in s."""

    total_updates: int
    success_count: int
    failed_count: int
    in_progress_count: int
    success_rate: float
    avg_duration_seconds: float | None
    recent_updates_7days: int
    failed_devices_24h: int


async def save(session: AsyncSession, updates: Iterable[OpenUpdate]) -> None:
    """Write changed updates in two statements, however many there are."""
    updates = list(updates)
    # Ended ones first: a clock has at most one running update, and the index says so.
    for some in (
        [update for update in updates if not update.is_open],
        [update for update in updates if update.is_open],
    ):
        if some:
            columns = [[getattr(update, column) for update in some] for column in _COLUMNS]
            await (await driver_connection(session)).execute(_SAVE, *columns)


async def load_open(session: AsyncSession) -> list[OpenUpdate]:
    """Return every update whose end is still to come, oldest first."""
    rows = await session.scalars(
        select(Update).where(Update.state.in_(OPEN_STATES)).order_by(Update.id)
    )
    return [_as_open(row) for row in rows]


async def load_newest_begun(session: AsyncSession) -> list[OpenUpdate]:
    """Return the newest begun update of each clock that is known."""
    rows = await session.scalars(
        select(Update).from_statement(
            text(
                "SELECT newest.* FROM devices CROSS JOIN LATERAL ("
                " SELECT * FROM updates WHERE updates.device_id = devices.device_id"
                " AND started_at IS NOT NULL ORDER BY id DESC LIMIT 1) AS newest"
            )
        )
    )
    return [_as_open(row) for row in rows]


async def load_sessions(session: AsyncSession, session_ids: Sequence[UUID]) -> list[OpenUpdate]:
    """Return the updates of some sessions, ended ones too."""
    if not session_ids:
        return []
    rows = await session.scalars(select(Update).where(Update.session_id.in_(session_ids)))
    return [_as_open(row) for row in rows]


async def find_updates(
    session: AsyncSession,
    *,
    device_id: str | None = None,
    device_ids: Sequence[str] | None = None,
    states: Sequence[UpdateState] = (),
    before_id: int | None = None,
    limit: int = 100,
) -> list[Update]:
    """Return begun updates, newest first, of some clocks or all; `before_id` continues a list."""
    query = select(Update).where(Update.started_at.is_not(None)).order_by(Update.id.desc())
    if device_id is not None:
        query = query.where(Update.device_id == device_id)
    if device_ids is not None:
        query = query.where(Update.device_id.in_(device_ids))
    if states:
        query = query.where(Update.state.in_(states))
    if before_id is not None:
        query = query.where(Update.id < before_id)
    return list(await session.scalars(query.limit(limit)))


async def update_statistics(
    session: AsyncSession, *, now: datetime, device_ids: Sequence[str] | None = None
) -> UpdateStatistics:
    """Return the figures over all begun updates, from the totals that a trigger keeps.

    Of some clocks only they are counted in the log itself.
    """
    totals = _totals(device_ids)
    rows = await session.execute(
        select(totals.c.state, func.sum(totals.c.updates), func.sum(totals.c.duration_s))
        .where(totals.c.updates > 0)
        .group_by(totals.c.state)
    )
    counts: dict[str, int] = {}
    durations_s: dict[str, float] = {}
    for state, count, duration_s in rows:
        counts[state], durations_s[state] = int(count), float(duration_s)
    success = counts.get(UpdateState.SUCCESS, 0)
    failed = counts.get(UpdateState.FAILED, 0) + counts.get(UpdateState.SILENT, 0)
    ended = success + failed
    return UpdateStatistics(
        total_updates=sum(counts.values()),
        success_count=success,
        failed_count=failed,
        in_progress_count=sum(counts.get(state, 0) for state in RUNNING_STATES),
        success_rate=round(100 * success / ended, 1) if ended else 0.0,
        avg_duration_seconds=round(durations_s[UpdateState.SUCCESS] / success, 1)
        if success
        else None,
        recent_updates_7days=await _begun_since(session, now - timedelta(days=7), device_ids),
        failed_devices_24h=await _clocks_failed_since(session, now - timedelta(days=1), device_ids),
    )


async def weekly_results(
    session: AsyncSession, *, since: datetime, device_ids: Sequence[str] | None = None
) -> list[tuple[datetime, str, int]]:
    """Return (start of the ISO week in UTC, state, number of updates begun in it), in order."""
    totals = _totals(device_ids)
    week = func.date_trunc("week", totals.c.day, "UTC").label("week")
    rows = await session.execute(
        select(week, totals.c.state, func.sum(totals.c.updates))
        .where(totals.c.day >= since, totals.c.updates > 0)
        .group_by(week, totals.c.state)
        .order_by(week, totals.c.state)
    )
    return [(start, str(state), int(count)) for start, state, count in rows]


def _totals(device_ids: Sequence[str] | None) -> FromClause:
    """Return the totals by day and state: the kept ones, or those of some clocks."""
    if device_ids is None:
        return UpdateTotal.__table__
    day = func.date_trunc("day", Update.started_at, "UTC").label("day")
    ended = func.extract("epoch", Update.completed_at - Update.started_at)
    return (
        select(
            day,
            Update.state,
            func.count().label("updates"),
            func.coalesce(func.sum(ended), 0).label("duration_s"),
        )
        .where(Update.started_at.is_not(None), Update.device_id.in_(device_ids))
        .group_by(day, Update.state)
        .subquery()
    )


def _of(device_ids: Sequence[str] | None) -> ColumnElement[bool]:
    """Return the condition that an update is of one of some clocks."""
    return true() if device_ids is None else Update.device_id.in_(device_ids)


async def _begun_since(
    session: AsyncSession, since: datetime, device_ids: Sequence[str] | None
) -> int:
    """Count by whole days from the totals, and the first part of a day from the log."""
    midnight = since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    whole, totals = midnight + timedelta(days=1), _totals(device_ids)
    days = await session.scalar(
        select(func.coalesce(func.sum(totals.c.updates), 0)).where(totals.c.day >= whole)
    )
    rest = await session.scalar(
        select(func.count()).where(
            Update.started_at >= since, Update.started_at < whole, _of(device_ids)
        )
    )
    return int(days or 0) + int(rest or 0)


async def _clocks_failed_since(
    session: AsyncSession, since: datetime, device_ids: Sequence[str] | None
) -> int:
    count = await session.scalar(
        select(func.count(distinct(Update.device_id))).where(
            Update.state.in_((UpdateState.FAILED, UpdateState.SILENT)),
            Update.completed_at >= since,
            _of(device_ids),
        )
    )
    return int(count or 0)


def _as_open(row: Update) -> OpenUpdate:
    values = {column: getattr(row, column) for column in _COLUMNS}
    return OpenUpdate(**values | {"state": UpdateState(row.state)})
