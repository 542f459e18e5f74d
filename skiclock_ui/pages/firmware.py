"""`/firmware`: every version by platform, publishing one, downloading by a signed link."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from backend.access import Identity, Permission
from backend.api.errors import NoFirmwareError
from backend.contract import paths
from backend.contract.platforms import PLATFORMS
from backend.fleet import Clock
from backend.links import LinkNotAllowedError
from backend.promote import promote
from backend.sight import clocks_seen
from skiclock_ui.components.firmware.firmware import (
    FirmwareElement,
    firmware_state,
    firmware_words,
)
from skiclock_ui.i18n import _, current_language
from skiclock_ui.live import Live, Topic
from skiclock_ui.pages.page import page
from skiclock_ui.theme import frame

if TYPE_CHECKING:
    from backend.app import Server

LOOK_EVERY_S = 1.0


def create(server: "Server", live: Live) -> None:
    """Register the page, its topic and its download links."""

    def told(clocks: Iterable[Clock]) -> dict[str, Any]:
        return firmware_state(server.catalogue, clocks, server.storage, server.follower.there)

    async def state() -> dict[str, Any]:
        return told(server.fleet.clocks.values())

    async def seen(_state: dict[str, Any], identity: Identity) -> dict[str, Any]:
        clocks = clocks_seen(server.fleet, identity)
        return told(clocks)

    async def link(identity: Identity, args: dict[str, Any]) -> dict[str, str]:
        platform, version = str(args.get("platform")), str(args.get("version"))
        if not identity.may_take(platform):
            raise LinkNotAllowedError("Your role may not download images for this platform.")
        if server.catalogue.find(platform, version) is None:
            raise NoFirmwareError("This version is no longer published.")
        token = server.links.make(identity, platform, version, now=datetime.now(UTC))
        return {"url": paths.USER_DOWNLOAD.format(token=token)}

    async def send(identity: Identity, args: dict[str, Any], address: str | None) -> dict[str, Any]:
        info = server.catalogue.find(str(args.get("platform")), str(args.get("version")))
        if info is None:
            raise NoFirmwareError("This version is no longer published.")
        async with server.database.session() as session:
            await promote(
                session,
                server.follower.production,
                server.storage,
                info,
                actor=identity.email,
                address=address,
                now=datetime.now(UTC),
            )
        server.follower.there.add((info.platform, info.sha256))
        return {}

    live.add_topic(Topic("firmware", Permission.SEE_FIRMWARE, state, LOOK_EVERY_S, narrow=seen))
    live.add_answer("firmware.link", Permission.DOWNLOAD_FIRMWARE, link)

    live.add_change("firmware.promote", Permission.FOLLOW_PRODUCTION, send)

    @page("/firmware", Permission.SEE_FIRMWARE)
    async def firmware(identity: Identity) -> None:
        with frame(server, _("Firmware"), "firmware"):
            FirmwareElement(
                words=firmware_words(),
                state=await seen({}, identity),
                may={
                    "upload": identity.may(Permission.UPLOAD_FIRMWARE),
                    "promote": identity.may(Permission.FOLLOW_PRODUCTION)
                    and server.follower.production.can_send,
                    "take": [name for name in PLATFORMS if identity.may_take(name)],
                },
                upload={
                    "url": paths.UPLOAD,
                    "max_bytes": server.settings.upload_max_bytes,
                    "lang": current_language(),
                    "command": upload_command(server.settings.public_url),
                },
            )


def upload_command(public_url: str) -> str:
    """Return the command with which CI publishes."""
    return (
        f"curl --fail-with-body {public_url}{paths.UPLOAD} \\\n"
        f'  -H "{paths.API_KEY_HEADER}: $UPLOAD_API_KEY" \\\n'
        "  -F platform=esp32 -F version=2026.11.24.1 -F file=@firmware.bin"
    )
