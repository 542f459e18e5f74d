"""`/sync`: how this server follows production, for those whose role includes it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from backend import audit
from backend.access import Identity, Permission
from backend.sync import list_runs
from skiclock_ui.components.sync.sync import SyncElement, sync_state, sync_words
from skiclock_ui.i18n import _
from skiclock_ui.live import Live, Topic
from skiclock_ui.pages.page import page
from skiclock_ui.theme import frame

if TYPE_CHECKING:
    from backend.app import Server

RUNS_SHOWN = 50
LOOK_EVERY_S = 1.0


def create(server: "Server", live: Live) -> None:
    """Register the page, its topic, and what it asks."""

    async def state() -> dict[str, Any]:
        async with server.database.session() as session:
            return sync_state(server.follower, await list_runs(session, limit=RUNS_SHOWN))

    async def look(
        identity: Identity, _args: dict[str, Any], address: str | None
    ) -> dict[str, Any]:
        async with server.database.session() as session:
            audit.record(
                session,
                at=datetime.now(UTC),
                actor=identity.email,
                action="production.look",
                object=server.follower.production.url,
                address=address,
            )
        server.follower.hurry(identity.email)
        return {}

    live.add_topic(Topic("sync", Permission.FOLLOW_PRODUCTION, state, LOOK_EVERY_S))
    live.add_change("sync.look", Permission.FOLLOW_PRODUCTION, look)

    @page("/sync", Permission.FOLLOW_PRODUCTION)
    async def sync(_identity: Identity) -> None:
        first = await state()
        with frame(server, _("Production"), "sync"):
            SyncElement(words=sync_words(), state=first)
