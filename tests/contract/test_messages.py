"""What clocks in the field send, byte by byte, and what hostile bytes become."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.contract.decoding import decode
from backend.contract.limits import PAYLOAD_BYTES, V1_PACKET_BYTES
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

V1_HEARTBEAT = (
    b'{"device_id":"e8c5fbbdf5f0","board":"ESP32","version":"2026.11.20.4","uptime":86400,'
    b'"rssi":-61,"free_heap":181234,"ssid":"%s","ip":"192.168.1.23"}'
)
SESSION = UUID("7f8a3c1e-52f3-4c39-9a8e-2f4f5b1d0c11")


def test_heartbeat_as_v1_sends_it() -> None:
    message, problem = decode(Kind.HEARTBEAT, V1_HEARTBEAT % b"Skistadion")
    assert problem is None
    assert message == Heartbeat(
        device_id="e8c5fbbdf5f0",
        board="ESP32",
        version="2026.11.20.4",
        uptime=86400,
        rssi=-61,
        free_heap=181234,
        ssid="Skistadion",
        ip="192.168.1.23",
    )


@pytest.mark.parametrize(
    ("ssid", "shown"),
    [
        (b'Club "Nordic"', 'Club "Nordic"'),
        (b"back\\slash", "back\\slash"),
        (b'","ip":"6.6.6.6"', '","ip":"6.6.6.6"'),
        (b"caf\xe9 \xff", "caf\ufffd \ufffd"),
        (b"tab\there", "tab\ufffdhere"),
        (b"nul\x00", "nul\ufffd"),
    ],
)
def test_unescaped_ssid_keeps_the_clock_alive(ssid: bytes, shown: str) -> None:
    message, problem = decode(Kind.HEARTBEAT, V1_HEARTBEAT % ssid)
    assert isinstance(message, Heartbeat)
    assert problem in {Problem.SALVAGED, None}
    assert (message.device_id, message.version) == ("e8c5fbbdf5f0", "2026.11.20.4")
    assert (message.uptime, message.rssi, message.free_heap) == (86400, -61, 181234)
    assert message.ssid == shown


def test_utf8_ssid_is_kept_as_it_is() -> None:
    message, problem = decode(Kind.HEARTBEAT, V1_HEARTBEAT % "Åre Björnrike".encode())
    assert problem is None
    assert isinstance(message, Heartbeat)
    assert message.ssid == "Åre Björnrike"


def test_unpadded_device_id_is_an_id() -> None:
    message, problem = decode(Kind.HEARTBEAT, b'{"device_id":"a1b2c3"}')
    assert problem is None
    assert message == Heartbeat("a1b2c3")


@pytest.mark.parametrize(
    "device_id", ["", "A1B2C3", "xyz", "0123456789abcdef0", "a1 ", "a1\\n", "../../etc", "*"]
)
def test_other_text_is_no_device_id(device_id: str) -> None:
    message, problem = decode(Kind.HEARTBEAT, b'{"device_id":"%s"}' % device_id.encode())
    assert message is None
    assert problem in {Problem.NO_DEVICE, Problem.NOT_JSON, Problem.SALVAGED}


def test_unknown_board_and_unknown_fields_are_taken() -> None:
    payload = b'{"device_id":"a1","board":"Unknown","colour":2,"nested":{"a":[1]}}'
    message, problem = decode(Kind.HEARTBEAT, payload)
    assert problem is None
    assert message == Heartbeat("a1", board="Unknown")


@pytest.mark.parametrize(
    "payload",
    [
        b'{"device_id":"a1","rssi":"strong","version":"2026.1.1.1"}',
        b'{"device_id":"a1","rssi":-61.5,"version":"2026.1.1.1"}',
        b'{"device_id":"a1","uptime":99999999999999999999999,"version":"2026.1.1.1"}',
        b'{"device_id":"a1","uptime":-1,"version":"2026.1.1.1"}',
        b'{"device_id":"a1","free_heap":[],"version":"2026.1.1.1"}',
        b'{"device_id":"a1","board":{"x":1},"version":"2026.1.1.1"}',
    ],
)
def test_wrong_field_is_left_out_and_the_rest_kept(payload: bytes) -> None:
    message, problem = decode(Kind.HEARTBEAT, payload)
    assert problem is Problem.WRONG_FIELD
    assert message == Heartbeat("a1", version="2026.1.1.1")


def test_nan_is_no_json_but_the_clock_is_alive() -> None:
    message, problem = decode(Kind.HEARTBEAT, b'{"device_id":"a1","rssi":NaN,"uptime":7}')
    assert problem is Problem.SALVAGED
    assert message == Heartbeat("a1", uptime=7)


def test_escaped_nul_does_not_reach_the_database() -> None:
    message, _ = decode(Kind.HEARTBEAT, b'{"device_id":"a1","ssid":"a\\u0000b","board":"\\u0001"}')
    assert isinstance(message, Heartbeat)
    assert message.ssid == "a\ufffdb"
    assert message.board == "\ufffd"


def test_megabytes_are_not_read() -> None:
    message, problem = decode(Kind.HEARTBEAT, b'{"device_id":"a1","ssid":"' + b"x" * 5_000_000)
    assert (message, problem) == (None, Problem.OVERSIZED)


def test_oversized_heartbeat_on_a_topic_of_its_own_is_a_sign_of_life() -> None:
    message, problem = decode(Kind.HEARTBEAT, b"x" * (PAYLOAD_BYTES + 1), "a1")
    assert (message, problem) == (Heartbeat("a1"), Problem.OVERSIZED)


@pytest.mark.parametrize("payload", [b"[" * 4000, b'{"a":' * 800, b"[" * 2000 + b"]" * 2000])
def test_deep_nesting_is_refused(payload: bytes) -> None:
    assert decode(Kind.HEARTBEAT, payload) == (None, Problem.NOT_JSON)


def test_payload_that_names_another_clock_is_refused() -> None:
    payload = b'{"device_id":"b2","version":"2026.1.1.1"}'
    assert decode(Kind.HEARTBEAT, payload, "a1") == (None, Problem.FOREIGN_DEVICE)


def test_report_without_session() -> None:
    start, problem = decode(
        Kind.OTA_START,
        b'{"device_id":"a1","platform":"esp32","old_version":"v1.2.3","new_version":"2026.1.1.1"}',
    )
    assert problem is None
    assert start == OtaStart("a1", "esp32", "v1.2.3", "2026.1.1.1")
    assert decode(Kind.OTA_PROGRESS, b'{"device_id":"a1","progress":40}') == (
        OtaProgress("a1", 40),
        None,
    )


@pytest.mark.parametrize(
    ("payload", "succeeded", "reason"),
    [
        (b'{"device_id":"a1","success":true}', True, None),
        (b'{"device_id":"a1","success":false,"error_message":"no room"}', False, "no room"),
        (b'{"device_id":"a1","status":"success"}', True, None),
        (b'{"device_id":"a1","status":"failed","error":"timeout"}', False, "timeout"),
        (b'{"device_id":"a1"}', False, None),
    ],
)
def test_both_forms_of_the_final_word(payload: bytes, succeeded: bool, reason: str | None) -> None:
    message, problem = decode(Kind.OTA_COMPLETE, payload)
    assert problem is None
    assert isinstance(message, OtaComplete)
    assert (message.succeeded, message.reason) == (succeeded, reason)


def test_unescaped_error_text_does_not_hide_a_failure() -> None:
    payload = b'{"device_id":"a1","success":false,"error_message":"HTTP "500""}'
    message, problem = decode(Kind.OTA_COMPLETE, payload)
    assert problem is Problem.SALVAGED
    assert isinstance(message, OtaComplete)
    assert not message.succeeded


def test_session_is_read_also_from_a_damaged_report() -> None:
    payload = b'{"session_id":"%s","device_id":"a1","progress":"no"' % str(SESSION).encode()
    assert decode(Kind.OTA_PROGRESS, payload)[0] is None
    message, _ = decode(Kind.OTA_PROGRESS, payload.replace(b'"no"', b'5,"x":NaN}'))
    assert message == OtaProgress("a1", 5, SESSION)


def test_foreign_session_text_is_left_out() -> None:
    message, problem = decode(
        Kind.VERSION_REQUEST, b'{"device_id":"a1","platform":"esp8266","current_version":null}'
    )
    assert (message, problem) == (VersionRequest("a1", "esp8266"), None)


@given(st.sampled_from(Kind), st.binary(max_size=300), st.sampled_from([None, "a1"]))
def test_no_bytes_raise(kind: Kind, payload: bytes, device_id: str | None) -> None:
    message, problem = decode(kind, payload, device_id)
    assert message is not None or problem is not None


@given(st.binary(max_size=120))
def test_no_ssid_hides_a_clock(ssid: bytes) -> None:
    message, _ = decode(Kind.HEARTBEAT, V1_HEARTBEAT % ssid)
    assert isinstance(message, Heartbeat)
    assert message.device_id == "e8c5fbbdf5f0"
    assert "\x00" not in (message.ssid or "")


def test_version_response_bytes_are_what_v1_looks_for() -> None:
    response = VersionResponse("2026.11.24.7", "2026.11.20.4", True, "esp32", SESSION)
    assert encode(response) == (
        b'{"latest_version":"2026.11.24.7","current_version":"2026.11.20.4",'
        b'"update_available":true,"platform":"esp32",'
        b'"session_id":"7f8a3c1e-52f3-4c39-9a8e-2f4f5b1d0c11"}'
    )


def test_version_response_without_an_update_has_no_session() -> None:
    response = VersionResponse("2026.11.24.7", "2026.11.24.7", False, "esp12f")
    assert encode(response) == (
        b'{"latest_version":"2026.11.24.7","current_version":"2026.11.24.7",'
        b'"update_available":false,"platform":"esp12f"}'
    )


def test_longest_version_response_fits_v1s_packet() -> None:
    topic = Topics("skiclock").version_response("f" * 16)
    payload = encode(VersionResponse("9" * 32, "9" * 32, True, "esp32c3", SESSION))
    assert 5 + 2 + len(topic) + 2 + len(payload) <= V1_PACKET_BYTES
