"""Who may come in: first admin, users, sessions by cookie, passwords."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.access import (
    BadEmailError,
    EmailTakenError,
    Identity,
    Permission,
    UnknownRoleError,
    UnknownUserError,
    add_user,
    ensure_first_admin,
    list_users,
    set_password,
)
from backend.config import Settings
from backend.contract.platforms import ALL_PLATFORMS
from backend.db import Database
from backend.models import AuditEntry, Session, User
from backend.passwords import WeakPasswordError, make_password, verify_password
from backend.sessions import IDLE, LIFETIME
from backend.sign_ins import (
    FRESH,
    SamePasswordError,
    SignedIn,
    SignIns,
    TooManyAttemptsError,
    WrongCredentialsError,
)

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PASSWORD = "snow on the roof"
ADDRESS = "192.0.2.1"


async def make_user(
    database: Database, email: str = "kari@example.org", role: str = "admin"
) -> None:
    async with database.session() as session:
        await add_user(
            session,
            email=email,
            role=role,
            password=PASSWORD,
            actor="test",
            address=None,
            now=NOW,
        )


async def sign_in(
    sign_ins: SignIns,
    email: str = "kari@example.org",
    password: str = PASSWORD,
    *,
    address: str = ADDRESS,
    now: datetime = NOW,
) -> SignedIn:
    return await sign_ins.sign_in(email, password, address=address, user_agent="test", now=now)


@pytest.fixture
def sign_ins(database: Database) -> SignIns:
    return SignIns(database)


async def test_the_first_admin_gets_a_random_password_once(
    database: Database, settings: Settings, sign_ins: SignIns
) -> None:
    async with database.session() as session:
        password = await ensure_first_admin(session, settings, now=NOW)
    async with database.session() as session:
        assert await ensure_first_admin(session, settings, now=NOW) is None

    assert password is not None
    signed_in = await sign_in(sign_ins, "admin@localhost", password)
    assert signed_in.identity.role == "admin"
    assert signed_in.identity.must_change_password
    assert all(signed_in.identity.may(one) for one in Permission)
    assert signed_in.identity.platforms == set(ALL_PLATFORMS)


async def test_two_servers_that_start_at_once_make_one_admin(
    database: Database, settings: Settings
) -> None:
    async def start() -> str | None:
        async with database.session() as session:
            return await ensure_first_admin(session, settings, now=NOW)

    made = await asyncio.gather(*(start() for _ in range(4)))

    assert len([password for password in made if password]) == 1


async def test_the_first_admin_takes_the_password_of_the_settings(
    database: Database, settings: Settings, sign_ins: SignIns
) -> None:
    settings = settings.model_copy(
        update={"admin_email": "Chief@Example.org", "admin_password": SecretStr(PASSWORD)}
    )
    async with database.session() as session:
        assert await ensure_first_admin(session, settings, now=NOW) is None

    identity = (await sign_in(sign_ins, "chief@example.org")).identity
    assert not identity.must_change_password


@pytest.mark.parametrize(
    ("role", "may", "may_not", "may_take"),
    [
        ("viewer", Permission.SEE_CLOCKS, Permission.DOWNLOAD_FIRMWARE, False),
        ("technician", Permission.EDIT_CLOCKS, Permission.UPLOAD_FIRMWARE, True),
        ("admin", Permission.UPLOAD_FIRMWARE, None, True),
    ],
)
async def test_a_role_says_what_one_may(
    database: Database,
    sign_ins: SignIns,
    role: str,
    may: Permission,
    may_not: Permission | None,
    may_take: bool,
) -> None:
    await make_user(database, role=role)
    identity = (await sign_in(sign_ins)).identity

    assert identity.may(may)
    assert may_not is None or not identity.may(may_not)
    assert identity.may_take("esp32") is may_take
    assert not identity.may_take("esp64")


@pytest.mark.parametrize(
    ("changed", "error", "field"),
    [
        ({"email": "kari"}, BadEmailError, "email"),
        ({"email": "a@b\x00"}, BadEmailError, "email"),
        ({"email": "KARI@example.org "}, EmailTakenError, "email"),
        ({"role": "king"}, UnknownRoleError, "role"),
        ({"password": "short"}, WeakPasswordError, "password"),
        ({"password": "OLA@example.org"}, WeakPasswordError, "password"),
        ({"password": "x" * 1025}, WeakPasswordError, "password"),
    ],
)
async def test_a_user_that_cannot_be_added_is_refused_by_field(
    database: Database, changed: dict[str, str], error: type[Exception], field: str
) -> None:
    await make_user(database)
    wanted = {"email": "ola@example.org", "role": "viewer", "password": PASSWORD} | changed
    async with database.session() as session:
        with pytest.raises(error) as caught:
            await add_user(
                session,
                email=wanted["email"],
                role=wanted["role"],
                password=wanted["password"],
                actor="test",
                address=None,
                now=NOW,
            )

    assert caught.value.field == field  # type: ignore[attr-defined]
    async with database.session() as session:
        assert [user.email for user in await list_users(session)] == ["kari@example.org"]


async def test_a_cookie_is_known_until_sign_out(database: Database, sign_ins: SignIns) -> None:
    await make_user(database)
    signed_in = await sign_in(sign_ins)

    assert await sign_ins.identify(signed_in.token, now=NOW) == signed_in.identity
    await sign_ins.sign_out(signed_in.token, address=ADDRESS, now=NOW)
    assert await sign_ins.identify(signed_in.token, now=NOW) is None
    await sign_ins.sign_out(signed_in.token, address=ADDRESS, now=NOW)


async def test_who_asks_while_a_session_is_ended_does_not_bring_it_back(
    database: Database, sign_ins: SignIns
) -> None:
    await make_user(database)
    signed_in = await sign_in(sign_ins)
    await sign_ins.identify(signed_in.token, now=NOW)
    async with database.session() as holding:
        await holding.execute(text("LOCK TABLE audit_log IN EXCLUSIVE MODE"))
        ending = asyncio.create_task(sign_ins.sign_out(signed_in.token, address=ADDRESS, now=NOW))
        async with asyncio.timeout(30):
            while sign_ins._known:
                await asyncio.sleep(0.01)
        # Forgotten, and asked for while its row is still there.
        assert await sign_ins.identify(signed_in.token, now=NOW) == signed_in.identity
    await ending
    assert await sign_ins.identify(signed_in.token, now=NOW) is None


async def test_only_the_hash_of_a_cookie_is_kept(database: Database, sign_ins: SignIns) -> None:
    await make_user(database)
    tokens = {(await sign_in(sign_ins)).token for _ in range(2)}

    async with database.session() as session:
        rows = (await session.scalars(select(Session))).all()
    assert len(tokens) == 2
    assert len(rows) == 2
    assert all(token.encode() not in row.token_hash for token in tokens for row in rows)


@pytest.mark.parametrize("token", ["", "nonsense", "\x00", "é" * 100, "x" * 100_000])
async def test_nonsense_is_nobody(sign_ins: SignIns, token: str) -> None:
    assert await sign_ins.identify(token, now=NOW) is None


async def test_a_session_ends_when_it_is_idle_and_when_it_is_old(
    database: Database, sign_ins: SignIns
) -> None:
    await make_user(database)
    idle, used = (await sign_in(sign_ins)).token, (await sign_in(sign_ins)).token
    step = IDLE - timedelta(hours=1)

    at = NOW
    while at + step < NOW + LIFETIME:
        at += step
        assert await sign_ins.identify(used, now=at) is not None
    assert await sign_ins.identify(idle, now=NOW + IDLE) is None
    assert await sign_ins.identify(used, now=NOW + LIFETIME) is None
    assert await sign_ins.remove_expired(now=NOW + LIFETIME) == 2


async def test_a_disabled_user_is_out_within_seconds(database: Database, sign_ins: SignIns) -> None:
    await make_user(database)
    token = (await sign_in(sign_ins)).token
    await sign_ins.identify(token, now=NOW)
    async with database.session() as session:
        await session.execute(update(User).values(disabled=True))

    assert await sign_ins.identify(token, now=NOW + FRESH) is None
    with pytest.raises(WrongCredentialsError):
        await sign_in(sign_ins)


async def test_a_new_password_signs_out_every_browser(
    database: Database, sign_ins: SignIns
) -> None:
    await make_user(database)
    token = (await sign_in(sign_ins)).token
    async with database.session() as session:
        user_id = await set_password(
            session,
            email="kari@example.org",
            password="another password",
            actor="test",
            address=None,
            now=NOW,
        )
    sign_ins.forget_user(user_id)

    assert await sign_ins.identify(token, now=NOW) is None
    with pytest.raises(WrongCredentialsError):
        await sign_in(sign_ins)
    assert await sign_in(sign_ins, password="another password")


async def test_nobody_gets_no_password(database: Database) -> None:
    async with database.session() as session:
        with pytest.raises(UnknownUserError, match="There is no user ola"):
            await set_password(
                session,
                email="ola@example.org",
                password=PASSWORD,
                actor="test",
                address=None,
                now=NOW,
            )


async def test_a_first_password_is_changed_by_its_owner(
    database: Database, settings: Settings, sign_ins: SignIns
) -> None:
    async with database.session() as session:
        first = await ensure_first_admin(session, settings, now=NOW) or ""
    before = await sign_in(sign_ins, "admin@localhost", first)

    async def change(current: str, new: str) -> SignedIn:
        return await sign_ins.change_password(
            before.identity,
            current=current,
            new=new,
            address=ADDRESS,
            user_agent=None,
            now=NOW,
        )

    with pytest.raises(WrongCredentialsError):
        await change("wrong", PASSWORD)
    with pytest.raises(WeakPasswordError):
        await change(first, "short")
    with pytest.raises(SamePasswordError):
        await change(first, first)
    after = await change(first, PASSWORD)

    assert not after.identity.must_change_password
    assert await sign_ins.identify(before.token, now=NOW) is None
    assert await sign_ins.identify(after.token, now=NOW) == after.identity


async def test_wrong_passwords_are_counted_for_account_and_address(
    database: Database, sign_ins: SignIns
) -> None:
    await make_user(database)
    for _ in range(5):
        with pytest.raises(WrongCredentialsError):
            await sign_in(sign_ins, password="wrong")

    with pytest.raises(TooManyAttemptsError, match="Try again in 15 min") as caught:
        await sign_in(sign_ins)
    assert caught.value.retry_after_s == 900
    assert await sign_in(sign_ins, address="192.0.2.2")
    assert await sign_in(sign_ins, now=NOW + timedelta(minutes=15))


async def test_guessing_over_many_accounts_is_stopped_by_address(sign_ins: SignIns) -> None:
    for i in range(30):
        with pytest.raises(WrongCredentialsError):
            await sign_in(sign_ins, f"user{i}@example.org")
    with pytest.raises(TooManyAttemptsError):
        await sign_in(sign_ins, "another@example.org")


async def test_many_right_sign_ins_are_no_attack(database: Database, sign_ins: SignIns) -> None:
    await make_user(database)
    signed = [await sign_in(sign_ins) for _ in range(35)]
    assert len({one.token for one in signed}) == 35


async def test_an_unknown_user_costs_the_same_time_and_gets_the_same_answer(
    database: Database, sign_ins: SignIns
) -> None:
    await make_user(database)

    async def refusal_and_time_s(email: str, address: str) -> tuple[str, float]:
        began = time.perf_counter()
        with pytest.raises(WrongCredentialsError) as caught:
            await sign_in(sign_ins, email, "wrong password", address=address)
        return str(caught.value), time.perf_counter() - began

    known = [await refusal_and_time_s("kari@example.org", f"192.0.2.{i}") for i in range(5)]
    unknown = [await refusal_and_time_s("nobody@example.org", f"192.0.2.{i}") for i in range(5)]

    assert {words for words, _ in known} == {words for words, _ in unknown}
    # The hash is 40 ms, everything else about one: without it, it would be below a tenth.
    assert min(time_s for _, time_s in unknown) > 0.5 * min(time_s for _, time_s in known)


@pytest.mark.parametrize(
    "email", ["", "\x00", "' OR 1=1 --", "x" * 100_000, "kari@example.org\x00"]
)
async def test_hostile_sign_ins_are_only_refused(
    database: Database, sign_ins: SignIns, email: str
) -> None:
    await make_user(database)
    with pytest.raises(WrongCredentialsError):
        await sign_in(sign_ins, email, "wrong\x00")


class GoneDatabase(Database):
    """A database whose server can be taken away."""

    is_gone = False

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        if self.is_gone:
            raise ConnectionRefusedError("database is away")
        async with super().session() as session:
            yield session


async def test_who_is_signed_in_stays_so_while_the_database_is_away(postgres_url: str) -> None:
    database = GoneDatabase(postgres_url)
    await make_user(database)
    sign_ins = SignIns(database)
    token = (await sign_in(sign_ins)).token
    assert await sign_ins.identify(token, now=NOW) is not None
    database.is_gone = True

    assert await sign_ins.identify(token, now=NOW + timedelta(minutes=5)) is not None
    with pytest.raises(ConnectionRefusedError):
        await sign_ins.identify("another", now=NOW)
    await database.close()


async def test_signing_in_and_out_is_written_down(database: Database, sign_ins: SignIns) -> None:
    await make_user(database)
    signed_in = await sign_in(sign_ins)
    await sign_ins.sign_out(signed_in.token, address=ADDRESS, now=NOW)

    async with database.session() as session:
        entries = (await session.scalars(select(AuditEntry).order_by(AuditEntry.id))).all()
    assert [(one.action, one.object, one.address) for one in entries] == [
        ("user.add", "kari@example.org", None),
        ("user.sign_in", "kari@example.org", ADDRESS),
        ("user.sign_out", "kari@example.org", ADDRESS),
    ]


def test_made_passwords_differ_and_obey_the_rule() -> None:
    made = {make_password() for _ in range(100)}
    assert len(made) == 100
    assert all(len(password) == 19 for password in made)


def test_a_broken_hash_fits_nothing() -> None:
    assert not verify_password("", "x")
    assert not verify_password("$argon2id$broken", "x")


def test_an_identity_is_what_it_was() -> None:
    identity = Identity(1, "a@b", "viewer", frozenset(), frozenset())
    with pytest.raises(AttributeError):
        identity.role = "admin"  # type: ignore[misc]
