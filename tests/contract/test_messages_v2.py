"""What second-generation clocks say and hear, and what hostile bytes on their topics become."""

import json
from typing import Any
from uuid import UUID

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from backend.contract.decoding import decode
from backend.contract.limits import V2_PACKET_BYTES
from backend.contract.messages import (
    ConfigReport,
    Events,
    Heartbeat,
    Info,
    OtaComplete,
    Problem,
    Snapshot,
    Status,
    VersionResponse,
    encode,
)
from backend.contract.orders import Ack, Command, CommandName, Config, fits_packet
from backend.contract.samples import offer_to_v2, samples
from backend.contract.statement import statement
from backend.contract.topics import Kind, Order, Topics

SAMPLES: dict[str, list[dict[str, Any]]] = json.loads(samples())
SESSION = UUID("7f8a3c1e-52f3-4c39-9a8e-2f4f5b1d0c11")


def test_fields_of_a_v2_heartbeat() -> None:
    payload = (
        b'{"device_id":"a1","version":"2026.1.1.1","protocol":2,"reset_reason":"panic",'
        b'"min_free_heap":9000,"time_source":"rtc","clock_error_ms":-40,"frame_ms":3,'
        b'"trust":"insecure","config_version":7,"trial":true,"ack":12}'
    )
    message, problem = decode(Kind.HEARTBEAT, payload, "a1")
    assert problem is None
    assert message == Heartbeat(
        "a1",
        version="2026.1.1.1",
        protocol=2,
        reset_reason="panic",
        min_free_heap=9000,
        time_source="rtc",
        clock_error_ms=-40,
        frame_ms=3,
        trust="insecure",
        config_version=7,
        trial=True,
        ack=12,
    )


def test_word_that_a_field_does_not_know_is_left_out() -> None:
    payload = b'{"device_id":"a1","time_source":"sundial","protocol":2}'
    assert decode(Kind.HEARTBEAT, payload) == (Heartbeat("a1", protocol=2), Problem.WRONG_FIELD)


def test_a_trial_is_seen_also_in_a_broken_heartbeat() -> None:
    payload = b'{"device_id":"a1","version":"2026.1.1.1","trial":true,"ssid":"a"b","ip":"1.2.3.4"}'
    message, problem = decode(Kind.HEARTBEAT, payload)
    assert problem is Problem.SALVAGED
    assert isinstance(message, Heartbeat)
    assert message.trial


def test_last_word_on_an_update() -> None:
    payload = b'{"device_id":"a1","success":true,"final":true,"version":"2026.1.1.1"}'
    assert decode(Kind.OTA_COMPLETE, payload, "a1") == (
        OtaComplete("a1", success=True, final=True, version="2026.1.1.1"),
        None,
    )


@pytest.mark.parametrize("online", [True, False])
def test_status(online: bool) -> None:
    payload = b'{"device_id":"a1","online":%s}' % str(online).lower().encode()
    assert decode(Kind.STATUS, payload, "a1") == (Status("a1", online), None)


@pytest.mark.parametrize("payload", [b"", b"offline", b'{"device_id":"a1"}', b'{"online":1}'])
def test_status_that_says_nothing_is_refused(payload: bytes) -> None:
    message, problem = decode(Kind.STATUS, payload, "a1")
    assert message is None
    assert problem is not None


def test_bad_journal_entry_takes_no_neighbour_with_it() -> None:
    payload = (
        b'{"device_id":"a1","lost":2,"events":[{"seq":1,"boot":1,"up":2,"kind":"boot"},7,'
        b'{"seq":-1,"boot":1,"up":2,"kind":"boot"},{"boot":1,"up":2,"kind":"boot"},'
        b'{"seq":3,"boot":1,"up":9,"kind":"button","detail":"\\u0000x","at":"noon"}]}'
    )
    message, problem = decode(Kind.EVENT, payload, "a1")
    assert problem is Problem.WRONG_FIELD
    assert isinstance(message, Events)
    assert [(one.seq, one.kind, one.detail, one.at) for one in message.events] == [
        (1, "boot", None, None),
        (3, "button", "\ufffdx", None),
    ]
    assert message.lost == 2


def test_journal_entry_of_a_kind_to_come_is_kept() -> None:
    payload = b'{"device_id":"a1","events":[{"seq":1,"boot":1,"up":2,"kind":"moon_phase"}]}'
    message, problem = decode(Kind.EVENT, payload, "a1")
    assert problem is None
    assert isinstance(message, Events)
    assert message.events[0].kind == "moon_phase"


def test_more_journal_entries_than_a_message_holds_are_refused() -> None:
    entry = '{"seq":1,"boot":1,"up":2,"kind":"boot"}'
    payload = f'{{"device_id":"a1","events":[{",".join([entry] * 33)}]}}'.encode()
    assert decode(Kind.EVENT, payload, "a1") == (None, Problem.WRONG_FIELD)


def test_settings_hold_only_what_a_database_takes() -> None:
    payload = (
        b'{"device_id":"a1","version":3,"result":"applied","settings":{"name":"a\\u0000b",'
        b'"big":1e300,"deep":{"a":{"b":{"c":1}}},"\\u0007":[1,[2,[3,[4]]]],"on":true}}'
    )
    message, problem = decode(Kind.CONFIG_REPORT, payload, "a1")
    assert problem is None
    assert isinstance(message, ConfigReport)
    assert message.settings == {
        "name": "a\ufffdb",
        "big": None,
        "deep": {"a": {"b": {}}},
        "\ufffd": [1, [2, []]],
        "on": True,
    }


def test_info_features_of_wrong_type_are_left_out() -> None:
    payload = b'{"device_id":"a1","boots":3,"features":["ota",7,"rtc"],"flash_bytes":"much"}'
    message, problem = decode(Kind.INFO, payload, "a1")
    assert problem is Problem.WRONG_FIELD
    assert message == Info("a1", boots=3, features=["ota", "rtc"])


def test_snapshot() -> None:
    payload = (
        b'{"device_id":"a1","width":8,"height":2,"bits":"GxvkAA==",'
        b'"palette":["000000","ff0000","00ff00","0000ff"]}'
    )
    message, problem = decode(Kind.SNAPSHOT, payload, "a1")
    assert problem is None
    assert isinstance(message, Snapshot)
    assert message.bits == b"\x1b\x1b\xe4\x00"


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b'"width":8', b'"width":9999'),
        (b'"height":2', b'"height":3'),
        (b"GxvkAA==", b"GxvkAA"),
        (b"ff0000", b"FF0000"),
        (b',"0000ff"', b""),
    ],
)
def test_snapshot_that_is_no_picture_is_refused(good: bytes, bad: bytes) -> None:
    payload = (
        b'{"device_id":"a1","width":8,"height":2,"bits":"GxvkAA==",'
        b'"palette":["000000","ff0000","00ff00","0000ff"]}'
    )
    assert decode(Kind.SNAPSHOT, payload.replace(good, bad), "a1") == (None, Problem.WRONG_FIELD)


@given(
    st.sampled_from(Kind),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["device_id", "events", "seq", "settings", "features", "bits", "width"]
                ),
                inner,
                max_size=5,
            )
        ),
    ),
)
def test_no_json_raises(kind: Kind, document: Any) -> None:
    message, problem = decode(kind, json.dumps(document).encode(), "a1")
    assert message is not None or problem is not None


def test_version_response_to_v2_says_what_to_check() -> None:
    assert encode(offer_to_v2()).startswith(
        b'{"latest_version":"2026.11.24.7","current_version":"2026.11.20.4",'
        b'"update_available":true,"platform":"esp32",'
        b'"session_id":"7f8a3c1e-52f3-4c39-9a8e-2f4f5b1d0c11","protocol":2,"size":1014016,'
        b'"sha256":"a5df'
    )


def test_longest_version_response_fits_v2s_packet() -> None:
    response = VersionResponse(
        "9" * 32, "9" * 32, True, "esp32c3", SESSION, 2, 2**26, "f" * 64, "M" * 96
    )
    topic = Topics("club/dev/one/two").version_response("f" * 16)
    assert fits_packet(topic, encode(response), packet_bytes=V2_PACKET_BYTES)


def test_longest_command_fits_v2s_packet() -> None:
    command = Command(SESSION, CommandName.MESSAGE, 2**33, "😀" * 120, 86_400, 255)
    topic = Topics("skiclock").to_clock(Order.COMMAND, "f" * 16)
    assert fits_packet(topic, encode(command))


def test_orders_say_only_what_they_mean() -> None:
    assert encode(Ack(events=0)) == b'{"events":0}'
    assert encode(Command(SESSION, CommandName.INFO, 5)) == (
        b'{"id":"7f8a3c1e-52f3-4c39-9a8e-2f4f5b1d0c11","command":"info","expires_at":5}'
    )
    assert encode(Config(1, {})) == b'{"version":1,"settings":{}}'


def test_samples_hold_each_message_both_ways() -> None:
    said = {sample["topic"].removeprefix("skiclock/") for sample in SAMPLES["from_clocks"]}
    assert {f"{kind.value}/e8c5fbbdf5f0" for kind in Kind} <= said
    told = {sample["topic"].removeprefix("skiclock/") for sample in SAMPLES["to_clocks"]}
    assert {f"{order.value}/e8c5fbbdf5f0" for order in Order} <= told
    commands = [one["message"].get("command") for one in SAMPLES["to_clocks"]]
    assert set(CommandName) <= set(commands)


@pytest.mark.parametrize("sample", SAMPLES["to_clocks"], ids=lambda one: one["payload_latin1"][:40])
def test_what_clocks_hear_fits_their_packet(sample: dict[str, Any]) -> None:
    payload = sample["payload_latin1"].encode("latin-1")
    assert fits_packet(sample["topic"], payload)
    assert msgspec.json.decode(payload)


@pytest.mark.parametrize("sample", SAMPLES["statements"])
def test_signed_statements_hold_or_not_as_the_samples_say(sample: dict[str, Any]) -> None:
    text = statement(sample["platform"], sample["version"], sample["size"], sample["sha256"])
    assert text.decode() == sample["text"]
    point = bytes.fromhex(sample["public_key"])
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    try:
        key.verify(b64(sample["signature"]), text, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        assert not sample["holds"]
    else:
        assert sample["holds"]


def b64(text: str) -> bytes:
    return msgspec.json.decode(f'"{text}"', type=bytes)
