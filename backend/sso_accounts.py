"""Owns who somebody of an OpenID provider is here.

Linked by verified e-mail, once; from then on the provider's own name for them counts.
"""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend import audit
from backend.access import clean_email, find_role, find_user
from backend.errors import Refusal
from backend.issuer_settings import SsoConfig
from backend.models import AccountLink, User
from backend.people import wait_for_others
from backend.sign_in_models import SsoAccount
from backend.single_sign_on import Voucher


class SsoUnknownError(Refusal):
    """Nobody invited this person, and none of their groups has a role here."""

    code: ClassVar[str] = "sso_unknown"


class SsoTakenError(Refusal):
    """The e-mail belongs to somebody whom the provider called by another name before."""

    code: ClassVar[str] = "sso_taken"


class SsoDisabledError(Refusal):
    """The person is disabled here."""

    code: ClassVar[str] = "sso_disabled"


class SsoDomainError(Refusal):
    """People with such an e-mail address do not come in through the provider."""

    code: ClassVar[str] = "sso_domain"


async def account_of(
    session: AsyncSession,
    voucher: Voucher,
    config: SsoConfig,
    *,
    address: str | None,
    now: datetime,
) -> User:
    """Return who somebody is here; adds whoever is new and has a role by their groups.

    Raises SsoUnknownError, SsoTakenError, SsoDisabledError, SsoDomainError, BadEmailError, or
    UnknownRoleError where the settings name a role that does not exist.
    """
    email = clean_email(voucher.email)
    if config.domains and email.rpartition("@")[2] not in config.domains:
        raise SsoDomainError("People with this e-mail address do not sign in this way here.")
    await wait_for_others(session)
    account = await session.get(SsoAccount, (voucher.issuer, voucher.subject))
    if account is None:
        account = await _link(session, voucher, email, config, address=address, now=now)
    if account.user.disabled:
        raise SsoDisabledError("You are disabled here. Ask an administrator of this server.")
    if account.follows_groups:
        await _follow_groups(session, account.user, voucher, config, address=address, now=now)
    return account.user


async def unlink(session: AsyncSession, user_id: int) -> int:
    """Forget who somebody is at providers; returns how many there were."""
    gone = await session.scalars(
        delete(SsoAccount).where(SsoAccount.user_id == user_id).returning(SsoAccount.subject)
    )
    return len(gone.all())


async def _link(
    session: AsyncSession,
    voucher: Voucher,
    email: str,
    config: SsoConfig,
    *,
    address: str | None,
    now: datetime,
) -> SsoAccount:
    user = await find_user(session, email)
    is_new = user is None
    if user is None:
        user = await _add(session, email, voucher, config, address=address, now=now)
    elif await _is_linked(session, user, voucher.issuer):
        raise SsoTakenError("Your e-mail address belongs to somebody else here.")
    elif user.disabled:
        raise SsoDisabledError("You are disabled here. Ask an administrator of this server.")
    account = SsoAccount(
        issuer=voucher.issuer,
        subject=voucher.subject,
        user=user,
        follows_groups=is_new,
        linked_at=now,
    )
    session.add(account)
    # Whoever came needs the invitation no more.
    await session.execute(
        delete(AccountLink).where(AccountLink.user_id == user.id, AccountLink.is_invite)
    )
    audit.record(
        session,
        at=now,
        actor=user.email,
        action="user.link",
        object=user.email,
        address=address,
        after={"issuer": voucher.issuer, "subject": voucher.subject},
    )
    await session.flush()
    return account


async def _is_linked(session: AsyncSession, user: User, issuer: str) -> bool:
    query = select(SsoAccount.subject).where(
        SsoAccount.user_id == user.id, SsoAccount.issuer == issuer
    )
    return await session.scalar(query) is not None


async def _add(
    session: AsyncSession,
    email: str,
    voucher: Voucher,
    config: SsoConfig,
    *,
    address: str | None,
    now: datetime,
) -> User:
    role = config.role_of(voucher.groups)
    if role is None:
        raise SsoUnknownError("Nobody has invited you here. Ask an administrator of this server.")
    user = User(
        email=email, password_hash=None, role=await find_role(session, role), created_at=now
    )
    session.add(user)
    await session.flush()
    audit.record(
        session,
        at=now,
        actor="single sign-on",
        action="user.add",
        object=email,
        address=address,
        after={"role": role},
    )
    return user


async def _follow_groups(
    session: AsyncSession,
    user: User,
    voucher: Voucher,
    config: SsoConfig,
    *,
    address: str | None,
    now: datetime,
) -> None:
    """Give somebody the role that their groups have today; nobody without one comes in."""
    role = config.role_of(voucher.groups)
    if role is None:
        raise SsoUnknownError("None of your groups may come in here any more.")
    if user.role.name == role:
        return
    before = user.role.name
    user.role = await find_role(session, role)
    audit.record(
        session,
        at=now,
        actor="single sign-on",
        action="user.role",
        object=user.email,
        address=address,
        before={"role": before},
        after={"role": role},
    )
    await session.flush()
