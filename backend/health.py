"""Whether the parts that we stand on are there: database, broker, image store; why not."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import structlog

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PartHealth:
    """One part. `detail` is a sentence for people when it is not there."""

    ok: bool
    since: datetime
    detail: str


@dataclass(slots=True)
class Health:
    """The health of each part, changed by whoever talks to it; listeners hear of changes."""

    database: PartHealth = field(default_factory=lambda: _not_yet("Not asked yet."))
    broker: PartHealth = field(default_factory=lambda: _not_yet("Not connected yet."))
    store: PartHealth = field(default_factory=lambda: PartHealth(True, datetime.now(UTC), ""))
    listeners: list[Callable[[], None]] = field(default_factory=list)

    def set_database(self, *, ok: bool, detail: str = "", now: datetime) -> None:
        """Note whether the database answers."""
        self.database = self._changed("database", self.database, ok, detail, now)

    def set_broker(self, *, ok: bool, detail: str = "", now: datetime) -> None:
        """Note whether the broker link is up."""
        self.broker = self._changed("broker", self.broker, ok, detail, now)

    def set_store(self, *, ok: bool, detail: str = "", now: datetime) -> None:
        """Note whether the bucket answers; without one the folder is always there."""
        self.store = self._changed("store", self.store, ok, detail, now)

    @property
    def ready(self) -> bool:
        """Whether clocks and people can be served."""
        return self.database.ok and self.broker.ok

    def _changed(
        self, part: str, was: PartHealth, ok: bool, detail: str, now: datetime
    ) -> PartHealth:
        if (was.ok, was.detail) == (ok, detail):
            return was
        became = PartHealth(ok, now, detail)
        if was.ok == ok:
            became = replace(became, since=was.since)
        else:
            log.info(f"{part}.{'up' if ok else 'down'}", detail=detail)
        setattr(self, part, became)
        for listener in self.listeners:
            listener()
        return became


def _not_yet(detail: str) -> PartHealth:
    return PartHealth(ok=False, since=datetime.now(UTC), detail=detail)
