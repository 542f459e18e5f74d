"""What surrounds the simulated clocks, and the count of what they do in it."""

import math
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from backend.contract.limits import HEARTBEAT_INTERVAL_S, RECONNECT_DELAY_S
from backend.contract.topics import Topics
from backend.simulator.link import Broker


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the clocks live. Times in s; tests hurry."""

    interval_s: float = HEARTBEAT_INTERVAL_S
    reconnect_delay_s: float = RECONNECT_DELAY_S
    reboot_s: float = 3.0
    silence_s: float = 1200.0
    """How long a clock is away that fell silent in an update."""
    download_bytes_per_s: tuple[float, float] = (40_000.0, 120_000.0)
    start_per_s: float = 100.0
    """How many clocks connect in a second at the start."""
    start_min_s: float = 2.0


@dataclass(slots=True)
class SimulationReport:
    """What the fleet has done so far."""

    devices: int = 0
    connected: int = 0
    connections: int = 0
    connections_lost: int = 0
    heartbeats_sent: int = 0
    requests_sent: int = 0
    updates_running: int = 0
    updates_succeeded: int = 0
    updates_failed: int = 0
    last_problem: str = ""


Download = Callable[[str, float], AsyncGenerator[int, None]]
"""(platform, bytes per s) -> per cent that have arrived; raises DownloadError."""


@dataclass(frozen=True, slots=True)
class World:
    """What a clock meets: a broker, a server to download from, luck."""

    broker: Broker
    topics: Topics
    download: Download
    pace: Pace
    failure_rate: float
    lost_connections_per_h: float
    report: SimulationReport

    def connection_lifetime_s(self, drawn: float) -> float:
        """Return how long a connection lasts; `drawn` is exponential with mean 1."""
        rate = self.lost_connections_per_h
        return drawn * 3600 / rate if rate > 0 else math.inf
