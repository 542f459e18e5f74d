"""What administrators do with people: links, roles, doors that close, and who must be left."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from backend import people
from backend.access import (
    EmailTakenError,
    Identity,
    Permission,
    UnknownUserError,
    add_user,
    find_identity,
    find_user,
)
from backend.db import Database
from backend.models import AccountLink, AuditEntry, Session, User
from backend.passwords import GuessablePasswordError, WeakPasswordError, check_rule
from backend.people import (
    INVITE_LIFETIME,
    RESET_LIFETIME,
    AboveYouError,
    By,
    LastAdminError,
    LinkGoneError,
    NotInvitedError,
)
from backend.sessions import list_sessions
from backend.sign_ins import SignIns, WrongCredentialsError

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PASSWORD, OTHER = "snow on the roof", "amber gate and a late start"
ADDRESS = "192.0.2.1"
TERMINAL = By("command line", None)


async def make(database: Database, email: str, role: str = "admin") -> int:
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
        user = await find_user(session, email)
    assert user is not None
    return user.id


async def by(database: Database, user_id: int) -> By:
    async with database.session() as session:
        identity = await find_identity(session, user_id)
    assert identity is not None
    return By(identity.email, ADDRESS, identity)


async def invite(database: Database, by: By = TERMINAL, role: str = "viewer") -> tuple[int, str]:
    async with database.session() as session:
        user, token = await people.invite(
            session, email="Ola@example.org ", role=role, by=by, now=NOW
        )
    return user.id, token


async def use(database: Database, token: str, password: str = OTHER, now: datetime = NOW) -> User:
    async with database.session() as session:
        return await people.use_link(session, token, password, address=ADDRESS, now=now)


async def actions(database: Database) -> list[tuple[str, str, str]]:
    async with database.session() as session:
        rows = await session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(row.actor, row.action, row.object) for row in rows]


@pytest.fixture
def sign_ins(database: Database) -> SignIns:
    return SignIns(database)


async def sign_in(sign_ins: SignIns, email: str, password: str) -> str:
    signed = await sign_ins.sign_in(email, password, address=ADDRESS, user_agent="Firefox", now=NOW)
    return signed.token


async def test_whoever_is_invited_chooses_a_password_and_is_in(
    database: Database, sign_ins: SignIns
) -> None:
    admin = await by(database, await make(database, "kari@example.org"))
    _, token = await invite(database, admin)
    with pytest.raises(WrongCredentialsError):
        await sign_in(sign_ins, "ola@example.org", "")

    signed = await sign_ins.join(token, OTHER, address=ADDRESS, user_agent=None, now=NOW)

    assert (signed.identity.email, signed.identity.role) == ("ola@example.org", "viewer")
    assert await sign_ins.identify(signed.token, now=NOW) == signed.identity
    assert await sign_in(sign_ins, "ola@example.org", OTHER)
    assert (await actions(database))[1:4] == [
        ("kari@example.org", "user.invite", "ola@example.org"),
        ("ola@example.org", "user.join", "ola@example.org"),
        ("ola@example.org", "user.sign_in", "ola@example.org"),
    ]


async def test_a_link_works_once_however_many_try(database: Database) -> None:
    _, token = await invite(database)
    tries = await asyncio.gather(*(use(database, token) for _ in range(5)), return_exceptions=True)
    assert len([one for one in tries if isinstance(one, User)]) == 1
    assert len([one for one in tries if isinstance(one, LinkGoneError)]) == 4
    async with database.session() as session:
        with pytest.raises(LinkGoneError):
            await people.find_link(session, token, now=NOW)


async def test_a_link_survives_a_password_that_is_refused(database: Database) -> None:
    _, token = await invite(database)
    for refused in ("short", "ola@example.org", "password12345"):
        with pytest.raises(WeakPasswordError):
            await use(database, token, refused)
    assert (await use(database, token)).password_hash


@pytest.mark.parametrize("token", ["", "nonsense", "\x00", "é" * 50, "\ud800"])
async def test_nonsense_is_no_link(database: Database, token: str) -> None:
    with pytest.raises(LinkGoneError):
        await use(database, token)


async def test_links_end_by_age_by_a_newer_one_and_with_their_owner(database: Database) -> None:
    user_id, old = await invite(database)
    with pytest.raises(LinkGoneError):
        await use(database, old, now=NOW + INVITE_LIFETIME)
    async with database.session() as session:
        newer = await people.make_link(session, user_id, by=TERMINAL, now=NOW)
    with pytest.raises(LinkGoneError):
        await use(database, old)
    async with database.session() as session:
        await people.withdraw(session, user_id, by=TERMINAL, now=NOW)
    with pytest.raises(LinkGoneError):
        await use(database, newer)
    async with database.session() as session:
        assert await find_user(session, "ola@example.org") is None


async def test_only_the_hash_of_a_link_is_kept(database: Database) -> None:
    _, token = await invite(database)
    async with database.session() as session:
        dump = await session.scalar(text("SELECT string_agg(t::text, '') FROM account_links AS t"))
        assert (await session.scalars(select(AccountLink))).unique().one().is_invite
    assert token not in dump


async def test_a_reset_keeps_the_old_password_until_the_link_is_used(
    database: Database, sign_ins: SignIns
) -> None:
    user_id = await make(database, "kari@example.org")
    before = await sign_in(sign_ins, "kari@example.org", PASSWORD)
    async with database.session() as session:
        token = await people.make_link(session, user_id, by=TERMINAL, now=NOW)
    assert await sign_ins.identify(before, now=NOW)
    with pytest.raises(LinkGoneError):
        await sign_ins.join(
            token, OTHER, address=ADDRESS, user_agent=None, now=NOW + RESET_LIFETIME
        )

    await sign_ins.join(token, OTHER, address=ADDRESS, user_agent=None, now=NOW)

    assert await sign_ins.identify(before, now=NOW) is None
    with pytest.raises(WrongCredentialsError):
        await sign_in(sign_ins, "kari@example.org", PASSWORD)
    with pytest.raises(NotInvitedError):
        async with database.session() as session:
            await people.withdraw(session, user_id, by=TERMINAL, now=NOW)


async def test_the_last_who_can_manage_people_stays(database: Database) -> None:
    kari = await make(database, "kari@example.org")
    await invite(database, role="admin")  # has not come yet, so does not count
    for change in (
        lambda session: people.set_role(session, kari, "viewer", by=TERMINAL, now=NOW),
        lambda session: people.set_disabled(session, kari, True, by=TERMINAL, now=NOW),
    ):
        with pytest.raises(LastAdminError):
            async with database.session() as session:
                await change(session)
    await make(database, "nils@example.org")
    async with database.session() as session:
        await people.set_role(session, kari, "viewer", by=TERMINAL, now=NOW)
    async with database.session() as session:
        assert (await session.get_one(User, kari)).role.name == "viewer"


async def test_two_admins_who_demote_each_other_at_once_leave_one(database: Database) -> None:
    ids = [await make(database, f"{name}@example.org") for name in ("kari", "ola")]

    async def demote(user_id: int) -> None:
        async with database.session() as session:
            await people.set_role(session, user_id, "viewer", by=TERMINAL, now=NOW)

    done = await asyncio.gather(*map(demote, ids), return_exceptions=True)
    assert [type(one) for one in done if one] == [LastAdminError]


async def test_a_disabled_person_is_out_and_can_be_let_in_again(
    database: Database, sign_ins: SignIns
) -> None:
    await make(database, "kari@example.org")
    ola = await make(database, "ola@example.org", "viewer")
    token = await sign_in(sign_ins, "ola@example.org", PASSWORD)
    async with database.session() as session:
        link = await people.make_link(session, ola, by=TERMINAL, now=NOW)
        await people.set_disabled(session, ola, True, by=TERMINAL, now=NOW)
    sign_ins.forget_user(ola)
    assert await sign_ins.identify(token, now=NOW) is None
    with pytest.raises(WrongCredentialsError):
        await sign_in(sign_ins, "ola@example.org", PASSWORD)
    with pytest.raises(LinkGoneError):
        await use(database, link)
    async with database.session() as session:
        await people.set_disabled(session, ola, False, by=TERMINAL, now=NOW)
        await people.set_disabled(session, ola, False, by=TERMINAL, now=NOW)  # nothing new
    assert await sign_in(sign_ins, "ola@example.org", PASSWORD)
    written = [action for _, action, _ in await actions(database)]
    assert (written.count("user.disable"), written.count("user.enable")) == (1, 1)


async def test_nobody_changes_or_makes_somebody_who_may_do_more(database: Database) -> None:
    kari = await make(database, "kari@example.org")
    ola = await make(database, "ola@example.org", "technician")
    may = frozenset({Permission.MANAGE_USERS.value, "clocks.see", "firmware.see"})
    clerk = By(
        "clerk@example.org", None, Identity(99, "clerk@example.org", "clerk", may, frozenset())
    )

    async def refused(work: object) -> None:
        with pytest.raises(AboveYouError):
            async with database.session() as session:
                await work(session)  # type: ignore[operator]

    await refused(lambda s: people.make_link(s, kari, by=clerk, now=NOW))
    await refused(lambda s: people.set_disabled(s, kari, True, by=clerk, now=NOW))
    await refused(lambda s: people.set_role(s, ola, "viewer", by=clerk, now=NOW))
    await refused(lambda s: people.check_may_change(s, kari, by=clerk))
    await refused(lambda s: people.invite(s, email="x@y", role="admin", by=clerk, now=NOW))
    async with database.session() as session:
        user, _ = await people.invite(
            session, email="nils@example.org", role="viewer", by=clerk, now=NOW
        )
        user_id = user.id
    await refused(lambda s: people.set_role(s, user_id, "admin", by=clerk, now=NOW))


async def test_who_is_here_already_is_not_invited_and_nobody_is_not_changed(
    database: Database,
) -> None:
    await make(database, "ola@example.org")
    with pytest.raises(EmailTakenError):
        await invite(database)
    with pytest.raises(UnknownUserError):
        async with database.session() as session:
            await people.set_disabled(session, 4711, True, by=TERMINAL, now=NOW)


async def test_sessions_are_listed_and_ended_one_by_one_or_all_but_this(
    database: Database, sign_ins: SignIns
) -> None:
    kari = await make(database, "kari@example.org")
    ola = await make(database, "ola@example.org")
    tokens = [await sign_in(sign_ins, "kari@example.org", PASSWORD) for _ in range(4)]
    other = await sign_in(sign_ins, "ola@example.org", PASSWORD)
    for token in tokens:
        await sign_ins.identify(token, now=NOW)

    async def ids() -> list[int]:
        async with database.session() as session:
            return [one.id for one in await list_sessions(session, kari, now=NOW)]

    async def end(**which: int) -> int:
        return await sign_ins.end_sessions(kari, actor="kari", address=ADDRESS, now=NOW, **which)

    all_ids = sorted(await ids())
    async with database.session() as session:
        (foreign,) = [one.id for one in await list_sessions(session, ola, now=NOW)]
    assert await end(session_id=foreign) == 0
    assert await end(session_id=all_ids[0]) == 1
    assert await sign_ins.identify(tokens[0], now=NOW) is None
    assert await sign_ins.identify(tokens[1], now=NOW) is not None
    assert await end(keep_id=all_ids[3]) == 2
    assert await ids() == [all_ids[3]]
    assert [await sign_ins.identify(one, now=NOW) is not None for one in tokens] == [
        False,
        False,
        False,
        True,
    ]
    assert await sign_ins.identify(other, now=NOW) is not None
    async with database.session() as session:
        assert len((await session.scalars(select(Session))).unique().all()) == 2
        entries = select(AuditEntry).where(AuditEntry.action == "user.end_session")
        ended = (await session.scalars(entries)).all()
    assert [one.before for one in ended] == [{"address": ADDRESS, "browser": "Firefox"}] * 3


async def test_everybody_is_listed_with_sessions_and_open_links(
    database: Database, sign_ins: SignIns
) -> None:
    await make(database, "kari@example.org")
    await sign_in(sign_ins, "kari@example.org", PASSWORD)
    await invite(database)
    async with database.session() as session:
        found = await people.list_people(session, now=NOW)
        later = await people.list_people(session, now=NOW + timedelta(days=60))
    assert [(one.user.email, one.sessions, one.link is not None) for one in found] == [
        ("kari@example.org", 1, False),
        ("ola@example.org", 0, True),
    ]
    assert [(one.sessions, one.link) for one in later] == [(0, None), (0, None)]


@pytest.mark.parametrize(
    "password",
    [
        "password12345",
        "1234567890",
        "qwertyuiop",
        "aaaaaaaaaaaaaaa",
        "skiclock2026",
        "kari.hansen1",
        "kari.hansen@klubben.example!",
        "iloveyou2026",
    ],
)
def test_what_is_long_and_easy_to_guess_is_refused(password: str) -> None:
    with pytest.raises(GuessablePasswordError):
        check_rule(password, email="kari.hansen@klubben.example")


@pytest.mark.parametrize(
    "password",
    [
        "snow on the roof",
        "slalom-gate-42-amber",
        "ice on the lake",
        "Ætt på sjøen om vinteren",
        "x9$Lq2!vTz",
    ],
)
def test_a_few_words_or_a_random_text_will_do(password: str) -> None:
    check_rule(password, email="kari.hansen@klubben.example")


@pytest.mark.timeout(20)
def test_a_very_long_password_is_judged_quickly() -> None:
    for long in ("snow on the roof and " * 48, "".join(chr(33 + i * 7 % 90) for i in range(1024))):
        check_rule(long[:1024], email="a@b")
