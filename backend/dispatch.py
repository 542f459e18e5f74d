"""Sends clocks what is to be told to one: commands, settings, acknowledgements.

Commands and settings are rows, which are the outbox; this is their dispatcher. First send,
retry and restart are one path. A clock that was away when it was told hears it again when it
comes back; one that reports other settings than the wanted is sent those. Acknowledgements
have no row: the clock says again what was not acknowledged.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import aiomqtt
import msgspec
import structlog

from backend import clock_settings, commands, rotation
from backend.clock_keys import Claimed, ClockKeys
from backend.contract.messages import ConfigReport
from backend.contract.orders import Ack
from backend.contract.topics import Order, Topics
from backend.db import Database, is_unavailable
from backend.fleet import Fleet
from backend.mqtt import Link

_T = TypeVar("_T")

log = structlog.get_logger(__name__)

LOOK_AGAIN_S = 2.0
AT_ONCE = 100
SETTINGS_AGAIN_AFTER = timedelta(seconds=30)
"""How long a clock is given to report the settings that it was sent."""


class Dispatcher:
    """Owns the task that sends what is still to be told."""

    def __init__(
        self,
        database: Database,
        link: Link,
        fleet: Fleet,
        *,
        keys: ClockKeys,
        topics: Topics,
        on_use: Callable[[Claimed], None],
    ) -> None:
        """`on_use` hears with which credentials of its own a clock is connected."""
        self._database = database
        self._link = link
        self._fleet = fleet
        self._keys = keys
        self._topics = topics
        self._on_use = on_use
        self._wake = asyncio.Event()
        self._came_back: set[str] = set()
        self._differing: set[str] = set()
        self._settings_sent_at: dict[str, datetime] = {}

    def hurry(self) -> None:
        """Look at once: a command was given just now."""
        self._wake.set()

    def ack(self, device_id: str, ack: Ack) -> None:
        """Tell a clock what is committed."""
        self._link.tell(device_id, Order.ACK, ack)

    def came_back(self, device_id: str) -> None:
        """Hear that a clock has just connected: it may have missed what it was sent before."""
        self._came_back.add(device_id)
        self._settings_sent_at.pop(device_id, None)
        self._wake.set()

    def settings_differ(self, device_id: str, *, now: datetime) -> None:
        """Hear that a clock has other settings than the wanted."""
        sent_at = self._settings_sent_at.get(device_id)
        if sent_at is None or now - sent_at >= SETTINGS_AGAIN_AFTER:
            self._settings_sent_at[device_id] = now
            self._differing.add(device_id)
            self._wake.set()

    def settings_changed(self, device_id: str, *, now: datetime) -> None:
        """Hear that a clock is to have other settings from now on: they are sent at once."""
        self._settings_sent_at.pop(device_id, None)
        self.settings_differ(device_id, now=now)

    def settings_reported(self, report: ConfigReport) -> None:
        """Hear what a clock is set to: with that, as whom it is connected."""
        if claimed := rotation.used_by(report):
            self._on_use(claimed)

    async def take_wanted(self, device_ids: Iterable[str]) -> None:
        """Send clocks what they are to have, which somebody may have changed elsewhere."""
        async with self._database.session() as session:
            wanted = await clock_settings.load_wanted(session, device_ids)
        for one in wanted:
            self._fleet.want(one.device_id, one.config.version)
            self.settings_changed(one.device_id, now=_now())

    async def run(self) -> None:
        """Look and send until cancelled."""
        connection = 0
        while True:
            await self._link.connected.wait()
            # What was sent into a connection that broke may not have reached the broker.
            is_new, connection = connection != self._link.connections, self._link.connections
            try:
                await self._send_commands(after_connect=is_new)
                await self._send_settings()
            except Exception as error:
                if not (is_unavailable(error) or isinstance(error, aiomqtt.MqttError)):
                    raise
                connection = 0
                log.warning("orders.delayed", error=str(error)[:200])
                await asyncio.sleep(LOOK_AGAIN_S)
            try:
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self._wake.wait()
            except TimeoutError:
                continue
            finally:
                self._wake.clear()

    async def _send_commands(self, *, after_connect: bool) -> None:
        came_back, self._came_back = self._came_back, set()
        try:
            async with self._database.session() as session:
                ended = await commands.end_late(session, now=_now())
                outgoing = await commands.to_send(
                    session, came_back=None if after_connect else came_back, now=_now()
                )
            self._fleet.tell(ended)
            for some in _in_parts(outgoing):
                await self._publish([(one.device_id, Order.COMMAND, one.command) for one in some])
                async with self._database.session() as session:
                    ids = [one.command.id for one in some]
                    await commands.note_published(session, ids, now=_now())
                self._fleet.tell(one.device_id for one in some)
        except BaseException:
            self._came_back |= came_back
            raise

    async def _send_settings(self) -> None:
        differing, self._differing = self._differing, set()
        if not differing:
            return
        try:
            async with self._database.session() as session:
                wanted = await clock_settings.load_wanted(session, differing)
                wanted = await rotation.fill_in(
                    session, wanted, keys=self._keys, topics=self._topics
                )
            for some in _in_parts(wanted):
                await self._publish([(one.device_id, Order.CONFIG, one.config) for one in some])
        except BaseException:
            self._differing |= differing
            raise

    async def _publish(self, orders: Iterable[tuple[str, Order, msgspec.Struct]]) -> None:
        await asyncio.gather(*(self._link.deliver(*order) for order in orders))


def _in_parts(items: list[_T]) -> Iterable[list[_T]]:
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))


def _now() -> datetime:
    return datetime.now(UTC)
