"""The audit log as a file: every entry that was asked for, however many there are."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime
from starlette.responses import StreamingResponse

from backend import audit
from backend.access import Permission
from backend.api.asker import address_of, server_of, signed_in
from backend.api.errors import BadRequestError
from backend.audit import MAX_PREFIX, Position, Wanted, find_entries
from backend.contract import paths
from backend.db import Database
from backend.models import AuditEntry

router = APIRouter(tags=["Audit"])

ROWS_AT_ONCE = 1000
_COLUMNS = ("id", "at", "actor", "action", "object", "address", "before", "after")
_EXAMPLE = (
    "id,at,actor,action,object,address,before,after\r\n"
    "7,2026-11-24T12:00:00+00:00,kari@example.org,clock.rename,a1b2c3,192.0.2.1,"
    '"{""name"":null}","{""name"":""Start""}"\r\n'
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Beginning = Annotated[str, Query(max_length=MAX_PREFIX)]


@router.get(
    paths.AUDIT_CSV,
    summary="The audit log as CSV",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": _EXAMPLE}}}},
)
async def audit_csv(
    request: Request,
    actor: Beginning = "",
    action: Beginning = "",
    object: Beginning = "",  # noqa: A002 - the log's own word for it
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> StreamingResponse:
    """Return entries, newest first. Texts are beginnings; times are [since, until). People only.

    A text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    identity = signed_in(request, Permission.SEE_AUDIT)
    texts = {"actor": actor, "action": action, "object": object}
    wanted = Wanted.read(texts, since=_usual("since", since), until=_usual("until", until))
    database, now = server_of(request).database, datetime.now(UTC)
    # What no database text can hold finds nothing, but that it was asked is kept.
    asked = {name: text.replace("\x00", "\ufffd") for name, text in texts.items() if text}
    times = {"since": since, "until": until}
    asked |= {name: time.isoformat() for name, time in times.items() if time is not None}
    async with database.session() as session:
        first = await find_entries(session, wanted, limit=ROWS_AT_ONCE)
        audit.record(
            session,
            at=now,
            actor=identity.email,
            action="audit.export",
            object="audit log",
            address=address_of(request),
            after=asked,
        )
    name = f"audit-log-{now:%Y-%m-%d}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return StreamingResponse(
        _lines(database, wanted, first), headers=headers, media_type="text/csv"
    )


async def _lines(database: Database, wanted: Wanted, rows: list[AuditEntry]) -> AsyncIterator[str]:
    """Yield the file in pieces; no transaction is open while its reader takes its time."""
    yield _written([_COLUMNS])
    while rows:
        yield _written([[_cell(getattr(row, name)) for name in _COLUMNS] for row in rows])
        if len(rows) < ROWS_AT_ONCE:
            return
        last = Position(rows[-1].at, rows[-1].id)
        async with database.session() as session:
            rows = await find_entries(session, wanted, below=last, limit=ROWS_AT_ONCE)


def _written(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return orjson.dumps(value).decode()  # begins with a brace
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _usual(field: str, time: datetime | None) -> datetime | None:
    """Return a time that PostgreSQL and its driver can hold in every zone."""
    if time is not None and not 1 < time.year < 9999:
        raise BadRequestError(f"{field}: the year is out of range.", field=field)
    return time
