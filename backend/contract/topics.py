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


_KINDS = {kind.value: kind for kind in Kind}
_DEVICE_ID = re.compile(DEVICE_ID_PATTERN)


@dataclass(frozen=True, slots=True)
class Topics:
    """All topics below one prefix (`skiclock` in the field)."""

    prefix: str

    def from_clocks(self) -> list[str]:
        """Return the filters that the server subscribes to: v1's topics, and each with an id."""
        return [f"{self.prefix}/{kind.value}{suffix}" for kind in Kind for suffix in ("", "/+")]

    def kind_of(self, topic: str) -> tuple[Kind, str | None] | None:
        """Return what `topic` carries and the device id it names, or None if it is not ours.

        The id is None on v1's shared topics. A topic whose last level is no device id
        is nobody's: it returns None.
        """
        head = len(self.prefix)
        if not topic.startswith(self.prefix) or topic[head : head + 1] != "/":
            return None
        path = topic[head + 1 :]
        if kind := _KINDS.get(path):
            return kind, None
        path, _, device_id = path.rpartition("/")
        kind = _KINDS.get(path)
        if kind is None or not _DEVICE_ID.fullmatch(device_id):
            return None
        return kind, device_id

    def version_response(self, device_id: str) -> str:
        """Return where one clock hears the answer to its version request."""
        return f"{self.prefix}/version/response/{device_id}"

    @property
    def version_updates(self) -> str:
        """Where every clock hears that firmware was published."""
        return f"{self.prefix}/version/updates"
