"""What a v2 clock hears from us besides the answer to its version request.

Published with QoS 1 and never retained: a clock ignores what the broker kept.
"""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from backend.contract.limits import COMMAND_TEXT_CHARACTERS, V2_PACKET_BYTES
from backend.contract.messages import Count

_FIXED_HEADER_BYTES = 5
_TOPIC_LENGTH_BYTES = 2
_PACKET_ID_BYTES = 2


class CommandName(StrEnum):
    """What a clock can be told to do."""

    RESTART = "restart"  # start again, on the same firmware
    ROLLBACK = "rollback"  # start the firmware in the other slot
    SNAPSHOT = "snapshot"  # say what the panels show
    IDENTIFY = "identify"  # blink for some seconds, so that a person finds it
    MESSAGE = "message"  # show a text for some seconds
    BRIGHTNESS = "brightness"  # this level for some seconds
    INFO = "info"  # say what it is made of
    CHECK = "check"  # ask now what it should run


class Ack(msgspec.Struct, omit_defaults=True):
    """`ack/<device_id>`: what is committed here, so that the clock may forget it.

    `session_id`: the last word on that update; `events`: the journal up to this `seq`;
    `heartbeat`: the heartbeat that carried this number as `ack`.
    """

    session_id: UUID | None = None
    events: int | None = None
    heartbeat: int | None = None


class Command(msgspec.Struct, omit_defaults=True):
    """`command/<device_id>`: do this, once, unless it has expired (Unix s)."""

    id: UUID
    command: CommandName
    expires_at: int
    text: Annotated[str, Meta(min_length=1, max_length=COMMAND_TEXT_CHARACTERS)] | None = None
    seconds: Annotated[int, Meta(ge=1, le=86_400)] | None = None
    level: Annotated[int, Meta(ge=0, le=255)] | None = None


class Config(msgspec.Struct):
    """`config/<device_id>`: the settings to apply, all or none; answered by `config/report`."""

    version: Count
    settings: dict[str, Any]


def fits_packet(topic: str, payload: bytes, *, packet_bytes: int = V2_PACKET_BYTES) -> bool:
    """Tell whether a publication with QoS 1 fits a clock's buffer, headers included."""
    headers = _FIXED_HEADER_BYTES + _TOPIC_LENGTH_BYTES + _PACKET_ID_BYTES
    return headers + len(topic.encode()) + len(payload) <= packet_bytes
