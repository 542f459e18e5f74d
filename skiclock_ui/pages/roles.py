"""`/roles`: what people may do, for those who manage people."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.ext.asyncio import AsyncSession

from backend import roles
from backend.access import Identity, Permission, UnknownRoleError
from backend.people import By
from backend.roles import RoleForm
from skiclock_ui.components.roles.roles import RolesElement, roles_rules, roles_state, roles_words
from skiclock_ui.i18n import _, current_language
from skiclock_ui.live import Live
from skiclock_ui.pages.page import page
from skiclock_ui.theme import frame

if TYPE_CHECKING:
    from backend.app import Server


def create(server: "Server", live: Live) -> None:
    """Register the page, and what it asks."""

    async def save(identity: Identity, args: dict[str, Any], address: str | None) -> dict[str, Any]:
        form, by, now = RoleForm.read(args), By(identity.email, address, identity), _now()
        users: list[int] = []
        async with server.database.session() as session:
            if args.get("id") is None:
                await roles.add_role(session, form, by=by, now=now)
            else:
                users = await roles.change_role(session, _id(args), form, by=by, now=now)
            state = await _state(session, identity)
        for user_id in users:
            server.sign_ins.forget_user(user_id)
        return {"state": state}

    async def remove(
        identity: Identity, args: dict[str, Any], address: str | None
    ) -> dict[str, Any]:
        by = By(identity.email, address, identity)
        async with server.database.session() as session:
            await roles.remove_role(session, _id(args), by=by, now=_now())
            state = await _state(session, identity)
        return {"state": state}

    live.add_change("roles.save", Permission.MANAGE_USERS, save)
    live.add_change("roles.remove", Permission.MANAGE_USERS, remove)

    @page("/roles", Permission.MANAGE_USERS)
    async def roles_page(identity: Identity) -> None:
        async with server.database.session() as session:
            state = await _state(session, identity)
        with frame(server, _("Roles"), "roles"):
            RolesElement(
                words=roles_words(), state=state, rules=roles_rules(), lang=current_language()
            )


async def _state(session: AsyncSession, identity: Identity) -> dict[str, Any]:
    await session.flush()
    found, groups = await roles.list_roles(session), await roles.known_groups(session)
    return roles_state(found, groups, identity)


def _id(args: dict[str, Any]) -> int:
    value = args.get("id")
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**31:
        raise UnknownRoleError("This role is not there any more.")
    return value


def _now() -> datetime:
    return datetime.now(UTC)
