"""How hostile bytes become a message.

A well-formed message is decoded in one step; one that is not (v1 does not escape its SSID)
is salvaged field by field, so that the clock still shows as alive. A journal entry or a
setting that cannot be taken does not take its neighbours with it.
"""

import math
import re
from typing import Any, TypeVar

import msgspec

from backend.contract.limits import DEVICE_ID_PATTERN, PAYLOAD_BYTES, V1_PACKET_BYTES
from backend.contract.messages import (
    TYPES,
    ConfigReport,
    Events,
    Happening,
    Heartbeat,
    Message,
    Problem,
    Snapshot,
    Text,
)
from backend.contract.topics import Kind

_T = TypeVar("_T", bound=msgspec.Struct)

_DECODERS = {kind: msgspec.json.Decoder(type_) for kind, type_ in TYPES.items()}
_SETTINGS_DEPTH = 3


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
    if kind is Kind.HEARTBEAT:  # nearly all are: they need not pass what follows
        return message, problem
    if isinstance(message, Snapshot) and not _is_whole(message):
        return None, Problem.WRONG_FIELD
    if isinstance(message, ConfigReport) and message.settings is not None:
        message.settings = _plain(message.settings, _SETTINGS_DEPTH)
    return message, problem


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
    message = _from_fields(TYPES[kind], fields)
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
            kept[field.name] = _converted(field, fields[field.name])
        except msgspec.ValidationError:
            if field.required:
                return None
    try:
        return type_(**kept)
    except TypeError:  # a required field was not sent at all
        return None


def _converted(field: Any, value: Any) -> Any:
    """Return a value as its field takes it, of a list the items that fit; or ValidationError."""
    item_type = _ITEM_TYPES.get(field.name)
    if item_type is None or not isinstance(value, list):
        return msgspec.convert(_cut(value), field.type)
    found = [_item(item_type, item) for item in value]
    return msgspec.convert([item for item in found if item is not None], field.type)


_ITEM_TYPES: dict[str, Any] = {"events": Happening, "features": Text}


def _item(type_: Any, value: Any) -> Any:
    if type_ is Happening:
        return _from_fields(Happening, value) if isinstance(value, dict) else None
    return _cut(value) if isinstance(value, str) else None


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
_NUMBER_FIELD = re.compile(
    rb'"(uptime|rssi|free_heap|progress|protocol|ack)"\s*:\s*(-?\d{1,12})(?=[\s,}])'
)
_FLAG_FIELD = re.compile(rb'"(success|final|trial|online)"\s*:\s*(true|false)')


def _fields_by_pattern(payload: bytes) -> dict[str, Any] | None:
    """Read what v1 wrote without escaping: its SSID and its error texts may hold any bytes."""
    begin, end = _ssid_bounds(payload)
    rest = payload[:begin] + payload[end:]
    fields: dict[str, Any] = {}
    for name, text in _TEXT_FIELD.findall(rest):
        fields.setdefault(name.decode(), text.decode(errors="replace"))
    for name, digits in _NUMBER_FIELD.findall(rest):
        fields.setdefault(name.decode(), int(digits))
    for name, flag in _FLAG_FIELD.findall(rest):
        fields.setdefault(name.decode(), flag == b"true")
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


def _strip_control_characters(message: msgspec.Struct) -> None:
    """Take out what no database text and no page may hold (NUL above all)."""
    for name in message.__struct_fields__:
        value = getattr(message, name)
        if isinstance(value, str) and _CONTROL.search(value):
            setattr(message, name, _stripped(value))
        elif isinstance(value, list) and not isinstance(message, Events):
            setattr(message, name, [_stripped(item) for item in value])
    for happening in message.events if isinstance(message, Events) else ():
        _strip_control_characters(happening)


def _stripped(text: str) -> str:
    return _CONTROL.sub("\ufffd", text)


def _plain(value: Any, depth: int) -> Any:
    """Return JSON that a database takes: no control characters, no endless numbers or nesting."""
    if isinstance(value, dict):
        items = value.items() if depth > 0 else ()
        return {_stripped(key): _plain(item, depth - 1) for key, item in items}
    if isinstance(value, list):
        return [_plain(item, depth - 1) for item in value] if depth > 0 else []
    if isinstance(value, str):
        return _stripped(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value if math.isfinite(value) and abs(value) < 2**53 else None
    return value


def _is_whole(snapshot: Snapshot) -> bool:
    """Tell whether a snapshot has a pair of bits for each pixel."""
    return len(snapshot.bits) == (snapshot.width * snapshot.height + 3) // 4
