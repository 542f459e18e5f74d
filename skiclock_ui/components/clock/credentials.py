"""The panel about a clock's own credentials: its words, and what it is told of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backend.clock_models import VALID_CREDENTIALS, ClockCredential, CredentialState
from skiclock_ui.components.element import PageElement, component
from skiclock_ui.i18n import _


class ClockCredentialsElement(PageElement):
    """Whether a clock has a key of its own, and what can be done about it."""

    component = component(Path(__file__).with_name("credentials.js"))


def credentials_state(device_id: str, history: Sequence[ClockCredential]) -> dict[str, Any]:
    """Return what the panel shows; `history` is newest first.

    `standing`: `shared`, `new` (made, not used yet), `renewing`, `own` or `revoked`.
    """
    valid = [row for row in history if row.state in VALID_CREDENTIALS]
    used = next((row for row in valid if row.first_used_at is not None), None)
    newest = history[0] if history else None
    shown = used or newest
    return {
        "device_id": device_id,
        "standing": _standing(valid, used, newest),
        "generation": shown.generation if shown else None,
        "claimed_by": shown.claimed_by if shown else None,
        "claimed_at": shown.claimed_at.timestamp() if shown else None,
        "used_at": shown.last_used_at.timestamp() if shown and shown.last_used_at else None,
        "revoked_by": newest.revoked_by if newest and not valid else None,
        "revoked_at": newest.revoked_at.timestamp()
        if newest and not valid and newest.revoked_at
        else None,
    }


def _standing(
    valid: Sequence[ClockCredential], used: ClockCredential | None, newest: ClockCredential | None
) -> str:
    if newest is None:
        return "shared"
    if not valid:
        return "revoked"
    if used is None:
        return "new"
    return "own" if used.state == CredentialState.CURRENT else "renewing"


def credentials_words() -> dict[str, Any]:
    """Return every text of the element in the current language."""
    return {
        "title": _("Credentials"),
        "standings": {
            "shared": _("Shared with other clocks"),
            "new": _("Its own, not used yet"),
            "renewing": _("Its own, being renewed"),
            "own": _("Its own"),
            "revoked": _("Revoked"),
        },
        "meanings": {
            "shared": _(
                "It signs in with the user and key that all clocks of the first generation share. "
                "Flash it from here to give it its own."
            ),
            "new": _("They were made when the board was flashed. The clock has not used them."),
            "renewing": _(
                "New ones are on their way. Those it has stay valid until it uses the new ones."
            ),
            "own": _("Nobody else has them, and it reads and writes only its own topics."),
            "revoked": _("The clock is shut out. Flash it again to let it in."),
        },
        "generation": _("Generation"),
        "claimed": _("Made by"),
        "used": _("Last used"),
        "revoked": _("Revoked by"),
        "rotate": _("Renew"),
        "rotate_sure": _("Send this clock new credentials?"),
        "revoke": _("Revoke"),
        "revoke_sure": _("Shut this clock out until it is flashed again?"),
        "yes": _("Yes"),
        "no": _("No"),
        "rotated": _("New credentials are on their way to the clock."),
        "revoked_now": _("The clock is shut out."),
        "failed": _("This did not work. Try again."),
    }
