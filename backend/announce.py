"""Tells the clocks that firmware was published: the row is the outbox, this is its dispatcher.

First send, retry and restart are one path: whatever has no `announced_at` is still to be
told. One broadcast makes every clock ask, so however many rows wait, it is sent once.
"""

import asyncio
from datetime import UTC, datetime

import aiomqtt
import structlog
from sqlalchemy import select, update

from backend.db import Database, is_unavailable
from backend.models import Firmware
from backend.mqtt import Link

log = structlog.get_logger(__name__)

LOOK_AGAIN_S = 5.0


class Announcer:
    """Owns the task that sends what is still to be told."""

    def __init__(self, database: Database, link: Link) -> None:
        self._database = database
        self._link = link
        self._published = asyncio.Event()

    def hurry(self) -> None:
        """Look at once: firmware was published just now."""
        self._published.set()

    async def run(self) -> None:
        """Look and send until cancelled."""
        while True:
            await self._link.connected.wait()
            try:
                await self._announce_waiting()
            except Exception as error:
                if not (is_unavailable(error) or isinstance(error, aiomqtt.MqttError)):
                    raise
                log.warning("announcement.delayed", error=str(error)[:200])
            try:
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self._published.wait()
            except TimeoutError:
                continue
            finally:
                self._published.clear()

    async def _announce_waiting(self) -> None:
        async with self._database.session() as session:
            waiting = list(
                await session.scalars(
                    select(Firmware.id).where(Firmware.announced_at.is_(None)).order_by(Firmware.id)
                )
            )
        if not waiting:
            return
        await self._link.announce(b'{"event":"firmware_published"}')
        async with self._database.session() as session:
            await session.execute(
                update(Firmware)
                .where(Firmware.id.in_(waiting))
                .values(announced_at=datetime.now(UTC))
            )
        log.info("announcement.sent", firmware_ids=waiting)
