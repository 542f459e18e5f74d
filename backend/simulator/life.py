"""The life of one simulated clock: connect, speak, listen, update, restart."""

import asyncio
from contextlib import aclosing

from backend.contract.topics import Kind
from backend.simulator.clock import Clock, Offer, Packet
from backend.simulator.download import DownloadError
from backend.simulator.fate import BREAKING_OFF, REASONS, SUCCESSES, Fate, draw_fate
from backend.simulator.link import BrokerRefusedError, Link, LinkLostError, connect
from backend.simulator.world import SimulationReport, World


async def live(clock: Clock, world: World) -> None:
    """Stay connected until cancelled.

    Raises BrokerRefusedError when user name or password were never right.
    """
    while True:
        away_s = await _one_connection(clock, world)
        await asyncio.sleep(away_s)


async def _one_connection(clock: Clock, world: World) -> float:
    """Return after how many s it connects again."""
    report = world.report
    try:
        async with connect(world.broker, world.topics, clock.identity.device_id) as link:
            report.connections += 1
            report.connected += 1
            try:
                return await _speak(clock, link, world)
            finally:
                report.connected -= 1
    except LinkLostError as error:
        report.last_problem = str(error)
    except BrokerRefusedError as error:
        if not report.connections:
            raise
        report.last_problem = str(error)
    report.connections_lost += 1
    return world.pace.reconnect_delay_s


async def _speak(clock: Clock, link: Link, world: World) -> float:
    """Say what is due and hear what comes, until this connection ends."""
    time = asyncio.get_running_loop().time
    clock.connected(time())
    lost_at = time() + world.connection_lifetime_s(clock.random.expovariate(1))
    while time() < lost_at:
        for packet in clock.say_due(time()):
            if await link.publish(packet):
                _count(packet, world.report)
        packet_in = await link.next_packet(min(clock.due_at, lost_at) - time())
        offer = clock.hear(packet_in, time()) if packet_in is not None else None
        away_s = await _update(clock, link, offer, world) if offer is not None else None
        if away_s is not None:
            return away_s
    await link.drop()
    world.report.connections_lost += 1
    return world.pace.reconnect_delay_s


async def _update(clock: Clock, link: Link, offer: Offer, world: World) -> float | None:
    """Go through with an update; return after how many s it is back, None if it never left."""
    fate = draw_fate(clock.random, world.failure_rate)
    report = world.report
    report.updates_running += 1
    try:
        fate = await _follow(fate, clock, link, offer, world)
    finally:
        report.updates_running -= 1
    if fate in SUCCESSES:
        report.updates_succeeded += 1
    else:
        report.updates_failed += 1
    if fate is Fate.REPORTS_FAILURE:
        return None
    await link.drop()
    away_s = world.pace.silence_s if fate is Fate.FALLS_SILENT else world.pace.reboot_s
    version = offer.version if fate in SUCCESSES else clock.version
    clock.rebooted(asyncio.get_running_loop().time() + away_s, version)
    return away_s


async def _follow(fate: Fate, clock: Clock, link: Link, offer: Offer, world: World) -> Fate:
    """Say and do what the fate has in store; return it, or failure if the download failed."""
    await link.publish(clock.start(offer))
    if fate is Fate.FALLS_SILENT:
        return fate
    until_percent = clock.random.randint(10, 90) if fate in BREAKING_OFF else 100
    bytes_per_s = clock.random.uniform(*world.pace.download_bytes_per_s)
    try:
        async with aclosing(world.download(clock.identity.platform, bytes_per_s)) as steps:
            async for percent in steps:
                await link.publish(clock.progress(offer, percent))
                if fate in BREAKING_OFF and percent >= until_percent:
                    break
    except DownloadError as error:
        world.report.last_problem = str(error)
        await link.publish(clock.complete(offer, str(error)))
        return Fate.REPORTS_FAILURE
    if fate is Fate.REPORTS_FAILURE:
        await link.publish(clock.complete(offer, clock.random.choice(REASONS)))
    elif fate in (Fate.SUCCEEDS, Fate.ROLLS_BACK):
        await link.publish(clock.complete(offer))
    return fate


def _count(packet: Packet, report: SimulationReport) -> None:
    if packet.topic.endswith(Kind.HEARTBEAT):
        report.heartbeats_sent += 1
    else:
        report.requests_sent += 1
