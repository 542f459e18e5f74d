"""The audit log: nobody changes it, and everything in it is found, page by page."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend import audit
from backend.audit import Position, Wanted, find_entries
from backend.db import Database

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


async def write(session: AsyncSession, *entries: tuple[str, str, str, int]) -> None:
    """Write entries of (actor, action, object, hours after noon)."""
    for actor, action, thing, hours in entries:
        at = NOW + timedelta(hours=hours)
        audit.record(session, at=at, actor=actor, action=action, object=thing, address=None)
        await session.flush()  # ids in this order


@pytest.fixture
async def filled(database: Database) -> Database:
    async with database.session() as session:
        await write(
            session,
            ("kari@example.org", "clock.rename", "a1b2c3", 0),
            ("karianne@example.org", "clock.remove", "a1b2c3", 1),
            ("ola@example.org", "user.add", "nils@example.org", 2),
            ("kari@example.org", "firmware.publish", "esp32 2026.11.24.1", 3),
        )
    return database


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET actor = 'somebody else'",
        "DELETE FROM audit_log",
        "DELETE FROM audit_log WHERE false",
        "TRUNCATE audit_log",
        "SET LOCAL session_replication_role = replica; DELETE FROM audit_log",
    ],
)
async def test_not_even_the_owner_of_the_table_changes_it(filled: Database, statement: str) -> None:
    async with filled.session() as session:
        owner = await session.scalar(
            text(
                "SELECT pg_has_role(tableowner, 'USAGE') FROM pg_tables"
                " WHERE tablename = 'audit_log'"
            )
        )
    assert owner is True

    async def change() -> None:
        async with filled.session() as session:
            for one in statement.split(";"):
                await session.execute(text(one))

    with pytest.raises(IntegrityError, match="append-only"):
        await change()
    async with filled.session() as session:
        assert len(await find_entries(session, Wanted(), limit=10)) == 4


@pytest.mark.parametrize(
    ("asked", "since_h", "until_h", "found"),
    [
        ({}, None, None, [3, 2, 1, 0]),
        ({"actor": "kari"}, None, None, [3, 1, 0]),
        ({"actor": " kari@ "}, None, None, [3, 0]),
        ({"actor": "Kari"}, None, None, []),
        ({"action": "clock.rename"}, None, None, [0]),
        ({"action": "clock"}, None, None, [1, 0]),
        ({"action": "cloc"}, None, None, []),
        ({"object": "a1b2c3"}, None, None, [1, 0]),
        ({"object": "%"}, None, None, []),
        ({"object": "esp32 "}, None, None, [3]),
        ({"actor": "kari@", "object": "a1"}, None, None, [0]),
        ({}, 1, None, [3, 2, 1]),
        ({}, None, 1, [0]),
        ({"actor": "kari"}, 1, 3, [1]),
        ({"actor": "\x00", "object": None, "action": 7}, None, None, [3, 2, 1, 0]),
        ({"actor": "\ud800kari@"}, None, None, [3, 0]),
    ],
)
async def test_entries_are_found_by_who_what_which_and_when(
    filled: Database,
    asked: dict[str, object],
    since_h: int | None,
    until_h: int | None,
    found: list[int],
) -> None:
    since, until = (
        None if hours is None else NOW + timedelta(hours=hours) for hours in (since_h, until_h)
    )
    async with filled.session() as session:
        entries = await find_entries(
            session, Wanted.read(asked, since=since, until=until), limit=10
        )
    assert [(entry.at - NOW) // timedelta(hours=1) for entry in entries] == found


async def test_pages_follow_each_other_also_where_many_happened_at_once(
    database: Database,
) -> None:
    async with database.session() as session:
        await write(session, *(("kari", "clock.rename", str(i), i // 5) for i in range(23)))
    seen: list[str] = []
    below = None
    while True:
        async with database.session() as session:
            page = await find_entries(session, Wanted(), below=below, limit=4)
            # Something happens while somebody turns the pages.
            await write(session, ("ola", "clock.rename", "new", 100))
        if not page:
            break
        seen += [entry.object for entry in page]
        below = Position(page[-1].at, page[-1].id)
    assert seen == [str(i) for i in reversed(range(23))]


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(actor="user7@"),
        Wanted(object="clock42"),
        Wanted(action="user.add"),
        Wanted(since=NOW, until=NOW + timedelta(days=1)),
    ],
)
async def test_a_page_of_a_long_log_is_read_from_an_index(
    database: Database, wanted: Wanted
) -> None:
    async with database.session() as session:
        await session.execute(
            text(
                "INSERT INTO audit_log (at, actor, action, object)"
                " SELECT CAST(:at AS timestamptz) + i * interval '1 min',"
                " 'user' || i % 50 || '@example.org',"
                " CASE WHEN i % 100 = 0 THEN 'user.add' ELSE 'clock.rename' END, 'clock' || i % 997"
                " FROM generate_series(1, 20000) AS i"
            ),
            {"at": NOW - timedelta(days=7)},
        )
        await session.execute(text("ANALYZE audit_log"))
        asked = audit.query_of(wanted).limit(50)
        sql = asked.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
        plan = "\n".join(await session.scalars(text(f"EXPLAIN {sql}")))
    assert "Index" in plan
    assert "Seq Scan" not in plan
