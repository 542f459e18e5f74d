"""Second factors: codes that are good once, recovery, what is kept, and who may take one away."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from sqlalchemy import select, text

from backend.access import Identity, add_user, find_identity
from backend.db import Database
from backend.models import AuditEntry
from backend.people import AboveYouError, By
from backend.sealed import Seal
from backend.second_factor import (
    FactorThereError,
    NoFactorError,
    SecondFactors,
    TooManyCodesError,
    WrongCodeError,
    codes_left,
    is_on,
    reset,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEY = "the server's secret key of these tests"


async def person(
    database: Database, email: str = "kari@club.example", role: str = "viewer"
) -> Identity:
    async with database.session() as session:
        await add_user(
            session, email=email, role=role, password="snow on the roof", actor="test",
            address=None, now=NOW,
        )  # fmt: skip
    async with database.session() as session:
        found = [await find_identity(session, number) for number in range(1, 20)]
    return next(one for one in found if one is not None and one.email == email)


def factors_of(database: Database) -> SecondFactors:
    return SecondFactors(database, Seal(KEY, "second factors"))


def code_of(secret: str, after_s: float = 0) -> str:
    return pyotp.TOTP(secret).at(NOW + timedelta(seconds=after_s))


async def turned_on(factors: SecondFactors, kari: Identity) -> tuple[str, list[str]]:
    """Return the secret, confirmed a minute ago, and the recovery codes."""
    setup = await factors.begin(kari, now=NOW)
    before = NOW - timedelta(seconds=60)
    codes = await factors.confirm(kari, code_of(setup.secret, -60), address=None, now=before)
    return setup.secret, codes


async def test_a_factor_counts_once_a_code_of_it_was_typed(database: Database) -> None:
    factors, kari = factors_of(database), await person(database)
    first = await factors.begin(kari, now=NOW)
    setup = await factors.begin(kari, now=NOW)  # the page was opened again
    assert setup.secret != first.secret
    assert setup.uri.startswith("otpauth://totp/Ski%20Clock:kari%40club.example?secret=")
    async with database.session() as session:
        assert not await is_on(session, kari.user_id)
    with pytest.raises(WrongCodeError):
        await factors.confirm(kari, code_of(first.secret), address=None, now=NOW)
    with pytest.raises(NoFactorError):
        await factors.check(kari.user_id, code_of(setup.secret), now=NOW)

    assert len(await factors.confirm(kari, code_of(setup.secret), address=None, now=NOW)) == 10
    async with database.session() as session:
        assert await is_on(session, kari.user_id)
    with pytest.raises(FactorThereError):
        await factors.begin(kari, now=NOW)
    with pytest.raises(FactorThereError):
        await factors.confirm(kari, code_of(setup.secret, 30), address=None, now=NOW)


async def test_a_code_is_good_once_and_for_a_minute(database: Database) -> None:
    factors, kari = factors_of(database), await person(database)
    secret, _ = await turned_on(factors, kari)
    code = code_of(secret)
    await factors.check(kari.user_id, f" {code[:3]} {code[3:]}\t", now=NOW)
    for again in (code, code_of(secret, -30)):  # the same one, and an older one
        with pytest.raises(WrongCodeError):
            await factors.check(kari.user_id, again, now=NOW)
    await factors.check(kari.user_id, code_of(secret, 30), now=NOW)  # a clock that is ahead
    for wrong in (code_of(secret, 90), code_of(secret, -90), "", "12345", "é" * 6, "\x00"):
        with pytest.raises(WrongCodeError):
            await factors.check(kari.user_id, wrong, now=NOW)


async def test_guessing_codes_is_stopped_by_account(database: Database) -> None:
    factors, kari = factors_of(database), await person(database)
    secret, _ = await turned_on(factors, kari)
    for _ in range(10):
        with pytest.raises(WrongCodeError):
            await factors.check(kari.user_id, "000 000", now=NOW)
    with pytest.raises(TooManyCodesError):
        await factors.check(kari.user_id, code_of(secret), now=NOW)
    later = NOW + timedelta(minutes=15)
    await factors.check(kari.user_id, code_of(secret, 900), now=later)


async def test_a_recovery_code_opens_once_and_new_ones_end_the_old(database: Database) -> None:
    factors, kari = factors_of(database), await person(database)
    secret, codes = await turned_on(factors, kari)
    assert len(set(codes)) == 10
    await factors.check(kari.user_id, codes[0].upper().replace("-", " "), now=NOW)
    with pytest.raises(WrongCodeError):
        await factors.check(kari.user_id, codes[0], now=NOW)
    async with database.session() as session:
        assert await codes_left(session, kari.user_id) == 9
    new = await factors.renew_codes(kari, code_of(secret), address=None, now=NOW)
    with pytest.raises(WrongCodeError):
        await factors.check(kari.user_id, codes[1], now=NOW)
    await factors.check(kari.user_id, new[1], now=NOW)


async def test_neither_secret_nor_recovery_code_can_be_read_in_the_database(
    database: Database,
) -> None:
    factors, kari = factors_of(database), await person(database)
    secret, codes = await turned_on(factors, kari)
    async with database.session() as session:
        kept = str((await session.execute(text("SELECT * FROM second_factors"))).all())
        kept += str((await session.execute(text("SELECT * FROM recovery_codes"))).all())
        kept += str((await session.execute(text("SELECT audit_log::text FROM audit_log"))).all())
    for word in (secret, *codes, *(code.replace("-", "") for code in codes)):
        assert word not in kept
    foreign = SecondFactors(database, Seal(KEY, "another purpose"))
    with pytest.raises(WrongCodeError, match="recovery code"):
        await foreign.check(kari.user_id, code_of(secret), now=NOW)
    await foreign.check(kari.user_id, codes[0], now=NOW)


async def test_turning_it_off_takes_a_code_and_is_written_down(database: Database) -> None:
    factors, kari = factors_of(database), await person(database)
    secret, _ = await turned_on(factors, kari)
    with pytest.raises(WrongCodeError):
        await factors.turn_off(kari, "000000", address=None, now=NOW)
    await factors.turn_off(kari, code_of(secret), address="192.0.2.1", now=NOW)
    async with database.session() as session:
        assert not await is_on(session, kari.user_id)
        assert await codes_left(session, kari.user_id) == 0
        actions = (await session.scalars(select(AuditEntry.action).order_by(AuditEntry.id))).all()
    assert actions[-2:] == ["user.factor_on", "user.factor_off"]


async def test_an_administrator_resets_it_for_whoever_may_do_no_more(database: Database) -> None:
    factors, kari = factors_of(database), await person(database)
    await turned_on(factors, kari)
    admin = await person(database, "admin@club.example", "admin")
    ola = await person(database, "ola@club.example", "technician")
    await turned_on(factors, admin)
    async with database.session() as session:
        await reset(session, kari.user_id, by=By(admin.email, "192.0.2.1", admin), now=NOW)
        assert not await is_on(session, kari.user_id)
        newest = await session.scalar(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1))
        assert newest is not None
        assert (newest.actor, newest.action, newest.object, newest.before) == (
            admin.email,
            "user.factor_reset",
            kari.email,
            {"second_factor": True, "single_sign_on": False},
        )
        with pytest.raises(AboveYouError):
            await reset(session, admin.user_id, by=By(ola.email, None, ola), now=NOW)
        assert await is_on(session, admin.user_id)
