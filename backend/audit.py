"""Notes who did what to which object, in the transaction that does it, and finds it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from backend.models import AuditEntry

MAX_PREFIX = 254


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries somebody looks for; empty: all. Texts are beginnings, times are [since, until).

    `action` is exact, or a noun that stands before the dot.
    """

    actor: str = ""
    action: str = ""
    object: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def read(
        cls, texts: Mapping[str, Any], *, since: datetime | None, until: datetime | None
    ) -> "Wanted":
        """Return what is asked for by texts that anybody may have written."""
        actor, action, object_ = (_clean(texts.get(name)) for name in ("actor", "action", "object"))
        return cls(actor, action, object_, since, until)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page of the log ended: the next one begins below it."""

    at: datetime
    id: int


def record(
    session: AsyncSession,
    *,
    at: datetime,
    actor: str,
    action: str,
    object: str,  # noqa: A002 - the log's own word for it
    address: str | None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Add an entry. `actor`: an e-mail, a key's name, or `system`; `action`: noun.verb."""
    session.add(
        AuditEntry(
            at=at,
            actor=actor,
            action=action,
            object=object,
            address=address,
            before=before,
            after=after,
        )
    )


async def find_entries(
    session: AsyncSession, wanted: Wanted, *, below: Position | None = None, limit: int
) -> list[AuditEntry]:
    """Return entries, newest first; `below` goes on where a page ended."""
    return list(await session.scalars(query_of(wanted, below=below).limit(limit)))


def query_of(wanted: Wanted, *, below: Position | None = None) -> Select[AuditEntry]:
    """Return the question that finds entries, newest first."""
    query = select(AuditEntry).where(*_conditions(wanted))
    if below is not None:
        query = query.where(tuple_(AuditEntry.at, AuditEntry.id) < tuple_(below.at, below.id))
    return query.order_by(AuditEntry.at.desc(), AuditEntry.id.desc())


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = []
    if wanted.actor:
        conditions += _begins(AuditEntry.actor, wanted.actor)
    if wanted.object:
        conditions += _begins(AuditEntry.object, wanted.object)
    if "." in wanted.action:
        conditions.append(AuditEntry.action == wanted.action)
    elif wanted.action:
        conditions += _begins(AuditEntry.action, wanted.action + ".")
    if wanted.since is not None:
        conditions.append(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(AuditEntry.at < wanted.until)
    return conditions


def _begins(column: Any, text: str) -> list[ColumnElement[bool]]:
    """Compare by code points, as the columns are collated: an index answers, whatever the plan."""
    return [column >= text, column < text + "\U0010ffff"]


def _clean(text: object) -> str:
    """Return a text that PostgreSQL can be asked for."""
    if not isinstance(text, str):
        return ""
    return text.strip().replace("\x00", "").encode(errors="ignore").decode()[:MAX_PREFIX]
