"""Owns which clocks our own broker lets in: it is told whenever that changes.

What is valid stands in the database; this looks there at once when somebody here changed it,
and every few seconds for what another process did (the command line revokes, too). With 10,000
clocks the broker has taken a change after 5 s (2 cores, November 2026).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from backend.clock_credentials import load_valid
from backend.clock_keys import Claimed, ClockKeys, mqtt_username
from backend.contract.topics import Topics
from backend.db import Database
from backend.embedded.broker_users import BrokerUser, clock_user

log = structlog.get_logger(__name__)

LOOK_AGAIN_S = 5.0

SetUsers = Callable[[Sequence[BrokerUser]], Awaitable[None]]
"""Gives the broker all users of single clocks; who is not among them any more is cut off."""


class ClockUsers:
    """Owns the task that keeps the broker's users equal to the valid credentials."""

    def __init__(
        self, database: Database, keys: ClockKeys, topics: Topics, set_users: SetUsers | None
    ) -> None:
        self._database = database
        self._keys = keys
        self._topics = topics
        self._set_users = set_users
        self._told: frozenset[Claimed] = frozenset()
        self._wake = asyncio.Event()

    def hurry(self) -> None:
        """Look at once: credentials were claimed, rotated, used for the first time or revoked."""
        self._wake.set()

    async def run(self) -> None:
        """Look and tell until cancelled; nothing to do where the broker is not ours."""
        if self._set_users is None:
            await asyncio.Event().wait()
        while True:
            self._wake.clear()
            await self.refresh()
            try:
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def refresh(self) -> None:
        """Tell the broker what is valid now, if that is not what it was told last."""
        if self._set_users is None:
            return
        async with self._database.session() as session:
            rows = await load_valid(session)
        valid = frozenset(Claimed(row.device_id, row.generation) for row in rows)
        if valid == self._told:
            return
        users = [self._user(one) for one in sorted(valid, key=_order)]
        await self._set_users(users)
        self._told = valid
        log.info("broker.clock_users", count=len(users))

    def _user(self, one: Claimed) -> BrokerUser:
        return clock_user(
            mqtt_username(one.device_id, one.generation),
            self._keys.mqtt_password(one.device_id, one.generation),
            self._topics.allowed_to(one.device_id),
        )


def _order(one: Claimed) -> tuple[str, int]:
    return (one.device_id, one.generation)
