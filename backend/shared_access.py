"""Owns whether the two keys and the broker user that the first generation shares work still.

They do until an administrator turns one off, and again when it is turned on: each change is in
the audit log. Who would be cut off: clocks that speak, and have not used credentials of their own.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend import audit
from backend.clock_models import VALID_CREDENTIALS, ClockCredential
from backend.key_models import Shared, SharedAccess
from backend.models import Device

LOOK_BACK = timedelta(days=30)


async def load(session: AsyncSession) -> dict[Shared, SharedAccess]:
    """Return what is known of each; nothing of one that was never turned off or used."""
    rows = await session.scalars(select(SharedAccess))
    return {Shared(row.name): row for row in rows}


async def load_off(session: AsyncSession) -> frozenset[Shared]:
    """Return what is turned off."""
    names = await session.scalars(select(SharedAccess.name).where(SharedAccess.is_off))
    return frozenset(Shared(name) for name in names)


async def turn(
    session: AsyncSession,
    what: Shared,
    *,
    on: bool,
    actor: str,
    address: str | None,
    now: datetime,
) -> bool:
    """Turn something that is shared off or on; False where it was so already.

    The caller tells the parts that check it (ApiKeys.hurry, ClockUsers.hurry).
    """
    await session.execute(
        insert(SharedAccess).values(name=what, is_off=False).on_conflict_do_nothing()
    )
    row = await session.get_one(SharedAccess, what, with_for_update=True, populate_existing=True)
    if row.is_off is not on:
        return False
    row.is_off, row.changed_at, row.changed_by = not on, now, actor
    audit.record(
        session,
        at=now,
        actor=actor,
        action="shared.turn",
        object=what.value,
        address=address,
        before={"works": not on},
        after={"works": on},
    )
    await session.flush()
    return True


async def note_use(session: AsyncSession, what: Shared, *, now: datetime) -> None:
    """Note that something shared was used."""
    done = await session.execute(
        update(SharedAccess)
        .where(SharedAccess.name == what)
        .values(last_used_at=now)
        .returning(SharedAccess.name)
    )
    if done.scalar() is None:
        row = insert(SharedAccess).values(name=what, is_off=False, last_used_at=now)
        await session.execute(row.on_conflict_do_nothing())


async def clocks_that_share(session: AsyncSession, *, now: datetime) -> Sequence[Device]:
    """Return the clocks heard in LOOK_BACK that never used credentials of their own, newest first.

    A clock uses its own from their first use on: the ones that it shared before are written over.
    """
    own = exists().where(
        ClockCredential.device_id == Device.device_id,
        ClockCredential.state.in_(VALID_CREDENTIALS),
        ClockCredential.first_used_at.is_not(None),
    )
    query = select(Device).where(Device.heard, Device.last_seen >= now - LOOK_BACK, ~own)
    return (await session.scalars(query.order_by(Device.last_seen.desc()))).all()
