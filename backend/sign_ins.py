"""Owns who is signed in: the sessions behind the cookies."""

import asyncio
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend import audit, second_factor
from backend.access import Identity, identity_of, set_password
from backend.db import Database, answer_within, is_unavailable
from backend.errors import Refusal
from backend.models import Session, User
from backend.passwords import hash_password, needs_rehash, verify_password
from backend.people import use_link
from backend.second_factor import SecondFactors
from backend.sessions import IDLE, LIFETIME, clean_user_agent, end_of, token_hash
from backend.throttle import Throttle, network_of

log = structlog.get_logger(__name__)

FRESH = timedelta(seconds=5)
"""How long a session is believed without asking the database again."""

PATIENCE_S = 2.0
"""How long a known session waits to hear whether it still is one."""

_NOTE_SEEN_EVERY = timedelta(minutes=5)
_MAX_CACHED = 10_000
_HASHES_AT_ONCE = 2
_HASHES_WAITING = 32


class WrongCredentialsError(Refusal):
    """No enabled user has that e-mail and password; which of them was wrong is not told."""

    code: ClassVar[str] = "wrong_credentials"


class SamePasswordError(Refusal):
    """The new password is the one that was to be changed."""

    code: ClassVar[str] = "same_password"


class CodeRequiredError(Refusal):
    """The password was right; a code of the second factor is asked for. Tells whose."""

    code: ClassVar[str] = "code_required"

    def __init__(self, user: User) -> None:
        super().__init__("Send a code of your second factor too.", field="code")
        self.user_id = user.id
        self.password_mark = password_mark(user)


class TooManyAttemptsError(Refusal):
    """Too many sign-ins were tried; `retry_after_s` says how long to wait."""

    code: ClassVar[str] = "too_many_attempts"

    def __init__(self, retry_after: timedelta) -> None:
        self.retry_after_s = max(1, round(retry_after.total_seconds()))
        minutes = max(1, round(self.retry_after_s / 60))
        super().__init__(f"Too many attempts to sign in. Try again in {minutes} min.")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: the cookie's value, and whose it is."""

    token: str
    identity: Identity


@dataclass(slots=True)
class _Entry:
    identity: Identity
    expires_at: datetime  # by age or by idleness, whichever comes first
    fresh_until: datetime


class SignIns:
    """Signs people in and out, and knows them again by their cookie."""

    def __init__(self, database: Database, factors: SecondFactors | None = None) -> None:
        """`factors`: None where nobody has a second one."""
        self._database = database
        self._factors = factors
        self._known: OrderedDict[bytes, _Entry] = OrderedDict()
        self._ended: OrderedDict[bytes, None] = OrderedDict()
        self._questions: dict[bytes, asyncio.Task[_Entry | None]] = {}
        window = timedelta(minutes=15)
        self._by_account = Throttle(attempts=5, window=window)
        self._by_address = Throttle(attempts=30, window=window)
        self._hashing = asyncio.Semaphore(_HASHES_AT_ONCE)
        self._waiting = 0

    async def sign_in(
        self,
        email: str,
        password: str,
        *,
        address: str | None,
        user_agent: str | None,
        now: datetime,
        code: str = "",
    ) -> SignedIn:
        """Start a session. `code`: of the second factor, where it is sent along.

        Raises WrongCredentialsError, CodeRequiredError, WrongCodeError or a TooMany…Error.
        """
        email = email.strip().lower()
        self._count_attempt(email, address, now)
        async with self._database.session() as session:
            user = await _user_by_email(session, email)
        known_hash = user.password_hash if user is not None and not user.disabled else None
        if not await self._verify(known_hash, password) or user is None:
            log.info("sign_in_refused", account=user.email if user else "unknown", address=address)
            raise WrongCredentialsError("The e-mail address or the password is wrong.")
        self._forgive(email, address)
        await self._renew_hash(user, password)
        await self._check_factor(user, code, now)
        return await self.start(user, address=address, user_agent=user_agent, now=now)

    async def finish_sign_in(
        self,
        user_id: int,
        mark: str,
        code: str,
        *,
        address: str | None,
        user_agent: str | None,
        now: datetime,
    ) -> SignedIn:
        """Start a session for somebody who gave the password before; `mark` says which.

        Raises WrongCredentialsError, WrongCodeError or TooManyCodesError.
        """
        async with self._database.session() as session:
            user = await session.get(User, user_id)
        if user is None or user.disabled or password_mark(user) != mark:
            raise WrongCredentialsError("Sign in with your password again.")
        await self._check_factor(user, code, now)
        return await self.start(user, address=address, user_agent=user_agent, now=now)

    async def identify(self, token: str, *, now: datetime) -> Identity | None:
        """Return who a cookie belongs to, or None where it is nobody's any more.

        While the database is away, whoever was known before stays known.
        """
        key = token_hash(token)
        entry = self._known.get(key)
        if entry is not None and now < entry.fresh_until:
            return entry.identity if now < entry.expires_at else None
        if entry is not None:
            entry.fresh_until = now + FRESH  # the others that ask meanwhile need not wait
        try:
            entry = await (self._load(key, now) if entry is None else self._look_again(key, now))
        except Exception as error:
            if entry is None or not is_unavailable(error):
                raise
        return entry.identity if entry is not None and now < entry.expires_at else None

    async def sign_out(self, token: str, *, address: str | None, now: datetime) -> str | None:
        """End a session; returns the sealed ID token of one that a provider vouched for."""
        key = token_hash(token)
        self._known.pop(key, None)
        async with self._database.session() as session:
            row = await session.get(Session, key)
            if row is not None:
                await session.delete(row)
                audit.record(
                    session,
                    at=now,
                    actor=row.user.email,
                    action="user.sign_out",
                    object=row.user.email,
                    address=address,
                )
        self._end(key)
        return row.sealed_id_token if row is not None else None

    async def change_password(
        self,
        identity: Identity,
        *,
        current: str,
        new: str,
        address: str | None,
        user_agent: str | None,
        now: datetime,
    ) -> SignedIn:
        """Change one's own password: every session ends, and a new one starts.

        Raises WrongCredentialsError, TooManyAttemptsError, SamePasswordError or
        WeakPasswordError.
        """
        self._count_attempt(identity.email, address, now)
        async with self._database.session() as session:
            user = await session.get_one(User, identity.user_id)
        if not await self._verify(user.password_hash, current):
            raise WrongCredentialsError("The current password is wrong.", field="current")
        self._forgive(identity.email, address)
        if new == current:
            raise SamePasswordError("The new password is the current one.", field="new")
        async with self._database.session() as session:
            await set_password(
                session,
                email=identity.email,
                password=new,
                actor=identity.email,
                address=address,
                now=now,
            )
        self.forget_user(identity.user_id)
        async with self._database.session() as session:
            user = await session.get_one(User, identity.user_id)
        return await self.start(user, address=address, user_agent=user_agent, now=now)

    async def join(
        self,
        token: str,
        password: str,
        *,
        address: str | None,
        user_agent: str | None,
        now: datetime,
    ) -> SignedIn:
        """Choose a password by a link that an administrator made, and start a session.

        Raises LinkGoneError, WeakPasswordError or TooManyAttemptsError; CodeRequiredError where
        the password was set and a second factor is asked for.
        """
        wait = self._by_address.take(network_of(address), now=now)
        if wait is not None:
            raise TooManyAttemptsError(wait)
        async with self._database.session() as session:
            user = await use_link(session, token, password, address=address, now=now)
        self._by_address.give_back(network_of(address))
        self.forget_user(user.id)
        await self._check_factor(user, "", now)
        return await self.start(user, address=address, user_agent=user_agent, now=now)

    async def start(
        self,
        user: User,
        *,
        address: str | None,
        user_agent: str | None,
        now: datetime,
        provider: str | None = None,
        sealed_id_token: str | None = None,
    ) -> SignedIn:
        """Start a session for somebody whose password, or whose `provider`, was believed."""
        token = secrets.token_urlsafe(32)
        async with self._database.session() as session:
            session.add(
                Session(
                    token_hash=token_hash(token),
                    user_id=user.id,
                    created_at=now,
                    last_seen_at=now,
                    expires_at=now + LIFETIME,
                    address=address,
                    user_agent=clean_user_agent(user_agent),
                    sealed_id_token=sealed_id_token,
                )
            )
            await session.execute(
                update(User).where(User.id == user.id).values(last_sign_in_at=now)
            )
            audit.record(
                session,
                at=now,
                actor=user.email,
                action="user.sign_in",
                object=user.email,
                address=address,
                after={"provider": provider} if provider else None,
            )
        log.info("signed_in", account=user.email, address=address)
        return SignedIn(token, identity_of(user))

    async def end_sessions(
        self,
        user_id: int,
        *,
        session_id: int | None = None,
        keep_id: int | None = None,
        actor: str,
        address: str | None,
        now: datetime,
    ) -> int:
        """End one session of a user, or all but `keep_id`; returns how many."""
        ended = delete(Session).where(Session.user_id == user_id)
        if session_id is not None:
            ended = ended.where(Session.id == session_id)
        if keep_id is not None:
            ended = ended.where(Session.id != keep_id)
        async with self._database.session() as session:
            user = await session.get_one(User, user_id)
            gone = await session.execute(
                ended.returning(Session.token_hash, Session.address, Session.user_agent)
            )
            rows = gone.all()
            for row in rows:
                audit.record(
                    session,
                    at=now,
                    actor=actor,
                    action="user.end_session",
                    object=user.email,
                    address=address,
                    before={"address": row.address, "browser": row.user_agent},
                )
        for row in rows:
            self._end(row.token_hash)
        return len(rows)

    def forget_user(self, user_id: int) -> None:
        """Ask the database again about a user whose rights or sessions have changed."""
        for key in [key for key, one in self._known.items() if one.identity.user_id == user_id]:
            del self._known[key]

    async def remove_expired(self, *, now: datetime) -> int:
        """Delete sessions that nobody can use any more; returns how many."""
        stale = (Session.expires_at <= now) | (Session.last_seen_at <= now - IDLE)
        async with self._database.session() as session:
            gone = await session.scalars(delete(Session).where(stale).returning(Session.token_hash))
            keys = gone.all()
        for key in keys:
            self._known.pop(key, None)
        return len(keys)

    def _end(self, key: bytes) -> None:
        """Whoever asked while the end was being written must not bring the session back."""
        self._known.pop(key, None)
        self._ended[key] = None
        if len(self._ended) > _MAX_CACHED:
            self._ended.popitem(last=False)

    async def _check_factor(self, user: User, code: str, now: datetime) -> None:
        """Raise CodeRequiredError where a second factor is on and no code was sent."""
        if self._factors is None:
            return
        async with self._database.session() as session:
            if not await second_factor.is_on(session, user.id):
                return
        if not code:
            raise CodeRequiredError(user)
        try:
            await self._factors.check(user.id, code, now=now)
        except Refusal as error:
            log.warning("code_refused", account=user.email, code=error.code)
            raise

    async def _renew_hash(self, user: User, password: str) -> None:
        """Hash a password anew where its hash was made with other parameters than today's."""
        if user.password_hash is None or not needs_rehash(user.password_hash):
            return
        renewed = await asyncio.to_thread(hash_password, password)
        async with self._database.session() as session:
            await session.execute(
                update(User).where(User.id == user.id).values(password_hash=renewed)
            )

    async def _look_again(self, key: bytes, now: datetime) -> _Entry | None:
        """As `_load`, for a session that is known: not waited for where the database hangs."""
        question = self._questions.get(key)
        if question is None:
            question = self._questions[key] = asyncio.create_task(self._load(key, now))
            question.add_done_callback(partial(self._note_answer, key))
        return await answer_within(PATIENCE_S, question)

    def _note_answer(self, key: bytes, question: asyncio.Task[_Entry | None]) -> None:
        self._questions.pop(key, None)
        # Whoever still waits for it raises it too; nobody may.
        if not question.cancelled() and question.exception() is not None:
            log.info("session.not_looked_up", error=repr(question.exception()))

    async def _load(self, key: bytes, now: datetime) -> _Entry | None:
        async with self._database.session() as session:
            row = await session.get(Session, key)
            if row is None or row.user.disabled or now >= end_of(row):
                self._known.pop(key, None)
                return None
            if now - row.last_seen_at >= _NOTE_SEEN_EVERY:
                row.last_seen_at = now
            entry = _Entry(identity_of(row.user), end_of(row), now + FRESH)
        if key in self._ended:
            return None
        self._known[key] = entry
        self._known.move_to_end(key)
        if len(self._known) > _MAX_CACHED:
            self._known.popitem(last=False)
        return entry

    async def _verify(self, password_hash: str | None, password: str) -> bool:
        """Check a password in a thread, a few at a time: a flood must not take all memory."""
        if self._waiting >= _HASHES_WAITING:
            raise TooManyAttemptsError(timedelta(seconds=10))
        self._waiting += 1
        try:
            async with self._hashing:
                return await asyncio.to_thread(verify_password, password_hash, password)
        finally:
            self._waiting -= 1

    def _count_attempt(self, email: str, address: str | None, now: datetime) -> None:
        network = network_of(address)
        wait = self._by_address.take(network, now=now)
        wait = wait or self._by_account.take(_account_key(email, network), now=now)
        if wait is not None:
            log.warning("sign_in_throttled", address=address, wait_s=wait.total_seconds())
            raise TooManyAttemptsError(wait)

    def _forgive(self, email: str, address: str | None) -> None:
        network = network_of(address)
        self._by_account.forgive(_account_key(email, network))
        self._by_address.give_back(network)


def password_mark(user: User) -> str:
    """Return what changes with somebody's password, and tells nothing of it."""
    return token_hash(f"mark {user.password_hash}").hex()[:32]


def _account_key(email: str, network: str) -> str:
    return f"{network} {email[:254]}"


async def _user_by_email(session: AsyncSession, email: str) -> User | None:
    query = select(User).where(User.email == email.replace("\x00", ""))
    return (await session.scalars(query)).unique().one_or_none()
