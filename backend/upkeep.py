"""What must be done again and again: end silent updates, keep partitions, ask for signs of life."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import text

from backend import heartbeats, people, publishers
from backend.batch import Item, Silence
from backend.db import Database, is_unavailable, sentence_of
from backend.fleet import Fleet
from backend.health import Health
from backend.ingest import Ingest
from backend.sign_ins import SignIns
from backend.storage import Storage
from backend.updates import silent_updates

log = structlog.get_logger(__name__)

SWEEP_S = 2.0
PING_S = 2.0
PARTITIONS_S = 3600.0
TIDY_S = 3600.0
RESTART_AFTER_S = 1.0


async def sweep_silence(
    fleet: Fleet, ingest: Ingest, *, silence: timedelta, offer_lifetime: timedelta
) -> None:
    """Queue the end of every update of which nothing was heard for too long, until cancelled."""
    queued: dict[UUID, datetime] = {}
    while True:
        now = datetime.now(UTC)
        silent = silent_updates(
            fleet.updates, now=now, silence=silence, offer_lifetime=offer_lifetime
        )
        for update in silent:
            if queued.get(update.session_id) != update.heard_at:
                ingest.put(Item(Silence(update), now))
        queued = {update.session_id: update.heard_at for update in silent}
        await asyncio.sleep(SWEEP_S)


async def watch_database(database: Database, health: Health) -> None:
    """Note whether the database answers, until cancelled."""
    while True:
        try:
            await database.ping()
        except Exception as error:
            if not is_unavailable(error):
                raise
            health.set_database(ok=False, detail=sentence_of(error), now=datetime.now(UTC))
        else:
            health.set_database(ok=True, now=datetime.now(UTC))
        await asyncio.sleep(PING_S)


async def keep_partitions(database: Database, *, keep_days: int) -> None:
    """Make the partitions of the coming days and drop those past keeping, until cancelled."""
    while True:
        await asyncio.sleep(PARTITIONS_S)
        now = datetime.now(UTC)
        async with database.session() as session:
            # Rather late than in the way of ingest.
            await session.execute(text("SET LOCAL lock_timeout = '2s'"))
            await heartbeats.ensure_partitions(session, now=now)
            dropped = await heartbeats.drop_old_partitions(session, now=now, keep_days=keep_days)
        if dropped:
            log.info("partitions.dropped", names=dropped)


async def tidy_up(database: Database, sign_ins: SignIns, storage: Storage) -> None:
    """Remove ended sessions, links to passwords and abandoned uploads, until cancelled."""
    while True:
        now = datetime.now(UTC)
        await sign_ins.remove_expired(now=now)
        async with database.session() as session:
            await people.remove_old_links(session, now=now)
            await publishers.remove_old_tokens(session, now=now)
        await storage.remove_abandoned(now_s=now.timestamp())
        await asyncio.sleep(TIDY_S)


async def keep_running(name: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run work that should never end; begin it anew, and say so, when it fails."""
    while True:
        try:
            await work()
        except Exception as error:
            if is_unavailable(error):
                log.warning("task.delayed", task=name, error=sentence_of(error))
            else:
                log.exception("task.failed", task=name)
        await asyncio.sleep(RESTART_AFTER_S)
