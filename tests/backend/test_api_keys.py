"""Keys of programs: scopes, ends, and v1's shared ones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend import clock_credentials, shared_access
from backend.api_keys import (
    FRESH,
    LOOK_AGAIN,
    ApiKeys,
    BadKeyRequestError,
    Scope,
    UnknownKeyError,
    WrongKeyError,
    create_key,
    list_keys,
    revoke_key,
    rotate_key,
)
from backend.clock_keys import Claimed
from backend.config import Settings
from backend.db import Database
from backend.key_models import Shared
from backend.models import ApiKey, AuditEntry, Device

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def keys(database: Database, settings: Settings) -> ApiKeys:
    return ApiKeys(database, settings)


async def make_key(
    database: Database, *scopes: Scope, name: str = "grafana", expires_at: datetime | None = None
) -> str:
    async with database.session() as session:
        return await create_key(
            session,
            name=name,
            scopes=scopes or (Scope.READ,),
            expires_at=expires_at,
            actor="test",
            address=None,
            now=NOW,
        )


async def test_a_key_opens_what_its_scopes_say(database: Database, keys: ApiKeys) -> None:
    key = await make_key(database, Scope.READ, Scope.METRICS)

    assert key.startswith("sck_")
    assert (await keys.check(key, Scope.READ, now=NOW)).name == "grafana"
    assert await keys.check(key, Scope.DOWNLOAD, Scope.METRICS, now=NOW)
    with pytest.raises(WrongKeyError, match="a key with the scope upload does"):
        await keys.check(key, Scope.UPLOAD, now=NOW)


async def test_only_the_hash_of_a_key_is_kept(database: Database) -> None:
    key = await make_key(database)

    async with database.session() as session:
        row = (await list_keys(session))[0]
    assert row.prefix in key
    assert key.split("_", 2)[2].encode() not in row.key_hash


async def test_v1s_shared_keys_open_one_thing_each(keys: ApiKeys, settings: Settings) -> None:
    upload = settings.upload_api_key.get_secret_value()
    download = settings.download_api_key.get_secret_value()

    assert (await keys.check(upload, Scope.UPLOAD, now=NOW)).name == "upload key of v1"
    assert (await keys.check(download, Scope.DOWNLOAD, now=NOW)).name == "download key of v1"
    for key, scope in ((upload, Scope.DOWNLOAD), (download, Scope.UPLOAD), (upload, Scope.READ)):
        with pytest.raises(WrongKeyError):
            await keys.check(key, scope, now=NOW)


async def test_an_empty_shared_key_opens_nothing(database: Database, settings: Settings) -> None:
    empty = settings.model_copy(update={"upload_api_key": SecretStr("")})
    with pytest.raises(WrongKeyError):
        await ApiKeys(database, empty).check("", Scope.UPLOAD, now=NOW)


@pytest.mark.parametrize("key", [None, "", "sck_x_y", "\x00", "é" * 50, "x" * 100_000])
async def test_nonsense_opens_nothing(keys: ApiKeys, key: str | None) -> None:
    with pytest.raises(WrongKeyError):
        await keys.check(key, Scope.READ, now=NOW)


async def test_a_revoked_key_is_dead_within_seconds(database: Database, keys: ApiKeys) -> None:
    key = await make_key(database)
    await keys.check(key, Scope.READ, now=NOW)
    async with database.session() as session:
        assert await revoke_key(session, "grafana", actor="test", address=None, now=NOW) == 1

    with pytest.raises(WrongKeyError):
        await keys.check(key, Scope.READ, now=NOW + FRESH)


async def test_a_key_is_revoked_by_its_prefix_too(database: Database) -> None:
    key = await make_key(database)
    prefix = key.split("_")[1]
    async with database.session() as session:
        assert await revoke_key(session, f"sck_{prefix}", actor="t", address=None, now=NOW) == 1
    async with database.session() as session:
        with pytest.raises(UnknownKeyError, match="There is no key"):
            await revoke_key(session, prefix, actor="t", address=None, now=NOW)


async def test_a_new_key_works_at_once(database: Database, keys: ApiKeys) -> None:
    with pytest.raises(WrongKeyError):
        await keys.check("unknown", Scope.READ, now=NOW)
    key = await make_key(database)

    assert await keys.check(key, Scope.READ, now=NOW + LOOK_AGAIN)


async def test_a_key_ends_to_the_second(database: Database, keys: ApiKeys) -> None:
    key = await make_key(database, expires_at=NOW + timedelta(seconds=1))

    assert await keys.check(key, Scope.READ, now=NOW)
    with pytest.raises(WrongKeyError):
        await keys.check(key, Scope.READ, now=NOW + timedelta(seconds=1))


async def test_the_last_use_is_noted_once_a_minute(database: Database, keys: ApiKeys) -> None:
    key = await make_key(database)

    async def noted() -> datetime | None:
        async with database.session() as session:
            return await session.scalar(select(ApiKey.last_used_at))

    assert await noted() is None
    await keys.check(key, Scope.READ, now=NOW)
    assert await noted() == NOW
    await keys.check(key, Scope.READ, now=NOW + timedelta(seconds=59))
    assert await noted() == NOW
    await keys.check(key, Scope.READ, now=NOW + timedelta(seconds=61))
    assert await noted() == NOW + timedelta(seconds=61)


class CountingDatabase(Database):
    """A database that counts transactions, and can be away."""

    transactions = 0
    is_gone = False

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        self.transactions += 1
        if self.is_gone:
            raise ConnectionRefusedError("database is away")
        async with super().session() as session:
            yield session


async def test_hot_requests_do_not_ask_the_database(postgres_url: str, settings: Settings) -> None:
    database = CountingDatabase(postgres_url)
    keys = ApiKeys(database, settings)
    key = await make_key(database)
    shared = settings.download_api_key.get_secret_value()
    await keys.check(key, Scope.READ, now=NOW)
    await keys.check(shared, Scope.DOWNLOAD, now=NOW)
    before = database.transactions

    for _ in range(100):
        await keys.check(key, Scope.READ, now=NOW + timedelta(seconds=1))
    await keys.check(shared, Scope.DOWNLOAD, now=NOW + timedelta(seconds=1))

    assert database.transactions == before
    await database.close()


async def test_many_first_requests_ask_the_database_once(
    postgres_url: str, settings: Settings
) -> None:
    database = CountingDatabase(postgres_url)
    keys = ApiKeys(database, settings)

    await asyncio.gather(
        *(keys.check(f"wrong {i}", Scope.READ, now=NOW) for i in range(50)), return_exceptions=True
    )

    assert database.transactions == 1
    await database.close()


async def test_known_keys_work_while_the_database_is_away(
    postgres_url: str, settings: Settings
) -> None:
    database = CountingDatabase(postgres_url)
    keys = ApiKeys(database, settings)
    key = await make_key(database)
    await keys.check(key, Scope.READ, now=NOW)
    database.is_gone = True

    assert await keys.check(key, Scope.READ, now=NOW + timedelta(hours=1))
    download_key = settings.download_api_key.get_secret_value()
    assert await keys.check(download_key, Scope.DOWNLOAD, now=NOW + timedelta(hours=1))
    # Nothing tells whether the shared one was turned off before this server began.
    for unknown in (download_key, "unknown"):
        with pytest.raises(ConnectionRefusedError):
            await ApiKeys(database, settings).check(unknown, Scope.DOWNLOAD, now=NOW)
    await database.close()


@pytest.mark.parametrize(
    ("name", "scopes", "expires_at", "field"),
    [
        ("", ["read"], None, "name"),
        ("x" * 65, ["read"], None, "name"),
        ("a\nb", ["read"], None, "name"),
        ("ci", [], None, "scopes"),
        ("ci", ["read", "root"], None, "scopes"),
        ("ci", ["read"], NOW, "expires_at"),
    ],
)
async def test_a_key_that_cannot_be_made_is_refused_by_field(
    database: Database, name: str, scopes: list[str], expires_at: datetime | None, field: str
) -> None:
    async with database.session() as session:
        with pytest.raises(BadKeyRequestError) as caught:
            await create_key(
                session,
                name=name,
                scopes=scopes,
                expires_at=expires_at,
                actor="test",
                address=None,
                now=NOW,
            )
    assert caught.value.field == field


async def test_a_rotated_key_works_beside_the_new_one_until_its_end(
    database: Database, keys: ApiKeys
) -> None:
    old = await make_key(database, Scope.UPLOAD, expires_at=NOW + timedelta(days=100))
    async with database.session() as session:
        new, ends_at = await rotate_key(
            session,
            old[:12],
            overlap=timedelta(days=7),
            actor="anna@example.org",
            address="192.0.2.1",
            now=NOW + timedelta(days=50),
        )
        entry = await session.scalar(select(AuditEntry).order_by(AuditEntry.id.desc()))
    assert ends_at == NOW + timedelta(days=57)
    for key in (old, new):
        assert (await keys.check(key, Scope.UPLOAD, now=NOW + timedelta(days=56))).name == "grafana"
    with pytest.raises(WrongKeyError):
        await keys.check(old, Scope.UPLOAD, now=ends_at)
    assert await keys.check(new, Scope.UPLOAD, now=NOW + timedelta(days=149))
    with pytest.raises(WrongKeyError):
        await keys.check(new, Scope.UPLOAD, now=NOW + timedelta(days=150))
    assert entry is not None
    assert (entry.action, entry.actor, entry.address) == (
        "key.rotate", "anna@example.org", "192.0.2.1",
    )  # fmt: skip
    assert entry.after is not None
    assert entry.after["followed_by"] == new.split("_")[1]
    assert new.split("_", 2)[2] not in str((entry.object, entry.before, entry.after))


async def test_what_cannot_be_rotated_is_refused(database: Database) -> None:
    await make_key(database, name="ci")
    key = await make_key(database, name="ci")
    about = {"actor": "test", "address": None, "now": NOW}
    async with database.session() as session:
        with pytest.raises(BadKeyRequestError, match="2 keys"):
            await rotate_key(session, "ci", overlap=timedelta(days=1), **about)
        with pytest.raises(BadKeyRequestError, match="0 to 90 days"):
            await rotate_key(session, key[:12], overlap=timedelta(days=91), **about)
        await revoke_key(session, key[:12], **about)
        with pytest.raises(UnknownKeyError):
            await rotate_key(session, key[:12], overlap=timedelta(days=1), **about)


async def test_a_key_with_anothers_prefix_opens_nothing(database: Database, keys: ApiKeys) -> None:
    key = await make_key(database)
    forged = "_".join([*key.split("_")[:2], "x" * 43])
    with pytest.raises(WrongKeyError):
        await keys.check(forged, Scope.READ, now=NOW)
    assert await keys.check(key, Scope.READ, now=NOW)


async def test_a_shared_key_is_dead_once_it_is_turned_off_and_works_again_when_turned_on(
    database: Database, keys: ApiKeys, settings: Settings
) -> None:
    shared, upload = (
        one.get_secret_value() for one in (settings.download_api_key, settings.upload_api_key)
    )
    assert await keys.check(shared, Scope.DOWNLOAD, now=NOW)

    async def turn(*, on: bool) -> bool:
        async with database.session() as session:
            return await shared_access.turn(
                session, Shared.DOWNLOAD_KEY, on=on, actor="anna@example.org", address=None, now=NOW
            )

    assert await turn(on=False)
    keys.hurry()
    with pytest.raises(WrongKeyError):
        await keys.check(shared, Scope.DOWNLOAD, now=NOW)
    assert await keys.check(upload, Scope.UPLOAD, now=NOW)
    assert not await turn(on=False)
    assert await turn(on=True)
    with pytest.raises(WrongKeyError):
        await keys.check(shared, Scope.DOWNLOAD, now=NOW + FRESH / 2)
    assert await keys.check(shared, Scope.DOWNLOAD, now=NOW + FRESH)
    async with database.session() as session:
        entries = (
            await session.scalars(select(AuditEntry).where(AuditEntry.action == "shared.turn"))
        ).all()
        used_at = (await shared_access.load(session))[Shared.DOWNLOAD_KEY].last_used_at
    assert [(one.before, one.after) for one in entries] == [
        ({"works": True}, {"works": False}),
        ({"works": False}, {"works": True}),
    ]
    assert used_at == NOW


async def test_clocks_that_share_are_those_that_never_used_credentials_of_their_own(
    database: Database,
) -> None:
    async with database.session() as session:
        for device_id, ago, heard in (
            ("a1", 1, True), ("b2", 29, True), ("c3", 31, True), ("d4", 1, False), ("e5", 2, True),
        ):  # fmt: skip
            at = NOW - timedelta(days=ago)
            session.add(Device(device_id=device_id, first_seen=at, last_seen=at, heard=heard))
        await session.flush()
        for device_id in ("e5", "b2"):
            await clock_credentials.claim(
                session, device_id, platform="esp01", mac=None, actor="t", address=None, now=NOW
            )
        await clock_credentials.mark_used(session, Claimed("e5", 1), now=NOW)
        found = await shared_access.clocks_that_share(session, now=NOW)
        assert [one.device_id for one in found] == ["a1", "b2"]
