"""Owns the figures for Prometheus: what is counted as it happens, and what is read at a scrape."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry, GCCollector, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db import is_unavailable, sentence_of
from backend.fleet import is_online
from backend.models import UpdateState, UpdateTotal

if TYPE_CHECKING:
    from backend.app import Server

log = structlog.get_logger(__name__)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_LATENCY_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """The registry of one server, and what is observed while it runs."""

    def __init__(self, server: "Server") -> None:
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "skiclock_http_request_duration_seconds",
            "Time from request to the end of the answer",
            ["route", "method", "status"],
            registry=self._registry,
            buckets=_LATENCY_S,
        )
        self._lag = Histogram(
            "skiclock_ingest_lag_seconds",
            "Age of the oldest message of each batch at its commit",
            registry=self._registry,
            buckets=_LATENCY_S,
        )
        self._children: dict[tuple[str, str, int], Histogram] = {}
        self._server = server
        self._collector = _ServerCollector(server)
        self._registry.register(self._collector)
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        server.ingest.figures.observers.append(self._observe_batch)

    def observe_request(self, route: str, method: str, status: int, took_s: float) -> None:
        """Note one answered request; `route` is the template, never the path itself."""
        child = self._children.get((route, method, status))
        if child is None:
            known = method if method in _METHODS else "other"
            child = self._requests.labels(route, known, f"{status // 100}xx")
            if known == method:
                self._children[route, method, status] = child
        child.observe(took_s)

    async def render(self) -> bytes:
        """Return everything in Prometheus' text format."""
        if self._server.health.database.ok:
            await self._count_updates()
        return generate_latest(self._registry)

    async def _count_updates(self) -> None:
        """Ask the database; while it is away, the last figures stand."""
        try:
            async with self._server.database.session() as session:
                self._collector.updates = await count_updates(session)
        except Exception as error:
            if not is_unavailable(error):
                raise
            log.warning("metrics.updates_not_counted", error=sentence_of(error))

    def _observe_batch(self, lag_s: float, _messages: int) -> None:
        self._lag.observe(lag_s)


async def count_updates(session: AsyncSession) -> dict[str, int]:
    """Return the number of begun updates by state."""
    rows = await session.execute(
        select(UpdateTotal.state, func.sum(UpdateTotal.updates)).group_by(UpdateTotal.state)
    )
    return {str(state): int(count) for state, count in rows}


class _ServerCollector(Collector):
    """Reads the server's parts when Prometheus asks."""

    def __init__(self, server: "Server") -> None:
        self._server = server
        self.updates: dict[str, int] | None = None  # None: not known yet

    def collect(self) -> Iterable[Metric]:
        """Yield each figure."""
        yield InfoMetricFamily(
            "skiclock_build", "What runs", value={"version": version("ski-clock-neo")}
        )
        yield from self._ingest()
        yield self._clocks()
        yield from self._states()
        yield self._parts()
        yield self._bad_messages()
        server = self._server
        yield GaugeMetricFamily(
            "skiclock_image_cache_bytes", "Images held in memory", server.images.size_bytes
        )
        yield CounterMetricFamily(
            "skiclock_downloads_not_logged",
            "Downloads dropped from the log",
            server.downloads.dropped,
        )

    def _ingest(self) -> Iterable[Metric]:
        figures = self._server.ingest.figures
        for name, words, value in (
            ("received", "Messages from clocks", figures.received),
            ("heartbeats_committed", "Heartbeats written", figures.heartbeats_committed),
            ("batches", "Transactions", figures.batches),
            ("thinned", "Heartbeats replaced by a newer one while waiting", figures.thinned),
            ("dropped", "Messages dropped from a full queue", figures.dropped),
            ("refused", "Messages that the database would not take", figures.refused),
        ):
            yield CounterMetricFamily(f"skiclock_ingest_{name}", words, value)
        yield GaugeMetricFamily(
            "skiclock_ingest_queue_depth", "Messages that wait", self._server.ingest.depth
        )

    def _clocks(self) -> Metric:
        now, offline_after = datetime.now(UTC), self._server.settings.offline_after
        states = Counter(
            "online" if is_online(clock, now=now, offline_after=offline_after) else "offline"
            for clock in self._server.fleet.clocks.values()
        )
        family = GaugeMetricFamily("skiclock_devices", "Clocks by state", labels=["state"])
        for state in ("online", "offline"):
            family.add_metric([state], states[state])
        return family

    def _states(self) -> Iterable[Metric]:
        if self.updates is None:
            return
        family = GaugeMetricFamily("skiclock_updates", "Begun updates by state", labels=["state"])
        for state in UpdateState:
            if state not in {UpdateState.OFFERED, UpdateState.LAPSED}:
                family.add_metric([state], self.updates.get(state, 0))
        yield family

    def _parts(self) -> Metric:
        family = GaugeMetricFamily("skiclock_up", "Whether a part is there", labels=["part"])
        health = self._server.health
        for name, part in (("database", health.database), ("broker", health.broker)):
            family.add_metric([name], part.ok)
        return family

    def _bad_messages(self) -> Metric:
        family = CounterMetricFamily(
            "skiclock_bad_messages", "Messages not taken as they came", labels=["kind", "problem"]
        )
        for (kind, problem), count in self._server.diagnostics.counts.items():
            family.add_metric([kind, problem], count)
        return family
