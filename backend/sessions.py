"""Owns how long sessions last, and finds those that can still be used."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.models import Session

IDLE = timedelta(days=7)
LIFETIME = timedelta(days=30)


async def list_sessions(session: AsyncSession, user_id: int, *, now: datetime) -> Sequence[Session]:
    """Return the sessions of a user that can still be used, the last seen first."""
    usable = (Session.expires_at > now) & (Session.last_seen_at > now - IDLE)
    query = select(Session).where(Session.user_id == user_id, usable)
    return (await session.scalars(query.order_by(Session.last_seen_at.desc()))).unique().all()


async def session_id_of(session: AsyncSession, token: str) -> int | None:
    """Return the number of the session behind a cookie."""
    found: int | None = await session.scalar(
        select(Session.id).where(Session.token_hash == token_hash(token))
    )
    return found


def clean_user_agent(user_agent: str | None) -> str | None:
    """Return a User-Agent short enough to keep, and without what a database text cannot hold."""
    return user_agent.replace("\x00", "")[:200] if user_agent else None


def end_of(row: Session) -> datetime:
    """Return when a session ends, by age or by idleness."""
    return min(row.expires_at, row.last_seen_at + IDLE)


def token_hash(token: str) -> bytes:
    """Return what is kept of a cookie."""
    return hashlib.sha256(token.encode(errors="replace")).digest()
