"""Download links: what they carry, how they end; and the log of downloads."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from itsdangerous import URLSafeSerializer
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend import links
from backend.access import Identity, add_user, find_identity
from backend.db import Database
from backend.links import (
    BadLinkError,
    DownloadLog,
    ExpiredLinkError,
    LinkNotAllowedError,
    Links,
    LinkTarget,
    Taken,
    check_taker,
)
from backend.models import Download, PlatformPermission, Role, User

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECRET = "a secret that only this test knows, forty"


@pytest.fixture
async def technician(database: Database) -> Identity:
    async with database.session() as session:
        await add_user(
            session,
            email="tech@example.org",
            role="technician",
            password="snow on the roof",
            actor="test",
            address=None,
            now=NOW,
        )
        user_id = await session.scalar(select(User.id))
        assert user_id is not None
        identity = await find_identity(session, user_id)
    assert identity is not None
    return identity


def taken(version: str = "2026.1.1.1") -> Taken:
    return Taken(NOW, "esp32", version, "tech@example.org", "192.0.2.1", "test", 1000)


async def test_a_link_says_who_takes_what_for_an_hour(technician: Identity) -> None:
    token = Links(SECRET).make(technician, "esp32", "2026.1.1.1", now=NOW)

    target = Links(SECRET).read(token, now=NOW + timedelta(minutes=59))
    assert target == LinkTarget(technician.user_id, "esp32", "2026.1.1.1")
    with pytest.raises(ExpiredLinkError, match="expired; links work for an hour"):
        Links(SECRET).read(token, now=NOW + timedelta(hours=1))


async def test_a_changed_or_foreign_link_is_refused(technician: Identity) -> None:
    token = Links(SECRET).make(technician, "esp32", "2026.1.1.1", now=NOW)
    foreign = Links(SECRET[::-1]).make(technician, "esp32", "2026.1.1.1", now=NOW)
    other_use = URLSafeSerializer(SECRET, salt="something else").dumps(
        [1, "esp32", "v1.0.0", 2**40]
    )
    other_shape = URLSafeSerializer(SECRET, salt="firmware download").dumps(["esp32"])

    for wrong in (token[:-1], "x" + token, foreign, other_use, other_shape, "", "\x00", "é.é"):
        with pytest.raises(BadLinkError):
            Links(SECRET).read(wrong, now=NOW)


async def test_a_link_works_only_while_its_user_may_take_it(
    database: Database, technician: Identity
) -> None:
    target = LinkTarget(technician.user_id, "esp32", "2026.1.1.1")
    async with database.session() as session:
        assert await check_taker(session, target) == technician

    async with database.session() as session:
        await session.execute(
            delete(PlatformPermission).where(PlatformPermission.platform == "esp32")
        )
    async with database.session() as session:
        with pytest.raises(LinkNotAllowedError, match="esp32"):
            await check_taker(session, target)
        assert await check_taker(session, LinkTarget(technician.user_id, "esp01", "v1.0.0"))


@pytest.mark.parametrize("change", ["disabled", "deleted", "role"])
async def test_a_link_dies_with_its_users_rights(
    database: Database, technician: Identity, change: str
) -> None:
    async with database.session() as session:
        if change == "disabled":
            await session.execute(update(User).values(disabled=True))
        elif change == "deleted":
            await session.execute(delete(User))
        else:
            viewer = select(Role.id).where(Role.name == "viewer").scalar_subquery()
            await session.execute(update(User).values(role_id=viewer))

    async with database.session() as session:
        with pytest.raises(LinkNotAllowedError):
            await check_taker(session, LinkTarget(technician.user_id, "esp32", "2026.1.1.1"))


async def logged_versions(database: Database) -> list[str]:
    async with database.session() as session:
        return list(await session.scalars(select(Download.version).order_by(Download.id)))


async def test_downloads_are_written_soon_after_they_began(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "WRITE_EVERY_S", 0.01)
    download_log = DownloadLog(database)
    running = asyncio.create_task(download_log.run())
    for i in range(1500):
        download_log.note(taken(f"v1.0.{i}"))

    async with asyncio.timeout(10):
        while len(await logged_versions(database)) < 1500:
            await asyncio.sleep(0.02)
    running.cancel()
    async with database.session() as session:
        row = (await session.scalars(select(Download).limit(1))).one()
    assert (row.at, row.platform, row.taker) == (NOW, "esp32", "tech@example.org")
    assert (row.address, row.user_agent, row.size_bytes) == ("192.0.2.1", "test", 1000)


async def test_what_waits_at_the_stop_is_written(database: Database) -> None:
    download_log = DownloadLog(database)
    download_log.note(taken())

    assert await download_log.flush()
    assert await download_log.flush()
    assert await logged_versions(database) == ["2026.1.1.1"]


class GoneDatabase(Database):
    """A database whose server is away at first."""

    is_gone = True

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        if self.is_gone:
            raise ConnectionRefusedError("database is away")
        async with super().session() as session:
            yield session


async def test_downloads_wait_for_the_database_in_bounded_memory(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "MAX_WAITING", 100)
    database = GoneDatabase(postgres_url)
    download_log = DownloadLog(database)
    for i in range(150):
        download_log.note(taken(f"v1.0.{i}"))

    assert not await download_log.flush()
    assert download_log.dropped == 50
    database.is_gone = False
    assert await download_log.flush()
    assert await logged_versions(database) == [f"v1.0.{i}" for i in range(50, 150)]
    await database.close()
