"""The database for a command: the external one, or the embedded one, started if need be."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from backend.cli.output import give_up
from backend.cli.settings import read_settings
from backend.config import Settings
from backend.db import Database, is_unavailable, sentence_of
from backend.embedded.errors import EmbeddedError
from backend.embedded.postgres import EmbeddedPostgres
from backend.errors import Refusal

T = TypeVar("T")


def in_database(work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Run work in one transaction on a current schema; end with a sentence where that fails."""
    settings = read_settings()
    try:
        return asyncio.run(_run(settings, work))
    except Refusal as refusal:
        give_up(str(refusal))
    except EmbeddedError as error:
        give_up(str(error), code=1)
    except Exception as error:
        if not is_unavailable(error):
            raise
        give_up(f"The database cannot be reached: {sentence_of(error)}", code=1)


@asynccontextmanager
async def command_database(settings: Settings) -> AsyncIterator[Database]:
    """Give the database; a server that runs beside us keeps its own."""
    embedded = EmbeddedPostgres(settings.data / "postgres") if settings.embeds_database else None
    url = await embedded.start() if embedded else settings.database_url.get_secret_value()
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()
        if embedded:
            await embedded.stop()


async def _run(settings: Settings, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    async with command_database(settings) as database:
        await database.migrate()
        async with database.session() as session:
            return await work(session)
