"""`/audit`: the audit log, for those whose role includes it."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from backend.access import Identity, Permission, list_users
from backend.audit import Position, Wanted, find_entries
from backend.contract import paths
from skiclock_ui.components.audit.audit import AuditElement, audit_words, row_of
from skiclock_ui.i18n import _
from skiclock_ui.live import Live
from skiclock_ui.pages.page import page
from skiclock_ui.theme import frame

if TYPE_CHECKING:
    from backend.app import Server

ROWS = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FAR_S = 4_000_000_000  # in 2096


def create(server: "Server", live: Live) -> None:
    """Register the page, and what it asks."""

    async def find(_identity: Identity, args: dict[str, Any]) -> dict[str, Any]:
        since, until = (_time(args.get(name)) for name in ("since", "until"))
        wanted = Wanted.read(args, since=since, until=until)
        async with server.database.session() as session:
            found = await find_entries(
                session, wanted, below=_position(args.get("below")), limit=ROWS + 1
            )
        return {"rows": [row_of(entry) for entry in found[:ROWS]], "more": len(found) > ROWS}

    live.add_answer("audit.find", Permission.SEE_AUDIT, find)

    @page("/audit", Permission.SEE_AUDIT)
    async def audit(_identity: Identity) -> None:
        async with server.database.session() as session:
            people = [user.email for user in await list_users(session)]
        with frame(server, _("Audit log"), "audit"):
            AuditElement(
                words=audit_words(),
                state={"people": [*people, "command line", "system"]},
                csv=paths.AUDIT_CSV,
            )


def _time(value: object) -> datetime | None:
    """Return a time from Unix seconds; None for what is none."""
    if not isinstance(value, int | float) or not -_FAR_S < value < _FAR_S:
        return None
    return _EPOCH + timedelta(seconds=value)


def _position(value: object) -> Position | None:
    match value:
        case [int(at_us), int(number)] if abs(at_us) < _FAR_S * 1_000_000 and 0 < number < 2**63:
            return Position(_EPOCH + timedelta(microseconds=at_us), number)
        case _:
            return None
