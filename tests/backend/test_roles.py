"""Roles of one's own: what they can be, who may change them, and who is left to manage."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from backend import people, roles
from backend.access import ADMIN, Identity, Permission, UnknownRoleError, add_user, find_role
from backend.db import Database
from backend.models import AuditEntry, Role, User
from backend.people import AboveYouError, By, LastAdminError
from backend.roles import BadRoleError, FixedRoleError, RoleForm, RoleInUseError, RoleTakenError

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
BY = By("admin@example.org", "192.0.2.1")
COACH = {
    "name": " Coach  one ",
    "permissions": ["clocks.edit", "firmware.download"],
    "platforms": ["esp01"],
    "groups": ["Slalom"],
}


def form(**changes: Any) -> RoleForm:
    return RoleForm.read(COACH | changes)


async def add(database: Database, **changes: Any) -> Role:
    async with database.session() as session:
        return await roles.add_role(session, form(**changes), by=BY, now=NOW)


async def id_of(database: Database, name: str) -> int:
    async with database.session() as session:
        return (await find_role(session, name)).id


async def person(database: Database, role: str) -> int:
    async with database.session() as session:
        await add_user(
            session, email=f"{len(role)}@example.org", role=role, password="snow on the roof",
            actor="test", address=None, now=NOW,
        )  # fmt: skip
        return int(await session.scalar(select(User.id).order_by(User.id.desc())) or 0)


def test_a_role_gets_what_its_permissions_need() -> None:
    assert form().permissions == {"clocks.edit", "clocks.see", "firmware.download", "firmware.see"}
    assert form().name == "Coach one"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 41}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"permissions": ["clocks.fly"]}, "permissions"),
        ({"permissions": "clocks.see"}, None),
        ({"permissions": [1]}, None),
        ({"platforms": ["z80"]}, "platforms"),
        ({"groups": []}, "groups"),
        ({"groups": [""]}, "groups"),
        ({"groups": ["x" * 41]}, "groups"),
        ({"permissions": ["users.manage"]}, "permissions"),
        ({"permissions": ["keys.manage"]}, "permissions"),
        ({"permissions": ["audit.see"]}, "permissions"),
        ({"permissions": ["diagnostics.see"]}, "permissions"),
    ],
)
def test_a_role_that_cannot_be_is_refused(changes: dict[str, Any], field: str | None) -> None:
    with pytest.raises(BadRoleError) as refused:
        form(**changes)
    assert refused.value.field == field


async def test_a_role_is_made_changed_and_removed_and_each_is_written_down(
    database: Database,
) -> None:
    role = await add(database)
    async with database.session() as session:
        await roles.change_role(
            session, role.id, form(name="Trainer", platforms=["esp32", "esp01"], groups=None),
            by=BY, now=NOW,
        )  # fmt: skip
    async with database.session() as session:
        changed = await find_role(session, "Trainer")
        assert {one.platform for one in changed.platforms} == {"esp32", "esp01"}
        assert changed.device_groups is None
        await roles.remove_role(session, role.id, by=BY, now=NOW)
    async with database.session() as session:
        entries = (await session.scalars(select(AuditEntry).order_by(AuditEntry.id))).all()
        with pytest.raises(UnknownRoleError):
            await find_role(session, "Trainer")
    assert [one.action for one in entries] == ["role.add", "role.change", "role.remove"]
    made, change, removed = entries
    assert made.before is None
    assert change.before == made.after
    assert removed.before == change.after
    assert change.after is not None
    assert (change.after["name"], change.after["groups"]) == ("Trainer", None)
    assert (change.actor, change.address) == ("admin@example.org", "192.0.2.1")


async def test_names_are_taken_once_however_they_are_written(database: Database) -> None:
    await add(database)
    for name in ("coach one", "VIEWER"):
        with pytest.raises(RoleTakenError):
            await add(database, name=name)


async def test_the_administrators_role_stays_as_it_is(database: Database) -> None:
    admin = await id_of(database, ADMIN)
    async with database.session() as session:
        with pytest.raises(FixedRoleError):
            await roles.change_role(session, admin, form(), by=BY, now=NOW)
        with pytest.raises(FixedRoleError):
            await roles.remove_role(session, admin, by=BY, now=NOW)


async def test_a_role_that_somebody_has_is_not_removed(database: Database) -> None:
    role = await add(database)
    await person(database, "Coach one")
    async with database.session() as session:
        with pytest.raises(RoleInUseError):
            await roles.remove_role(session, role.id, by=BY, now=NOW)


async def test_somebody_who_can_manage_is_left(database: Database) -> None:
    boss = {"name": "boss", "permissions": ["users.manage"], "platforms": [], "groups": None}
    role = await add(database, **boss)
    await person(database, "boss")
    with pytest.raises(LastAdminError):
        async with database.session() as session:
            await roles.change_role(
                session, role.id, form(**boss | {"permissions": []}), by=BY, now=NOW
            )


async def test_nobody_makes_or_changes_a_role_that_allows_more_than_they_may(
    database: Database,
) -> None:
    manager = Identity(
        7, "m@example.org", "manager", frozenset({Permission.MANAGE_USERS, Permission.SEE_CLOCKS}),
        frozenset({"esp01"}),
    )  # fmt: skip
    by = By(manager.email, None, manager)
    small = {"name": "small", "permissions": ["clocks.see"], "platforms": ["esp01"]}
    async with database.session() as session:
        role = await roles.add_role(session, form(**small), by=by, now=NOW)
    viewer = await id_of(database, "viewer")
    for changes in ({"permissions": ["clocks.remove"]}, {"platforms": ["esp32"]}):
        async with database.session() as session:
            with pytest.raises(AboveYouError):
                await roles.add_role(
                    session, form(**small | {"name": "big"} | changes), by=by, now=NOW
                )
            with pytest.raises(AboveYouError):
                await roles.change_role(session, role.id, form(**small | changes), by=by, now=NOW)
            await session.rollback()
    async with database.session() as session:
        with pytest.raises(AboveYouError):
            await roles.change_role(session, viewer, form(**small), by=by, now=NOW)


async def test_whoever_sees_some_clocks_gives_no_role_that_sees_all(database: Database) -> None:
    limited = Identity(
        7, "l@example.org", "l", frozenset(Permission), frozenset({"esp01"}), frozenset({"Slalom"})
    )
    everywhere = await add(database, name="all", groups=None)
    here = await add(database, name="some")
    assert not people.is_within(everywhere, limited)
    assert people.is_within(here, limited)
