"""Ingest against a real PostgreSQL: what is committed, what is kept while it is away."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from backend import devices, heartbeats, ingest, lane, update_log
from backend.contract.messages import (
    Heartbeat,
    Message,
    OtaComplete,
    OtaProgress,
    OtaStart,
    VersionRequest,
    VersionResponse,
)
from backend.db import Database
from backend.models import UpdateState
from backend.throttle import Bucket
from tests.backend.ingest_parts import NEW, NOW, OLD, Bench, Published, until


@pytest_asyncio.fixture(loop_scope="session")
async def bench(database: Database) -> AsyncIterator[Bench]:
    async with database.session() as session:
        await heartbeats.ensure_partitions(session, now=NOW)
    bench = Bench(database)
    task = asyncio.create_task(bench.ingest.run())
    yield bench
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_heartbeat_is_kept_as_history_and_last_state(bench: Bench) -> None:
    bench.put(Heartbeat("a1b2c3", "ESP32", OLD, 60, -61, 181_000, "Skistadion", "10.0.0.5"))
    bench.put(Heartbeat("a1b2c3", "ESP32", OLD, 120, -63, 180_000, "Skistadion", "10.0.0.5"), 60)
    await bench.written()
    assert await bench.rows("SELECT uptime_s, rssi_dbm FROM heartbeats ORDER BY received_at") == [
        (60, -61),
        (120, -63),
    ]
    assert await bench.rows(
        "SELECT device_id, board, platform, version, uptime_s, ssid, ip_address FROM devices"
    ) == [("a1b2c3", "ESP32", "esp32", OLD, 120, "Skistadion", "10.0.0.5")]
    clock = bench.fleet.clocks["a1b2c3"]
    assert (clock.uptime_s, clock.first_seen, clock.last_seen) == (
        120,
        NOW,
        NOW + timedelta(seconds=60),
    )


async def test_salvaged_heartbeat_does_not_forget_what_was_known(bench: Bench) -> None:
    bench.put(Heartbeat("a1", "ESP32", OLD, 60, -61, 181_000, "Skistadion", "10.0.0.5"))
    await bench.written()
    bench.put(Heartbeat("a1", board="Unknown"), 60)
    await bench.written()
    clock = bench.fleet.clocks["a1"]
    assert (clock.board, clock.version, clock.ssid) == ("ESP32", OLD, "Skistadion")
    assert clock.last_seen == NOW + timedelta(seconds=60)


async def test_time_that_steps_back_does_not_stop_the_stream(bench: Bench) -> None:
    bench.put(Heartbeat("a1", uptime=1))
    await bench.written()
    bench.put(Heartbeat("a1", uptime=2), -30)
    await bench.written()
    assert bench.fleet.clocks["a1"].last_seen == NOW
    assert bench.ingest.figures.refused == 0


async def test_update_from_request_to_success_survives_a_restart_at_each_step(
    bench: Bench, database: Database
) -> None:
    bench.newest["esp32"] = Published(NEW)
    bench.put(Heartbeat("a1", "ESP32", OLD, 60))
    bench.put(VersionRequest("a1", "esp32", OLD))
    await bench.written()
    ((device_id, answer),) = bench.answers
    assert (device_id, answer.update_available, answer.latest_version) == ("a1", True, NEW)
    session_id = answer.session_id
    steps: list[tuple[Message, str]] = [
        (OtaStart("a1", "esp32", OLD, NEW, session_id), "started"),
        (OtaProgress("a1", 50, session_id), "downloading"),
        (OtaComplete("a1", success=True, session_id=session_id), "installed"),
        (Heartbeat("a1", "ESP32", NEW, 3), "success"),
    ]
    for seconds, (message, state) in enumerate(steps, 10):
        await bench.load()
        bench.put(message, seconds)
        await bench.written()
        assert await bench.rows("SELECT session_id, state FROM updates") == [(session_id, state)]
    shown = bench.fleet.clocks["a1"].last_update
    assert shown is not None
    assert shown.state is UpdateState.SUCCESS
    assert not list(bench.fleet.updates)


async def test_alias_is_answered_for_its_platform(bench: Bench) -> None:
    bench.newest["esp12f"] = Published(NEW)
    bench.put(VersionRequest("a1", "esp8266", "v1.2.3"))
    await bench.written()
    ((_, answer),) = bench.answers
    assert (answer.platform, answer.update_available) == ("esp12f", True)
    assert bench.fleet.clocks["a1"].platform == "esp12f"


async def test_clock_on_the_newest_version_is_answered_without_a_session(bench: Bench) -> None:
    bench.newest["esp32"] = Published(NEW)
    bench.put(VersionRequest("a1", "esp32", NEW))
    assert bench.answers == [("a1", VersionResponse(NEW, NEW, False, "esp32"))]
    await bench.written()
    assert len(bench.answers) == 1
    assert await bench.rows("SELECT count(*) FROM updates") == [(0,)]


async def test_unknown_platform_gets_no_answer_and_is_told(bench: Bench) -> None:
    bench.put(VersionRequest("a1", "toaster", OLD))
    await bench.written()
    assert bench.answers == []
    assert [item.message.device_id for item in bench.misfits] == ["a1"]
    assert "a1" in bench.fleet.clocks


async def test_ten_thousand_clocks_ask_after_a_broadcast(bench: Bench) -> None:
    bench.newest["esp32"] = Published(NEW)
    for number in range(10_000):
        bench.put(VersionRequest(f"{number + 1:x}", "esp32", OLD))
    await bench.written()
    assert len({answer.session_id for _, answer in bench.answers}) == 10_000
    assert await bench.rows("SELECT state, count(*) FROM updates GROUP BY state") == [
        ("offered", 10_000)
    ]


async def test_report_of_an_ended_session_is_ignored_after_a_restart(
    bench: Bench, database: Database
) -> None:
    session_id = UUID(int=7)
    bench.put(OtaStart("a1", "esp32", OLD, NEW, session_id))
    bench.put(OtaComplete("a1", success=False, error="no room", session_id=session_id), 5)
    await bench.written()
    await bench.load()
    bench.put(OtaProgress("a1", 99, session_id), 9)
    bench.put(OtaStart("a1", "esp32", OLD, NEW, session_id), 10)
    await bench.written()
    assert await bench.rows("SELECT state, progress_percent, error_message FROM updates") == [
        ("failed", 0, "no room")
    ]


async def test_statistics_follow_every_change(bench: Bench, database: Database) -> None:
    for number, good in enumerate((True, True, False), 1):
        bench.put(OtaStart(f"a{number}", "esp32", OLD, NEW))
        bench.put(OtaComplete(f"a{number}", success=good), 10)
        bench.put(Heartbeat(f"a{number}", version=NEW if good else OLD), 30)
    bench.put(OtaStart("b1", "esp32", OLD, NEW))
    await bench.written()
    async with database.session() as session:
        figures = await update_log.update_statistics(session, now=NOW + timedelta(minutes=1))
    assert (figures.total_updates, figures.success_count, figures.failed_count) == (4, 2, 1)
    assert (figures.in_progress_count, figures.success_rate) == (1, 66.7)
    assert figures.avg_duration_seconds == 30
    assert (figures.recent_updates_7days, figures.failed_devices_24h) == (4, 1)


async def test_message_is_acknowledged_only_after_its_commit(bench: Bench) -> None:
    bench.put(Heartbeat("a1"), mark="a1")
    assert bench.acknowledged == []
    await bench.written()
    assert bench.acknowledged == ["a1"]
    assert await bench.rows("SELECT count(*) FROM heartbeats") == [(1,)]


async def test_nothing_is_lost_while_the_database_refuses_connections(
    bench: Bench, database: Database, postgres_url: str
) -> None:
    name = postgres_url.split("?")[0].rsplit("/", 1)[1]
    bench.put(Heartbeat("a1", version=OLD))
    await bench.written()
    async with locked_out(database, name):
        bench.put(OtaStart("a1", "esp32", OLD, NEW))
        bench.put(Heartbeat("b1"), mark="b1")
        await until(lambda: not bench.health.database.ok)
        assert bench.acknowledged == []
        assert "b1" not in bench.fleet.clocks
    await bench.written()
    assert bench.health.database.ok
    assert bench.acknowledged == ["b1"]
    assert await bench.rows("SELECT state FROM updates") == [("started",)]


class locked_out:  # noqa: N801 - reads as a statement
    """A time in which nobody can connect to a database, and whoever was is thrown out."""

    def __init__(self, database: Database, name: str) -> None:
        self._url = database.url.replace("+asyncpg", "").replace(f"/{name}", "/postgres")
        self._name = name

    async def __aenter__(self) -> None:
        await self._run(f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS false")
        await self._run(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname='{self._name}'"
        )

    async def __aexit__(self, *_: object) -> None:
        await self._run(f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS true")

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(self._url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


async def test_waiting_heartbeats_are_thinned_before_a_report_is_dropped(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "QUEUE_LIMIT", 100)
    for one in (bench.ingest._sightings, bench.ingest._updates):
        monkeypatch.setattr(one, "_thin_at", 100)
    bench.put(OtaStart("a1", "esp32", OLD, NEW))
    for uptime in range(150):
        bench.put(Heartbeat("a1", uptime=uptime), uptime, mark=str(uptime))
    assert bench.ingest.depth <= 101
    await bench.written()
    assert await bench.rows("SELECT count(*) FROM updates") == [(1,)]
    assert bench.fleet.clocks["a1"].uptime_s == 149
    assert bench.ingest.figures.thinned > 0
    assert bench.ingest.figures.dropped == 0
    assert len(bench.acknowledged) == 150


async def test_one_message_that_the_database_refuses_takes_no_other_with_it(bench: Bench) -> None:
    for number in range(1, 6):
        bench.put(Heartbeat(f"a{number}"))
    bench.put(Heartbeat("a6", ssid="not cleaned: \x00"))
    for number in range(7, 10):
        bench.put(Heartbeat(f"a{number}"))
    await bench.written()
    assert bench.ingest.figures.refused == 1
    assert await bench.rows("SELECT count(*) FROM devices") == [(8,)]
    assert await bench.rows("SELECT count(*) FROM heartbeats") == [(8,)]


async def test_removed_clock_that_speaks_again_comes_back(bench: Bench, database: Database) -> None:
    bench.put(Heartbeat("a1", "ESP32", OLD))
    await bench.written()
    async with database.session() as session:
        assert await devices.remove_device(
            session, "a1", actor="admin@localhost", address=None, now=NOW
        )
    bench.fleet.forget("a1")
    assert await bench.rows("SELECT count(*) FROM heartbeats") == [(0,)]
    bench.put(Heartbeat("a1", "ESP32", OLD), 60)
    await bench.written()
    assert bench.fleet.clocks["a1"].first_seen == NOW + timedelta(seconds=60)
    assert await bench.rows("SELECT action, object FROM audit_log") == [("clock.remove", "a1")]


async def test_drain_writes_what_is_queued(database: Database) -> None:
    async with database.session() as session:
        await heartbeats.ensure_partitions(session, now=NOW)
    bench = Bench(database)
    bench.health.set_database(ok=True, now=NOW)
    bench.put(Heartbeat("a1"))
    await bench.ingest.drain()
    assert await bench.rows("SELECT device_id FROM devices") == [("a1",)]


async def test_old_partitions_are_dropped(database: Database) -> None:
    async with database.session() as session:
        await heartbeats.ensure_partitions(session, now=NOW - timedelta(days=10))
        await heartbeats.ensure_partitions(session, now=NOW)
        dropped = await heartbeats.drop_old_partitions(session, now=NOW, keep_days=5)
        assert len(dropped) == 4
        assert await heartbeats.drop_old_partitions(session, now=NOW, keep_days=5) == []


async def test_heartbeats_of_known_clocks_use_up_no_ids(bench: Bench) -> None:
    bench.put(Heartbeat("a1"))
    await bench.written()
    for uptime in range(5):
        bench.put(Heartbeat("a1", uptime=uptime), uptime)
        await bench.written()
    bench.put(Heartbeat("b1"))
    await bench.written()
    assert bench.fleet.clocks["b1"].id - bench.fleet.clocks["a1"].id == 1


async def test_heartbeat_of_a_day_without_a_partition_finds_a_home(bench: Bench) -> None:
    bench.put(Heartbeat("a1"), 20 * 86400)
    await bench.written()
    assert await bench.rows("SELECT count(*) FROM heartbeats") == [(1,)]


async def test_commit_whose_answer_was_lost_is_found_out(bench: Bench) -> None:
    bench.newest["esp32"] = Published(NEW)
    bench.put(VersionRequest("a1", "esp32", OLD))
    await bench.written()
    bench.fleet.reload_updates([], [])  # as if the commit's answer had not reached us
    bench.put(VersionRequest("a1", "esp32", OLD), 5)
    await bench.written()
    sessions = {answer.session_id for _, answer in bench.answers}
    assert len(bench.answers) == 2
    assert len(sessions) == 1, "the offer that the database holds is the one that is given"
    assert bench.ingest.figures.refused == 0


async def test_session_of_another_clock_cannot_be_taken_within_one_batch(bench: Bench) -> None:
    session_id = UUID(int=9)
    bench.put(OtaStart("a1", "esp32", OLD, NEW, session_id))
    await bench.written()
    bench.put(OtaStart("b1", "esp32", OLD, NEW, session_id), 1)
    bench.put(OtaProgress("a1", 10, session_id), 2)
    await bench.written()
    assert await bench.rows("SELECT device_id, state FROM updates") == [("a1", "downloading")]


async def test_removal_in_the_middle_of_a_batch_leaves_one_clock_with_its_history(
    bench: Bench, database: Database
) -> None:
    bench.put(Heartbeat("a1"))
    await bench.written()
    async with database.session() as session:
        await devices.remove_device(session, "a1", actor="x", address=None, now=NOW)
    bench.put(Heartbeat("a1"), 5)  # before the live state was told of the removal
    await bench.written()
    assert await bench.rows(
        "SELECT count(*) FROM heartbeats JOIN devices ON heartbeats.device = devices.id"
    ) == [(1,)]


async def test_invented_clocks_are_refused_beyond_a_limit(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "MAX_CLOCKS", 3)
    for number in range(1, 6):
        bench.put(Heartbeat(f"a{number}"), mark=str(number))
        await bench.written()
    assert len(bench.fleet.clocks) == 3
    assert bench.ingest.figures.refused == 2
    assert len(bench.acknowledged) == 5


async def test_a_flood_of_invented_clocks_is_let_in_by_and_by(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.ingest, "_newcomers", Bucket(capacity=3, per_s=1))
    bench.put(Heartbeat("a1"))
    bench.put(Heartbeat("a1"), 0)
    await bench.written()
    for number in range(1, 6):
        bench.put(Heartbeat(f"b{number}"), mark=str(number))
        bench.put(Heartbeat("a1"))
    await bench.written()
    assert set(bench.fleet.clocks) == {"a1", "b1", "b2"}
    assert bench.ingest.figures.refused == 3
    assert bench.acknowledged == ["1", "2", "3", "4", "5"]
    assert bench.ingest.figures.heartbeats_committed == 9
    bench.put(Heartbeat("b3"), 1)
    await bench.written()
    assert "b3" in bench.fleet.clocks


async def test_clocks_that_speak_before_the_load_are_no_newcomers(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.ingest, "_newcomers", Bucket(capacity=1, per_s=0))
    bench.ingest.is_answering = False
    for number in range(1, 6):
        bench.put(Heartbeat(f"a{number}"))
    bench.ingest.is_answering = True
    await bench.written()
    assert len(bench.fleet.clocks) == 5
