"""Puts a spare in a broken clock's place: what is the place's moves, what is the chip's stays.

Name, group, settings and the history of measurements are the place's; the old clock's
credentials are revoked. The journal, the log of updates and the flash history tell of a chip,
and stay with it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend import audit, clock_credentials, clock_settings
from backend.board_models import Swap
from backend.clock_models import ClockSettings
from backend.contract.limits import PROTOCOL
from backend.contract.topics import Topics
from backend.errors import Refusal
from backend.models import Device

OF_THE_CHIP = frozenset({"mqtt_username", "mqtt_password", "download_api_key", "panels"})
"""Settings that another board must not be given: who it is, and what is soldered to it."""


class BadSwapError(Refusal):
    """These two clocks cannot change places."""

    code: ClassVar[str] = "bad_swap"


@dataclass(frozen=True, slots=True)
class Swapped:
    """What moved. `settings_version`: of the spare's new settings, None where none moved."""

    name: str | None
    group: str | None
    settings_version: int | None


async def swap(
    session: AsyncSession,
    old_id: str,
    new_id: str,
    *,
    topics: Topics,
    actor: str,
    address: str | None,
    now: datetime,
) -> Swapped:
    """Let one clock take another's place; raises BadSwapError.

    After the commit the caller tells the fleet (rename, regroup, want) and the dispatcher.
    """
    old, new = await _both(session, old_id, new_id)
    name, spare_name = old.name, new.name
    new.name, old.name = name or spare_name, None
    new.device_group = old.device_group or new.device_group
    wanted = await session.get(ClockSettings, old.id, with_for_update=True)
    settings_version = None
    if wanted is not None and (new.protocol or 0) >= PROTOCOL:
        settings_version = await clock_settings.want(
            session,
            new_id,
            movable(wanted.settings),
            topics=topics,
            actor=actor,
            address=address,
            now=now,
        )
        await session.delete(wanted)
    await session.execute(
        text("UPDATE heartbeats SET device = :new WHERE device = :old"),
        {"old": old.id, "new": new.id},
    )
    await clock_credentials.revoke(session, old_id, actor=actor, address=address, now=now)
    session.add(Swap(at=now, by=actor, old=old_id, new=new_id))
    audit.record(
        session,
        at=now,
        actor=actor,
        action="clock.swap",
        object=old_id,
        address=address,
        before={"name": name, "spare": new_id, "spare_name": spare_name},
        after={"replaced_by": new_id, "settings_version": settings_version},
    )
    await session.flush()
    return Swapped(new.name, new.device_group, settings_version)


async def find_swaps(session: AsyncSession, device_id: str) -> list[Swap]:
    """Return the swaps that a clock was part of, newest first."""
    query = select(Swap).where(or_(Swap.old == device_id, Swap.new == device_id))
    return list(await session.scalars(query.order_by(Swap.id.desc()).limit(10)))


def movable(settings: dict[str, Any]) -> dict[str, Any]:
    """Return those settings that belong to the place."""
    return {name: value for name, value in settings.items() if name not in OF_THE_CHIP}


async def _both(session: AsyncSession, old_id: str, new_id: str) -> tuple[Device, Device]:
    if old_id == new_id:
        raise BadSwapError("A clock cannot take its own place.", field="spare")
    query = select(Device).where(Device.device_id.in_([old_id, new_id]))
    # In one order, so that two swaps of the same clocks wait for each other and do not lock.
    rows = await session.scalars(query.order_by(Device.id).with_for_update())
    found = {device.device_id: device for device in rows}
    for device_id, field in ((old_id, "device_id"), (new_id, "spare")):
        if device_id not in found:
            raise BadSwapError(f"There is no clock {device_id[:40]}.", field=field)
    return found[old_id], found[new_id]
