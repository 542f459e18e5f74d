"""Owns how often something may be tried, by whom, in bounded memory."""

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network


class Throttle:
    """At most `attempts` within `window` for each key; the keys not seen longest are forgotten."""

    def __init__(self, *, attempts: int, window: timedelta, max_keys: int = 20_000) -> None:
        self._attempts = attempts
        self._window = window
        self._max_keys = max_keys
        self._times: OrderedDict[str, deque[datetime]] = OrderedDict()

    def take(self, key: str, *, now: datetime) -> timedelta | None:
        """Count an attempt; returns how long to wait where it is one too many."""
        times = self._times.setdefault(key, deque(maxlen=self._attempts))
        self._times.move_to_end(key)
        if len(self._times) > self._max_keys:
            self._times.popitem(last=False)
        if len(times) == self._attempts and now - times[0] < self._window:
            return times[0] + self._window - now
        times.append(now)
        return None

    def forgive(self, key: str) -> None:
        """Forget every attempt of a key."""
        self._times.pop(key, None)

    def give_back(self, key: str) -> None:
        """Forget the last attempt of a key."""
        if times := self._times.get(key):
            times.pop()

    def __len__(self) -> int:
        return len(self._times)


class Bucket:
    """Holds `capacity` tokens, filled again at `per_s`."""

    def __init__(self, *, capacity: float, per_s: float) -> None:
        self._capacity = capacity
        self._per_s = per_s
        self._tokens = capacity
        self._filled_at: datetime | None = None

    def take(self, *, now: datetime) -> bool:
        """Take a token; False where there is none."""
        if self._filled_at is not None:
            # A clock that is set back fills nothing, and takes nothing away.
            passed_s = max(0.0, (now - self._filled_at).total_seconds())
            self._tokens = min(self._capacity, self._tokens + passed_s * self._per_s)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def network_of(address: str | None) -> str:
    """Return what counts as one sender: an IPv4 address, or the /64 that one IPv6 line has."""
    try:
        ip = ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if ip.version == 6 and ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ip if ip.version == 4 else ip_network((ip, 64), strict=False))
