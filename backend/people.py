"""Owns what administrators do with people: invite, give a role, disable, links to a new password.

Nobody changes somebody who may do more than they may themselves: to set such a person's
password, or to make one, would be to become that person.
"""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import any_, delete, func, literal, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend import audit
from backend.access import (
    EmailTakenError,
    Identity,
    Permission,
    UnknownUserError,
    clean_email,
    find_role,
    find_user,
)
from backend.errors import Refusal
from backend.models import AccountLink, Role, Session, User
from backend.passwords import check_rule, hash_password
from backend.sign_in_models import SecondFactor

INVITE_LIFETIME = timedelta(days=7)
RESET_LIFETIME = timedelta(days=1)


class LastAdminError(Refusal):
    """Nobody would be left who could manage people."""

    code: ClassVar[str] = "last_admin"


class AboveYouError(Refusal):
    """The person or role may do more than whoever asks."""

    code: ClassVar[str] = "above_you"


class LinkGoneError(Refusal):
    """The link was used, replaced, withdrawn, or is too old; or it never was one."""

    code: ClassVar[str] = "account_link_gone"


class NotInvitedError(Refusal):
    """The person has joined: there is no invitation to withdraw."""

    code: ClassVar[str] = "not_invited"


@dataclass(frozen=True, slots=True)
class By:
    """Who changes something, and from where. Without an identity: the command line."""

    name: str
    address: str | None
    identity: Identity | None = None


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link that can be used: whose it is, and whether that person is new here."""

    email: str
    is_invite: bool


@dataclass(frozen=True, slots=True)
class Person:
    """A user as administrators see one."""

    user: User
    sessions: int
    link: AccountLink | None
    has_factor: bool


def has_joined(user: User) -> bool:
    """Tell whether somebody has ever come: by single sign-on, one needs no password."""
    return user.password_hash is not None or user.last_sign_in_at is not None


async def list_people(session: AsyncSession, *, now: datetime) -> list[Person]:
    """Return everybody by e-mail, with how many browsers are signed in and the open link."""
    users = (await session.scalars(select(User).order_by(User.email))).unique().all()
    counts = await session.execute(
        select(Session.user_id, func.count())
        .where(Session.expires_at > now)
        .group_by(Session.user_id)
    )
    sessions: dict[int, int] = dict(counts.all())
    links = await session.scalars(select(AccountLink).where(AccountLink.expires_at > now))
    by_user = {link.user_id: link for link in links}
    factors = set(
        await session.scalars(
            select(SecondFactor.user_id).where(SecondFactor.confirmed_at.is_not(None))
        )
    )
    return [
        Person(user, sessions.get(user.id, 0), by_user.get(user.id), user.id in factors)
        for user in users
    ]


async def invite(
    session: AsyncSession, *, email: str, role: str, by: By, now: datetime
) -> tuple[User, str]:
    """Add a person who chooses a password by a link; returns the person and the link's token.

    Raises BadEmailError, EmailTakenError, UnknownRoleError or AboveYouError.
    """
    email = clean_email(email)
    await wait_for_others(session)
    found = await find_role(session, role)
    check_not_above(found, by)
    if await find_user(session, email) is not None:
        raise EmailTakenError(f"There is a user {email} already.", field="email")
    user = User(email=email, password_hash=None, role=found, created_at=now)
    session.add(user)
    await session.flush()
    _note(session, by, now, "user.invite", user, after={"role": role})
    return user, await _make_link(session, user, by, now, is_invite=True)


async def make_link(session: AsyncSession, user_id: int, *, by: By, now: datetime) -> str:
    """Return the token of a new link to a new password; a link made before ends.

    The old password works until the link is used. Raises UnknownUserError or AboveYouError.
    """
    user = await user_to_change(session, user_id, by)
    is_invite = not has_joined(user)
    _note(session, by, now, "user.invite" if is_invite else "user.reset_link", user)
    return await _make_link(session, user, by, now, is_invite=is_invite)


async def withdraw(session: AsyncSession, user_id: int, *, by: By, now: datetime) -> None:
    """Remove somebody who was invited and never came. Raises NotInvitedError, …"""
    user = await user_to_change(session, user_id, by)
    if has_joined(user):
        raise NotInvitedError(f"{user.email} has joined already; disable them in place of it.")
    _note(session, by, now, "user.withdraw", user, before={"role": user.role.name})
    await session.delete(user)
    await session.flush()


async def set_role(
    session: AsyncSession, user_id: int, role: str, *, by: By, now: datetime
) -> None:
    """Give a person another role. Raises LastAdminError, AboveYouError, UnknownRoleError, …"""
    user = await user_to_change(session, user_id, by)
    found = await find_role(session, role)
    check_not_above(found, by)
    if found.id == user.role_id:
        return
    before = {"role": user.role.name}
    user.role = found
    await session.flush()
    await check_somebody_manages(session)
    _note(session, by, now, "user.role", user, before=before, after={"role": role})


async def set_disabled(
    session: AsyncSession, user_id: int, disabled: bool, *, by: By, now: datetime
) -> None:
    """Shut a person out, or let them in again. Raises LastAdminError, AboveYouError, …"""
    user = await user_to_change(session, user_id, by)
    if user.disabled == disabled:
        return
    user.disabled = disabled
    if disabled:
        await session.execute(delete(Session).where(Session.user_id == user_id))
        await session.execute(delete(AccountLink).where(AccountLink.user_id == user_id))
    await session.flush()
    await check_somebody_manages(session)
    _note(session, by, now, "user.disable" if disabled else "user.enable", user)


async def check_may_change(session: AsyncSession, user_id: int, *, by: By) -> None:
    """Raise UnknownUserError or AboveYouError where `by` may not change a person."""
    await user_to_change(session, user_id, by)


async def find_link(session: AsyncSession, token: str, *, now: datetime) -> OpenLink:
    """Return whose a link is, without using it up; raises LinkGoneError."""
    link = await session.get(AccountLink, _hash(token))
    if link is None or link.expires_at <= now or link.user.disabled:
        raise LinkGoneError("This link has been used, or it is too old. Ask for a new one.")
    return OpenLink(link.user.email, link.is_invite)


async def use_link(
    session: AsyncSession, token: str, password: str, *, address: str | None, now: datetime
) -> User:
    """Set the password of a link's owner, and use the link up. Every session of theirs ends.

    Raises LinkGoneError or WeakPasswordError.
    """
    link = await find_link(session, token, now=now)
    await asyncio.to_thread(check_rule, password, email=link.email)
    password_hash = await asyncio.to_thread(hash_password, password)
    # Of several that try at once, one deletes it.
    user_id = await session.scalar(
        delete(AccountLink)
        .where(AccountLink.token_hash == _hash(token))
        .returning(AccountLink.user_id)
    )
    if user_id is None:
        raise LinkGoneError("This link has been used. Ask for a new one.")
    user = await session.get_one(User, user_id, with_for_update={"of": User})
    user.password_hash = password_hash
    user.must_change_password = False
    await session.execute(delete(Session).where(Session.user_id == user_id))
    by = By(user.email, address)
    _note(session, by, now, "user.join" if link.is_invite else "user.reset", user)
    await session.flush()
    return user


async def remove_old_links(session: AsyncSession, *, now: datetime) -> None:
    """Remove links that nobody can use any more."""
    await session.execute(delete(AccountLink).where(AccountLink.expires_at <= now))


async def _make_link(
    session: AsyncSession, user: User, by: By, now: datetime, *, is_invite: bool
) -> str:
    token = secrets.token_urlsafe(32)
    await session.execute(delete(AccountLink).where(AccountLink.user_id == user.id))
    session.add(
        AccountLink(
            token_hash=_hash(token),
            user_id=user.id,
            is_invite=is_invite,
            created_at=now,
            created_by=by.name,
            expires_at=now + (INVITE_LIFETIME if is_invite else RESET_LIFETIME),
        )
    )
    await session.flush()
    return token


async def user_to_change(session: AsyncSession, user_id: int, by: By) -> User:
    """Return a person whom `by` may change, once nobody else changes people."""
    await wait_for_others(session)
    user = await session.get(User, user_id)
    if user is None:
        raise UnknownUserError("This person is not known here any more.")
    check_not_above(user.role, by)
    return user


async def wait_for_others(session: AsyncSession) -> None:
    """Let one change of people follow the other, so that each counts what the last one left."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('people'))"))


def is_within(role: Role, identity: Identity) -> bool:
    """Tell whether a role allows no more than somebody may."""
    platforms = {one.platform for one in role.platforms}
    groups = None if role.device_groups is None else set(role.device_groups)
    return (
        set(role.permissions) <= identity.permissions
        and platforms <= identity.platforms
        and (identity.groups is None or (groups is not None and groups <= identity.groups))
    )


def check_not_above(role: Role, by: By) -> None:
    """Raise AboveYouError where a role allows what `by` may not do."""
    if by.identity is None or is_within(role, by.identity):
        return
    raise AboveYouError(f"The role {role.name} may do more than yours.", field="role")


async def check_somebody_manages(session: AsyncSession) -> None:
    """Raise LastAdminError where nobody is left who can sign in and manage people."""
    left = await session.scalar(
        select(func.count())
        .select_from(User)
        .join(Role)
        .where(
            User.disabled.is_(False),
            User.password_hash.is_not(None),
            literal(Permission.MANAGE_USERS.value) == any_(Role.permissions),
        )
    )
    if not left:
        raise LastAdminError("Somebody must be left who can manage people. Give that role first.")


def _note(
    session: AsyncSession,
    by: By,
    now: datetime,
    action: str,
    user: User,
    *,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
) -> None:
    audit.record(
        session,
        at=now,
        actor=by.name,
        action=action,
        object=user.email,
        address=by.address,
        before=before,
        after=after,
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
