"""A backup holds everything and is checked; a restore touches nothing that it should not."""

import json
import tarfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from backend import heartbeats
from backend.backup import make_backup
from backend.backup_file import ABOUT, BackupError, BackupWriter, check_file, members_of
from backend.config import Settings, load_settings
from backend.db import Database
from backend.restore import restore_backup
from backend.storage import Storage

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
IMAGE = b"\xe9 an image" * 1000
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"


class Place:
    """A data folder and a database, as a server has them."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings, self.database = settings, database
        self.storage = Storage(settings.data / "images")

    async def back_up(self, file: Path) -> None:
        await make_backup(
            self.settings, self.database, self.storage, url=self.database.url, file=file, now=NOW
        )

    async def restore(self, file: Path, *, replace: bool = False) -> None:
        url = self.database.url
        # A pool's idle connection counts as somebody who uses the database.
        await self.database.close()
        await restore_backup(
            self.settings, self.database, self.storage, url=url, file=file, replace=replace
        )

    async def rows(self) -> dict[str, list[str]]:
        async with self.database.session() as session:
            return {
                name: sorted(await session.scalars(text(f"SELECT t::text FROM {name} t")))
                for name in await session.scalars(text(TABLES))
            }


@asynccontextmanager
async def place(folder: Path, url: str) -> AsyncIterator[Place]:
    database = Database(url)
    yield Place(load_settings(data=folder, database_url=url), database)
    await database.close()


@pytest.fixture
async def full(clean_environment: None, tmp_path: Path, postgres_url: str) -> AsyncIterator[Place]:
    """A place with something in every kind of table, an image, and a certificate."""
    async with place(tmp_path / "full", postgres_url) as full:
        sha256 = await full.storage.store(IMAGE)
        async with full.database.session() as session:
            await heartbeats.ensure_partitions(session, now=NOW)
            for statement in (
                "INSERT INTO devices (device_id, name, first_seen, last_seen)"
                f" VALUES ('a1b2c3', E'Mål \\\\ \\'start\\'\\n', '{NOW}', '{NOW}')",
                f"INSERT INTO heartbeats (device, received_at) SELECT id, '{NOW}' FROM devices",
                "INSERT INTO updates (session_id, device_id, new_version, state, heard_at,"
                f" started_at) VALUES (gen_random_uuid(), 'a1b2c3', 'v2', 'started', '{NOW}',"
                f" '{NOW}')",
                "INSERT INTO firmware (platform, version, version_key, filename, size_bytes,"
                " sha256, uploaded_at, uploaded_by) VALUES ('esp32', '2026.11.24.1',"
                f" '{{2026,11,24,1}}', 'x.bin', 10000, '{sha256}', '{NOW}', 'ci')",
                "INSERT INTO audit_log (at, actor, action, object)"
                f" VALUES ('{NOW}', 'ci', 'firmware.upload', 'esp32 2026.11.24.1')",
            ):
                await session.execute(text(statement))
        (full.settings.data / "tls").mkdir()
        (full.settings.data / "tls" / "ca.pem").write_text("an authority")
        (full.settings.data / "instance-id").write_text("0123456789ab")
        yield full


@pytest.fixture
async def empty(
    clean_environment: None, tmp_path: Path, empty_postgres_url: str
) -> AsyncIterator[Place]:
    async with place(tmp_path / "empty", empty_postgres_url) as empty:
        yield empty


async def test_all_comes_back_in_an_empty_place(full: Place, empty: Place, tmp_path: Path) -> None:
    file = tmp_path / "club.skiclock"
    await full.back_up(file)
    assert file.stat().st_mode & 0o777 == 0o600
    about = check_file(file)
    assert about.counts["clocks"] == about.counts["images"] == 1
    assert "DATABASE_URL" not in json.dumps(about.settings)
    await empty.restore(file)
    assert await empty.rows() == await full.rows()
    (sha256,) = [path.name for path in (full.settings.data / "images").glob("*/*")]
    assert await empty.storage.read(sha256) == IMAGE
    data = empty.settings.data
    assert (data / "tls" / "ca.pem").read_text() == "an authority"
    assert (data / "secrets.json").stat().st_mode & 0o777 == 0o600
    carried_on = load_settings(data=data)
    assert carried_on.clock_key == full.settings.clock_key
    assert carried_on.secret_key == full.settings.secret_key
    async with empty.database.session() as session:  # identities go on where they were
        await session.execute(
            text(
                "INSERT INTO devices (device_id, first_seen, last_seen) VALUES ('b0', now(), now())"
            )
        )


async def test_a_place_in_use_is_kept_unless_it_is_to_be_replaced(
    full: Place, tmp_path: Path
) -> None:
    file = tmp_path / "club.skiclock"
    await full.back_up(file)
    before = await full.rows()
    async with full.database.session() as session:
        await session.execute(text("UPDATE devices SET name = 'renamed'"))
        await session.execute(text("CREATE TABLE of_a_newer_version (id int REFERENCES users)"))
    with pytest.raises(BackupError, match="not empty"):
        await full.restore(file)
    async with full.database.session() as session:
        assert await session.scalar(text("SELECT name FROM devices")) == "renamed"
    await full.restore(file, replace=True)
    assert await full.rows() == before


async def test_a_place_where_somebody_works_is_not_restored_into(
    full: Place, tmp_path: Path
) -> None:
    file = tmp_path / "club.skiclock"
    await full.back_up(file)
    server = Database(full.database.url)
    async with server.session() as session:
        await session.execute(text("SELECT 1"))
        with pytest.raises(BackupError, match="Stop the server"):
            await full.restore(file, replace=True)
    await server.close()


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def without_its_end(file: Path) -> None:
    members = list(members_of(file))[:-1]
    with tarfile.open(file) as tar:
        end = tar.getmembers()[len(members)].offset
    file.write_bytes(file.read_bytes()[:end] + bytes(1024))


def with_one_bit_changed(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[data.index(b"\xe9 an image") + 2000] ^= 1
    file.write_bytes(data)


def of_a_later_format(file: Path) -> None:
    _rewritten(file, format=2)


def of_a_later_schema(file: Path) -> None:
    _rewritten(file, schema="9999")


def no_backup_at_all(file: Path) -> None:
    file.write_bytes(b"hello" * 1000)


def _rewritten(file: Path, **words: object) -> None:
    members = list(members_of(file))[:-1]
    file.unlink()
    with BackupWriter(file) as writer:
        for name, data in members:
            if name == ABOUT:
                data = json.dumps(json.loads(data) | words).encode()
            writer.add(name, data)
        writer.finish()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (cut_short, "not all of one"),
        (without_its_end, "its end is missing"),
        (with_one_bit_changed, "damaged at images/"),
        (of_a_later_format, "has the format 2"),
        (of_a_later_schema, "newer version"),
        (no_backup_at_all, "no backup"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_a_file_that_is_not_whole_and_ours_changes_nothing(
    full: Place, empty: Place, tmp_path: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    file = tmp_path / "club.skiclock"
    await full.back_up(file)
    spoil(file)
    with pytest.raises(BackupError, match=sentence):
        await empty.restore(file)
    assert await empty.rows() == {}
    assert not (empty.settings.data / "images").exists()


async def test_what_was_unreadable_is_named_and_a_failed_backup_leaves_no_file(
    full: Place, empty: Place, tmp_path: Path
) -> None:
    (image,) = (full.settings.data / "images").glob("*/*")
    image.write_bytes(b"something else")
    await full.back_up(tmp_path / "club.skiclock")
    assert check_file(tmp_path / "club.skiclock").missing_images == [image.name]
    with pytest.raises(BackupError, match="empty"):
        await empty.back_up(tmp_path / "nothing.skiclock")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["club.skiclock"]
