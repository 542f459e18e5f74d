"""Owns the check of the key that one clock shows for its firmware, and what its use means."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from backend import clock_credentials
from backend.api_keys import FRESH, WrongKeyError
from backend.clock_credentials import NOTE_USE_EVERY
from backend.clock_keys import Claimed, ClockKeys
from backend.db import Database, is_unavailable, sentence_of

log = structlog.get_logger(__name__)

PREFIX = "skd_"


@dataclass(frozen=True, slots=True)
class ClockHolder:
    """A clock that showed its own key: it gets what its platform runs, and nothing else."""

    device_id: str
    platform: str


@dataclass(slots=True)
class _Known:
    holder: ClockHolder
    asked_at: datetime
    noted_at: datetime


class DeviceKeys:
    """Checks device keys; believes for FRESH, and while the database is away, what it knew."""

    def __init__(
        self, database: Database, keys: ClockKeys, *, on_retired: Callable[[], None]
    ) -> None:
        self._database = database
        self._keys = keys
        self._on_retired = on_retired
        self._known: dict[Claimed, _Known] = {}

    async def check(self, key: str, *, now: datetime) -> ClockHolder:
        """Return whose key this is; raises WrongKeyError. A first use retires older keys."""
        claimed = self._keys.check_device_key(key)
        if claimed is None:
            raise WrongKeyError("The key is none of this server's.")
        known = self._known.get(claimed)
        if known is None or now - known.asked_at >= FRESH:
            known = await self._ask_again(claimed, known, now)
        if known is None:
            self._known.pop(claimed, None)
            raise WrongKeyError("The key of this clock was revoked; flash it to give it another.")
        return known.holder

    async def _ask_again(
        self, claimed: Claimed, known: _Known | None, now: datetime
    ) -> _Known | None:
        try:
            return await self._ask(claimed, known, now)
        except Exception as error:
            if known is None or not is_unavailable(error):
                raise
            log.warning("device_key.not_asked", problem=sentence_of(error))
            return known

    async def _ask(self, claimed: Claimed, known: _Known | None, now: datetime) -> _Known | None:
        has_retired = False
        is_due = known is None or now - known.noted_at >= NOTE_USE_EVERY
        async with self._database.session() as session:
            row = await clock_credentials.find_valid(session, claimed)
            if row is None:
                return None
            if is_due:
                has_retired = await clock_credentials.mark_used(session, claimed, now=now)
        if has_retired:
            self._on_retired()
        noted_at = now if known is None or is_due else known.noted_at
        found = _Known(ClockHolder(claimed.device_id, row.platform), now, noted_at)
        self._known[claimed] = found
        return found
