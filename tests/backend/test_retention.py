"""What is past keeping goes, the oldest first; what anybody needs stays."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from backend import retention
from backend.config import Settings
from backend.db import Database
from backend.firmware import Catalogue
from backend.fleet import Fleet
from tests.ui.fleet_parts import make_clock

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


async def run(database: Database, *statements: str) -> None:
    async with database.session() as session:
        for statement in statements:
            await session.execute(text(statement))


async def test_downloads_go_after_their_days_and_the_audit_log_never(database: Database) -> None:
    await run(
        database,
        "INSERT INTO downloads (at, platform, version, taker, size_bytes) SELECT"
        f" timestamptz '{NOW}' - n * interval '1 day', 'esp32', 'v1', 'ci', 1"
        " FROM generate_series(0, 9) AS n",
        "INSERT INTO audit_log (at, actor, action, object) VALUES ('2001-01-01', 'a', 'b.c', 'd')",
    )
    async with database.session() as session:
        before = NOW - timedelta(days=4)
        assert (
            await retention.remove_some(session, retention.DOWNLOADS, before=before, limit=3) == 3
        )
        oldest = await session.scalar(text("SELECT min(at) FROM downloads"))
    assert oldest == NOW - timedelta(days=6), "the oldest go first"
    assert await retention.sweep(database, retention.DOWNLOADS, before=before) == 2
    async with database.session() as session:
        assert await session.scalar(text("SELECT count(*) FROM downloads")) == 5
        assert await session.scalar(text("SELECT count(*) FROM audit_log")) == 1


async def test_every_rule_has_a_setting_and_a_statement_that_the_schema_knows(
    database: Database, settings: Settings
) -> None:
    for rule, days in retention.days_kept(settings).items():
        assert days > 0
        assert await retention.sweep(database, rule, before=NOW) == 0


async def test_old_versions_are_retired_unless_a_clock_runs_them(database: Database) -> None:
    digest = "ab" * 32
    await run(
        database,
        "INSERT INTO firmware (platform, version, version_key, filename, size_bytes, sha256,"
        " uploaded_at, uploaded_by, announced_at) SELECT platform, '2026.11.' || n || '.1',"
        f" ARRAY[1, 2026, 11, n, 1], 'x.bin', 10, '{digest}', '{NOW}', 'ci', '{NOW}'"
        " FROM generate_series(1, 5) AS n, (VALUES ('esp32'), ('esp01')) AS p (platform)",
    )
    fleet, catalogue = Fleet(), Catalogue()
    clock = make_clock("a1")
    clock.version = "2026.11.02.1"  # written otherwise, the same version
    fleet.apply([clock], [], [])
    async with database.session() as session:
        await catalogue.load(session)
    await retention.retire_firmware(database, fleet, catalogue, keep_versions=2, now=NOW)
    kept = ["2026.11.5.1", "2026.11.4.1", "2026.11.2.1"]
    assert [one.version for one in catalogue.versions("esp32")] == kept
    async with database.session() as session:
        left = await session.scalars(
            text("SELECT version FROM firmware WHERE platform = 'esp01' ORDER BY version_key DESC")
        )
        assert list(left) == kept
        noted = await session.scalars(text("SELECT object FROM audit_log ORDER BY id"))
        assert list(noted) == [
            "esp01 2026.11.3.1",
            "esp01 2026.11.1.1",
            "esp32 2026.11.3.1",
            "esp32 2026.11.1.1",
        ]
