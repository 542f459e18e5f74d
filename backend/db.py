"""The way to PostgreSQL: engine, the session scope that commits, migrations, health."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar, cast

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

MIGRATIONS = Path(__file__).with_name("migrations")
CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_S = 30
_Answer = TypeVar("_Answer")
_MIGRATION_LOCK = 0x5C1C10C  # any number, as long as every instance takes the same

UNAVAILABLE = (
    OSError,
    TimeoutError,
    PoolTimeoutError,
    InterfaceError,
    OperationalError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.InsufficientResourcesError,
)
"""What is raised while the database cannot be reached: worth another try later."""


class Database:
    """Connections to one PostgreSQL database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = _engine(url)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._question: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """Give a session; commit it at the end, or roll back when the block raises.

        The one place that commits: entry points open a scope, functions below never do.
        """
        async with self._sessions() as session:
            yield session
            await session.commit()

    async def migrate(self, revision: str = "head") -> None:
        """Bring the schema to `revision`; one instance at a time."""
        async with self._engine.connect() as connection:
            lock = {"key": _MIGRATION_LOCK}
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), lock)
            await connection.commit()
            try:
                await connection.run_sync(_upgrade, revision)
                await connection.commit()
            finally:
                await connection.rollback()
                await connection.execute(text("SELECT pg_advisory_unlock(:key)"), lock)

    async def ping(self) -> None:
        """Ask the database for a sign of life; raises one of UNAVAILABLE.

        A question without an answer is looked at again by the next call.
        """
        question = self._question
        if question is None or question.done():
            question = self._question = asyncio.create_task(self._ask())
        await answer_within(CONNECT_TIMEOUT_S, question)

    async def _ask(self) -> None:
        async with self._engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        if self._question is not None:
            self._question.cancel()
        await self._engine.dispose()


async def answer_within(seconds: float, question: asyncio.Task[_Answer]) -> _Answer:
    """Return what `question` finds, or raise TimeoutError and leave it to itself.

    To cancel it would wait for the same silent server: the driver asks that to stop.
    """
    done, _ = await asyncio.wait({question}, timeout=seconds)
    if not done:
        raise TimeoutError(f"no answer within {seconds:g} s")
    return question.result()


async def driver_connection(session: AsyncSession) -> asyncpg.Connection:
    """Return the asyncpg connection inside a session's transaction, for COPY and unnest."""
    connection: AsyncConnection = await session.connection()
    # The driver's transaction starts with SQLAlchemy's first statement, not before.
    await connection.execute(text("SELECT 1"))
    raw = await connection.get_raw_connection()
    return cast(asyncpg.Connection, raw.driver_connection)


def is_unavailable(error: BaseException) -> bool:
    """Tell whether `error` means that the database is away, and not that we are wrong."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    cause = getattr(error, "orig", None)
    origin = getattr(cause, "__cause__", None)
    return any(isinstance(one, UNAVAILABLE) for one in (error, cause, origin) if one is not None)


def is_refused_value(error: BaseException) -> bool:
    """Tell whether what was to be written is at fault: trying it again is of no use.

    Everything else, from a full pool to a standby that cannot write, may pass.
    """
    chain = [error, getattr(error, "orig", None), getattr(error, "__cause__", None)]
    states = [str(getattr(one, "sqlstate", None) or "") for one in chain]
    if any(state[:2] in {"22", "23"} for state in states):
        return True
    ours = ValueError | TypeError | LookupError | AttributeError | ArithmeticError
    return any(isinstance(one, ours) for one in chain[:2])


def sentence_of(error: BaseException) -> str:
    """Return what an error says in one line, without the statement that met it."""
    cause = getattr(error, "orig", None) or error
    lines = str(cause).strip().splitlines()
    return lines[0].split(">: ")[-1][:200] if lines else type(cause).__name__


def _engine(url: str) -> AsyncEngine:
    parsed = make_url(url)
    # libpq's word for it, which hosted databases put into the URLs they show, is not asyncpg's.
    query = dict(parsed.query)
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    return create_async_engine(
        parsed.set(query=query),
        pool_size=8,
        max_overflow=8,
        pool_timeout=CONNECT_TIMEOUT_S,
        pool_pre_ping=False,
        pool_recycle=1800,
        # A server that vanished behind a silent network would else be waited for for hours.
        connect_args={"timeout": CONNECT_TIMEOUT_S, "command_timeout": STATEMENT_TIMEOUT_S},
    )


def _upgrade(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
