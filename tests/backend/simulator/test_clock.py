"""One simulated clock speaks and hears as first-generation firmware does."""

from itertools import pairwise
from random import Random
from uuid import UUID

import pytest

from backend.contract.decoding import decode
from backend.contract.limits import UPTIME_WRAP_S, V1_PACKET_BYTES, VERSION_REQUEST_INTERVAL_S
from backend.contract.messages import (
    Heartbeat,
    OtaComplete,
    OtaProgress,
    OtaStart,
    Problem,
    VersionRequest,
    VersionResponse,
    encode,
)
from backend.contract.topics import Kind, Topics
from backend.simulator.clock import Clock, Offer, Packet, read_offer
from backend.simulator.identity import identities

TOPICS = Topics("skiclock")
SESSION = UUID("6f9619ff-8b86-4d01-b42d-00cf4fc964ff")
FLEET = identities(60, seed=1, session_ids=True)


def a_clock(number: int = 0, *, version: str = "2025.12.4.18", booted_at: float = 0.0) -> Clock:
    return Clock(FLEET[number], TOPICS, 60, Random(1), version, booted_at)


def a_response(clock: Clock, latest: str, *, available: bool = True) -> Packet:
    answer = VersionResponse(latest, clock.version, available, "esp32", SESSION)
    return Packet(TOPICS.version_response(clock.identity.device_id), encode(answer), 1)


def test_on_connect_it_sends_a_heartbeat_and_a_version_request() -> None:
    clock = a_clock()
    clock.connected(5)
    assert [packet.topic for packet in clock.say_due(5)] == [
        "skiclock/heartbeat",
        "skiclock/version/request",
    ]
    assert clock.say_due(5) == []


def test_it_asks_again_after_an_hour() -> None:
    clock = a_clock()
    clock.connected(0)
    clock.say_due(0)
    clock.heartbeat_due_at = float("inf")
    assert clock.say_due(VERSION_REQUEST_INTERVAL_S - 1) == []
    assert [one.topic for one in clock.say_due(VERSION_REQUEST_INTERVAL_S)] == [
        "skiclock/version/request"
    ]


def test_heartbeats_come_each_interval_with_a_little_jitter() -> None:
    clock = a_clock()
    clock.connected(0)
    clock.say_due(0)
    times = []
    for _ in range(50):
        times.append(clock.heartbeat_due_at)
        clock.say_due(clock.heartbeat_due_at)
    gaps = [after - before for before, after in pairwise(times)]
    assert all(57 <= gap <= 63 for gap in gaps)
    assert len(set(gaps)) > 40


@pytest.mark.parametrize("number", range(len(FLEET)))
def test_every_clock_shows_as_alive_by_its_heartbeat(number: int) -> None:
    clock = a_clock(number)
    clock.connected(90)
    heartbeat = clock.say_due(90)[0]
    message, problem = decode(Kind.HEARTBEAT, heartbeat.payload)
    assert isinstance(message, Heartbeat)
    assert (message.device_id, message.board) == (clock.identity.device_id, clock.identity.board)
    assert (message.uptime, message.version) == (90, clock.version)
    assert problem in (None, Problem.SALVAGED)
    assert message.ip == clock.identity.ip_address


def test_a_network_name_goes_out_unescaped() -> None:
    number = next(i for i, one in enumerate(FLEET) if b'"' in one.ssid)
    clock = a_clock(number)
    clock.connected(0)
    assert b'"ssid":"Stuga "Toppen"","ip"' in clock.say_due(0)[0].payload


def test_uptime_starts_again_at_zero_when_its_32_bits_are_full() -> None:
    clock = a_clock(booted_at=0)
    clock.connected(UPTIME_WRAP_S + 12)
    message, _ = decode(Kind.HEARTBEAT, clock.say_due(UPTIME_WRAP_S + 12)[0].payload)
    assert isinstance(message, Heartbeat)
    assert message.uptime in (11, 12)


def test_the_version_request_is_read_as_one() -> None:
    clock = a_clock(3)
    clock.connected(0)
    message, problem = decode(Kind.VERSION_REQUEST, clock.say_due(0)[1].payload)
    assert problem is None
    assert message == VersionRequest(clock.identity.device_id, "esp8266", clock.version)


def test_a_broadcast_makes_it_ask_at_once() -> None:
    clock = a_clock()
    clock.connected(0)
    clock.say_due(0)
    clock.heartbeat_due_at = 60
    assert clock.hear(Packet(TOPICS.version_updates, b"anything"), 10) is None
    assert [one.topic for one in clock.say_due(10)] == ["skiclock/version/request"]


def test_it_takes_a_newer_version() -> None:
    clock = a_clock()
    assert clock.hear(a_response(clock, "2026.1.10.1"), 0) == Offer("2026.1.10.1", str(SESSION))


@pytest.mark.parametrize("latest", ["2025.12.4.18", "2025.9.30.99", "v9.9.9", "latest"])
def test_it_refuses_what_is_not_newer(latest: str) -> None:
    clock = a_clock()
    assert clock.hear(a_response(clock, latest), 0) is None


def test_it_keeps_its_version_when_none_is_available() -> None:
    clock = a_clock()
    assert clock.hear(a_response(clock, "2026.1.10.1", available=False), 0) is None


def test_it_ignores_an_answer_to_another_clock() -> None:
    assert a_clock(1).hear(a_response(a_clock(0), "2026.1.10.1"), 0) is None


def test_json_with_a_space_after_a_colon_is_not_understood() -> None:
    spaced = b'{"latest_version": "2026.1.10.1", "update_available": true}'
    assert read_offer(spaced) is None
    assert read_offer(spaced.replace(b": t", b":t")) == Offer("2026.1.10.1", None)


@pytest.mark.parametrize(
    "payload",
    [
        b'"update_available":true',
        b'"update_available":true,"latest_version"',
        b'"update_available":true,"latest_version":',
        b'"update_available":true,"latest_version":"2026.1',
    ],
)
def test_a_torn_answer_offers_nothing(payload: bytes) -> None:
    assert read_offer(payload) is None


def test_a_packet_that_its_buffer_does_not_hold_is_dropped() -> None:
    clock = a_clock()
    topic = TOPICS.version_response(clock.identity.device_id)
    offer = b'{"update_available":true,"latest_version":"2026.1.10.1"}'
    room = V1_PACKET_BYTES - Packet(topic, b"x" * 200, 1).size_bytes + 200
    assert Packet(topic, offer.ljust(room), 1).size_bytes == V1_PACKET_BYTES
    assert clock.hear(Packet(topic, offer.ljust(room), 1), 0) is not None
    assert clock.hear(Packet(topic, offer.ljust(room + 1), 1), 0) is None


def test_the_size_of_a_packet_is_what_the_wire_carries() -> None:
    # 0x30, remaining length, two bytes of topic length, "a/b", payload.
    assert Packet("a/b", b"").size_bytes == 2 + 2 + 3
    assert Packet("a/b", b"x" * 122).size_bytes == 2 + 127
    assert Packet("a/b", b"x" * 123).size_bytes == 3 + 128
    assert Packet("a/b", b"x" * 123, 1).size_bytes == 3 + 130


@pytest.mark.parametrize("number", range(12))
def test_its_reports_are_read_as_the_contract_has_them(number: int) -> None:
    clock = a_clock(number)
    offer = Offer("2026.1.10.1", str(SESSION))
    device_id = clock.identity.device_id
    start, _ = decode(Kind.OTA_START, clock.start(offer).payload)
    assert start == OtaStart(
        device_id, clock.identity.platform, clock.version, offer.version, SESSION
    )
    progress, _ = decode(Kind.OTA_PROGRESS, clock.progress(offer, 40).payload)
    assert progress == OtaProgress(device_id, 40, SESSION)
    done, problem = decode(Kind.OTA_COMPLETE, clock.complete(offer).payload)
    assert isinstance(done, OtaComplete)
    assert (done.succeeded, problem) == (True, None)
    failed, _ = decode(Kind.OTA_COMPLETE, clock.complete(offer, "Flash write failed").payload)
    assert isinstance(failed, OtaComplete)
    assert (failed.succeeded, failed.reason) == (False, "Flash write failed")


def test_the_fleet_speaks_both_forms_of_a_completion() -> None:
    said = {a_clock(number).complete(Offer("2026.1.1.1", None)).payload for number in range(20)}
    assert any(b'"status":"success"' in payload for payload in said)
    assert any(b'"success":true' in payload for payload in said)


def test_a_build_without_sessions_names_none() -> None:
    identity = identities(1, seed=1, session_ids=False)[0]
    clock = Clock(identity, TOPICS, 60, Random(1), "2025.12.4.18", 0)
    assert b"session_id" not in clock.start(Offer("2026.1.1.1", str(SESSION))).payload


def test_after_a_reboot_uptime_starts_over_on_the_new_version() -> None:
    clock = a_clock(booted_at=-5000)
    clock.rebooted(100, "2026.1.10.1")
    clock.connected(103)
    message, _ = decode(Kind.HEARTBEAT, clock.say_due(103)[0].payload)
    assert isinstance(message, Heartbeat)
    assert (message.uptime, message.version) == (3, "2026.1.10.1")
