"""A database of the first schema, with data, becomes the newest, and goes one step back."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend import devices, update_log
from backend.db import MIGRATIONS, Database, driver_connection
from backend.firmware import Catalogue

FIRST = "0001"
DATA = Path(__file__).with_name("first_schema.sql")
"""Rows of every table of the first schema, as version 0.1 wrote them."""


def config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


async def test_first_schema_with_data_becomes_the_newest_and_goes_one_step_back(
    empty_postgres_url: str,
) -> None:
    database = Database(empty_postgres_url)
    await database.migrate(FIRST)
    async with database.session() as session:
        await (await driver_connection(session)).execute(DATA.read_text())
        filled = {
            name: await session.scalar(text(f"SELECT count(*) FROM {name}"))
            for name in await session.scalars(
                text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            )
        }
    assert all(filled.values()), f"empty tables show nothing: {filled}"

    await database.migrate()
    async with database.session() as session:
        await look_at_the_data(session)

    scripts = ScriptDirectory(str(MIGRATIONS))
    head = scripts.get_revision(scripts.get_current_head() or "")
    async with database.session() as session:
        connection = await session.connection()
        await connection.run_sync(lambda sync: command.downgrade(config(sync), "-1"))
    async with database.session() as session:
        revision = await session.scalar(text("SELECT version_num FROM alembic_version"))
        assert revision == head.down_revision
        assert await session.scalar(text("SELECT count(*) FROM devices")) == 3
    await database.migrate()
    async with database.session() as session:
        await look_at_the_data(session)
    await database.close()


async def look_at_the_data(session: AsyncSession) -> None:
    """What people and clocks had is there, read by today's code."""
    clocks = {clock.device_id: clock for clock in await devices.load_devices(session)}
    assert set(clocks) == {"e8c5fbbdf5f0", "a1b2c3", "c0ffee"}
    assert (clocks["e8c5fbbdf5f0"].name, clocks["e8c5fbbdf5f0"].rssi_dbm) == ("Mål", -61)
    (open_update,) = await update_log.load_open(session)
    assert open_update.device_id == "a1b2c3"
    log = await update_log.find_updates(session)
    assert [update.state for update in log] == ["downloading", "failed", "success"]
    totals = await session.execute(
        text("SELECT state, sum(updates), sum(duration_s) FROM update_totals GROUP BY 1 ORDER BY 1")
    )
    assert [tuple(row) for row in totals] == [
        ("downloading", 1, 0.0),
        ("failed", 1, 30.0),
        ("success", 1, 42.5),
    ]
    catalogue = Catalogue()
    await catalogue.load(session)
    newest = catalogue.newest("esp32")
    assert newest is not None
    assert (newest.version, newest.sha256) == ("2025.12.1.7", "ab" * 32)
    history = text("SELECT rssi_dbm FROM heartbeats ORDER BY received_at")
    assert list(await session.scalars(history)) == [-60, -61]
    people = text("SELECT email, roles.name FROM users JOIN roles ON roles.id = role_id ORDER BY 1")
    assert [tuple(row) for row in await session.execute(people)] == [
        ("admin@club.example", "admin"),
        ("kari@club.example", "technician"),
    ]
    assert await session.scalar(text("SELECT count(*) FROM audit_log WHERE actor = 'ci'")) == 1
