"""Payloads that clocks send, and the answer that even v1 clocks read.

A field is None where the clock did not say, or said what cannot be read. Units are in each
docstring. How hostile bytes become one of these: backend.contract.decoding. What else v2
clocks hear from us: backend.contract.orders.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from backend.contract.limits import (
    DEVICE_ID_PATTERN,
    EVENTS_IN_A_MESSAGE,
    UPTIME_WRAP_S,
)
from backend.contract.topics import Kind

DeviceId = Annotated[str, Meta(pattern=rf"^{DEVICE_ID_PATTERN}\Z")]
Text = Annotated[str, Meta(max_length=64)]
VersionText = Annotated[str, Meta(min_length=1, max_length=32)]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Number = Annotated[int, Meta(ge=0, le=2**32 - 1)]
UnixSeconds = Annotated[int, Meta(ge=0, le=2**33)]

TimeSource = Literal["ntp", "rtc", "none"]
Trust = Literal["verified", "insecure", "plain"]
Result = Literal["done", "refused", "expired", "failed"]
ReportResult = Literal["applied", "refused", "current"]
EventKind = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,23}\Z")]

EVENT_KINDS = (
    "boot",
    "wifi_lost",
    "wifi_back",
    "broker_lost",
    "sensor_error",
    "low_heap",
    "button",
    "time_sync",
    "update",
    "config",
    "command",
    "portal",
)
"""What clocks of today write into their journals; a newer one may have more to say."""


class Problem(StrEnum):
    """Why a message was not taken as it came."""

    OVERSIZED = "oversized"  # larger than a clock may send; not read
    NOT_JSON = "not_json"  # no JSON object, and nothing in it that names a clock
    SALVAGED = "salvaged"  # broken, but its readable fields were kept
    WRONG_FIELD = "wrong_field"  # a field that is missing, of a wrong type or out of range
    NO_DEVICE = "no_device"  # no usable device id
    FOREIGN_DEVICE = "foreign_device"  # the payload names another clock than the topic
    RETAINED = "retained"  # kept by the broker and sent again: nobody knows from when it is
    UNKNOWN_TOPIC = "unknown_topic"  # below our prefix, but not in the contract


class Heartbeat(msgspec.Struct, gc=False):
    """`heartbeat`: a clock is alive. Units: s, dBm, bytes, ms. None: not readable.

    From `protocol` on, v2 only. `trial`: the image is on trial and may yet be rolled back;
    `ack`: the clock wants `ack/<id>` with this number once the heartbeat is committed.
    """

    device_id: DeviceId
    board: Text | None = None
    version: Text | None = None
    uptime: Annotated[int, Meta(ge=0, le=UPTIME_WRAP_S * 1000)] | None = None
    rssi: Annotated[int, Meta(ge=-200, le=100)] | None = None
    free_heap: Count | None = None
    ssid: Text | None = None
    ip: Annotated[str, Meta(max_length=45)] | None = None
    protocol: Annotated[int, Meta(ge=1, le=255)] | None = None
    reset_reason: Text | None = None
    min_free_heap: Count | None = None
    time_source: TimeSource | None = None
    clock_error_ms: Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)] | None = None
    frame_ms: Annotated[int, Meta(ge=0, le=60_000)] | None = None
    trust: Trust | None = None
    config_version: Count | None = None
    trial: bool = False
    ack: Number | None = None


class VersionRequest(msgspec.Struct, gc=False):
    """`version/request`: a clock asks what it should run."""

    device_id: DeviceId
    platform: Text
    current_version: Text | None = None
    protocol: Annotated[int, Meta(ge=1, le=255)] | None = None


class OtaStart(msgspec.Struct, gc=False):
    """`ota/start`: a clock begins an update."""

    device_id: DeviceId
    platform: Text | None = None
    old_version: Text | None = None
    new_version: VersionText | None = None
    session_id: UUID | None = None


class OtaProgress(msgspec.Struct, gc=False):
    """`ota/progress`: how much of the image has arrived, in per cent."""

    device_id: DeviceId
    progress: Annotated[int, Meta(ge=0, le=100)]
    session_id: UUID | None = None


class OtaComplete(msgspec.Struct, gc=False):
    """`ota/complete`: the clock's own word on how its update went.

    Some builds say `success`, others `status`; some `error_message`, others `error`. v2
    says it again after the restart with `final` and the `version` that runs then, until
    `ack/<id>` names the session: that is the last word.
    """

    device_id: DeviceId
    success: bool | None = None
    status: Text | None = None
    error_message: Annotated[str, Meta(max_length=500)] | None = None
    error: Annotated[str, Meta(max_length=500)] | None = None
    session_id: UUID | None = None
    version: Text | None = None
    final: bool | None = None

    @property
    def succeeded(self) -> bool:
        """The clock's word; only an explicit success counts as one."""
        return self.success if self.success is not None else self.status == "success"

    @property
    def reason(self) -> str | None:
        """Why it failed, in the clock's words."""
        return self.error_message or self.error or None


class Status(msgspec.Struct, gc=False):
    """`status/<device_id>`: whether a clock is there; retained, and its last will says no."""

    device_id: DeviceId
    online: bool


class Info(msgspec.Struct, gc=False):
    """`info/<device_id>`: what a clock is made of; on connect and when asked."""

    device_id: DeviceId
    board: Text | None = None
    platform: Text | None = None
    version: Text | None = None
    chip: Text | None = None
    flash_bytes: Number | None = None
    mac: Text | None = None
    sdk: Text | None = None
    boots: Number | None = None
    panels: Text | None = None
    width: Annotated[int, Meta(ge=0, le=1024)] | None = None
    height: Annotated[int, Meta(ge=0, le=1024)] | None = None
    identity: Literal["provisioned", "shared"] | None = None
    features: Annotated[list[Text], Meta(max_length=32)] | None = None


class Happening(msgspec.Struct, gc=False, omit_defaults=True):
    """One entry of a clock's journal. `at`: Unix s where the time was known; `up`: uptime in s."""

    seq: Number
    boot: Number
    up: Number
    kind: EventKind
    at: UnixSeconds | None = None
    detail: Text | None = None


class Events(msgspec.Struct, gc=False):
    """`event/<device_id>`: what happened; `lost`: how many the clock had no room for.

    Acknowledged by `ack/<id>` with the highest `seq` that is stored.
    """

    device_id: DeviceId
    events: Annotated[list[Happening], Meta(max_length=EVENTS_IN_A_MESSAGE)]
    boot: Number | None = None
    lost: Number | None = None


class CommandResult(msgspec.Struct, gc=False):
    """`command/result/<device_id>`: what became of a command."""

    device_id: DeviceId
    id: UUID
    result: Result
    detail: Text | None = None


class ConfigReport(msgspec.Struct, gc=False):
    """`config/report/<device_id>`: which settings are in force, without secrets.

    `version`: of the `config` that this answers, also where it was refused (`field` is the
    first setting that was wrong); with `current`, of the settings in force.
    """

    device_id: DeviceId
    version: Count
    result: ReportResult
    field: Text | None = None
    settings: dict[str, Any] | None = None


class Snapshot(msgspec.Struct, gc=False):
    """`snapshot/<device_id>`: what the panels show.

    `bits`: base64, two bits a pixel, row by row from the top left, the first pixel in the
    lowest bits of a byte; each is an index into `palette` (rrggbb).
    """

    device_id: DeviceId
    width: Annotated[int, Meta(ge=1, le=1024)]
    height: Annotated[int, Meta(ge=1, le=1024)]
    bits: bytes
    palette: Annotated[
        list[Annotated[str, Meta(pattern=r"^[0-9a-f]{6}\Z")]], Meta(min_length=4, max_length=4)
    ]


class VersionResponse(msgspec.Struct, omit_defaults=True):
    """`version/response/<device_id>`: what a clock should run.

    A v1 clock finds `update_available` and `latest_version` by their bytes: the key
    names, the compact form and this order are part of the contract. From `protocol` on,
    only where the request said protocol 2; the last three only with an offer.
    `signature`: base64 of the DER form, over backend.contract.statement.
    """

    latest_version: str
    current_version: str
    update_available: bool
    platform: str
    session_id: UUID | None = None
    protocol: int | None = None
    size: int | None = None
    sha256: str | None = None
    signature: str | None = None


Message = (
    Heartbeat
    | VersionRequest
    | OtaStart
    | OtaProgress
    | OtaComplete
    | Status
    | Info
    | Events
    | CommandResult
    | ConfigReport
    | Snapshot
)

TYPES: dict[Kind, type[Message]] = {
    Kind.HEARTBEAT: Heartbeat,
    Kind.VERSION_REQUEST: VersionRequest,
    Kind.OTA_START: OtaStart,
    Kind.OTA_PROGRESS: OtaProgress,
    Kind.OTA_COMPLETE: OtaComplete,
    Kind.STATUS: Status,
    Kind.INFO: Info,
    Kind.EVENT: Events,
    Kind.COMMAND_RESULT: CommandResult,
    Kind.CONFIG_REPORT: ConfigReport,
    Kind.SNAPSHOT: Snapshot,
}
KIND_OF: dict[type, Kind] = {type_: kind for kind, type_ in TYPES.items()}
"""The topic that carries each type of message."""

_encode = msgspec.json.Encoder().encode


def encode(message: msgspec.Struct) -> bytes:
    """Write compact JSON, with no space after a colon."""
    return _encode(message)
