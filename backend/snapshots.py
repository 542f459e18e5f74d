"""What the panels of clocks showed last, in memory: a picture for who asks, not history."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from backend.contract.messages import Snapshot

MAX_SNAPSHOTS = 2000


@dataclass(frozen=True, slots=True)
class Picture:
    """What one clock showed. Colours as rrggbb; pixels row by row, indices into the palette."""

    width: int
    height: int
    palette: tuple[str, ...]
    pixels: bytes
    taken_at: datetime


class Snapshots:
    """The last picture of each clock, the newest MAX_SNAPSHOTS of them."""

    def __init__(self) -> None:
        self._pictures: OrderedDict[str, Picture] = OrderedDict()

    def put(self, snapshot: Snapshot, at: datetime) -> None:
        """Take a clock's newest picture in place of its last."""
        self._pictures.pop(snapshot.device_id, None)
        self._pictures[snapshot.device_id] = _picture(snapshot, at)
        # Bounded: whoever invents device ids must not fill our memory.
        if len(self._pictures) > MAX_SNAPSHOTS:
            self._pictures.popitem(last=False)

    def of(self, device_id: str) -> Picture | None:
        """Return the last picture of a clock."""
        return self._pictures.get(device_id)


def _picture(snapshot: Snapshot, at: datetime) -> Picture:
    count = snapshot.width * snapshot.height
    pixels = bytes(_UNPACKED[byte][place] for byte in snapshot.bits for place in range(4))
    return Picture(snapshot.width, snapshot.height, tuple(snapshot.palette), pixels[:count], at)


# Two bits a pixel, the first in the lowest bits, as firmware's Frame has them.
_UNPACKED = [tuple(byte >> shift & 3 for shift in (0, 2, 4, 6)) for byte in range(256)]
