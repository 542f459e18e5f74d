"""Owns second factors: codes of an authenticator app (TOTP), and recovery codes for its loss.

Secrets lie sealed in the database; recovery codes are random enough that their SHA-256 tells
nothing. A code is good once: what was typed on a watched keyboard opens nothing more.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

import pyotp
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend import audit
from backend.access import Identity
from backend.db import Database
from backend.errors import Refusal
from backend.people import By, user_to_change
from backend.sealed import Seal
from backend.sign_in_models import RecoveryCode, SecondFactor
from backend.sso_accounts import unlink
from backend.throttle import Throttle

STEP_S = 30
DRIFT_STEPS = 1
"""How far a phone's clock may be off, either way."""
RECOVERY_CODES = 10
NAME = "Ski Clock"
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_ATTEMPTS = 10
_WINDOW = timedelta(minutes=15)


class WrongCodeError(Refusal):
    """The code is wrong, too old, or was used already."""

    code: ClassVar[str] = "wrong_code"


class NoFactorError(Refusal):
    """There is no second factor to confirm or to turn off."""

    code: ClassVar[str] = "no_factor"


class FactorThereError(Refusal):
    """A second factor is on already."""

    code: ClassVar[str] = "factor_there"


class TooManyCodesError(Refusal):
    """Too many codes were tried for one account."""

    code: ClassVar[str] = "too_many_attempts"


@dataclass(frozen=True, slots=True)
class Setup:
    """What an authenticator app needs: to be shown once, to the owner alone."""

    secret: str
    uri: str


class SecondFactors:
    """Sets second factors up, and checks their codes."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal
        # By account alone: whoever gets so far knows its password.
        self._attempts = Throttle(attempts=_ATTEMPTS, window=_WINDOW)

    async def begin(self, identity: Identity, *, now: datetime) -> Setup:
        """Make a new secret; it counts once a code of it is confirmed. Raises FactorThereError."""
        secret = pyotp.random_base32()
        async with self._database.session() as session:
            factor = await session.get(SecondFactor, identity.user_id, with_for_update=True)
            if factor is not None and factor.confirmed_at is not None:
                raise FactorThereError("Your second factor is on already.")
            if factor is None:
                factor = SecondFactor(user_id=identity.user_id)
                session.add(factor)
            factor.sealed_secret = self._seal.close({"secret": secret}, now=now)
        uri = pyotp.TOTP(secret).provisioning_uri(name=identity.email, issuer_name=NAME)
        return Setup(secret, uri)

    async def confirm(
        self, identity: Identity, code: str, *, address: str | None, now: datetime
    ) -> list[str]:
        """Turn the factor on by its first code; returns the recovery codes, this once.

        Raises NoFactorError, FactorThereError, WrongCodeError or TooManyCodesError.
        """
        self._count(identity.user_id, now)
        async with self._database.session() as session:
            factor = await session.get(SecondFactor, identity.user_id, with_for_update=True)
            if factor is None:
                raise NoFactorError("Begin with a new code for your app.")
            if factor.confirmed_at is not None:
                raise FactorThereError("Your second factor is on already.")
            await self._use_app_code(session, factor, code, now)
            factor.confirmed_at = now
            codes = await _new_recovery_codes(session, identity.user_id)
            _note(session, "user.factor_on", identity.email, identity.email, address, now)
        self._attempts.forgive(str(identity.user_id))
        return codes

    async def check(self, user_id: int, code: str, *, now: datetime) -> None:
        """Use a code up; raises WrongCodeError, NoFactorError or TooManyCodesError."""
        self._count(user_id, now)
        async with self._database.session() as session:
            await self._use(session, user_id, code, now)
        self._attempts.forgive(str(user_id))

    async def renew_codes(
        self, identity: Identity, code: str, *, address: str | None, now: datetime
    ) -> list[str]:
        """Return new recovery codes in place of the old ones. Raises as `check` does."""
        self._count(identity.user_id, now)
        async with self._database.session() as session:
            await self._use(session, identity.user_id, code, now)
            codes = await _new_recovery_codes(session, identity.user_id)
            _note(session, "user.factor_codes", identity.email, identity.email, address, now)
        self._attempts.forgive(str(identity.user_id))
        return codes

    async def turn_off(
        self, identity: Identity, code: str, *, address: str | None, now: datetime
    ) -> None:
        """Go back to the password alone. Raises as `check` does."""
        self._count(identity.user_id, now)
        async with self._database.session() as session:
            await self._use(session, identity.user_id, code, now)
            await _remove(session, identity.user_id)
            _note(session, "user.factor_off", identity.email, identity.email, address, now)
        self._attempts.forgive(str(identity.user_id))

    def _count(self, user_id: int, now: datetime) -> None:
        if self._attempts.take(str(user_id), now=now) is not None:
            raise TooManyCodesError("Too many codes were tried. Try again in a quarter of an hour.")

    async def _use(self, session: AsyncSession, user_id: int, code: str, now: datetime) -> None:
        factor = await session.get(SecondFactor, user_id, with_for_update=True)
        if factor is None or factor.confirmed_at is None:
            raise NoFactorError("No second factor is on.")
        if not await _use_recovery_code(session, user_id, code):
            await self._use_app_code(session, factor, code, now)

    async def _use_app_code(
        self, session: AsyncSession, factor: SecondFactor, code: str, now: datetime
    ) -> None:
        """Take a code of a step after the last one that was used; the row is locked."""
        kept = self._seal.open(factor.sealed_secret, now=now)
        if kept is None:  # SECRET_KEY is another one today
            raise WrongCodeError(
                "Codes of this app cannot be checked any more. Use a recovery code."
            )
        totp, today = pyotp.TOTP(kept["secret"]), int(now.timestamp()) // STEP_S
        typed = "".join(code.split()).encode()
        for step in range(today - DRIFT_STEPS, today + DRIFT_STEPS + 1):
            fits = hmac.compare_digest(totp.at(step * STEP_S).encode(), typed)
            if fits and (factor.last_step is None or step > factor.last_step):
                factor.last_step = step
                await session.flush()
                return
        raise WrongCodeError("The code is wrong, too old, or was used already.", field="code")


async def is_on(session: AsyncSession, user_id: int) -> bool:
    """Tell whether somebody signs in with a second factor."""
    confirmed = select(SecondFactor.confirmed_at).where(SecondFactor.user_id == user_id)
    return await session.scalar(confirmed) is not None


async def codes_left(session: AsyncSession, user_id: int) -> int:
    """Return how many recovery codes somebody has left."""
    counted = select(func.count()).where(RecoveryCode.user_id == user_id)
    return await session.scalar(counted) or 0


async def reset(session: AsyncSession, user_id: int, *, by: By, now: datetime) -> None:
    """Take a person's second factor, and who they are at providers, away: phone or job lost.

    Raises UnknownUserError or AboveYouError.
    """
    user = await user_to_change(session, user_id, by)
    before = {"second_factor": await is_on(session, user_id)}
    await _remove(session, user_id)
    before |= {"single_sign_on": await unlink(session, user_id) > 0}
    _note(session, "user.factor_reset", by.name, user.email, by.address, now, before)


async def _remove(session: AsyncSession, user_id: int) -> None:
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    await session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))


async def _use_recovery_code(session: AsyncSession, user_id: int, code: str) -> bool:
    gone = await session.scalar(
        delete(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.code_hash == _hash(code))
        .returning(RecoveryCode.user_id)
    )
    return gone is not None


async def _new_recovery_codes(session: AsyncSession, user_id: int) -> list[str]:
    """Return codes of 59 bits each."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = [
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))
        for _ in range(RECOVERY_CODES)
    ]
    session.add_all(RecoveryCode(user_id=user_id, code_hash=_hash(code)) for code in codes)
    await session.flush()
    return codes


def _hash(code: str) -> bytes:
    bare = "".join(code.lower().replace("-", "").split())
    return hashlib.sha256(bare.encode(errors="replace")).digest()


def _note(
    session: AsyncSession,
    action: str,
    actor: str,
    object_: str,
    address: str | None,
    now: datetime,
    before: dict[str, bool] | None = None,
) -> None:
    audit.record(
        session,
        at=now,
        actor=actor,
        action=action,
        object=object_,
        address=address,
        before=before,
    )
