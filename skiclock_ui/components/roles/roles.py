"""The element of the roles page, and its words."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from backend.access import ADMIN, OF_ALL_CLOCKS, Identity, Permission
from backend.contract.platforms import PLATFORMS
from backend.models import Role
from backend.people import is_within
from backend.roles import MAX_NAME, NEEDS, said
from skiclock_ui import refusals
from skiclock_ui.components.element import PageElement, component
from skiclock_ui.i18n import _, both_forms
from skiclock_ui.theme import role_name

SECTIONS: dict[str, tuple[Permission, ...]] = {
    "clocks": (
        Permission.SEE_CLOCKS,
        Permission.EDIT_CLOCKS,
        Permission.COMMAND_CLOCKS,
        Permission.REMOVE_CLOCKS,
    ),
    "firmware": (
        Permission.SEE_FIRMWARE,
        Permission.DOWNLOAD_FIRMWARE,
        Permission.UPLOAD_FIRMWARE,
        Permission.FOLLOW_PRODUCTION,
    ),
    "server": (
        Permission.SEE_DIAGNOSTICS,
        Permission.MANAGE_USERS,
        Permission.MANAGE_KEYS,
        Permission.SEE_AUDIT,
    ),
}


class RolesElement(PageElement):
    """Every role, what it allows, and the form that changes one."""

    component = component(Path(__file__).with_name("roles.js"))


def roles_state(
    roles: Iterable[tuple[Role, int]], groups: Sequence[str], identity: Identity
) -> dict[str, Any]:
    """Return the roles page as it stands."""
    return {
        "roles": [_role(role, people, identity) for role, people in roles],
        "groups": list(groups),
        "mine": {
            "permissions": sorted(identity.permissions),
            "platforms": sorted(identity.platforms),
        },
    }


def roles_rules() -> dict[str, Any]:
    """Return what the form is made of, in the order in which it is shown."""
    return {
        "sections": [[name, [str(one) for one in them]] for name, them in SECTIONS.items()],
        "needs": {str(one): str(needed) for one, needed in NEEDS.items()},
        "of_all_clocks": sorted(OF_ALL_CLOCKS),
        "boards": [[name, platform.board] for name, platform in PLATFORMS.items()],
        "max_name": MAX_NAME,
    }


def _role(role: Role, people: int, identity: Identity) -> dict[str, Any]:
    return {
        "id": role.id,
        **said(role),
        "title": role_name(role.name),
        "people": people,
        "fixed": role.name == ADMIN,
        "may_change": role.name != ADMIN and is_within(role, identity),
    }


def rights() -> dict[Permission, str]:
    """Return what each permission allows, in words."""
    return {
        Permission.SEE_CLOCKS: _("see clocks and their updates"),
        Permission.EDIT_CLOCKS: _("name, group, set and swap clocks"),
        Permission.COMMAND_CLOCKS: _("tell clocks what to do"),
        Permission.REMOVE_CLOCKS: _("remove clocks"),
        Permission.SEE_FIRMWARE: _("see firmware"),
        Permission.DOWNLOAD_FIRMWARE: _("download firmware and flash boards"),
        Permission.UPLOAD_FIRMWARE: _("publish firmware"),
        Permission.FOLLOW_PRODUCTION: _("follow production and promote to it"),
        Permission.SEE_DIAGNOSTICS: _("see diagnostics"),
        Permission.MANAGE_USERS: _("manage people and roles"),
        Permission.MANAGE_KEYS: _("manage keys"),
        Permission.SEE_AUDIT: _("see the audit log"),
    }


def roles_words() -> dict[str, Any]:
    """Return every text of the roles page in the current language."""
    return {
        "title": _("Roles"),
        "about": _("What people may do, with which boards, and which clocks they see."),
        "make": _("Make a role"),
        "new_title": _("A new role"),
        "edit_title": _("Role {name}"),
        "name": _("Name"),
        "sections": {"clocks": _("Clocks"), "firmware": _("Firmware"), "server": _("Server")},
        "rights": {str(one): text for one, text in rights().items()},
        "boards": _("Boards"),
        "boards_hint": _("Of which firmware may be downloaded or flashed."),
        "no_boards": _("no board"),
        "all_boards": _("all boards"),
        "sees": _("Clocks it sees"),
        "sees_all": _("All clocks"),
        "sees_some": _("Only those of some groups"),
        "groups": _("Groups"),
        "add_group": _("Another group"),
        "add": _("Add"),
        "some_hint": _(
            "Everything else about other clocks is closed, too: their pages, updates, counts, the "
            "audit log and the diagnostics."
        ),
        "save": _("Save"),
        "cancel": _("Cancel"),
        "role": _("Role"),
        "allows": _("Allows"),
        "people_count": both_forms("{n} person", "{n} people"),
        "edit": _("Edit"),
        "edit_of": _("Edit the role {name}"),
        "remove": _("Remove"),
        "remove_of": _("Remove the role {name}"),
        "sure": _("Remove this role?"),
        "keep": _("Keep"),
        "fixed": _("stays as it is"),
        "saved": _("The role {name} is saved; it holds at once."),
        "removed": _("The role {name} is removed."),
        "problems": refusals.sentences(),
        "failed": _("This did not work. Try again."),
    }
