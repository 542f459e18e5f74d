"""Owns who people are and what they may do: roles, permissions, users."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend import audit
from backend.config import Settings
from backend.errors import Refusal
from backend.models import Role, Session, User
from backend.passwords import check_rule, hash_password, make_password

ADMIN = "admin"
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,189}")


class Permission(StrEnum):
    """What a role can allow; the value is what stands in the database."""

    SEE_CLOCKS = "clocks.see"
    EDIT_CLOCKS = "clocks.edit"
    COMMAND_CLOCKS = "clocks.command"
    REMOVE_CLOCKS = "clocks.remove"
    SEE_FIRMWARE = "firmware.see"
    DOWNLOAD_FIRMWARE = "firmware.download"
    UPLOAD_FIRMWARE = "firmware.upload"
    SEE_DIAGNOSTICS = "diagnostics.see"
    MANAGE_USERS = "users.manage"
    MANAGE_KEYS = "keys.manage"
    SEE_AUDIT = "audit.see"
    FOLLOW_PRODUCTION = "production.follow"


OF_ALL_CLOCKS = frozenset(
    {
        Permission.SEE_DIAGNOSTICS,
        Permission.MANAGE_USERS,
        Permission.MANAGE_KEYS,
        Permission.SEE_AUDIT,
    }
)
"""What tells of every clock, or opens every one: for no role that sees only some."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A signed-in person."""

    user_id: int
    email: str
    role: str
    permissions: frozenset[str]
    platforms: frozenset[str]
    groups: frozenset[str] | None = None
    """Of the clocks that this person sees; None: all."""
    must_change_password: bool = False

    def may(self, permission: Permission) -> bool:
        """Tell whether this person's role allows something."""
        return permission in self.permissions

    def may_take(self, platform: str) -> bool:
        """Tell whether this person may download a platform's images."""
        return self.may(Permission.DOWNLOAD_FIRMWARE) and platform in self.platforms


class UnknownUserError(Refusal):
    """Nobody has that e-mail address."""

    code: ClassVar[str] = "unknown_user"


class EmailTakenError(Refusal):
    """Somebody has that e-mail address already."""

    code: ClassVar[str] = "email_taken"


class BadEmailError(Refusal):
    """The text is no e-mail address."""

    code: ClassVar[str] = "bad_email"


class UnknownRoleError(Refusal):
    """There is no such role."""

    code: ClassVar[str] = "unknown_role"


def identity_of(user: User) -> Identity:
    """Return who a user is, with what the role allows at this moment."""
    groups, permissions = user.role.device_groups, frozenset(user.role.permissions)
    return Identity(
        user_id=user.id,
        email=user.email,
        role=user.role.name,
        permissions=permissions if groups is None else permissions - OF_ALL_CLOCKS,
        platforms=frozenset(one.platform for one in user.role.platforms),
        groups=None if groups is None else frozenset(groups),
        must_change_password=user.must_change_password,
    )


async def find_identity(session: AsyncSession, user_id: int) -> Identity | None:
    """Return a user that exists and is enabled."""
    user = await session.get(User, user_id)
    return identity_of(user) if user is not None and not user.disabled else None


async def ensure_first_admin(
    session: AsyncSession, settings: Settings, *, now: datetime
) -> str | None:
    """Make the first admin where there is no user at all.

    Returns the password where a random one was made: to be shown once, and to be changed
    at the first sign-in. Raises a Refusal where the settings' e-mail or password cannot
    be used.
    """
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('first admin'))"))
    if await session.scalar(select(func.count()).select_from(User)):
        return None
    return await add_user(
        session,
        email=settings.admin_email,
        role=ADMIN,
        password=settings.admin_password.get_secret_value() or None,
        actor="system",
        address=None,
        now=now,
    )


async def add_user(
    session: AsyncSession,
    *,
    email: str,
    role: str,
    password: str | None,
    actor: str,
    address: str | None,
    now: datetime,
) -> str | None:
    """Add a person. Returns the password where none was given and a random one was made.

    Raises BadEmailError, EmailTakenError, UnknownRoleError or WeakPasswordError.
    """
    email = clean_email(email)
    made = make_password() if password is None else None
    password = made or password or ""
    await asyncio.to_thread(check_rule, password, email=email)
    if await find_user(session, email) is not None:
        raise EmailTakenError(f"There is a user {email} already.", field="email")
    password_hash = await asyncio.to_thread(hash_password, password)
    user = User(
        email=email,
        password_hash=password_hash,
        must_change_password=made is not None,
        role=await find_role(session, role),
        created_at=now,
    )
    session.add(user)
    audit.record(
        session,
        at=now,
        actor=actor,
        action="user.add",
        object=email,
        address=address,
        after={"role": role},
    )
    await session.flush()
    return made


async def set_password(
    session: AsyncSession,
    *,
    email: str,
    password: str,
    actor: str,
    address: str | None,
    now: datetime,
) -> int:
    """Give a user a new password and sign out every browser of theirs; returns the user's id.

    A running server that did not do this itself notices within seconds. Raises
    UnknownUserError or WeakPasswordError.
    """
    user = await find_user(session, email.strip().lower())
    if user is None:
        raise UnknownUserError(f"There is no user {email}.", field="email")
    await asyncio.to_thread(check_rule, password, email=user.email)
    user.password_hash = await asyncio.to_thread(hash_password, password)
    user.must_change_password = False
    await session.execute(delete(Session).where(Session.user_id == user.id))
    audit.record(
        session, at=now, actor=actor, action="user.password", object=user.email, address=address
    )
    await session.flush()
    return user.id


async def list_users(session: AsyncSession) -> Sequence[User]:
    """Return every user by e-mail, roles included."""
    return (await session.scalars(select(User).order_by(User.email))).unique().all()


def clean_email(email: str) -> str:
    """Return an e-mail address as it is kept; raises BadEmailError."""
    email = email.strip().lower()
    if not _EMAIL.fullmatch(email):
        raise BadEmailError(
            f"{email[:80]!r} is no e-mail address; expected name@place.", field="email"
        )
    return email


async def find_user(session: AsyncSession, email: str) -> User | None:
    """Return the user with an e-mail address."""
    if "\x00" in email:
        return None
    return (await session.scalars(select(User).where(User.email == email))).unique().one_or_none()


async def find_role(session: AsyncSession, name: str) -> Role:
    """Return the role of a name; raises UnknownRoleError."""
    roles = {role.name: role for role in await session.scalars(select(Role).order_by(Role.id))}
    if name not in roles:
        raise UnknownRoleError(
            f"There is no role {name[:40]!r}; expected one of {', '.join(roles)}.", field="role"
        )
    return roles[name]
