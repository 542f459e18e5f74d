"""`/flash`: from a blank board to a clock, from the browser or with links for esptool."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from backend.access import Identity, Permission
from backend.api.firmware import find_firmware
from backend.links import LinkNotAllowedError
from backend.manifest import flash_files
from backend.sight import clocks_seen
from skiclock_ui.components.flash.flash import FlashElement, flash_state, flash_words
from skiclock_ui.i18n import _, current_language
from skiclock_ui.live import Live, Topic
from skiclock_ui.pages.flash_history import attempts_of, history_panel
from skiclock_ui.pages.page import page
from skiclock_ui.theme import frame

if TYPE_CHECKING:
    from backend.app import Server

LOOK_EVERY_S = 1.0


def create(server: "Server", live: Live) -> None:
    """Register the page, its topic and its links for esptool."""

    async def published() -> list[tuple[str, str]]:
        return server.catalogue.published()

    async def boards(identity: Identity, _args: dict[str, Any]) -> dict[str, Any]:
        return flash_state(server.catalogue, identity.may_take)

    async def links(identity: Identity, args: dict[str, Any]) -> dict[str, Any]:
        platform, version = str(args.get("platform")), str(args.get("version"))
        if not identity.may_take(platform):
            raise LinkNotAllowedError("Your role may not flash this platform.")
        info = find_firmware(server.catalogue, platform, version)
        # Relative links: the page is where they are used.
        now = datetime.now(UTC)
        return {"files": flash_files(info, server.links, identity, base_url="", now=now)}

    live.add_topic(Topic("flash", Permission.DOWNLOAD_FIRMWARE, published, LOOK_EVERY_S))
    live.add_answer("flash.boards", Permission.DOWNLOAD_FIRMWARE, boards)
    live.add_answer("flash.links", Permission.DOWNLOAD_FIRMWARE, links)

    @page("/flash", Permission.DOWNLOAD_FIRMWARE)
    async def flash(identity: Identity) -> None:
        clocks = clocks_seen(server.fleet, identity) if identity.may(Permission.SEE_CLOCKS) else ()
        recent = await attempts_of(server, identity)
        with frame(server, _("Flash"), "flash"):
            FlashElement(
                words=flash_words(),
                state=flash_state(server.catalogue, identity.may_take),
                groups=sorted({one.device_group for one in clocks if one.device_group}),
                lang=current_language(),
            )
            history_panel(recent)
