"""Owns which credentials of single clocks are valid: claimed, rotated, used, revoked.

The secrets themselves are derived (backend.clock_keys). A generation is never used again, not
even by a clock that was removed and claimed anew: what it was is known to whoever had it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend import audit
from backend.clock_keys import MAX_GENERATION, Claimed
from backend.clock_models import VALID_CREDENTIALS, ClockCredential, CredentialState
from backend.errors import Refusal
from backend.models import Device

NOTE_USE_EVERY = timedelta(minutes=1)


class NoCredentialsError(Refusal):
    """The clock has no credentials of its own."""

    code: ClassVar[str] = "no_credentials"


class RotationWaitsError(Refusal):
    """The newest credentials were not used yet: nothing tells that the clock has them."""

    code: ClassVar[str] = "rotation_waits"


async def claim(
    session: AsyncSession,
    device_id: str,
    *,
    platform: str,
    mac: str | None,
    name: str | None = None,
    group: str | None = None,
    actor: str,
    address: str | None,
    now: datetime,
) -> ClockCredential:
    """Make a new generation for a clock that is being flashed; the clock's row is there then.

    A new clock waits for its first contact (`Device.heard`).
    What the clock used last stays valid until the new one is used: the flash may fail.
    """
    await _lock(session, device_id)
    device = await session.scalar(select(Device).where(Device.device_id == device_id))
    if device is None:
        device = Device(device_id=device_id, first_seen=now, last_seen=now, heard=False)
        session.add(device)
    device.platform = platform
    if name:
        device.name = name[:64]
    if group:
        device.device_group = group
    rows = await _valid_of(session, device_id)
    keep = max(rows, key=_last_use, default=None)
    for row in rows:
        if row is keep:
            row.state = CredentialState.RETIRING
        else:
            _revoke(row, actor=actor, now=now)
    return await _add(
        session, device_id, "clock.claim", platform, mac, actor=actor, address=address, now=now
    )


async def rotate(
    session: AsyncSession, device_id: str, *, actor: str, address: str | None, now: datetime
) -> ClockCredential:
    """Make a new generation for a clock that is in use; the old one is valid until it is used.

    Raises NoCredentialsError or RotationWaitsError.
    """
    await _lock(session, device_id)
    rows = await _valid_of(session, device_id)
    if not rows:
        raise NoCredentialsError(
            f"{device_id[:40]} has no credentials of its own; flash it to give it some.",
            field="device_id",
        )
    newest = rows[0]
    if newest.first_used_at is None or len(rows) > 1:
        raise RotationWaitsError(
            f"{device_id} has not used its newest credentials yet; wait until it has.",
            field="device_id",
        )
    newest.state = CredentialState.RETIRING
    return await _add(
        session,
        device_id,
        "clock.rotate",
        newest.platform,
        newest.mac,
        actor=actor,
        address=address,
        now=now,
    )


async def revoke(
    session: AsyncSession, device_id: str, *, actor: str, address: str | None, now: datetime
) -> list[int]:
    """Revoke whatever is valid for a clock; return those generations, newest first."""
    await _lock(session, device_id)
    rows = await _valid_of(session, device_id)
    for row in rows:
        _revoke(row, actor=actor, now=now)
    generations = [row.generation for row in rows]
    if rows:
        audit.record(
            session,
            at=now,
            actor=actor,
            action="clock.revoke",
            object=device_id,
            address=address,
            before={"generations": generations},
        )
        await session.flush()
    return generations


async def mark_used(session: AsyncSession, used: Claimed, *, now: datetime) -> bool:
    """Note that credentials were used; True where older ones were revoked by it.

    Nothing happens for credentials that are not valid.
    """
    await _lock(session, used.device_id)
    rows = await _valid_of(session, used.device_id)
    row = next((one for one in rows if one.generation == used.generation), None)
    if row is None:
        return False
    row.first_used_at = row.first_used_at or now
    if row.last_used_at is None or now - row.last_used_at >= NOTE_USE_EVERY:
        row.last_used_at = now
    older = [one for one in rows if one.generation < row.generation]
    for one in older:
        _revoke(one, actor="system", now=now)
    await session.flush()
    return bool(older)


async def is_valid(session: AsyncSession, claimed: Claimed) -> bool:
    """Tell whether a generation may be used now."""
    return await find_valid(session, claimed) is not None


async def find_valid(session: AsyncSession, claimed: Claimed) -> ClockCredential | None:
    """Return a generation's row if it may be used now."""
    query = select(ClockCredential).where(
        ClockCredential.device_id == claimed.device_id,
        ClockCredential.generation == claimed.generation,
        ClockCredential.state.in_(VALID_CREDENTIALS),
    )
    found: ClockCredential | None = await session.scalar(query)
    return found


async def load_valid(
    session: AsyncSession, device_ids: Iterable[str] | None = None
) -> list[ClockCredential]:
    """Return the credentials that are valid now, of some clocks or of all."""
    query = select(ClockCredential).where(ClockCredential.state.in_(VALID_CREDENTIALS))
    if device_ids is not None:
        query = query.where(ClockCredential.device_id.in_(list(device_ids)))
    return list(await session.scalars(query.order_by(ClockCredential.id)))


async def history_of(session: AsyncSession, device_id: str) -> Sequence[ClockCredential]:
    """Return all credentials that a clock ever had, newest first."""
    query = select(ClockCredential).where(ClockCredential.device_id == device_id)
    return (await session.scalars(query.order_by(ClockCredential.generation.desc()))).all()


async def _add(
    session: AsyncSession,
    device_id: str,
    action: str,
    platform: str,
    mac: str | None,
    *,
    actor: str,
    address: str | None,
    now: datetime,
) -> ClockCredential:
    await session.flush()  # the one before is current no more
    newest = await session.scalar(
        select(func.max(ClockCredential.generation)).where(ClockCredential.device_id == device_id)
    )
    generation = (newest or 0) + 1
    if generation > MAX_GENERATION:
        raise NoCredentialsError(f"{device_id} had {MAX_GENERATION} generations: no more fit.")
    row = ClockCredential(
        device_id=device_id,
        platform=platform,
        mac=mac,
        generation=generation,
        claimed_by=actor,
        claimed_at=now,
        state=CredentialState.CURRENT,
    )
    session.add(row)
    audit.record(
        session,
        at=now,
        actor=actor,
        action=action,
        object=device_id,
        address=address,
        after={"generation": generation, "platform": platform, "mac": mac},
    )
    await session.flush()
    return row


async def _valid_of(session: AsyncSession, device_id: str) -> list[ClockCredential]:
    query = select(ClockCredential).where(
        ClockCredential.device_id == device_id, ClockCredential.state.in_(VALID_CREDENTIALS)
    )
    return list(await session.scalars(query.order_by(ClockCredential.generation.desc())))


async def _lock(session: AsyncSession, device_id: str) -> None:
    """Let one transaction at a time change a clock's credentials, its first ones too."""
    key = f"credentials {device_id}"
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": key})


def _last_use(row: ClockCredential) -> tuple[float, int]:
    used_at = row.last_used_at
    return (used_at.timestamp() if used_at else 0.0, row.generation)


def _revoke(row: ClockCredential, *, actor: str, now: datetime) -> None:
    row.state, row.revoked_at, row.revoked_by = CredentialState.REVOKED, now, actor
