"""What clocks are to be set to: versions that are sent until the clock reports them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend import audit
from backend.clock_models import ClockSettings
from backend.contract.limits import PROTOCOL
from backend.contract.messages import encode
from backend.contract.orders import Config, fits_packet
from backend.contract.topics import Order, Topics
from backend.errors import Refusal
from backend.models import Device

SECRETS = frozenset({"mqtt_password", "download_api_key"})
"""Settings whose value stands in no log and is shown on no page."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_LONGEST = 16
_NEWEST_VERSION = 2**31 - 1


class BadSettingsError(Refusal):
    """Settings that no clock could take."""

    code: ClassVar[str] = "bad_settings"


class NoSettingsError(Refusal):
    """A clock takes no settings: it is none, or of the first generation."""

    code: ClassVar[str] = "no_settings"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The settings that one clock is to have."""

    device_id: str
    config: Config


async def want(
    session: AsyncSession,
    device_id: str,
    settings: dict[str, Any],
    *,
    topics: Topics,
    actor: str,
    address: str | None,
    now: datetime,
) -> int:
    """Note what a clock is to be set to; return the version. They take the place of all before.

    After the commit the caller tells the fleet (Fleet.want) and the dispatcher. Raises
    BadSettingsError or NoSettingsError.
    """
    device = await _settable(session, device_id)
    row = await session.get(ClockSettings, device.id, with_for_update=True)
    before = row.settings if row else {}
    version = _next_version(row, device)
    _check(settings, topics.to_clock(Order.CONFIG, device_id), version)
    _write(session, row, device, version, settings, actor=actor, now=now)
    audit.record(
        session,
        at=now,
        actor=actor,
        action="clock.settings",
        object=device_id,
        address=address,
        before=without_secrets(before),
        after=without_secrets(settings),
    )
    await session.flush()
    return version


async def renew(
    session: AsyncSession,
    device_id: str,
    *,
    beside: dict[str, Any],
    topics: Topics,
    actor: str,
    now: datetime,
) -> int:
    """Have a clock be sent its settings once more, under a new version; return that.

    `beside`: what is laid over them when they are sent, and must fit. Raises as `want` does.
    """
    device = await _settable(session, device_id)
    row = await session.get(ClockSettings, device.id, with_for_update=True)
    settings = row.settings if row else {}
    version = _next_version(row, device)
    _check(settings | beside, topics.to_clock(Order.CONFIG, device_id), version)
    _write(session, row, device, version, settings, actor=actor, now=now)
    await session.flush()
    return version


async def find_wanted(session: AsyncSession, device_id: str) -> ClockSettings | None:
    """Return what a clock is to be set to, secrets included."""
    found: ClockSettings | None = await session.scalar(
        select(ClockSettings)
        .join(Device, Device.id == ClockSettings.device)
        .where(Device.device_id == device_id)
    )
    return found


async def load_wanted(
    session: AsyncSession, device_ids: Iterable[str] | None = None
) -> list[Wanted]:
    """Return the wanted settings of some clocks, or of all."""
    query = select(Device.device_id, ClockSettings.version, ClockSettings.settings).join(
        ClockSettings, ClockSettings.device == Device.id
    )
    if device_ids is not None:
        query = query.where(Device.device_id.in_(list(device_ids)))
    rows = await session.execute(query)
    return [Wanted(device_id, Config(version, settings)) for device_id, version, settings in rows]


def without_secrets(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings as they may be shown."""
    return {name: "********" if name in SECRETS else value for name, value in settings.items()}


def fits(topics: Topics, device_id: str, config: Config) -> bool:
    """Tell whether a clock can read these settings in one message."""
    return fits_packet(topics.to_clock(Order.CONFIG, device_id), encode(config))


async def _settable(session: AsyncSession, device_id: str) -> Device:
    device: Device | None = await session.scalar(
        select(Device).where(Device.device_id == device_id, Device.protocol >= PROTOCOL)
    )
    if device is None:
        raise NoSettingsError(
            f"{device_id[:40]} takes no settings: its firmware is of the first generation.",
            field="device_id",
        )
    return device


def _next_version(row: ClockSettings | None, device: Device) -> int:
    """Return a version higher than all that the clock may have been given, by others too."""
    return max(row.version if row else 0, device.config_version or 0) + 1


def _write(
    session: AsyncSession,
    row: ClockSettings | None,
    device: Device,
    version: int,
    settings: dict[str, Any],
    *,
    actor: str,
    now: datetime,
) -> None:
    if row is None:
        row = ClockSettings(device=device.id)
        session.add(row)
    row.version, row.settings, row.changed_at, row.changed_by = version, settings, now, actor


def _check(settings: dict[str, Any], topic: str, version: int) -> None:
    if version > _NEWEST_VERSION:
        raise BadSettingsError("The clock reports the highest version there is; reset it.")
    for name, value in settings.items():
        if not _NAME.fullmatch(name):
            raise BadSettingsError(f"{name[:40]!r} is no name of a setting.", field=name[:40])
        if not _is_plain(value):
            raise BadSettingsError(
                f"{name} must be a text, a number, true or false, or a list of these.", field=name
            )
    if not fits_packet(topic, encode(Config(version, settings))):
        raise BadSettingsError("These settings are too long for one message to a clock.")


def _is_plain(value: Any, *, lists: bool = True) -> bool:
    if isinstance(value, list) and lists:
        return len(value) <= _LONGEST and all(_is_plain(item, lists=False) for item in value)
    if isinstance(value, str):
        return value.isprintable() or not value
    return isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**31)
