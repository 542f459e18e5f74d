"""Owns which clocks a broker lets in: it is told whenever that changes.

What is valid stands in the database; this looks there at once when somebody here changed it,
and every few seconds for what another process did (the command line revokes, too). With 10,000
clocks the broker has taken a change after 5 s (2 cores, November 2026).
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta

import structlog

from backend.clock_credentials import is_valid, load_valid, mark_used
from backend.clock_keys import Claimed, ClockKeys, mqtt_username
from backend.contract.topics import Topics
from backend.db import Database
from backend.embedded.broker_users import BrokerUser, clock_user
from backend.key_models import Shared
from backend.shared_access import load_off

log = structlog.get_logger(__name__)

LOOK_AGAIN_S = 5.0
NOTE_USE_EVERY = timedelta(minutes=10)
"""How often the use of the same credentials is written down: a clock says them at each connect."""

SetUsers = Callable[[Sequence[BrokerUser], bool], Awaitable[None]]
"""Gives the broker all users of single clocks, and whether the one that the first generation
shares works still; who is not among them any more is cut off."""

OnNew = Callable[[Collection[str]], Awaitable[None]]


class ClockUsers:
    """Owns the task that keeps the broker's users equal to the valid credentials."""

    def __init__(
        self,
        database: Database,
        keys: ClockKeys,
        topics: Topics,
        set_users: SetUsers | None,
        *,
        on_new: OnNew | None = None,
        is_shared_on: bool = True,
        tells_first: bool = False,
    ) -> None:
        """`set_users`: None where the broker asks us, or knows no single clocks.

        `tells_first`: the broker remembers users of an earlier time, and is told of none, too.
        `on_new` hears of clocks that have credentials which the broker had not been told of.
        """
        self._database = database
        self._keys = keys
        self._topics = topics
        self._set_users = set_users
        self._on_new = on_new
        self._tells_first = tells_first
        self._told: frozenset[Claimed] | None = None
        self._is_shared_on = is_shared_on
        self._uses: set[Claimed] = set()
        self._noted: dict[Claimed, datetime] = {}
        self._wake = asyncio.Event()

    def hurry(self) -> None:
        """Look at once: credentials were claimed, rotated, used for the first time or revoked."""
        self._wake.set()

    async def is_valid(self, claimed: Claimed) -> bool:
        """Tell whether credentials are valid: as it was known last, or as the database says."""
        if self._told is not None and claimed in self._told:
            return True
        async with self._database.session() as session:
            return await is_valid(session, claimed)

    def note_use(self, claimed: Claimed) -> None:
        """Hear that a clock uses certain credentials: older ones of its are retired by it."""
        now = datetime.now(UTC)
        noted_at = self._noted.get(claimed)
        if noted_at is None or now - noted_at >= NOTE_USE_EVERY:
            self._noted[claimed] = now
            self._uses.add(claimed)
            self._wake.set()

    async def run(self) -> None:
        """Look and tell until cancelled."""
        while True:
            self._wake.clear()
            await self._write_uses()
            await self.refresh()
            try:
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def refresh(self) -> None:
        """Tell the broker what is valid now, if that is not what it was told last."""
        async with self._database.session() as session:
            rows = await load_valid(session)
            is_shared_on = Shared.MQTT_USER not in await load_off(session)
        valid = frozenset(Claimed(row.device_id, row.generation) for row in rows)
        told = self._told
        is_first = told is None and self._tells_first
        is_same = valid == (told or frozenset()) and is_shared_on == self._is_shared_on
        if is_same and not is_first:
            self._told = valid
            return
        if self._set_users is not None:
            users = [self._user(one) for one in sorted(valid, key=_order)]
            await self._set_users(users, is_shared_on)
            log.info("broker.clock_users", count=len(valid), shared=is_shared_on)
        self._told, self._is_shared_on = valid, is_shared_on
        self._noted = {one: at for one, at in self._noted.items() if one in valid}
        if told is not None and self._on_new is not None and valid - told:
            await self._on_new({one.device_id for one in valid - told})

    async def _write_uses(self) -> None:
        uses, self._uses = self._uses, set()
        for claimed in sorted(uses, key=_order):
            async with self._database.session() as session:
                await mark_used(session, claimed, now=datetime.now(UTC))

    def _user(self, one: Claimed) -> BrokerUser:
        return clock_user(
            mqtt_username(one.device_id, one.generation),
            self._keys.mqtt_password(one.device_id, one.generation),
            self._topics.allowed_to(one.device_id),
        )


def _order(one: Claimed) -> tuple[str, int]:
    return (one.device_id, one.generation)
