"""`/diagnostics`: what the server stands on, how ingest does, and what came in damaged."""

from typing import TYPE_CHECKING, Any

from backend.access import Identity, Permission
from skiclock_ui.components.diagnostics.diagnostics import DiagnosticsElement, diagnostics_words
from skiclock_ui.components.diagnostics.state import Rate, Versions, diagnostics_state
from skiclock_ui.i18n import _
from skiclock_ui.live import Live, Topic
from skiclock_ui.pages.page import page
from skiclock_ui.theme import frame

if TYPE_CHECKING:
    from backend.app import Server

SEND_EVERY_S = 2.0


def create(server: "Server", live: Live) -> None:
    """Register the page and its topic."""
    rate = Rate(lambda: server.ingest.figures.received)
    versions = Versions(server.database)

    async def state() -> dict[str, Any]:
        return await diagnostics_state(server, rate, versions)

    live.add_topic(Topic("diagnostics", Permission.SEE_DIAGNOSTICS, state, SEND_EVERY_S))

    @page("/diagnostics", Permission.SEE_DIAGNOSTICS)
    async def diagnostics(_identity: Identity) -> None:
        with frame(server, _("Diagnostics"), "diagnostics"):
            DiagnosticsElement(words=diagnostics_words(), state=await state())
