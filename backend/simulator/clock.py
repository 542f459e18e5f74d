"""One simulated clock: what it says and what it makes of what it hears. No time, no network.

It speaks as first-generation firmware does, its flaws included: it escapes nothing,
parses no JSON, and drops what its packet buffer does not hold.
"""

import json
from dataclasses import dataclass, field
from random import Random

from backend.contract.limits import V1_PACKET_BYTES, VERSION_REQUEST_INTERVAL_S
from backend.contract.topics import Kind, Topics
from backend.contract.versions import is_newer
from backend.simulator.identity import Identity

_UPTIME_WRAP_MS = 2**32


@dataclass(frozen=True, slots=True)
class Packet:
    """One MQTT message."""

    topic: str
    payload: bytes
    qos: int = 0

    @property
    def size_bytes(self) -> int:
        """Its size on the wire: fixed header, topic, message id and payload."""
        body = 2 + len(self.topic.encode()) + (2 if self.qos else 0) + len(self.payload)
        length_digits = 1 if body < 128 else 2 if body < 16_384 else 3 if body < 2_097_152 else 4
        return 1 + length_digits + body


@dataclass(frozen=True, slots=True)
class Offer:
    """An update that a version response told of."""

    version: str
    session_id: str | None


@dataclass(slots=True)
class Clock:
    """The state of one clock. Times in s of the caller's clock."""

    identity: Identity
    topics: Topics
    interval_s: float
    random: Random
    version: str
    booted_at: float
    heartbeat_due_at: float = 0.0
    request_due_at: float = 0.0
    is_in_step: bool = False
    """Whether it has spoken: clocks hang for long already, so the first gap is any part of one."""
    rssi_dbm: int = field(init=False)
    free_heap_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        self.rssi_dbm = self.identity.rssi_dbm
        self.free_heap_bytes = self.identity.free_heap_bytes

    @property
    def due_at(self) -> float:
        """When it next says something by itself."""
        return min(self.heartbeat_due_at, self.request_due_at)

    def say_due(self, now: float) -> list[Packet]:
        """Return what it says by now, and plan the next time."""
        packets = []
        if now >= self.heartbeat_due_at:
            part = self.random.uniform(0.95, 1.05) if self.is_in_step else self.random.random()
            self.heartbeat_due_at = now + self.interval_s * part
            self.is_in_step = True
            packets.append(self._heartbeat(now))
        if now >= self.request_due_at:
            self.request_due_at = now + VERSION_REQUEST_INTERVAL_S
            packets.append(self._version_request())
        return packets

    def connected(self, now: float) -> None:
        """Plan a heartbeat and a version request for at once."""
        self.heartbeat_due_at = self.request_due_at = now

    def rebooted(self, now: float, version: str) -> None:
        """Start over, on `version`."""
        self.booted_at = now
        self.version = version

    def hear(self, packet: Packet, now: float) -> Offer | None:
        """Take a message in; return the update that it offers, if this clock would install it."""
        if packet.size_bytes > V1_PACKET_BYTES:
            return None
        if packet.topic == self.topics.version_updates:
            self.request_due_at = now
            return None
        if packet.topic != self.topics.version_response(self.identity.device_id):
            return None
        offer = read_offer(packet.payload)
        return offer if offer is not None and is_newer(offer.version, self.version) else None

    def _heartbeat(self, now: float) -> Packet:
        self.rssi_dbm = _walk(self.random, self.rssi_dbm, self.identity.rssi_dbm, step=2, reach=9)
        self.free_heap_bytes = _walk(
            self.random, self.free_heap_bytes, self.identity.free_heap_bytes, step=240, reach=4000
        )
        uptime_s = int((now - self.booted_at) * 1000) % _UPTIME_WRAP_MS // 1000
        who, ssid = self.identity, self.identity.ssid
        head = (
            f'{{"device_id":"{who.device_id}","board":"{who.board}","version":"{self.version}",'
            f'"uptime":{uptime_s},"rssi":{self.rssi_dbm},"free_heap":{self.free_heap_bytes},'
        )
        tail = f'","ip":"{who.ip_address}"}}'
        payload = head.encode() + b'"ssid":"' + ssid + tail.encode()
        return Packet(f"{self.topics.prefix}/{Kind.HEARTBEAT}", payload)

    def _version_request(self) -> Packet:
        return self._report(
            Kind.VERSION_REQUEST, platform=self.identity.platform, current_version=self.version
        )

    def start(self, offer: Offer) -> Packet:
        """Say that an update begins."""
        versions = {"old_version": self.version, "new_version": offer.version}
        return self._update_report(
            Kind.OTA_START, offer, platform=self.identity.platform, **versions
        )

    def progress(self, offer: Offer, percent: int) -> Packet:
        """Say how much of the image has arrived."""
        return self._update_report(Kind.OTA_PROGRESS, offer, progress=percent)

    def complete(self, offer: Offer, error: str | None = None) -> Packet:
        """Say how the update went, in the words of this clock's build."""
        words: dict[str, object]
        if self.identity.sends_status:
            words = {"status": "failed", "error": error} if error else {"status": "success"}
        else:
            words = {"success": not error, "error_message": error or ""}
        return self._update_report(Kind.OTA_COMPLETE, offer, **words)

    def _update_report(self, kind: Kind, offer: Offer, **fields: object) -> Packet:
        if self.identity.sends_session and offer.session_id:
            fields["session_id"] = offer.session_id
        return self._report(kind, **fields)

    def _report(self, kind: Kind, **fields: object) -> Packet:
        fields = {"device_id": self.identity.device_id, **fields}
        payload = json.dumps(fields, separators=(",", ":")).encode()
        return Packet(f"{self.topics.prefix}/{kind}", payload)


def read_offer(payload: bytes) -> Offer | None:
    """Find an offer by its bytes, as v1 does: it parses no JSON."""
    if b'"update_available":true' not in payload:
        return None
    version = _text_after(payload, b'"latest_version"')
    if version is None:
        return None
    return Offer(version, _text_after(payload, b'"session_id"'))


def _text_after(payload: bytes, key: bytes) -> str | None:
    _, found, rest = payload.partition(key)
    _, colon, rest = rest.partition(b":")
    _, opening, rest = rest.partition(b'"')
    text, closing, _ = rest.partition(b'"')
    return text.decode(errors="replace") if found and colon and opening and closing else None


def _walk(random: Random, value: int, home: int, *, step: int, reach: int) -> int:
    """Return the next step of a random walk that stays within `reach` of `home`."""
    return min(max(value + random.randint(-step, step), home - reach), home + reach)
