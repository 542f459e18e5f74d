"""Owns what roles allow: made, changed and removed by those who manage people.

The administrators' role is as it is for good, so that somebody can always manage. Nobody makes
or changes a role that allows more than they may themselves (see backend.people).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend import audit
from backend.access import ADMIN, OF_ALL_CLOCKS, Permission, UnknownRoleError
from backend.contract.platforms import ALL_PLATFORMS
from backend.errors import Refusal
from backend.models import Device, PlatformPermission, Role, User
from backend.people import By, check_not_above, check_somebody_manages, wait_for_others

MAX_NAME = 40
MAX_GROUPS = 100

NEEDS = {
    Permission.EDIT_CLOCKS: Permission.SEE_CLOCKS,
    Permission.COMMAND_CLOCKS: Permission.SEE_CLOCKS,
    Permission.REMOVE_CLOCKS: Permission.SEE_CLOCKS,
    Permission.DOWNLOAD_FIRMWARE: Permission.SEE_FIRMWARE,
    Permission.UPLOAD_FIRMWARE: Permission.SEE_FIRMWARE,
}
"""What is of no use without another permission, which is given with it."""


class BadRoleError(Refusal):
    """A role cannot be as it was asked for."""

    code: ClassVar[str] = "bad_role"


class RoleTakenError(Refusal):
    """There is a role of that name."""

    code: ClassVar[str] = "role_taken"


class RoleInUseError(Refusal):
    """Somebody has the role that is to be removed."""

    code: ClassVar[str] = "role_in_use"


class FixedRoleError(Refusal):
    """The administrators' role is neither changed nor removed."""

    code: ClassVar[str] = "fixed_role"


@dataclass(frozen=True, slots=True)
class RoleForm:
    """What a role is to be. `groups` None: all clocks."""

    name: str
    permissions: frozenset[str]
    platforms: frozenset[str]
    groups: frozenset[str] | None

    @classmethod
    def read(cls, args: dict[str, Any]) -> "RoleForm":
        """Return the form that somebody sent; raises BadRoleError."""
        groups = args.get("groups")
        return cls(
            " ".join(str(args.get("name") or "").split()),
            frozenset(_texts(args.get("permissions"))),
            frozenset(_texts(args.get("platforms"))),
            None if groups is None else frozenset(" ".join(one.split()) for one in _texts(groups)),
        ).clean()

    def clean(self) -> "RoleForm":
        """Return the form with what its permissions need; raises BadRoleError."""
        if not 1 <= len(self.name) <= MAX_NAME or not self.name.isprintable():
            raise BadRoleError(f"A role's name has 1 to {MAX_NAME} characters.", field="name")
        if unknown := self.permissions - set(Permission):
            raise BadRoleError(
                f"There is no permission {min(unknown)[:40]!r}.", field="permissions"
            )
        if unknown := self.platforms - set(ALL_PLATFORMS):
            raise BadRoleError(f"There is no platform {min(unknown)[:40]!r}.", field="platforms")
        needed = {NEEDS[one] for one in map(Permission, self.permissions) if one in NEEDS}
        form = RoleForm(self.name, self.permissions | needed, self.platforms, self.groups)
        form._check_groups()
        return form

    def _check_groups(self) -> None:
        if self.groups is None:
            return
        if not 0 < len(self.groups) <= MAX_GROUPS or not all(
            0 < len(one) <= 40 and one.isprintable() for one in self.groups
        ):
            raise BadRoleError("Name the groups whose clocks the role sees.", field="groups")
        if told := self.permissions & OF_ALL_CLOCKS:
            raise BadRoleError(
                f"{', '.join(sorted(told))}: this tells of every clock, so it is for no role that "
                "sees only some groups.",
                field="permissions",
            )


async def list_roles(session: AsyncSession) -> list[tuple[Role, int]]:
    """Return every role, the oldest first, and how many people have it."""
    counts = await session.execute(select(User.role_id, func.count()).group_by(User.role_id))
    users: dict[int, int] = dict(counts.all())
    roles = await session.scalars(select(Role).order_by(Role.id))
    return [(role, users.get(role.id, 0)) for role in roles]


async def known_groups(session: AsyncSession) -> Sequence[str]:
    """Return the groups that clocks are in."""
    query = select(Device.device_group).where(Device.device_group.is_not(None)).distinct()
    return [str(one) for one in await session.scalars(query.order_by(Device.device_group))]


async def add_role(session: AsyncSession, form: RoleForm, *, by: By, now: datetime) -> Role:
    """Make a role. Raises RoleTakenError, AboveYouError."""
    await wait_for_others(session)
    await _check_name(session, form.name, None)
    role = Role(name=form.name, permissions=[], platforms=[])
    _take(role, form)
    check_not_above(role, by)
    session.add(role)
    _note(session, by, now, "role.add", role.name, None, said(role))
    await session.flush()
    return role


async def change_role(
    session: AsyncSession, role_id: int, form: RoleForm, *, by: By, now: datetime
) -> list[int]:
    """Change a role; returns the ids of those who have it, of whom the caller tells the sign-ins.

    Raises FixedRoleError, RoleTakenError, AboveYouError, LastAdminError, UnknownRoleError.
    """
    role = await _role(session, role_id, by)
    await _check_name(session, form.name, role_id)
    before = said(role)
    _take(role, form)
    check_not_above(role, by)
    await session.flush()
    if Permission.MANAGE_USERS in before["permissions"]:
        await check_somebody_manages(session)
    _note(session, by, now, "role.change", str(before["name"]), before, said(role))
    return list(await session.scalars(select(User.id).where(User.role_id == role_id)))


async def remove_role(session: AsyncSession, role_id: int, *, by: By, now: datetime) -> None:
    """Remove a role that nobody has. Raises FixedRoleError, RoleInUseError, UnknownRoleError, …"""
    role = await _role(session, role_id, by)
    users = await session.scalar(
        select(func.count()).select_from(User).where(User.role_id == role_id)
    )
    if users:
        raise RoleInUseError("Somebody has this role. Give them another one first.")
    _note(session, by, now, "role.remove", role.name, said(role), None)
    await session.delete(role)
    await session.flush()


def said(role: Role) -> dict[str, Any]:
    """Return a role as the audit log keeps it."""
    return {
        "name": role.name,
        "permissions": sorted(role.permissions),
        "platforms": sorted(one.platform for one in role.platforms),
        "groups": None if role.device_groups is None else sorted(role.device_groups),
    }


async def _role(session: AsyncSession, role_id: int, by: By) -> Role:
    """Return a role that may be changed, once nobody else changes people or roles."""
    await wait_for_others(session)
    role = await session.get(Role, role_id)
    if role is None:
        raise UnknownRoleError("This role is not there any more.")
    if role.name == ADMIN:
        raise FixedRoleError("The administrators' role stays as it is.")
    check_not_above(role, by)
    return role


async def _check_name(session: AsyncSession, name: str, role_id: int | None) -> None:
    query = select(Role.id).where(func.lower(Role.name) == name.lower(), Role.id != (role_id or 0))
    if await session.scalar(query) is not None:
        raise RoleTakenError(f"There is a role {name} already.", field="name")


def _take(role: Role, form: RoleForm) -> None:
    role.name, role.permissions = form.name, sorted(form.permissions)
    role.device_groups = None if form.groups is None else sorted(form.groups)
    kept = [one for one in role.platforms if one.platform in form.platforms]
    new = form.platforms - {one.platform for one in kept}
    role.platforms = kept + [PlatformPermission(platform=one) for one in sorted(new)]


def _texts(value: object) -> Iterable[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadRoleError("Expected a list of names.")
    return value


def _note(
    session: AsyncSession,
    by: By,
    now: datetime,
    action: str,
    name: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    audit.record(
        session,
        at=now,
        actor=by.name,
        action=action,
        object=name,
        address=by.address,
        before=before,
        after=after,
    )
