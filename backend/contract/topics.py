"""MQTT topics: which there are, who sends them, and how to read one."""

import re
from dataclasses import dataclass
from enum import StrEnum

from backend.contract.limits import DEVICE_ID_PATTERN


class Kind(StrEnum):
    """What a clock can tell us; the value is the topic below the prefix."""

    HEARTBEAT = "heartbeat"
    VERSION_REQUEST = "version/request"
    OTA_START = "ota/start"
    OTA_PROGRESS = "ota/progress"
    OTA_COMPLETE = "ota/complete"
    STATUS = "status"
    INFO = "info"
    EVENT = "event"
    COMMAND_RESULT = "command/result"
    CONFIG_REPORT = "config/report"
    SNAPSHOT = "snapshot"

    @property
    def is_v1(self) -> bool:
        """Whether v1 clocks send it, without their id in the topic."""
        return self in _V1_KINDS


_V1_KINDS = frozenset(
    {Kind.HEARTBEAT, Kind.VERSION_REQUEST, Kind.OTA_START, Kind.OTA_PROGRESS, Kind.OTA_COMPLETE}
)


class Order(StrEnum):
    """What we can tell one clock; the value is the topic below the prefix, before its id."""

    VERSION_RESPONSE = "version/response"
    ACK = "ack"
    COMMAND = "command"
    CONFIG = "config"


VERSION_UPDATES = "version/updates"


@dataclass(frozen=True, slots=True)
class ClockTopics:
    """What one clock may say and hear: whole topics, no wildcards."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


_SHARED = {kind.value: kind for kind in Kind if kind.is_v1}
_KINDS = {kind.value: kind for kind in Kind}
_DEVICE_ID = re.compile(DEVICE_ID_PATTERN)


@dataclass(frozen=True, slots=True)
class Topics:
    """All topics below one prefix (`skiclock` in the field)."""

    prefix: str

    def from_clocks(self) -> list[str]:
        """Return the filters that the server subscribes to: v1's topics, and each with an id."""
        shared = [f"{self.prefix}/{kind.value}" for kind in Kind if kind.is_v1]
        return shared + [f"{self.prefix}/{kind.value}/+" for kind in Kind]

    def kind_of(self, topic: str) -> tuple[Kind, str | None] | None:
        """Return what `topic` carries and the device id it names, or None if it is not ours.

        The id is None on v1's shared topics. A topic whose last level is no device id
        is nobody's: it returns None.
        """
        head = len(self.prefix)
        if not topic.startswith(self.prefix) or topic[head : head + 1] != "/":
            return None
        path = topic[head + 1 :]
        if kind := _SHARED.get(path):
            return kind, None
        path, _, device_id = path.rpartition("/")
        kind = _KINDS.get(path)
        if kind is None or not _DEVICE_ID.fullmatch(device_id):
            return None
        return kind, device_id

    def of_clock(self, kind: Kind, device_id: str) -> str:
        """Return where one clock says something of a kind."""
        return f"{self.prefix}/{kind.value}/{device_id}"

    def to_clock(self, order: Order, device_id: str) -> str:
        """Return where one clock hears an order; `+` means every clock."""
        return f"{self.prefix}/{order.value}/{device_id}"

    def allowed_to(self, device_id: str) -> ClockTopics:
        """Return what a clock with credentials of its own may say and hear: the one list.

        v1's topics without an id are not among them: there a clock could speak for another.
        """
        return ClockTopics(
            publish=tuple(self.of_clock(kind, device_id) for kind in Kind),
            subscribe=(
                self.version_updates,
                *(self.to_clock(order, device_id) for order in Order),
            ),
        )

    def version_response(self, device_id: str) -> str:
        """Return where one clock hears the answer to its version request."""
        return self.to_clock(Order.VERSION_RESPONSE, device_id)

    @property
    def version_updates(self) -> str:
        """Where every clock hears that firmware was published."""
        return f"{self.prefix}/{VERSION_UPDATES}"
