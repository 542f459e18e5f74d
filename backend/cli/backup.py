"""`skiclock backup` and `skiclock restore`: a server in one file, and back."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from backend.backup import make_backup
from backend.backup_file import About, BackupError, check_file
from backend.cli.database import command_database
from backend.cli.output import give_up, say
from backend.cli.settings import read_settings
from backend.config import Settings
from backend.db import Database, is_unavailable, sentence_of
from backend.embedded.errors import EmbeddedError
from backend.object_store import open_storage
from backend.restore import restore_backup

T = TypeVar("T")
BackupFile = Annotated[Path, typer.Argument(help="Where the backup is, or shall be.")]


def backup_command(
    file: BackupFile,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write over a file of that name.")
    ] = False,
) -> None:
    """Write database, images and secrets into one file; the server may run meanwhile."""
    if file.exists() and not replace:
        give_up(f"{file} exists. Choose another name, or give --replace.")
    if not file.absolute().parent.is_dir():
        give_up(f"{file.absolute().parent} is no folder.")

    async def make(settings: Settings, database: Database) -> tuple[About, int]:
        storage = open_storage(settings)
        now = datetime.now(UTC)
        return await make_backup(settings, database, storage, url=database.url, file=file, now=now)

    about, size_bytes = _in_place(make)
    say(f"{file}: {size_bytes:,} bytes")
    _describe(about)
    say("It holds every secret of this server: keep it where nobody else reads it.")


def restore_command(
    file: BackupFile,
    replace: Annotated[
        bool, typer.Option("--replace", help="Lose what is in the data folder and the database.")
    ] = False,
    look: Annotated[
        bool, typer.Option("--look", help="Only check the file and say what is in it.")
    ] = False,
) -> None:
    """Check a backup, then bring back all of it; the server must not run."""
    if not file.is_file():
        give_up(f"There is no file {file}.")
    if look:
        try:
            _describe(check_file(file))
        except BackupError as error:
            give_up(str(error))
        return

    async def restore(settings: Settings, database: Database) -> About:
        return await restore_backup(
            settings,
            database,
            open_storage(settings),
            url=database.url,
            file=file,
            replace=replace,
        )

    _describe(_in_place(restore))
    say("All of it is back. `skiclock serve` carries on where the backup was made.")


def _in_place(work: Callable[[Settings, Database], Awaitable[T]]) -> T:
    """Run work on the database that the settings name; end with a sentence where that fails."""
    settings = read_settings()

    async def run() -> T:
        async with command_database(settings) as database:
            return await work(settings, database)

    try:
        return asyncio.run(run())
    except BackupError as error:
        give_up(str(error))
    except EmbeddedError as error:
        give_up(str(error), code=1)
    except Exception as error:
        if not is_unavailable(error):
            raise
        give_up(f"{sentence_of(error)}. `skiclock doctor` says more.", code=1)


def _describe(about: About) -> None:
    say(f"  made at     {about.made_at} by skiclock {about.product}")
    say(f"  database    schema {about.schema}, PostgreSQL {about.postgres}")
    say("  holds       " + ", ".join(f"{count:,} {name}" for name, count in about.counts.items()))
    if about.missing_images:
        say(f"  MISSING     {len(about.missing_images)} images were unreadable where it was made:")
        for sha256 in about.missing_images:
            say(f"              {sha256}")
    if about.settings:
        say("  not in it   settings of the environment; they were")
        for name, value in about.settings.items():
            say(f"              {name}={value}")
