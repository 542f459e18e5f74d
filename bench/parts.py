"""The embedded parts without the product, for references: the same broker, the same database."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from backend import heartbeats
from backend.db import Database
from backend.embedded.broker import BrokerUser, EmbeddedBroker
from backend.embedded.certificates import ensure_certificates
from backend.embedded.postgres import EmbeddedPostgres

USERNAME, PASSWORD = "reference", "a-password-for-references"


@asynccontextmanager
async def running_broker() -> AsyncIterator[EmbeddedBroker]:
    """Give the embedded broker with one user who may do all."""
    with tempfile.TemporaryDirectory(prefix="skiclock-bench-") as name:
        folder = Path(name)
        everything = ("skiclock/#",)
        broker = EmbeddedBroker(
            folder / "broker",
            port=0,
            tls_port=0,
            users=[BrokerUser(USERNAME, PASSWORD, everything, everything)],
            certificates=ensure_certificates(folder / "tls", names=[], now=datetime.now(UTC)),
        )
        await broker.start()
        try:
            yield broker
        finally:
            await broker.stop()


@asynccontextmanager
async def running_database() -> AsyncIterator[str]:
    """Give the URL of an embedded PostgreSQL with the product's tables."""
    with tempfile.TemporaryDirectory(prefix="skiclock-bench-") as name:
        postgres = EmbeddedPostgres(Path(name) / "postgres")
        url = await postgres.start()
        try:
            database = Database(url)
            await database.migrate()
            async with database.session() as session:
                await heartbeats.ensure_partitions(session, now=datetime.now(UTC))
            await database.close()
            yield url.replace("postgresql+asyncpg://", "postgresql://", 1)
        finally:
            await postgres.stop()
