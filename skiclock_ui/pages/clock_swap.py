"""The spare on `/clocks/<device_id>`: who took whose place, and the form for it."""

from typing import TYPE_CHECKING, Any

from backend import sight, swap
from backend.access import Identity, Permission
from backend.sight import UnknownDeviceError
from skiclock_ui.components.clock.swap import ClockSwapElement, swap_state, swap_words
from skiclock_ui.i18n import current_language

if TYPE_CHECKING:
    from backend.app import Server


async def swaps_of(server: "Server", identity: Identity, device_id: str) -> dict[str, Any]:
    """Return what the panel shows of a clock. Raises UnknownDeviceError."""
    clock = server.fleet.clocks.get(device_id)
    if clock is None:
        raise UnknownDeviceError(f"There is no clock {device_id[:20]}.")
    async with server.database.session() as session:
        swaps = await swap.find_swaps(session, device_id)
    seen = {one.device_id: one for one in sight.clocks_seen(server.fleet, identity)}
    return swap_state(clock, swaps, seen, seen.values())


def swap_panel(state: dict[str, Any], identity: Identity) -> None:
    """Build the panel in the page that is being made."""
    ClockSwapElement(
        words=swap_words(),
        state=state,
        may={"swap": identity.may(Permission.EDIT_CLOCKS)},
        lang=current_language(),
    )
