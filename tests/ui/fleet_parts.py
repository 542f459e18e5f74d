"""A feed with all that it tells of, and clocks and updates to tell."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import orjson

from backend.devices import Sighting
from backend.diagnostics import Diagnostics
from backend.firmware import Catalogue
from backend.fleet import Clock, Fleet
from backend.health import Health
from backend.models import UpdateState
from backend.update_states import OpenUpdate
from skiclock_ui.components.fleet.feed import Delta, Feed

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Parts:
    """A feed and what it tells of."""

    def __init__(self) -> None:
        self.fleet, self.catalogue = Fleet(), Catalogue()
        self.diagnostics, self.health = Diagnostics(), Health()
        self.feed = Feed(self.fleet, self.catalogue, self.diagnostics, self.health)
        self.changes = self.fleet.watch()

    def hear(self, device_id: str, **said: object) -> None:
        if device_id not in self.fleet.clocks:
            self.fleet.apply([make_clock(device_id)], [], [])
        self.fleet.apply([], [Sighting(device_id, NOW, NOW, **said)], [])  # type: ignore[arg-type]

    def advance(self, now: datetime = NOW) -> Delta | None:
        return self.feed.advance(*self.changes.take(), now=now)

    def list(self, since: int | None = None) -> dict:
        return orjson.loads(self.feed.list_json(since=since))


def make_clock(device_id: str) -> Clock:
    return Clock(
        1, device_id, None, "ESP32", "esp32", "2026.11.1.1", 60, -61, 180_000, "Ski", "10.0.0.2",
        NOW - timedelta(days=3), NOW - timedelta(minutes=1),
    )  # fmt: skip


def make_update(state: UpdateState, **fields: object) -> OpenUpdate:
    return OpenUpdate(
        uuid4(), "a1", "esp32", "2026.11.1.1", "2026.11.2.1", state, NOW, started_at=NOW, **fields
    )  # type: ignore[arg-type]
