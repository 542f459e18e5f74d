"""What the clock's page says of its credentials, in each state that they can be in."""

from datetime import UTC, datetime

import pytest

from backend.clock_models import ClockCredential
from skiclock_ui.components.clock.credentials import credentials_state, credentials_words

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def row(generation: int, state: str, *, used: bool = False) -> ClockCredential:
    return ClockCredential(
        device_id="a1",
        generation=generation,
        state=state,
        claimed_by=f"{generation}@example.org",
        claimed_at=NOW,
        first_used_at=NOW if used else None,
        last_used_at=NOW if used else None,
        revoked_at=NOW if state == "revoked" else None,
        revoked_by="anna@example.org" if state == "revoked" else None,
    )


@pytest.mark.parametrize(
    ("history", "standing", "generation"),
    [
        ([], "shared", None),
        ([row(1, "current")], "new", 1),
        ([row(1, "current", used=True)], "own", 1),
        ([row(2, "current"), row(1, "retiring", used=True)], "renewing", 1),
        ([row(2, "current", used=True), row(1, "revoked", used=True)], "own", 2),
        ([row(2, "revoked"), row(1, "revoked", used=True)], "revoked", 2),
    ],
)
def test_panel_tells_what_the_clock_signs_in_with(
    history: list[ClockCredential], standing: str, generation: int | None
) -> None:
    state = credentials_state("a1", history)
    assert (state["standing"], state["generation"]) == (standing, generation)
    assert (state["revoked_by"] is not None) == (standing == "revoked")
    words = credentials_words()
    assert words["standings"][standing]
    assert words["meanings"][standing]
