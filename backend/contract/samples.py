"""Golden samples: messages both ways with what they mean, for tests in any language."""

from typing import Any
from uuid import UUID

import msgspec

from backend.contract import orders
from backend.contract.decoding import decode
from backend.contract.messages import (
    KIND_OF,
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
    encode,
)
from backend.contract.orders import CommandName
from backend.contract.statement import statement
from backend.contract.topics import Kind, Order, Topics

PREFIX = "skiclock"
SESSION = UUID("7f8a3c1e-52f3-4c39-9a8e-2f4f5b1d0c11")
_COMMAND = UUID("0b9f2a77-6c1d-4f0e-8a55-93d1c2b4e6f0")
_ID = "e8c5fbbdf5f0"
_OLD, _NEW = "2026.11.20.4", "2026.11.24.7"
_EXPIRES_AT = 1_795_512_600
_SHA256 = "a5df3fde7b200c3fa2791144c7e05c5c2bced4c6ad863d3a4cf76c972c1712f9"
_SIZE_BYTES = 1_014_016
# Made once with keys that were thrown away.
_KEY = (
    "04c62fde3bd25d4243b411e0329028ac8eff160b7a4047f392bacea3dae352e2b"
    "0adfabf7eef67681760df9e8784bec7c42e295d815937a0dbebf310fe6a9ed022"
)
_OTHER_KEY = (
    "0469b597c007ccac272cd1ff8b8d38a371b5d3e1d0c0fd7a840eab6052874336"
    "565613b3ef34fffcd62c609af57d64fc29d187916927cd8ad0e69950bf3ccf113e"
)
_SIGNATURE = (
    "MEQCIDiP6dqn65uL5whzmJco3O30+XC6wRNNS28wRK4OLQ9l"
    "AiAIZwgMPijPUyVl1VMxTJkFamQFPm+UvVq6ZaLamNEsHQ=="
)


def samples() -> str:
    """Return the samples as JSON."""
    topics = Topics(PREFIX)
    found = [_heard(f"{PREFIX}/{kind.value}", kind, payload, None) for kind, payload in _V1]
    for message in _V2:
        kind = KIND_OF[type(message)]
        topic = topics.of_clock(kind, message.device_id)
        found.append(_heard(topic, kind, _said(message), message.device_id))
    for kind, payload in _V2_BROKEN:
        found.append(_heard(topics.of_clock(kind, _ID), kind, payload, _ID))
    answers = [_told(topics.version_response("a1b2c3"), message) for message in _V1_ANSWERS]
    answers += [_told(topics.to_clock(order, _ID), message) for order, message in _V2_ORDERS]
    document = msgspec.json.encode(
        {"from_clocks": found, "to_clocks": answers, "statements": _statements()}
    )
    return msgspec.json.format(document, indent=1).decode() + "\n"


def offer() -> VersionResponse:
    """Return an offer as a v1 clock reads it."""
    return VersionResponse(_NEW, _OLD, True, "esp32", SESSION)


def offer_to_v2() -> VersionResponse:
    """Return an offer as a v2 clock reads it."""
    return VersionResponse(_NEW, _OLD, True, "esp32", SESSION, 2, _SIZE_BYTES, _SHA256, _SIGNATURE)


def _heard(topic: str, kind: Kind, payload: bytes, device_id: str | None) -> dict[str, Any]:
    message, problem = decode(kind, payload, device_id)
    return {
        "topic": topic,
        "payload_latin1": payload.decode("latin-1"),
        "message": msgspec.to_builtins(message) if message is not None else None,
        "problem": problem,
    }


def _told(topic: str, message: msgspec.Struct) -> dict[str, Any]:
    return {
        "topic": topic,
        "payload_latin1": encode(message).decode("latin-1"),
        "message": msgspec.to_builtins(message),
    }


def _said(message: msgspec.Struct) -> bytes:
    """Write a message as a v2 clock does: compact, and without what it has nothing to say of."""
    fields = msgspec.to_builtins(message)
    if fields.get("trial") is False:
        del fields["trial"]
    return msgspec.json.encode({k: value for k, value in fields.items() if value is not None})


def _statements() -> list[dict[str, Any]]:
    """Return signatures that hold and that do not."""
    good = {"platform": "esp32", "version": _NEW, "size": _SIZE_BYTES, "sha256": _SHA256}
    found = []
    for changed, key in (
        ({}, _KEY),
        ({}, _OTHER_KEY),
        ({"platform": "esp32c3"}, _KEY),
        ({"version": "2026.11.24.8"}, _KEY),
        ({"size": _SIZE_BYTES + 1}, _KEY),
        ({"sha256": _SHA256[:-1] + "8"}, _KEY),
    ):
        said: dict[str, Any] = good | changed
        text = statement(said["platform"], said["version"], said["size"], said["sha256"])
        holds = said == good and key == _KEY
        found.append(
            said
            | {"text": text.decode(), "public_key": key, "signature": _SIGNATURE, "holds": holds}
        )
    return found


_HEARTBEAT = (
    b'{"device_id":"e8c5fbbdf5f0","board":"ESP32","version":"2026.11.20.4","uptime":86400,'
    b'"rssi":-61,"free_heap":181234,"ssid":"%s","ip":"192.168.1.23"}'
)
_V1 = (
    (Kind.HEARTBEAT, _HEARTBEAT % b"Skistadion"),
    (Kind.HEARTBEAT, _HEARTBEAT % b'Club "Nordic"'),
    (Kind.HEARTBEAT, _HEARTBEAT % b"caf\xe9"),
    (Kind.HEARTBEAT, b'{"device_id":"a1b2c3","board":"Unknown"}'),
    (Kind.HEARTBEAT, b'{"board":"ESP32"}'),
    (
        Kind.VERSION_REQUEST,
        b'{"device_id":"a1b2c3","platform":"esp8266","current_version":"v1.2.3"}',
    ),
    (
        Kind.OTA_START,
        b'{"device_id":"a1b2c3","platform":"esp32","old_version":"v1.2.3",'
        b'"new_version":"2026.11.20.4"}',
    ),
    (Kind.OTA_PROGRESS, b'{"device_id":"a1b2c3","progress":40}'),
    (Kind.OTA_COMPLETE, b'{"device_id":"a1b2c3","success":true}'),
    (Kind.OTA_COMPLETE, b'{"device_id":"a1b2c3","status":"failed","error":"timeout"}'),
)
_V1_ANSWERS = (
    offer(),
    VersionResponse(_NEW, _NEW, False, "esp12f"),
)
_BEAT = Heartbeat(
    _ID,
    "ESP32",
    _OLD,
    86400,
    -61,
    181234,
    'Club "Nordic" \\ Åre',
    "192.168.1.23",
    protocol=2,
    reset_reason="power_on",
    min_free_heap=150112,
    time_source="ntp",
    clock_error_ms=-12,
    frame_ms=3,
    trust="verified",
    config_version=4,
)
_V2: tuple[Any, ...] = (
    _BEAT,
    msgspec.structs.replace(_BEAT, version=_NEW, uptime=21, trial=True, ack=7),
    Heartbeat("a1b2c3", "ESP-01", _OLD, protocol=2, time_source="none", trust="insecure"),
    VersionRequest(_ID, "esp32", _OLD, 2),
    OtaStart(_ID, "esp32", _OLD, _NEW, SESSION),
    OtaProgress(_ID, 45, SESSION),
    OtaComplete(_ID, True, session_id=SESSION),
    OtaComplete(_ID, False, error_message="hash_mismatch", session_id=SESSION),
    OtaComplete(_ID, True, session_id=SESSION, version=_NEW, final=True),
    OtaComplete(
        _ID,
        False,
        error_message="rolled_back: no broker within 180 s",
        session_id=SESSION,
        version=_OLD,
        final=True,
    ),
    Status(_ID, True),
    Status(_ID, False),
    Info(
        _ID,
        "ESP32",
        "esp32",
        _OLD,
        "ESP32-D0WD-V3",
        4 * 1024 * 1024,
        "e8:c5:fb:bd:f5:f0",
        "arduino-esp32 2.0.14",
        17,
        "4+4",
        64,
        32,
        "provisioned",
        ["ota", "rtc", "sensor"],
    ),
    Events(
        _ID,
        [
            Happening(40, 16, 86_399, "wifi_lost", 1_795_508_900, "reason 8"),
            Happening(41, 17, 0, "boot", None, "power_on"),
        ],
        boot=17,
        lost=3,
    ),
    CommandResult(_ID, _COMMAND, "done"),
    CommandResult(_ID, _COMMAND, "refused", "no wall time"),
    ConfigReport(
        _ID,
        4,
        "applied",
        settings={"name": "Åre", "timezone": "Europe/Stockholm", "brightness": 120},
    ),
    ConfigReport(_ID, 5, "refused", "brightness"),
    Snapshot(_ID, 8, 2, b"\x1b\x1b\xe4\xe4", ["000000", "ff3000", "00a0ff", "ffffff"]),
)
_V2_BROKEN = (
    (
        Kind.EVENT,
        b'{"device_id":"e8c5fbbdf5f0","events":[{"seq":1,"boot":1,"up":2,"kind":"boot"},'
        b'{"seq":"x"},7,{"seq":2,"boot":1,"up":3,"kind":"button","detail":5}]}',
    ),
    (Kind.STATUS, b'{"device_id":"a1b2c3","online":true}'),
    (Kind.SNAPSHOT, b'{"device_id":"e8c5fbbdf5f0","width":8,"height":2,"bits":"GxvkAA=="}'),
)
_V2_ORDERS = (
    (Order.VERSION_RESPONSE, offer_to_v2()),
    (
        Order.VERSION_RESPONSE,
        VersionResponse(_NEW, _OLD, True, "esp32", SESSION, 2, _SIZE_BYTES, _SHA256),
    ),
    (Order.VERSION_RESPONSE, VersionResponse(_NEW, _NEW, False, "esp32", protocol=2)),
    (Order.ACK, orders.Ack(session_id=SESSION)),
    (Order.ACK, orders.Ack(events=41)),
    (Order.ACK, orders.Ack(heartbeat=7)),
    *(
        (Order.COMMAND, orders.Command(_COMMAND, name, _EXPIRES_AT, **arguments))
        for name, arguments in (
            (CommandName.RESTART, {}),
            (CommandName.ROLLBACK, {}),
            (CommandName.SNAPSHOT, {}),
            (CommandName.IDENTIFY, {"seconds": 20}),
            (CommandName.MESSAGE, {"text": 'Start "10:30" på Åre', "seconds": 60}),
            (CommandName.BRIGHTNESS, {"seconds": 600, "level": 40}),
            (CommandName.INFO, {}),
            (CommandName.CHECK, {}),
        )
    ),
    (
        Order.CONFIG,
        orders.Config(5, {"name": "Åre", "brightness": 120, "ntp": ["pool.ntp.org", ""]}),
    ),
)
