"""A whole fleet of simulated clocks, each with a connection of its own."""

import asyncio
import resource
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from backend.contract.limits import UPTIME_WRAP_S
from backend.contract.topics import Topics
from backend.simulator.clock import Clock
from backend.simulator.download import download, no_verification
from backend.simulator.identity import identities
from backend.simulator.life import live
from backend.simulator.link import Broker
from backend.simulator.world import Pace, SimulationReport, World

CANCEL_AGAIN_S = 0.2
_FILES_PER_CLOCK = 5  # a socket, the MQTT client's pair, a download, and one to spare
_FILES_BESIDES = 100


class SimulationError(Exception):
    """The fleet cannot be simulated; the text says what to do."""


@dataclass(frozen=True, slots=True)
class SimulationOptions:
    """What to simulate, and against what. `session_ids` None: as mixed as in the field."""

    broker: Broker
    url: str
    download_key: str
    devices: int = 50
    failure_rate: float = 0.1
    lost_connections_per_h: float = 1.0
    seed: int = 1
    session_ids: bool | None = None
    topic_prefix: str = "skiclock"
    duration_s: float | None = None
    pace: Pace = field(default_factory=Pace)


async def simulate(
    options: SimulationOptions,
    *,
    report: SimulationReport | None = None,
    stop: asyncio.Event | None = None,
) -> SimulationReport:
    """Run the fleet for `duration_s`, until `stop`, or until cancelled; `report` is kept current.

    Raises BrokerRefusedError, SimulationError.
    """
    report = report or SimulationReport()
    report.devices = options.devices
    _allow_files(options.devices * _FILES_PER_CLOCK + _FILES_BESIDES)
    world = _world(options, report)
    clocks = _clocks(options, world, asyncio.get_running_loop().time())
    tasks = [asyncio.create_task(_start(clock, delay_s, world)) for clock, delay_s in clocks]
    stopped = asyncio.create_task((stop or asyncio.Event()).wait())
    try:
        done, _ = await asyncio.wait(
            [*tasks, stopped], timeout=options.duration_s, return_when=asyncio.FIRST_COMPLETED
        )
        for task in done:
            task.result()
    finally:
        await _cancel([*tasks, stopped])
    return report


async def _cancel(tasks: Sequence[asyncio.Task[None] | asyncio.Task[bool]]) -> None:
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        # Again, where it got lost: Python 3.11's wait_for takes no cancellation when what it
        # waits for is done in the same moment.
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)


async def _start(clock: Clock, delay_s: float, world: World) -> None:
    await asyncio.sleep(delay_s)
    await live(clock, world)


def _world(options: SimulationOptions, report: SimulationReport) -> World:
    tls = no_verification()

    return World(
        broker=options.broker,
        topics=Topics(options.topic_prefix),
        download=lambda platform, bytes_per_s: download(
            options.url, platform, key=options.download_key, bytes_per_s=bytes_per_s, tls=tls
        ),
        pace=options.pace,
        failure_rate=options.failure_rate,
        lost_connections_per_h=options.lost_connections_per_h,
        report=report,
    )


def _clocks(options: SimulationOptions, world: World, now: float) -> Iterator[tuple[Clock, float]]:
    """Yield each clock and after how many s it connects; they hang for up to 60 days already."""
    pace = options.pace
    spread_s = max(pace.start_min_s, options.devices / pace.start_per_s)
    for identity in identities(options.devices, seed=options.seed, session_ids=options.session_ids):
        random = Random(f"{identity.device_id} {options.seed}")  # noqa: S311 - a fleet to play with
        clock = Clock(
            identity=identity,
            topics=world.topics,
            interval_s=pace.interval_s,
            random=random,
            version=identity.version,
            booted_at=now - random.uniform(0, 1.2 * UPTIME_WRAP_S),
        )
        yield clock, random.uniform(0, spread_s)


def _allow_files(wanted: int) -> None:
    """Raise the limit of open files as far as this user may. Raises SimulationError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise SimulationError(
                f"So many clocks need {wanted} open files, but this user may have {hard}:"
                " raise the limit (ulimit -n) or simulate fewer."
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
