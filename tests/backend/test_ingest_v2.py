"""What v2 clocks say besides heartbeats, on a real PostgreSQL: kept, acknowledged, believed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from backend import clock_settings, commands, devices, heartbeats, reports
from backend.batch import Item
from backend.contract.messages import (
    CommandResult,
    ConfigReport,
    Events,
    Happening,
    Heartbeat,
    Info,
    OtaComplete,
    OtaProgress,
    OtaStart,
    Snapshot,
    Status,
    VersionRequest,
    VersionResponse,
)
from backend.contract.orders import Ack, CommandName
from backend.contract.platforms import ALL_PLATFORMS
from backend.contract.topics import Topics
from backend.db import Database
from backend.fleet import is_online
from backend.retention import EVENTS, remove_some
from tests.backend.ingest_parts import NEW, NOW, OLD, Bench, Published

SESSION = UUID(int=7)
OFFLINE_AFTER = timedelta(minutes=15)


@pytest_asyncio.fixture(loop_scope="session")
async def bench(database: Database) -> AsyncIterator[Bench]:
    async with database.session() as session:
        await heartbeats.ensure_partitions(session, now=NOW)
    bench = Bench(database)
    task = asyncio.create_task(bench.ingest.run())
    yield bench
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def beat(device_id: str = "a1", *, version: str = OLD, **fields: object) -> Heartbeat:
    return Heartbeat(device_id, "ESP32", version, 60, -61, 181_000, protocol=2, **fields)


def happening(seq: int, kind: str = "boot", *, boot: int = 1, up: int = 5) -> Happening:
    return Happening(seq, boot, up, kind)


async def test_v2_heartbeat_is_kept_as_history_and_last_state(bench: Bench) -> None:
    bench.put(
        beat(
            reset_reason="panic",
            min_free_heap=9_000,
            time_source="ntp",
            clock_error_ms=-12,
            frame_ms=3,
            trust="verified",
            config_version=4,
            trial=True,
        )
    )
    await bench.written()
    said = (2, "panic", 9_000, "ntp", -12, 3, "verified", 4, True)
    columns = (
        "protocol, reset_reason, min_free_heap_bytes, time_source, clock_error_ms, frame_ms,"
        " trust, config_version, on_trial"
    )
    assert await bench.rows(f"SELECT {columns} FROM devices") == [said]
    assert await bench.rows(
        "SELECT min_free_heap_bytes, clock_error_ms, frame_ms FROM heartbeats"
    ) == [(9_000, -12, 3)]
    for _ in range(2):
        clock = bench.fleet.clocks["a1"]
        assert tuple(getattr(clock, name.strip()) for name in columns.split(",")) == said
        assert clock.is_v2
        await bench.load()


async def test_what_a_v2_clock_no_longer_knows_is_forgotten(bench: Bench) -> None:
    bench.put(beat(clock_error_ms=-12, time_source="ntp"))
    await bench.written()
    bench.put(beat(time_source="none"), 60)
    await bench.written()
    assert await bench.rows("SELECT clock_error_ms, time_source FROM devices") == [(None, "none")]
    assert bench.fleet.clocks["a1"].clock_error_ms is None


async def test_clocks_of_both_generations_in_one_batch(bench: Bench) -> None:
    for known in range(2):
        bench.put(Heartbeat("b1", "ESP-01", OLD, 60), known)
        bench.put(beat("a1", frame_ms=3), known)
        await bench.written()
    assert await bench.rows("SELECT device_id, protocol FROM devices ORDER BY device_id") == [
        ("a1", 2),
        ("b1", None),
    ]
    assert await bench.rows("SELECT count(*), count(frame_ms) FROM heartbeats") == [(4, 2)]


async def test_clock_that_went_back_to_v1_firmware_is_v2_no_more(bench: Bench) -> None:
    bench.put(beat(trial=True))
    await bench.written()
    bench.put(Heartbeat("a1", "ESP32", "v1.2.3", 5), 60)
    await bench.written()
    assert not bench.fleet.clocks["a1"].is_v2
    assert await bench.rows("SELECT protocol, on_trial FROM devices") == [(None, False)]


async def test_heartbeat_is_acknowledged_only_where_asked_and_after_its_commit(
    bench: Bench,
) -> None:
    bench.put(beat())
    bench.put(beat(ack=12), 1)
    assert bench.told.acks == []
    await bench.written()
    assert bench.told.acks == [("a1", Ack(heartbeat=12))]
    assert await bench.rows("SELECT count(*) FROM heartbeats") == [(2,)]


async def test_nothing_is_acknowledged_before_its_row_is_there(bench: Bench) -> None:
    bench.put(beat())
    await bench.written()
    async with bench.held("clock_events"):
        bench.put(Events("a1", [happening(1)]))
        bench.put(beat(ack=12), 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await bench.written()
        assert bench.told.acks == []
    await bench.written()
    assert bench.told.acks == [("a1", Ack(events=1)), ("a1", Ack(heartbeat=12))]


async def test_journal_is_kept_once_however_often_it_is_sent(bench: Bench) -> None:
    at = int(NOW.timestamp()) - 100
    first = Events("a1", [happening(1), Happening(2, 1, 9, "wifi_lost", at, "reason 8")], lost=3)
    for _ in range(2):
        bench.put(first)
    await bench.written()
    bench.put(Events("a1", [*first.events, happening(3, "button", up=12)]))
    await bench.written()
    assert await bench.rows(
        "SELECT boot, seq, kind, detail, uptime_s, occurred_at FROM clock_events ORDER BY seq"
    ) == [
        (1, 1, "boot", None, 5, None),
        (1, 2, "wifi_lost", "reason 8", 9, datetime.fromtimestamp(at, UTC)),
        (1, 3, "button", None, 12, None),
    ]
    assert {ack.events for _, ack in bench.told.acks} == {2, 3}
    assert await bench.rows("SELECT events_lost FROM clock_details") == [(3,)]
    async with bench.database.session() as session:
        journal = await reports.find_events(session, "a1", kinds=["boot", "button"])
    assert [one.seq for one in journal] == [3, 1]


async def test_journal_of_an_erased_clock_takes_the_place_of_the_old_one(bench: Bench) -> None:
    bench.put(Events("a1", [happening(1, up=5)]))
    await bench.written()
    bench.put(Events("a1", [happening(1, "button", up=77)]), 60)
    await bench.written()
    assert await bench.rows("SELECT kind, uptime_s FROM clock_events") == [("button", 77)]


async def test_clock_that_sends_its_journal_first_is_registered(bench: Bench) -> None:
    bench.put(Events("a1", [happening(1)]))
    bench.put(Info("b1", "ESP32-C3", "esp32c3", OLD, boots=4, features=["ota"]))
    await bench.written()
    assert await bench.rows("SELECT device_id, platform FROM devices ORDER BY device_id") == [
        ("a1", None),
        ("b1", "esp32c3"),
    ]
    async with bench.database.session() as session:
        details = await reports.find_details(session, "b1")
    assert details is not None
    assert details.info is not None
    assert (details.info["boots"], details.info["features"]) == (4, ["ota"])
    assert bench.told.back == ["b1"]


async def test_status_alone_makes_no_clock(bench: Bench) -> None:
    bench.put(Status("a1", True), mark="a1")
    await bench.written()
    assert bench.acknowledged == ["a1"]
    assert await bench.rows("SELECT count(*) FROM devices") == [(0,)]
    assert await bench.rows("SELECT count(*) FROM clock_details") == [(0,)]


async def test_status_before_the_first_heartbeat_counts(bench: Bench) -> None:
    bench.put(Status("a1", True))
    await bench.written()
    bench.put(beat(), 1)
    await bench.written()
    assert await bench.rows("SELECT says_online, status_at FROM clock_details") == [(True, NOW)]
    assert bench.fleet.clocks["a1"].says_online is True


async def test_status_is_no_sign_of_life_and_survives_a_restart(bench: Bench) -> None:
    bench.put(beat())
    bench.put(Status("a1", False), 5)
    await bench.written()
    for _ in range(2):
        clock = bench.fleet.clocks["a1"]
        assert clock.last_seen == NOW
        assert not is_online(clock, now=NOW + timedelta(seconds=6), offline_after=OFFLINE_AFTER)
        await bench.load()
    assert bench.told.back == []


@pytest.mark.parametrize(
    ("said", "said_at_s", "heard_at_s", "now_s", "online"),
    [
        (None, 0, 0, 60, True),  # never said anything: a v1 clock, or a word that was lost
        (True, 0, 0, 60, True),
        (True, 0, 0, 901, False),  # a retained "online" of a clock that fell silent is a lie
        (False, 5, 0, 60, False),
        (False, 5, 65, 70, True),  # a retained "offline" of a clock that speaks is a lie too
    ],
)
async def test_online_rule(
    bench: Bench, said: bool | None, said_at_s: int, heard_at_s: int, now_s: int, online: bool
) -> None:
    bench.put(beat())
    if said is not None:
        bench.put(Status("a1", said), said_at_s)
    bench.put(beat(), heard_at_s)
    await bench.written()
    clock = bench.fleet.clocks["a1"]
    now = NOW + timedelta(seconds=now_s)
    assert is_online(clock, now=now, offline_after=OFFLINE_AFTER) is online


async def test_clock_that_comes_back_is_told_what_it_missed(bench: Bench) -> None:
    bench.put(beat())
    bench.put(Status("a1", True), 1)
    await bench.written()
    assert bench.told.back == ["a1"]


async def test_last_picture_is_in_memory(bench: Bench) -> None:
    palette = ["000000", "ff0000", "00ff00", "0000ff"]
    bench.put(Snapshot("a1", 4, 2, b"\xe4\x1b", palette))
    await bench.written()
    picture = bench.snapshots.of("a1")
    assert picture is not None
    assert (picture.width, picture.height) == (4, 2)
    assert picture.pixels == bytes([0, 1, 2, 3, 3, 2, 1, 0])
    assert bench.snapshots.of("b2") is None


# Settings


async def want(bench: Bench, settings: dict[str, object]) -> int:
    async with bench.database.session() as session:
        version = await clock_settings.want(
            session,
            "a1",
            settings,
            topics=Topics("skiclock"),
            actor="admin@localhost",
            address=None,
            now=NOW,
        )
    bench.fleet.want("a1", version)
    return version


async def test_settings_are_sent_until_the_clock_reports_them(bench: Bench) -> None:
    bench.put(beat(config_version=4))
    await bench.written()
    assert bench.told.differing == []
    version = await want(bench, {"brightness": 40})
    assert version == 5
    await bench.load()
    bench.put(beat(config_version=4), 60)
    await bench.written()
    assert bench.told.differing == ["a1"]
    bench.put(ConfigReport("a1", 5, "applied", settings={"brightness": 40}), 61)
    bench.put(beat(config_version=5), 120)
    await bench.written()
    assert bench.told.differing == ["a1"]
    async with bench.database.session() as session:
        details = await reports.find_details(session, "a1")
    assert details is not None
    assert (details.report_result, details.report_settings) == ("applied", {"brightness": 40})


async def test_refused_settings_are_not_sent_for_ever(bench: Bench) -> None:
    bench.put(beat(config_version=1))
    await bench.written()
    await want(bench, {"brightness": 4000})
    bench.put(ConfigReport("a1", 2, "refused", "brightness"), 5)
    await bench.written()
    before = len(bench.told.differing)
    for _ in range(2):
        bench.put(beat(config_version=1), 60)
        await bench.written()
        await bench.load()
    assert len(bench.told.differing) == before
    await want(bench, {"brightness": 40})
    bench.put(beat(config_version=1), 120)
    await bench.written()
    assert len(bench.told.differing) == before + 1


# Commands


async def test_result_of_a_command_is_kept(bench: Bench) -> None:
    bench.put(beat())
    bench.put(beat("b2"))
    await bench.written()
    async with bench.database.session() as session:
        (command_id,) = await commands.give(
            session, ["a1"], CommandName.RESTART, actor="x", address=None, now=NOW
        )
    bench.put(CommandResult("b2", command_id, "failed", "not mine"), 1)
    bench.put(CommandResult("a1", uuid4(), "failed", "unknown"), 1)
    await bench.written()
    assert await bench.rows("SELECT state, detail FROM commands") == [("waiting", None)]
    bench.put(CommandResult("a1", command_id, "refused", "no wall time"), 2)
    bench.put(CommandResult("a1", command_id, "done"), 3)
    await bench.written()
    assert await bench.rows("SELECT state, detail, ended_at FROM commands") == [
        ("refused", "no wall time", NOW + timedelta(seconds=2))
    ]


# Updates


async def test_v2_request_is_answered_with_what_to_check(bench: Bench) -> None:
    bench.newest["esp32"] = Published(NEW, 1_014_016, "cd" * 32, "MEQ=")
    bench.put(VersionRequest("a1", "esp32", OLD, 2))
    await bench.written()
    ((_, answer),) = bench.answers
    assert (answer.protocol, answer.size, answer.sha256, answer.signature) == (
        2,
        1_014_016,
        "cd" * 32,
        "MEQ=",
    )
    bench.put(VersionRequest("b1", "esp32", NEW, 2), 1)
    bench.put(VersionRequest("c1", "esp32", OLD), 1)
    await bench.written()
    answers = dict(bench.answers)
    assert answers["b1"] == VersionResponse(NEW, NEW, False, "esp32", protocol=2)
    assert (answers["c1"].protocol, answers["c1"].sha256) == (None, None)


async def test_v2_update_survives_a_restart_at_each_step(bench: Bench) -> None:
    bench.newest["esp32"] = Published(NEW)
    bench.put(beat())
    bench.put(VersionRequest("a1", "esp32", OLD, 2))
    await bench.written()
    session_id = bench.answers[0][1].session_id
    assert session_id is not None
    steps = [
        (OtaStart("a1", "esp32", OLD, NEW, session_id), "started"),
        (beat(), "started"),
        (OtaComplete("a1", success=True, session_id=session_id), "installed"),
        (beat(version=NEW, trial=True, ack=1), "installed"),
        (VersionRequest("a1", "esp32", NEW, 2), "installed"),
        (OtaComplete("a1", True, session_id=session_id, version=NEW, final=True), "success"),
    ]
    for seconds, (message, state) in enumerate(steps, 10):
        await bench.load()
        bench.put(message, seconds)
        await bench.written()
        assert await bench.rows("SELECT state FROM updates") == [(state,)], message
    assert bench.told.acks == [("a1", Ack(heartbeat=1)), ("a1", Ack(session_id=session_id))]


async def test_last_word_is_acknowledged_also_when_it_is_said_again(bench: Bench) -> None:
    bench.put(OtaStart("a1", "esp32", OLD, NEW, SESSION))
    word = OtaComplete(
        "a1", False, error_message="no broker", session_id=SESSION, version=OLD, final=True
    )
    for seconds in (300, 330):
        bench.put(word, seconds)
        await bench.written()
        await bench.load()
    assert bench.told.acks == [("a1", Ack(session_id=SESSION))] * 2
    assert await bench.rows("SELECT state, error_message FROM updates") == [("failed", "no broker")]


async def test_last_word_that_overtook_the_first_is_kept(bench: Bench) -> None:
    word = OtaComplete("a1", False, error_message="no broker", session_id=SESSION, final=True)
    bench.put(word)
    await bench.written()
    assert bench.told.acks == [("a1", Ack(session_id=SESSION))]
    columns = "SELECT state, new_version, error_message FROM updates"
    assert await bench.rows(columns) == [("failed", "?", "no broker")]
    await bench.load()
    bench.put(OtaStart("a1", "esp32", OLD, NEW, SESSION), 1)
    await bench.written()
    assert await bench.rows(columns) == [("failed", NEW, "no broker")]
    assert list(bench.fleet.updates) == []


async def test_last_word_on_the_session_of_another_clock_is_acknowledged_and_not_taken(
    bench: Bench,
) -> None:
    bench.put(OtaStart("b2", "esp32", OLD, NEW, SESSION))
    bench.put(OtaComplete("a1", True, session_id=SESSION, final=True), 1)
    await bench.written()
    assert bench.told.acks == [("a1", Ack(session_id=SESSION))]
    assert await bench.rows("SELECT device_id, state FROM updates") == [("b2", "started")]
    assert len(bench.misfits) == 1


async def test_word_before_the_restart_is_not_acknowledged(bench: Bench) -> None:
    bench.put(OtaStart("a1", "esp32", OLD, NEW, SESSION))
    bench.put(OtaComplete("a1", True, session_id=SESSION), 30)
    await bench.written()
    assert bench.told.acks == []


async def test_last_word_is_not_acknowledged_before_its_row_is_there(bench: Bench) -> None:
    bench.put(OtaStart("a1", "esp32", OLD, NEW, SESSION))
    await bench.written()
    async with bench.held("updates"):
        bench.put(OtaComplete("a1", True, session_id=SESSION, version=NEW, final=True), 60)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await bench.written()
        assert bench.told.acks == []
    await bench.written()
    assert bench.told.acks == [("a1", Ack(session_id=SESSION))]


@pytest.mark.parametrize("began", [True, False])
async def test_version_that_a_clock_gave_up_is_offered_again_only_the_next_day(
    bench: Bench, began: bool
) -> None:
    bench.newest["esp32"] = Published(NEW)
    request = VersionRequest("a1", "esp32", OLD, 2)
    bench.put(request)
    await bench.written()
    session_id = bench.answers[0][1].session_id
    if began:
        bench.put(OtaStart("a1", "esp32", OLD, NEW, session_id), 1)
        bench.put(beat(version=NEW, trial=True), 60)
    why = "no broker" if began else "signature does not fit"
    bench.put(OtaComplete("a1", False, error_message=why, session_id=session_id, final=True), 90)
    await bench.written()
    for seconds, is_offered in ((3600, False), (86_000, False), (90 + 86_400, True)):
        await bench.load()
        bench.answers.clear()
        bench.put(request, seconds)
        await bench.written()
        assert [answer.update_available for _, answer in bench.answers] == [is_offered]
    bench.newest["esp32"] = Published("2026.11.21.1")
    bench.put(request, 3601)
    await bench.written()
    assert bench.answers[-1][1].latest_version == "2026.11.21.1"
    assert bench.answers[-1][1].update_available


async def test_broken_download_is_offered_again_at_once(bench: Bench) -> None:
    bench.newest["esp32"] = Published(NEW)
    bench.put(VersionRequest("a1", "esp32", OLD, 2))
    await bench.written()
    session_id = bench.answers[0][1].session_id
    bench.put(OtaStart("a1", "esp32", OLD, NEW, session_id), 1)
    bench.put(OtaProgress("a1", 40, session_id), 20)
    word = OtaComplete("a1", False, error_message="broke off", session_id=session_id, final=True)
    bench.put(word, 90)
    bench.put(VersionRequest("a1", "esp32", OLD, 2), 100)
    await bench.written()
    assert bench.answers[-1][1].update_available


async def test_linux_clock_is_answered_only_where_people_develop(bench: Bench) -> None:
    bench.newest["linux"] = Published(NEW)
    bench.put(Heartbeat("a1", "Linux", OLD, 60, protocol=2))
    bench.put(VersionRequest("a1", "linux", OLD, 2))
    await bench.written()
    assert bench.answers == []
    assert [type(item.message) for item in bench.misfits] == [VersionRequest]
    assert bench.fleet.clocks["a1"].platform is None
    bench.ingest._platforms = ALL_PLATFORMS
    bench.put(Heartbeat("a1", "Linux", OLD, 60, protocol=2), 60)
    bench.put(VersionRequest("a1", "linux", OLD, 2), 60)
    await bench.written()
    assert [answer.platform for _, answer in bench.answers] == ["linux"]
    assert bench.fleet.clocks["a1"].platform == "linux"


# What is no longer kept


async def test_removed_clock_takes_all_of_its_with_it(bench: Bench) -> None:
    bench.put(beat(config_version=1))
    bench.put(Status("a1", True))
    bench.put(Events("a1", [happening(1)]))
    await bench.written()
    await want(bench, {"brightness": 40})
    async with bench.database.session() as session:
        await commands.give(session, ["a1"], CommandName.INFO, actor="x", address=None, now=NOW)
    async with bench.database.session() as session:
        assert await devices.remove_device(session, "a1", actor="x", address=None, now=NOW)
    for table in ("clock_details", "clock_settings", "clock_events", "commands"):
        assert await bench.rows(f"SELECT count(*) FROM {table}") == [(0,)], table
    bench.ingest.put(Item(Status("a1", False), NOW))
    await bench.written()
    assert bench.ingest.figures.refused == 0


async def test_journal_is_bounded_by_age_and_by_number(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "EVENTS_KEPT", 3)
    bench.put(Events("a1", [happening(1)]), -100 * 86400)
    bench.put(Events("a1", [happening(seq) for seq in range(2, 8)]))
    bench.put(Events("b2", [happening(1)]))
    await bench.written()
    async with bench.database.session() as session:
        await remove_some(session, EVENTS, before=NOW - timedelta(days=90), limit=10)
        await reports.thin_events(session)
    assert await bench.rows(
        "SELECT device_id, seq FROM clock_events JOIN devices ON devices.id = device ORDER BY 1, 2"
    ) == [("a1", 5), ("a1", 6), ("a1", 7), ("b2", 1)]
