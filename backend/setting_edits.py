"""Owns which settings people change from afar, and how their changes become what a clock is to be.

A `config` message takes the place of the one before, so a change is laid over all that was wanted
until now. Left out: secrets and the user at the broker (the identity's), `protocol` (found out by
the clock) and `topic_prefix` (a clock with another one speaks to nobody here).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend import clock_settings, devices
from backend.clock_models import ClockDetails, ClockSettings
from backend.contract.settings import SETTINGS, problem_with
from backend.contract.topics import Topics
from backend.errors import Refusal
from backend.fleet import Clock
from backend.models import Device

GROUPS: dict[str, tuple[str, ...]] = {
    "place": ("name", "timezone"),
    "light": ("brightness", "night_brightness", "night_from", "night_to"),
    "screens": ("screens", "screen_s", "blink_colon"),
    "colours": ("colour_main", "colour_accent", "colour_warning"),
    "panels": ("panels", "current_limit_ma"),
    "sensor": ("temperature_offset_tenths",),
    "network": ("server_url", "mqtt_host", "mqtt_port", "trust", "ntp"),
}
"""What can be changed from afar, as a page shows it."""

CHANGEABLE = frozenset(key for keys in GROUPS.values() for key in keys)
CONNECTION = frozenset({"server_url", "mqtt_host", "mqtt_port", "trust"})
"""Where to connect: stays on the clock until another is named."""


class ChangedMeanwhileError(Refusal):
    """Somebody else changed the settings since the page showed them."""

    code: ClassVar[str] = "settings_changed_meanwhile"


class UnfitSettingsError(Refusal):
    """Some values are none that a clock takes; `problems` says by key what each must be."""

    code: ClassVar[str] = "unfit_settings"

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()), field=next(iter(problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Standing:
    """What a clock is to be set to beside what it reports; secrets are left out of both."""

    version: int
    """Of what is wanted; 0: nothing was ever set from here."""
    state: str
    """`none`, `pending`, `applied` or `refused`."""
    wanted: dict[str, Any]
    reported: dict[str, Any]
    refused_field: str | None
    changed_by: str | None
    changed_at: datetime | None
    reported_at: datetime | None


@dataclass(frozen=True, slots=True)
class Saved:
    """A change that was written: the version, and the clock's name where that changed too."""

    version: int
    is_renamed: bool
    name: str | None


def standing_of(
    clock: Clock, wanted: ClockSettings | None, details: ClockDetails | None
) -> Standing:
    """Return how a clock's settings stand."""
    reported = (details.report_settings if details else None) or {}
    refused = None
    if details and details.report_result == "refused" and wanted:
        refused = details.report_field if details.report_version == wanted.version else None
    return Standing(
        version=wanted.version if wanted else 0,
        state=_state(clock, wanted),
        wanted=_open(wanted.settings if wanted else {}),
        reported=_open(reported),
        refused_field=refused,
        changed_by=wanted.changed_by if wanted else None,
        changed_at=wanted.changed_at if wanted else None,
        reported_at=details.report_at if details else None,
    )


async def change(
    session: AsyncSession,
    device_id: str,
    changes: dict[str, Any],
    *,
    seen_version: int,
    topics: Topics,
    actor: str,
    address: str | None,
    now: datetime,
) -> Saved:
    """Lay changes over what is wanted of a clock; None takes a setting back to the clock's own.

    The caller tells the fleet and the dispatcher after the commit. Raises UnfitSettingsError,
    ChangedMeanwhileError, and what clock_settings.want raises.
    """
    check(changes)
    # Two who save a clock's first settings have no row yet that they could wait for.
    clock = select(Device.id).where(Device.device_id == device_id).with_for_update(key_share=True)
    await session.execute(clock)
    row = await session.scalar(
        select(ClockSettings)
        .join(Device, Device.id == ClockSettings.device)
        .where(Device.device_id == device_id)
        .with_for_update(of=ClockSettings)
    )
    if (row.version if row else 0) != seen_version:
        raise ChangedMeanwhileError(
            "Somebody else changed this clock's settings since. Look at them, then try again."
        )
    settings = {**(row.settings if row else {}), **changes}
    settings = {key: value for key, value in settings.items() if value is not None}
    version = await clock_settings.want(
        session, device_id, settings, topics=topics, actor=actor, address=address, now=now
    )
    name = changes.get("name") or None
    if "name" in changes:
        await devices.rename_device(session, device_id, name, actor=actor, address=address, now=now)
    return Saved(version, "name" in changes, name)


def check(changes: dict[str, Any]) -> None:
    """Raise UnfitSettingsError unless every change is one that a clock takes from here."""
    problems: dict[str, str] = {}
    for key, value in changes.items():
        if key not in CHANGEABLE:
            problems[key[:40]] = f"{key[:40]} is not changed from here."
        elif value is None:
            if key in CONNECTION:
                problems[key] = f"{key} cannot be left to the clock."
        elif problem := problem_with(SETTINGS[key], value):
            problems[key] = problem
    if problems:
        raise UnfitSettingsError(problems)


def _state(clock: Clock, wanted: ClockSettings | None) -> str:
    if wanted is None:
        return "none"
    if clock.config_version == wanted.version:
        return "applied"
    return "refused" if clock.refused_config == wanted.version else "pending"


def _open(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key in CHANGEABLE}
