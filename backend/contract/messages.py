"""Payloads: what each message holds, and how hostile bytes become one of them.

What a clock sends is hostile until decoded. A well-formed message is decoded in one
step; a heartbeat that is not (v1 does not escape its SSID) is salvaged field by field,
so that the clock still shows as alive.
"""

import re
from enum import StrEnum
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta

from backend.contract.limits import (
    DEVICE_ID_PATTERN,
    PAYLOAD_BYTES,
    UPTIME_WRAP_S,
    V1_PACKET_BYTES,
)
from backend.contract.topics import Kind

DeviceId = Annotated[str, Meta(pattern=rf"^{DEVICE_ID_PATTERN}\Z")]
Text = Annotated[str, Meta(max_length=64)]
VersionText = Annotated[str, Meta(min_length=1, max_length=32)]


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
    """`heartbeat`: a clock is alive. Units: s, dBm, bytes. None: not readable."""

    device_id: DeviceId
    board: Text | None = None
    version: Text | None = None
    uptime: Annotated[int, Meta(ge=0, le=UPTIME_WRAP_S * 1000)] | None = None
    rssi: Annotated[int, Meta(ge=-200, le=100)] | None = None
    free_heap: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    ssid: Text | None = None
    ip: Annotated[str, Meta(max_length=45)] | None = None


class VersionRequest(msgspec.Struct, gc=False):
    """`version/request`: a clock asks what it should run."""

    device_id: DeviceId
    platform: Text
    current_version: Text | None = None


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
    """`ota/complete`: the clock's own word on how its update went, before it restarts.

    Some builds say `success`, others `status`; some `error_message`, others `error`.
    """

    device_id: DeviceId
    success: bool | None = None
    status: Text | None = None
    error_message: Annotated[str, Meta(max_length=500)] | None = None
    error: Annotated[str, Meta(max_length=500)] | None = None
    session_id: UUID | None = None

    @property
    def succeeded(self) -> bool:
        """The clock's word; only an explicit success counts as one."""
        return self.success if self.success is not None else self.status == "success"

    @property
    def reason(self) -> str | None:
        """Why it failed, in the clock's words."""
        return self.error_message or self.error or None


class VersionResponse(msgspec.Struct, omit_defaults=True):
    """`version/response/<device_id>`: what a clock should run.

    A v1 clock finds `update_available` and `latest_version` by their bytes: the key
    names, the compact form and this order are part of the contract.
    """

    latest_version: str
    current_version: str
    update_available: bool
    platform: str
    session_id: UUID | None = None


Message = Heartbeat | VersionRequest | OtaStart | OtaProgress | OtaComplete

_T = TypeVar("_T", bound=Message)

_TYPES: dict[Kind, type[Message]] = {
    Kind.HEARTBEAT: Heartbeat,
    Kind.VERSION_REQUEST: VersionRequest,
    Kind.OTA_START: OtaStart,
    Kind.OTA_PROGRESS: OtaProgress,
    Kind.OTA_COMPLETE: OtaComplete,
}
KIND_OF: dict[type, Kind] = {type_: kind for kind, type_ in _TYPES.items()}
"""The topic that carries each type of message."""

_DECODERS = {kind: msgspec.json.Decoder(type_) for kind, type_ in _TYPES.items()}
_encode = msgspec.json.Encoder().encode


def decode(
    kind: Kind, payload: bytes, topic_device_id: str | None = None
) -> tuple[Message | None, Problem | None]:
    """Read one payload: (message, None), (what could be kept, why), or (None, why).

    Never raises on any bytes. `topic_device_id` is the id that the topic named, which
    the broker's topic rules vouch for: a payload that names another clock is refused.
    """
    if len(payload) > PAYLOAD_BYTES:
        return _only_alive(kind, topic_device_id), Problem.OVERSIZED
    problem = None
    try:
        message: Message | None = _DECODERS[kind].decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        message, problem = _salvage(kind, payload, topic_device_id)
    if message is None:
        return None, problem
    if topic_device_id is not None and message.device_id != topic_device_id:
        return None, Problem.FOREIGN_DEVICE
    if b"\\u" in payload or problem is not None:
        _strip_control_characters(message)
    return message, problem


def encode(message: VersionResponse) -> bytes:
    """Write compact JSON, with no space after a colon."""
    return _encode(message)


def _only_alive(kind: Kind, device_id: str | None) -> Heartbeat | None:
    if kind is Kind.HEARTBEAT and device_id is not None:
        return Heartbeat(device_id)
    return None


def _salvage(
    kind: Kind, payload: bytes, topic_device_id: str | None
) -> tuple[Message | None, Problem]:
    """Keep what can be read of a message that does not decode as a whole."""
    try:
        fields = msgspec.json.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        fields = _fields_by_pattern(payload) if len(payload) <= V1_PACKET_BYTES else None
        problem = Problem.SALVAGED if fields else Problem.NOT_JSON
    else:
        problem = Problem.WRONG_FIELD
    if not isinstance(fields, dict):
        return _only_alive(kind, topic_device_id), Problem.NOT_JSON
    fields.setdefault("device_id", topic_device_id)
    message = _from_fields(_TYPES[kind], fields)
    if message is None and _usable_id(fields["device_id"]) is None:
        problem = Problem.NO_DEVICE if problem is Problem.WRONG_FIELD else problem
        return _only_alive(kind, topic_device_id), problem
    return message, problem


def _from_fields(type_: type[_T], fields: dict[str, Any]) -> _T | None:
    """Build a message from the fields that fit; None where one that it needs does not."""
    kept: dict[str, Any] = {}
    for field in msgspec.structs.fields(type_):
        if field.name not in fields:
            continue
        try:
            kept[field.name] = msgspec.convert(_cut(fields[field.name]), field.type)
        except msgspec.ValidationError:
            if field.required:
                return None
    try:
        return type_(**kept)
    except TypeError:  # a required field was not sent at all
        return None


def _cut(value: Any) -> Any:
    """Shorten a text to what a field may hold, so that an endless one keeps its beginning."""
    return value[:64] if isinstance(value, str) and len(value) > 64 else value


def _usable_id(value: Any) -> str | None:
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


_ID = re.compile(DEVICE_ID_PATTERN)
_TEXT_FIELD = re.compile(
    rb'"(device_id|board|version|ip|platform|current_version|old_version|new_version|status'
    rb'|session_id)"\s*:\s*"([^"\\\x00-\x1f]{0,64})"'
)
_NUMBER_FIELD = re.compile(rb'"(uptime|rssi|free_heap|progress)"\s*:\s*(-?\d{1,12})(?=[\s,}])')
_SUCCESS_FIELD = re.compile(rb'"success"\s*:\s*(true|false)')


def _fields_by_pattern(payload: bytes) -> dict[str, Any] | None:
    """Read what v1 wrote without escaping: its SSID and its error texts may hold any bytes."""
    begin, end = _ssid_bounds(payload)
    rest = payload[:begin] + payload[end:]
    fields: dict[str, Any] = {}
    for name, text in _TEXT_FIELD.findall(rest):
        fields.setdefault(name.decode(), text.decode(errors="replace"))
    for name, digits in _NUMBER_FIELD.findall(rest):
        fields.setdefault(name.decode(), int(digits))
    if success := _SUCCESS_FIELD.search(rest):
        fields["success"] = success.group(1) == b"true"
    if end > begin:
        fields["ssid"] = payload[begin:end].decode(errors="replace")
    return fields or None


def _ssid_bounds(payload: bytes) -> tuple[int, int]:
    """Return where the SSID's bytes are: up to the last quote before `"ip"`, or before the end.

    By searching, not by a pattern: what a clock sends must not cost more than its length.
    """
    begin = payload.find(b'"', payload.find(b":", payload.find(b'"ssid"') + 6) + 1) + 1
    if b'"ssid"' not in payload or begin == 0:
        return 0, 0
    ip = payload.rfind(b'"ip"', begin)
    end = payload.rfind(b'"', begin, ip if ip > 0 else len(payload))
    return (begin, end) if end >= begin else (0, 0)


_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def _strip_control_characters(message: Message) -> None:
    """Take out what no database text and no page may hold (NUL above all)."""
    for name in message.__struct_fields__:
        value = getattr(message, name)
        if isinstance(value, str) and _CONTROL.search(value):
            setattr(message, name, _CONTROL.sub("\ufffd", value))
