"""Brings a backup back: into an empty place, or in place of what is there when told so."""

import asyncio
import json
import re
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from backend.backup import KEPT_FILES
from backend.backup_file import (
    DATABASE,
    FILES,
    IMAGES,
    SECRETS,
    About,
    BackupError,
    check_file,
    members_of,
)
from backend.config import MADE_SECRETS, Settings
from backend.db import MIGRATIONS, Database
from backend.embedded.files import write_whole
from backend.embedded.postgres_tools import tool, tool_environment
from backend.storage import Storage

_SHA256 = re.compile(r"[0-9a-f]{64}")
_TOOL_SAYS_BYTES = 2000
# Younger tools set it always, and PostgreSQL before 17 does not know it.
_UNKNOWN_BEFORE_17 = b"SET transaction_timeout = 0;\n"
_HEAD_BYTES = 4096
_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND backend_type = 'client backend'
"""
_IN_USE = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
# What an extension brought stays: it is the database's, not ours.
_EMPTY = """
DO $$ DECLARE one record; BEGIN
  FOR one IN SELECT format('public.%I', c.relname) AS name, c.relkind FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    ORDER BY c.relkind = 'S'  -- most go with their tables
  LOOP
    EXECUTE format('DROP %s IF EXISTS %s CASCADE',
      CASE one.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, one.name);
  END LOOP;
  FOR one IN SELECT p.oid::regprocedure AS name FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
  LOOP
    EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', one.name);
  END LOOP;
END $$
"""


async def restore_backup(
    settings: Settings, database: Database, storage: Storage, *, url: str, file: Path, replace: bool
) -> About:
    """Bring back what `file` holds, and bring its schema up to date.

    All of the file is checked before anything is touched. Raises BackupError where the file
    is not whole, the place is not empty and not to be replaced, or somebody is using it.
    """
    about = await asyncio.to_thread(check_file, file)
    _check_schema(file, about)
    await _check_place(settings, database, replace=replace)
    if replace:
        async with database.session() as session:
            await session.execute(text(_EMPTY))
    await _restore_database(url, file, await _server_number(database))
    for name, data in members_of(file):
        if name.startswith(IMAGES):
            await _restore_image(storage, name.removeprefix(IMAGES), data)
        elif name.removeprefix(FILES) in KEPT_FILES:
            target = settings.data / name.removeprefix(FILES)
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, data)
        elif name == SECRETS:
            secrets = {key: str(value) for key, value in json.loads(data).items()}
            kept = {key: value for key, value in secrets.items() if key in MADE_SECRETS}
            write_whole(settings.data / "secrets.json", json.dumps(kept, indent=1).encode())
    await database.migrate()
    return about


def _check_schema(file: Path, about: About) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if about.schema not in known:
        raise BackupError(
            f"{file} was made by a newer version of skiclock ({about.product}, schema"
            f" {about.schema}). Install that one, then restore."
        )


async def _check_place(settings: Settings, database: Database, *, replace: bool) -> None:
    async with database.session() as session:
        others = await session.scalar(text(_OTHERS))
        tables = await session.scalar(text(_IN_USE))
    if others:
        raise BackupError("Somebody is using this database. Stop the server first.")
    images = await asyncio.to_thread(_has_images, settings.data / "images")
    if (tables or images) and not replace:
        what = "its database has tables" if tables else "it has images"
        raise BackupError(
            f"{settings.data} is not empty: {what}. Choose an empty place (SKICLOCK_DATA,"
            " DATABASE_URL), or give --replace to lose what is there."
        )


def _has_images(folder: Path) -> bool:
    return any(path.is_file() for path in folder.glob("*/*") if path.parent.name != "incoming")


async def _server_number(database: Database) -> int:
    async with database.session() as session:
        return int(str(await session.scalar(text("SHOW server_version_num"))))


async def _restore_image(storage: Storage, sha256: str, data: bytes) -> None:
    if not _SHA256.fullmatch(sha256) or await storage.store(data) != sha256:
        raise BackupError(f"The image {sha256} is not what its name says.")


async def _restore_database(url: str, file: Path, server_number: int) -> None:
    """Turn the pieces into statements and run them as one transaction: all, or nothing."""
    environment = tool_environment(url)
    reader = [str(tool("pg_restore")), "--no-owner", "--no-privileges", "--file=-"]
    runner = [str(tool("psql")), "--no-psqlrc", "--quiet", "--no-password", "--single-transaction"]
    runner += ["--set=ON_ERROR_STOP=1", "--output=/dev/null", "--file=-"]
    reads = await asyncio.create_subprocess_exec(
        *reader, env={"PATH": environment["PATH"]}, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    runs = await asyncio.create_subprocess_exec(*runner, env=environment, stdin=PIPE, stderr=PIPE)
    try:
        outcomes = await asyncio.gather(
            _feed(reads, file),
            _hand_on(reads, runs, server_number),
            _said(reads),
            _said(runs),
            reads.wait(),
            runs.wait(),
        )
    finally:
        for process in (reads, runs):
            if process.returncode is None:
                process.kill()
    if reads.returncode or runs.returncode:
        said = "\n".join(text for text in outcomes[2:4] if text)
        raise BackupError(f"The database could not be restored: {said[-_TOOL_SAYS_BYTES:]}")


async def _feed(process: Process, file: Path) -> None:
    assert process.stdin is not None  # noqa: S101 - a pipe
    try:
        for name, data in members_of(file):
            if name.startswith(DATABASE):
                process.stdin.write(data)
                await process.stdin.drain()
    except ConnectionError:
        pass  # it ended, and says why itself
    finally:
        process.stdin.close()


async def _hand_on(reads: Process, runs: Process, server_number: int) -> None:
    assert reads.stdout is not None and runs.stdin is not None  # noqa: S101, PT018 - pipes
    head = b""
    try:
        while len(head) < _HEAD_BYTES and (data := await reads.stdout.read(_HEAD_BYTES)):
            head += data
        if server_number < 170000:
            head = head.replace(_UNKNOWN_BEFORE_17, b"", 1)
        runs.stdin.write(head)
        while data := await reads.stdout.read(1024 * 1024):
            runs.stdin.write(data)
            await runs.stdin.drain()
        # Without all statements there must be no commit.
        if await reads.wait() != 0:
            runs.kill()
    except ConnectionError:
        reads.kill()  # what it writes finds nobody any more
    finally:
        runs.stdin.close()


async def _said(process: Process) -> str:
    assert process.stderr is not None  # noqa: S101 - a pipe
    return (await process.stderr.read()).decode(errors="replace").strip()
