"""Which stored files there are, who refers to them, and which the bucket has."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select, union, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.models import Firmware, FirmwarePart
from backend.object_models import StoredObject

REFERENCES = (Firmware.sha256, FirmwarePart.sha256)
"""Every column that refers to a stored file: what none of them names is removed in time."""


async def note_stored(
    session: AsyncSession, sha256: str, size_bytes: int, *, now: datetime
) -> None:
    """Write down that a file lies in the folder; one that the bucket has already stays so."""
    await session.execute(
        insert(StoredObject)
        .values(sha256=sha256, size_bytes=size_bytes, stored_at=now)
        .on_conflict_do_nothing()
    )


async def waiting_for(session: AsyncSession, place: str) -> Sequence[StoredObject]:
    """Return what a bucket does not have yet, the oldest first."""
    rows = await session.scalars(
        select(StoredObject)
        .where(StoredObject.moved_to.is_distinct_from(place))
        .order_by(StoredObject.stored_at, StoredObject.sha256)
    )
    return rows.all()


async def moved_to(session: AsyncSession, place: str) -> set[str]:
    """Return the hashes of what a bucket has."""
    rows = await session.scalars(select(StoredObject.sha256).where(StoredObject.moved_to == place))
    return set(rows)


async def note_moved(session: AsyncSession, sha256: str, place: str, *, now: datetime) -> None:
    """Write down that a bucket has a file."""
    await session.execute(
        update(StoredObject)
        .where(StoredObject.sha256 == sha256)
        .values(moved_to=place, moved_at=now)
    )


async def note_lost(session: AsyncSession, hashes: Collection[str]) -> None:
    """Write down that the bucket no longer has files, so that they move again."""
    await session.execute(
        update(StoredObject)
        .where(StoredObject.sha256.in_(hashes))
        .values(moved_to=None, moved_at=None)
    )


async def referenced(session: AsyncSession) -> set[str]:
    """Return the hashes of all files that something refers to."""
    return set(await session.scalars(union(*(select(one) for one in REFERENCES))))


async def forget(session: AsyncSession, hashes: Collection[str]) -> None:
    """Remove the rows of files that are gone."""
    await session.execute(delete(StoredObject).where(StoredObject.sha256.in_(hashes)))
