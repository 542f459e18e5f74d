"""The credentials on `/clocks/<device_id>`: what they are, and that they are renewed or revoked."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from backend import clock_credentials, rotation
from backend.access import Identity, Permission
from skiclock_ui.components.clock.credentials import (
    ClockCredentialsElement,
    credentials_state,
    credentials_words,
)
from skiclock_ui.i18n import current_language
from skiclock_ui.live import Live

if TYPE_CHECKING:
    from backend.app import Server


def create(server: "Server", live: Live) -> None:
    """Register what the panel asks."""

    async def state(_identity: Identity, args: dict[str, Any]) -> dict[str, Any]:
        return await credentials_of(server, str(args.get("device_id")))

    async def rotate(identity: Identity, args: dict[str, Any]) -> dict[str, Any]:
        device_id = str(args.get("device_id"))
        async with server.database.session() as session:
            await rotation.rotate(
                session,
                device_id,
                keys=server.clock_keys,
                topics=server.topics,
                actor=identity.email,
                address=None,
                now=datetime.now(UTC),
            )
        server.clock_users.hurry()
        return await credentials_of(server, device_id)

    async def revoke(identity: Identity, args: dict[str, Any]) -> dict[str, Any]:
        device_id = str(args.get("device_id"))
        async with server.database.session() as session:
            await clock_credentials.revoke(
                session, device_id, actor=identity.email, address=None, now=datetime.now(UTC)
            )
        server.clock_users.hurry()
        return await credentials_of(server, device_id)

    live.add_answer("clock.credentials", Permission.SEE_CLOCKS, state)
    live.add_answer("clock.rotate", Permission.EDIT_CLOCKS, rotate)
    live.add_answer("clock.revoke", Permission.EDIT_CLOCKS, revoke)


def credentials_panel(state: dict[str, Any], identity: Identity) -> None:
    """Build the panel in the page that is being made."""
    ClockCredentialsElement(
        words=credentials_words(),
        state=state,
        may={"edit": identity.may(Permission.EDIT_CLOCKS)},
        lang=current_language(),
    )


async def credentials_of(server: "Server", device_id: str) -> dict[str, Any]:
    """Return what the panel shows of a clock."""
    async with server.database.session() as session:
        history = await clock_credentials.history_of(session, device_id)
    return credentials_state(device_id, history)
