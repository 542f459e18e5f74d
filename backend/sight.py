"""Owns which clocks somebody sees: one rule for pages, sockets and the API.

A role may be limited to groups of clocks. Whoever has such a role is answered about every other
clock as about one that does not exist. Programs with a key, who are no `Identity`, see all.
"""

from collections.abc import Iterable
from typing import ClassVar

from backend.access import Identity
from backend.errors import Refusal
from backend.fleet import Clock, Fleet


class UnknownDeviceError(Refusal):
    """There is no such clock, or it is none of the asker's."""

    code: ClassVar[str] = "unknown_device"


class NotYourGroupError(Refusal):
    """Whoever sees only some groups may put a clock into no other."""

    code: ClassVar[str] = "not_your_group"


def sees(identity: Identity | None, clock: Clock | None) -> bool:
    """Tell whether somebody sees a clock; one that is gone is seen by those who see all."""
    if identity is None or identity.groups is None:
        return True
    return clock is not None and clock.device_group in identity.groups


def check(fleet: Fleet, identity: Identity | None, device_id: object) -> None:
    """Raise UnknownDeviceError where somebody does not see a clock."""
    text = str(device_id)
    if not sees(identity, fleet.clocks.get(text)):
        raise UnknownDeviceError(f"There is no clock {text[:40]}.", field="device_id")


def clocks_seen(fleet: Fleet, identity: Identity | None) -> Iterable[Clock]:
    """Return the clocks that somebody sees."""
    clocks = fleet.clocks.values()
    if identity is None or identity.groups is None:
        return clocks
    return [clock for clock in clocks if clock.device_group in identity.groups]


def ids_seen(fleet: Fleet, identity: Identity | None) -> list[str] | None:
    """Return the ids of the clocks that somebody sees; None: no limit, removed ones too."""
    if identity is None or identity.groups is None:
        return None
    return [clock.device_id for clock in clocks_seen(fleet, identity)]


def group_for(identity: Identity, group: str | None) -> str | None:
    """Return the group that a clock gets which somebody puts into one; raises NotYourGroupError.

    Whoever has only one group need not name it.
    """
    if identity.groups is None or group in identity.groups:
        return group
    if group is None and len(identity.groups) == 1:
        return next(iter(identity.groups))
    raise NotYourGroupError(
        f"Your role sees only the groups {', '.join(sorted(identity.groups))}: name one of them.",
        field="group",
    )
