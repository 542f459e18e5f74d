"""What browsers tell of boards that they write, and how it is shown: `/flash`, `/clocks/<id>`."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from backend import flash_attempts
from backend.access import Identity, Permission
from backend.api.firmware import find_firmware
from backend.board_models import FlashAttempt
from backend.flash_attempts import UnknownAttemptError
from backend.fleet import Fleet
from backend.links import LinkNotAllowedError
from backend.sight import ids_seen, sees
from skiclock_ui.components.flash.history import (
    FlashHistoryElement,
    history_state,
    history_words,
)
from skiclock_ui.i18n import current_language
from skiclock_ui.live import Live, Topic

if TYPE_CHECKING:
    from backend.app import Server

TELL_EVERY_S = 0.5
SHOWN = 10


def create(server: "Server", live: Live) -> None:
    """Register what a page that flashes tells, and what pages ask of it."""
    news = _News()

    async def begin(identity: Identity, args: dict[str, Any]) -> dict[str, Any]:
        attempt_id = await _begin(server, identity, args)
        news.add()
        return {"id": str(attempt_id)}

    async def finish(identity: Identity, args: dict[str, Any]) -> dict[str, Any]:
        async with server.database.session() as session:
            await flash_attempts.finish(
                session,
                _number(args.get("id")),
                state=str(args.get("state")),
                reason=str(args.get("reason") or ""),
                log=str(args.get("log") or ""),
                by=identity.email,
                now=datetime.now(UTC),
            )
        news.add()
        return {}

    async def attempts(identity: Identity, args: dict[str, Any]) -> list[dict[str, Any]]:
        device_id = args.get("device_id")
        return await attempts_of(server, identity, None if device_id is None else str(device_id))

    async def log_of(identity: Identity, args: dict[str, Any]) -> dict[str, Any]:
        return await _log_of(server, identity, _number(args.get("id")))

    live.add_topic(Topic("flashed", None, news.count_so_far, TELL_EVERY_S, wake=news.event))
    live.add_answer("flash.begin", Permission.DOWNLOAD_FIRMWARE, begin)
    live.add_answer("flash.finish", Permission.DOWNLOAD_FIRMWARE, finish)
    live.add_answer("flash.attempts", None, attempts)
    live.add_answer("flash.log", None, log_of)


def history_panel(state: list[dict[str, Any]], device_id: str | None = None) -> None:
    """Build the list in the page that is being made: of one clock, or of all boards."""
    FlashHistoryElement(
        words=history_words(), state=state, device=device_id, lang=current_language()
    )


async def attempts_of(
    server: "Server", identity: Identity, device_id: str | None = None
) -> list[dict[str, Any]]:
    """Return the newest attempts that somebody may see, of one clock or of all boards."""
    async with server.database.session() as session:
        found = await flash_attempts.find_attempts(
            session,
            device_id=device_id,
            platforms=_platforms_for(identity, of_one_clock=device_id is not None),
            device_ids=ids_seen(server.fleet, identity),
            or_by=identity.email,
            limit=SHOWN,
        )
        return history_state(found, now=datetime.now(UTC))


class _News:
    """Counts what changed, so that pages which watch ask again."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self._count = 0

    def add(self) -> None:
        self._count += 1
        self.event.set()

    async def count_so_far(self) -> int:
        return self._count


async def _begin(server: "Server", identity: Identity, args: dict[str, Any]) -> int:
    platform, version = str(args.get("platform")), str(args.get("version"))
    if not identity.may_take(platform):
        raise LinkNotAllowedError("Your role may not flash this platform.")
    info = find_firmware(server.catalogue, platform, version)
    async with server.database.session() as session:
        attempt = await flash_attempts.begin(
            session,
            platform=info.platform,
            version=info.version,
            chip=str(args.get("chip") or ""),
            mac=str(args.get("mac") or ""),
            by=identity.email,
            now=datetime.now(UTC),
        )
        return attempt.id


async def _log_of(server: "Server", identity: Identity, attempt_id: int) -> dict[str, Any]:
    async with server.database.session() as session:
        attempt = await flash_attempts.find_attempt(session, attempt_id)
        if attempt is None or not _may_see(server.fleet, identity, attempt):
            raise UnknownAttemptError("There is no such attempt that you may see.")
        return {"log": attempt.log}


def _may_see(fleet: Fleet, identity: Identity, attempt: FlashAttempt) -> bool:
    if attempt.by != identity.email and not sees(identity, fleet.clocks.get(attempt.device_id)):
        return False
    return identity.may(Permission.SEE_CLOCKS) or identity.may_take(attempt.platform)


def _platforms_for(identity: Identity, *, of_one_clock: bool) -> list[str] | None:
    """Return whose boards' attempts somebody sees; None: every board's."""
    if of_one_clock and identity.may(Permission.SEE_CLOCKS):
        return None
    return [one for one in identity.platforms if identity.may_take(one)]


def _number(value: Any) -> int:
    text = str(value)
    if not text.isdecimal() or len(text) > 18:
        raise UnknownAttemptError("There is no such attempt.")
    return int(text)
