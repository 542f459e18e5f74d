"""Makes a backup of a running or stopped server: its database, its images, and its secrets."""

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.backup_file import (
    ABOUT,
    DATABASE,
    FILES,
    FORMAT,
    IMAGES,
    PIECE_BYTES,
    SECRETS,
    About,
    BackupError,
    BackupWriter,
)
from backend.config import MADE_SECRETS, Settings, setting_names
from backend.db import Database
from backend.embedded.postgres_tools import tool, tool_environment
from backend.storage import ImageUnreadableError, Storage

KEPT_FILES = (
    "instance-id",
    "tls/ca.pem",
    "tls/ca.key",
    "tls/server.pem",
    "tls/server.key",
)
"""Files of the data folder without which a server elsewhere would be another one to its clocks.

What the broker holds is not among them: commands and settings wait in the database, and
clocks subscribe anew when they find no session.
"""

_COUNTED = {
    "clocks": "SELECT count(*) FROM devices",
    "versions of firmware": "SELECT count(*) FROM firmware",
    "updates": "SELECT count(*) FROM updates",
    "people": "SELECT count(*) FROM users",
}
_AS_ONE_MOMENT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_HAS_TABLES = "SELECT to_regclass('alembic_version') IS NOT NULL"
_HAS_PARTS = "SELECT to_regclass('firmware_parts') IS NOT NULL"
_IMAGES = "SELECT sha256 FROM firmware ORDER BY 1"
_IMAGES_AND_PARTS = "SELECT sha256 FROM firmware UNION SELECT sha256 FROM firmware_parts ORDER BY 1"
_TOOL_SAYS_BYTES = 2000


async def make_backup(
    settings: Settings, database: Database, storage: Storage, *, url: str, file: Path, now: datetime
) -> tuple[About, int]:
    """Write a backup of what is there at one moment; return what is in it, and its size in bytes.

    Everything is read as one transaction sees it, so that a server may go on meanwhile.
    """
    with BackupWriter(file) as writer:
        async with database.session() as session:
            await session.execute(
                text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            )
            if not await session.scalar(text(_HAS_TABLES)):
                raise BackupError("This database is empty: there is nothing to back up.")
            snapshot = str(await session.scalar(text("SELECT pg_export_snapshot()")))
            about, images = await _about(session, settings, storage, now)
            writer.add(ABOUT, json.dumps({"format": FORMAT} | _as_dict(about)).encode())
            writer.add(SECRETS, json.dumps(_secrets(settings)).encode())
            for name in KEPT_FILES:
                if (settings.data / name).is_file():
                    writer.add(FILES + name, (settings.data / name).read_bytes())
            for sha256 in images:
                writer.add(IMAGES + sha256, await storage.read(sha256))
            await _dump(writer, url, snapshot)
        return about, writer.finish()


async def _about(
    session: AsyncSession, settings: Settings, storage: Storage, now: datetime
) -> tuple[About, list[str]]:
    """Return what the backup says of itself, and the images that can be read."""
    counts = {name: int(await session.scalar(text(sql)) or 0) for name, sql in _COUNTED.items()}
    images, missing = [], []
    has_parts = await session.scalar(text(_HAS_PARTS))  # an older schema has none
    for sha256 in await session.scalars(text(_IMAGES_AND_PARTS if has_parts else _IMAGES)):
        try:
            await storage.read(sha256)
        except ImageUnreadableError:
            missing.append(sha256)
        else:
            images.append(sha256)
    about = About(
        made_at=now.isoformat(timespec="seconds"),
        product=version("ski-clock-neo"),
        schema=str(await session.scalar(text("SELECT version_num FROM alembic_version"))),
        postgres=str(await session.scalar(text("SHOW server_version"))),
        counts=counts | {"images": len(images)},
        settings=_said_settings(settings),
        missing_images=missing,
    )
    return about, images


def _as_dict(about: About) -> dict[str, object]:
    return {name: getattr(about, name) for name in About.__dataclass_fields__}


def _said_settings(settings: Settings) -> dict[str, str]:
    """Return what the environment set, by the environment's names, without secrets."""
    names = setting_names()
    return {
        names[field]: str(getattr(settings, field))
        for field in sorted(settings.model_fields_set)
        if field in names and not isinstance(getattr(settings, field), SecretStr)
    }


def _secrets(settings: Settings) -> dict[str, str]:
    """Return the secrets that are made when absent, from wherever the server has them."""
    return {name: getattr(settings, name).get_secret_value() for name in MADE_SECRETS}


async def _dump(writer: BackupWriter, url: str, snapshot: str) -> None:
    command = [
        str(tool("pg_dump")),
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        "--no-password",
        f"--snapshot={snapshot}",
    ]
    process = await asyncio.create_subprocess_exec(
        *command, env=tool_environment(url), stdout=PIPE, stderr=PIPE
    )
    assert process.stdout is not None and process.stderr is not None  # noqa: S101, PT018 - pipes
    errors = asyncio.create_task(process.stderr.read())
    number = 0
    try:
        while piece := await _piece(process):
            writer.add(f"{DATABASE}{number:06}", piece)
            number += 1
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
    if code != 0:
        said = (await errors).decode(errors="replace").strip()
        raise BackupError(f"The database could not be written out: {said[-_TOOL_SAYS_BYTES:]}")


async def _piece(process: Process) -> bytes:
    """Return the next bytes of a tool, as many as one member holds; none at its end."""
    assert process.stdout is not None  # noqa: S101 - a pipe
    piece = bytearray()
    while len(piece) < PIECE_BYTES:
        data = await process.stdout.read(PIECE_BYTES - len(piece))
        if not data:
            break
        piece += data
    return bytes(piece)
