"""What open pages are told of updates: rows that changed, and figures when they did."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from backend.access import Identity
from backend.contract.versions import version_key
from backend.db import Database
from backend.firmware import Catalogue
from backend.fleet import Changes, Clock, Fleet
from backend.models import RUNNING_STATES, Update, UpdateState
from backend.sight import clocks_seen, ids_seen, sees
from backend.update_log import load_sessions, update_statistics, weekly_results
from backend.update_states import OpenUpdate

WEEKS = 12
FIGURES_EVERY = timedelta(seconds=2)


class UpdateFeed:
    """Follows the fleet's updates for all open pages."""

    def __init__(self, fleet: Fleet, catalogue: Catalogue, database: Database) -> None:
        self._fleet = fleet
        self._catalogue = catalogue
        self._database = database
        self.changes: Changes = fleet.watch()
        self._known: dict[str, OpenUpdate] = {}
        self._left: dict[UUID, str] = {}
        """Sessions that a newer one replaced while they ran; their end is in the database."""
        self._figures_due = False
        self._figures_at = datetime.min.replace(tzinfo=UTC)
        self._versions: dict[str, Any] | None = None

    async def snapshot(self) -> dict[str, Any]:
        """Return figures and versions as they stand."""
        async with self._database.session() as session:
            figures = await figures_of(session, now=datetime.now(UTC))
        return {
            "figures": figures,
            "versions": versions_of(self._fleet.clocks.values(), self._catalogue),
        }

    async def news(self, watched: bool) -> dict[str, Any] | None:
        """Return what changed since the last call."""
        changed, removed = self.changes.take()
        updates = self._changed_updates(changed)
        for device_id in removed:
            self._known.pop(device_id, None)
        if not watched:
            self._left.clear()
            return None
        message: dict[str, Any] = {}
        rows = [row_of(update, self._fleet) for update in updates]
        rows += await self._ends_of_left()
        if rows:
            message["rows"] = rows
        versions = versions_of(self._fleet.clocks.values(), self._catalogue)
        if versions != self._versions:
            message["versions"] = self._versions = versions
        if figures := await self._figures(now=datetime.now(UTC)):
            message["figures"] = figures
        return message or None

    async def narrow(self, message: dict[str, Any], identity: Identity) -> dict[str, Any] | None:
        """Return what somebody who sees only some clocks is told in place of a message."""
        told: dict[str, Any] = {}
        clocks = self._fleet.clocks
        rows = [
            one for one in message.get("rows", ()) if sees(identity, clocks.get(one["device_id"]))
        ]
        if rows:
            told["rows"] = rows
        if "versions" in message:
            told["versions"] = versions_of(clocks_seen(self._fleet, identity), self._catalogue)
        if "figures" in message:
            async with self._database.session() as session:
                told["figures"] = await figures_of(
                    session,
                    now=datetime.now(UTC),
                    device_ids=ids_seen(self._fleet, identity),
                )
        return told or None

    def _changed_updates(self, device_ids: Iterable[str]) -> list[OpenUpdate]:
        updates = []
        for device_id in device_ids:
            clock = self._fleet.clocks.get(device_id)
            update = clock.last_update if clock is not None else None
            known = self._known.get(device_id)
            if update is None or update is known:
                continue
            self._known[device_id] = update
            self._figures_due |= known is None or known.state is not update.state
            if known is not None and known.session_id != update.session_id and known.is_open:
                self._left[known.session_id] = device_id
            updates.append(update)
        return updates

    async def _ends_of_left(self) -> list[dict[str, Any]]:
        if not self._left:
            return []
        async with self._database.session() as session:
            ended = await load_sessions(session, list(self._left))
        self._left.clear()
        return [row_of(update, self._fleet) for update in ended]

    async def _figures(self, *, now: datetime) -> dict[str, Any] | None:
        if not self._figures_due or now - self._figures_at < FIGURES_EVERY:
            return None
        async with self._database.session() as session:
            figures = await figures_of(session, now=now)
        self._figures_due, self._figures_at = False, now
        return figures


async def figures_of(
    session: AsyncSession, *, now: datetime, device_ids: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return the statistics, and the results of the last WEEKS weeks, oldest first."""
    this_week = (now - timedelta(days=now.weekday())).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    first = this_week - timedelta(weeks=WEEKS - 1)
    results: dict[datetime, Counter[str]] = {}
    for start, state, count in await weekly_results(session, since=first, device_ids=device_ids):
        results.setdefault(start, Counter())[_outcome(state)] += count
    weeks = [first + timedelta(weeks=i) for i in range(WEEKS)]
    return {
        "statistics": asdict(await update_statistics(session, now=now, device_ids=device_ids)),
        "weeks": [
            {"start": week.timestamp(), **_outcomes(results.get(week, Counter()))} for week in weeks
        ],
    }


def versions_of(clocks: Iterable[Clock], catalogue: Catalogue) -> dict[str, Any]:
    """Return how many clocks run each version, newest first, and how many the newest of theirs."""
    counts = Counter((clock.platform, clock.version or "") for clock in clocks)
    by_version: Counter[str] = Counter()
    on_newest = 0
    for (platform, version), count in counts.items():
        by_version[version] += count
        published = catalogue.newest(platform) if platform else None
        on_newest += count if published is not None and published.version == version else 0
    newest_first = sorted(by_version, key=lambda one: version_key(one) or (-1,), reverse=True)
    return {
        "clocks": counts.total(),
        "on_newest": on_newest,
        "counts": [[version, by_version[version]] for version in newest_first],
    }


def row_of(update: OpenUpdate | Update, fleet: Fleet) -> dict[str, Any]:
    """Return one update as the page shows it. Times in Unix seconds."""
    clock = fleet.clocks.get(update.device_id)
    return {
        "session": str(update.session_id),
        "id": update.id if isinstance(update, Update) else None,
        "device_id": update.device_id,
        "name": clock.name if clock is not None else None,
        "platform": update.platform,
        "old": update.old_version,
        "new": update.new_version,
        "state": str(update.state),
        "progress": update.progress_percent,
        "started_at": _unix(update.started_at),
        "ended_at": _unix(update.completed_at),
        "error": update.error_message,
    }


def _outcome(state: str) -> str:
    if state == UpdateState.SUCCESS:
        return "success"
    return "running" if state in RUNNING_STATES else "failed"


def _outcomes(counts: Counter[str]) -> dict[str, int]:
    return {outcome: counts[outcome] for outcome in ("success", "failed", "running")}


def _unix(moment: datetime | None) -> float | None:
    return None if moment is None else round(moment.timestamp(), 1)
