"""The settings on `/clocks/<device_id>`: what a clock reports, and what it is to be set to."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from backend import clock_settings, setting_edits
from backend.access import Identity, Permission
from backend.clock_models import ClockDetails
from backend.setting_edits import UnfitSettingsError
from backend.sight import UnknownDeviceError
from skiclock_ui.components.clock.settings import (
    ClockSettingsElement,
    settings_fields,
    settings_state,
    settings_words,
)
from skiclock_ui.i18n import current_language
from skiclock_ui.live import Live

if TYPE_CHECKING:
    from backend.app import Server


def create(server: "Server", live: Live) -> None:
    """Register what the form asks."""

    async def state(_identity: Identity, args: dict[str, Any]) -> dict[str, Any]:
        return await state_of(server, str(args.get("device_id")))

    async def save(identity: Identity, args: dict[str, Any]) -> dict[str, Any]:
        return await _save(server, identity, args)

    live.add_answer("clock.settings", Permission.SEE_CLOCKS, state)
    live.add_answer("clock.set", Permission.EDIT_CLOCKS, save)


def settings_panel(state: dict[str, Any], identity: Identity) -> None:
    """Build the form in the page that is being made."""
    ClockSettingsElement(
        words=settings_words(),
        state=state,
        groups=settings_fields(),
        may={"set": identity.may(Permission.EDIT_CLOCKS)},
        lang=current_language(),
    )


async def state_of(server: "Server", device_id: str) -> dict[str, Any]:
    """Return what the form shows of a clock. Raises UnknownDeviceError."""
    clock = server.fleet.clocks.get(device_id)
    if clock is None:
        raise UnknownDeviceError(f"There is no clock {device_id[:20]}.")
    async with server.database.session() as session:
        wanted = await clock_settings.find_wanted(session, device_id)
        details = await session.get(ClockDetails, clock.id)
    return settings_state(clock, setting_edits.standing_of(clock, wanted, details))


async def _save(server: "Server", identity: Identity, args: dict[str, Any]) -> dict[str, Any]:
    device_id, now = str(args.get("device_id")), datetime.now(UTC)
    changes, seen = args.get("changes"), args.get("version")
    try:
        async with server.database.session() as session:
            saved = await setting_edits.change(
                session,
                device_id,
                changes if isinstance(changes, dict) else {},
                seen_version=seen if isinstance(seen, int) else 0,
                topics=server.topics,
                actor=identity.email,
                address=None,
                now=now,
            )
    except UnfitSettingsError as error:
        return {"problems": list(error.problems)}
    server.fleet.want(device_id, saved.version)
    if saved.is_renamed:
        server.fleet.rename(device_id, saved.name)
    server.dispatcher.settings_changed(device_id, now=now)
    return {"state": await state_of(server, device_id)}
