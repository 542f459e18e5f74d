"""The schema and the way to it, on a real PostgreSQL."""

import asyncio

import psutil
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from backend.db import MIGRATIONS, Database, is_unavailable, sentence_of
from backend.key_models import Base


async def test_two_instances_that_start_at_once_migrate_once(empty_postgres_url: str) -> None:
    one, other = Database(empty_postgres_url), Database(empty_postgres_url)
    await asyncio.gather(one.migrate(), other.migrate())
    async with one.session() as session:
        roles = await session.scalars(text("SELECT name FROM roles ORDER BY id"))
        assert list(roles) == ["admin", "technician", "viewer"]
    await one.close()
    await other.close()


async def test_migrations_make_what_the_models_say(database: Database) -> None:
    async with database.session() as session:
        connection = await session.connection()
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), Base.metadata)
        )
    assert differences == []


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO devices (device_id, first_seen, last_seen) VALUES ('XYZ', now(), now())",
        "INSERT INTO devices (device_id, first_seen, last_seen)"
        " VALUES ('a', now(), now() - interval '1 s')",
        "INSERT INTO devices (device_id, platform, first_seen, last_seen)"
        " VALUES ('a', 'vax', now(), now())",
        "INSERT INTO updates (session_id, device_id, new_version, state, heard_at)"
        " VALUES (gen_random_uuid(), 'a', 'v1', 'flying', now())",
        "INSERT INTO updates (session_id, device_id, new_version, state, heard_at)"
        " VALUES (gen_random_uuid(), 'a', 'v1', 'success', now())",
        "INSERT INTO updates (session_id, device_id, new_version, state, heard_at, started_at)"
        " SELECT gen_random_uuid(), 'a', 'v1', 'started', now(), now() FROM generate_series(1, 2)",
        "INSERT INTO firmware (platform, version, version_key, filename, size_bytes, sha256,"
        " uploaded_at, uploaded_by) VALUES ('esp32', 'v1', '{}', 'x', 1, 'abc', now(), 'x')",
        "INSERT INTO api_keys (name, prefix, key_hash, scopes, created_at, created_by)"
        " VALUES ('x', 'p', 'h', '{}', now(), 'x')",
    ],
)
async def test_the_schema_itself_refuses_what_must_not_be(
    database: Database, statement: str
) -> None:
    with pytest.raises(IntegrityError) as caught:
        async with database.session() as session:
            await session.execute(text(statement))
    assert not is_unavailable(caught.value)


async def test_a_block_that_raises_leaves_no_half_written_row(database: Database) -> None:
    async def fail_halfway() -> None:
        async with database.session() as session:
            await session.execute(text("DELETE FROM platform_permissions"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail_halfway()
    async with database.session() as session:
        assert await session.scalar(text("SELECT count(*) FROM platform_permissions")) == 14


async def test_database_that_is_not_there_is_unavailable_and_said_in_one_line() -> None:
    database = Database("postgresql+asyncpg://x@127.0.0.1:1/x")
    with pytest.raises(OSError) as caught:  # noqa: PT011 - told apart by is_unavailable
        await database.ping()
    assert is_unavailable(caught.value)
    assert "\n" not in sentence_of(caught.value)
    await database.close()


async def test_database_that_hangs_is_unavailable_within_seconds_and_found_again(
    database: Database,
) -> None:
    pid = None
    async with database.session() as session:
        pid = await session.scalar(text("SELECT pg_backend_pid()"))
    # The pool's only idle connection is the one that hangs, so the question meets it.
    backend = psutil.Process(pid)
    backend.suspend()
    try:
        with pytest.raises(TimeoutError) as caught:
            await database.ping()
    finally:
        backend.resume()
    assert is_unavailable(caught.value)
    await database.ping()


async def test_second_schema_can_be_taken_back_and_done_again(database: Database) -> None:
    async with database.session() as session:
        await session.execute(
            text(
                "INSERT INTO devices (device_id, platform, protocol, first_seen, last_seen)"
                " VALUES ('a1', 'linux', 2, now(), now()), ('b2', 'esp32', 2, now(), now())"
            )
        )
        await session.execute(
            text("INSERT INTO clock_settings SELECT id, 1, '{}', now(), 'x' FROM devices")
        )
    await _downgrade(database, "0001")
    async with database.session() as session:
        rows = await session.execute(text("SELECT device_id, platform FROM devices ORDER BY id"))
        assert [tuple(row) for row in rows] == [("a1", None), ("b2", "esp32")]
        assert await session.scalar(text("SELECT to_regclass('clock_settings')")) is None
    await database.migrate()
    await test_migrations_make_what_the_models_say(database)
    async with database.session() as session:
        count = text("SELECT count(*) FROM platform_permissions WHERE platform = 'linux'")
        assert await session.scalar(count) == 2


_MORE_UPDATES = """
    INSERT INTO updates (session_id, device_id, new_version, state, started_at, heard_at,
        completed_at)
    SELECT gen_random_uuid(), to_hex(n), 'v1', CASE n % 3 WHEN 0 THEN 'failed' ELSE 'success' END,
        at, at, at + n * interval '1 s'
    FROM (SELECT n, timestamptz '2026-11-20T22:00Z' + n * interval '17 min' AS at
        FROM generate_series(1, 300) AS n) AS made
"""


@pytest.mark.parametrize(("revision", "span"), [("0003", "hour"), ("head", "day")])
async def test_totals_are_carried_over_both_ways_and_kept_up(
    database: Database, revision: str, span: str
) -> None:
    async with database.session() as session:
        await session.execute(text(_MORE_UPDATES))
    await _downgrade(database, "0003")
    await _check_totals(database, "hour")
    if revision == "head":
        await database.migrate()
    async with database.session() as session:
        await session.execute(text(_MORE_UPDATES))
        await session.execute(text("UPDATE updates SET state = 'silent' WHERE device_id = '7'"))
        await session.execute(text("DELETE FROM updates WHERE device_id IN ('8', '9')"))
    await _check_totals(database, span)


async def _check_totals(database: Database, span: str) -> None:
    said = f"SELECT {span}, state, updates, duration_s FROM update_totals WHERE updates <> 0"
    counted = f"""
        SELECT date_trunc('{span}', started_at, 'UTC'), state, count(*),
            sum(extract(epoch FROM completed_at - started_at))::float8
        FROM updates GROUP BY 1, 2
    """
    async with database.session() as session:
        totals = {tuple(row) for row in await session.execute(text(said))}
        assert totals == {tuple(row) for row in await session.execute(text(counted))}
        assert len(totals) > 3


async def _downgrade(database: Database, revision: str) -> None:
    def run(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, revision)

    async with database.session() as session:
        await (await session.connection()).run_sync(run)
