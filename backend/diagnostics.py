"""What clocks sent that could not be taken as it came: counted, sampled, logged once."""

from collections import Counter, OrderedDict
from dataclasses import dataclass
from datetime import datetime

import structlog

from backend.contract.messages import Problem

log = structlog.get_logger(__name__)

SAMPLE_BYTES = 200
MAX_SAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Sample:
    """The last bad message of one clock and kind. `payload` is cut and shown as text only."""

    device_id: str
    kind: str
    problem: str
    count: int
    first_at: datetime
    last_at: datetime
    payload: str
    size_bytes: int


class Diagnostics:
    """Counters by kind and problem, and the last sample by clock, kind and problem."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self._samples: OrderedDict[tuple[str, str, str], Sample] = OrderedDict()

    def note(
        self,
        kind: str,
        problem: Problem | str,
        device_id: str | None,
        payload: bytes,
        now: datetime,
    ) -> None:
        """Count one bad message; log it when this clock sends its first of this kind."""
        self.counts[kind, str(problem)] += 1
        key = (device_id or "", kind, str(problem))
        known = self._samples.pop(key, None)
        self._samples[key] = Sample(
            *key,
            count=known.count + 1 if known else 1,
            first_at=known.first_at if known else now,
            last_at=now,
            payload=payload[:SAMPLE_BYTES].decode("utf-8", "backslashreplace"),
            size_bytes=len(payload),
        )
        if known is None:
            log.warning("message.bad", device_id=device_id, kind=kind, problem=str(problem))
        # Bounded: whoever invents device ids must not fill our memory.
        if len(self._samples) > MAX_SAMPLES:
            self._samples.popitem(last=False)

    def samples(self) -> list[Sample]:
        """Return the samples, newest first."""
        return list(reversed(self._samples.values()))
