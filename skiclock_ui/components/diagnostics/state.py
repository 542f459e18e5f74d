"""What the diagnostics page is told: parts, ingest, bad input, versions."""

import asyncio
import platform
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from backend.db import Database, is_unavailable
from backend.diagnostics import Diagnostics, Sample
from backend.health import PartHealth
from backend.ingest import Ingest
from skiclock_ui.certificates import certificate_message

if TYPE_CHECKING:
    from backend.app import Server

SAMPLES_SHOWN = 100


class Rate:
    """Messages a second between two looks at a counter."""

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count
        self._last: tuple[float, int] | None = None
        self._rate: float | None = None

    def per_s(self, now_s: float, *, at_least_s: float = 1.0) -> float | None:
        """Return the rate; None until there is a first span of time to measure it over."""
        count = self._count()
        if self._last is None:
            self._last = (now_s, count)
        elif now_s - self._last[0] >= at_least_s:
            since_s, before = self._last
            self._rate = round((count - before) / (now_s - since_s), 1)
            self._last = (now_s, count)
        return self._rate


class Versions:
    """What the product runs on; PostgreSQL is asked once it answers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._postgresql: str | None = None
        self._lock = asyncio.Lock()

    async def get(self) -> dict[str, str | None]:
        """Return the version of each part; None for PostgreSQL while it is away."""
        async with self._lock:
            if self._postgresql is None:
                self._postgresql = await self._ask()
        return {
            "product": version("ski-clock-neo"),
            "python": platform.python_version(),
            "postgresql": self._postgresql,
            "nicegui": version("nicegui"),
        }

    async def _ask(self) -> str | None:
        try:
            async with self._database.session() as session:
                return str(await session.scalar(text("SHOW server_version"))).split()[0]
        except Exception as error:
            if not is_unavailable(error):
                raise
            return None


async def diagnostics_state(server: "Server", rate: Rate, versions: Versions) -> dict[str, Any]:
    """Return the page's state. Times in Unix seconds, lag in s."""
    now = datetime.now(UTC)
    settings = server.settings
    return {
        "parts": {
            "broker": _part(server.health.broker) | {"embedded": settings.embeds_broker},
            "database": _part(server.health.database) | {"embedded": settings.embeds_database},
            "store": _part(server.health.store) | _store(server),
        },
        "ingest": _ingest(server.ingest) | {"rate": rate.per_s(now.timestamp())},
        "problems": _problems(server.diagnostics),
        "samples": [_sample(one) for one in server.diagnostics.samples()[:SAMPLES_SHOWN]],
        "certificates": certificate_message(server.certificates.seen, now=now),
        "versions": await versions.get(),
        "clocks": len(server.fleet.clocks),
        "started_at": server.started_at.timestamp(),
    }


def _part(part: PartHealth) -> dict[str, Any]:
    return {"ok": part.ok, "since": part.since.timestamp(), "detail": part.detail}


def _store(server: "Server") -> dict[str, Any]:
    bucket, keeping = server.storage.bucket, server.keeper.state
    return {
        "embedded": bucket is None,
        "place": bucket.place if bucket else "",
        "near_bytes": keeping.near_bytes,
        "most_bytes": server.settings.object_cache_bytes if bucket else None,
        "waiting": len(server.keeper.waiting),
        "unreadable": len(keeping.unreadable),
        "moved_at": keeping.last_moved_at.timestamp() if keeping.last_moved_at else None,
    }


def _ingest(ingest: Ingest) -> dict[str, Any]:
    figures = ingest.figures
    return {
        "depth": ingest.depth,
        "lag_s": round(figures.lag_s, 3),
        "received": figures.received,
        "committed": figures.heartbeats_committed,
        "thinned": figures.thinned,
        "dropped": figures.dropped,
        "refused": figures.refused,
    }


def _problems(diagnostics: Diagnostics) -> list[dict[str, Any]]:
    counts = diagnostics.counts.most_common()
    return [{"kind": kind, "problem": problem, "count": n} for (kind, problem), n in counts]


def _sample(sample: Sample) -> dict[str, Any]:
    times = {"first_at": sample.first_at.timestamp(), "last_at": sample.last_at.timestamp()}
    return asdict(sample) | times
