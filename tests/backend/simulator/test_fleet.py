"""Simulated clocks at a real broker: what it hears of them, and what becomes of their updates."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from backend.contract.decoding import decode
from backend.contract.messages import Heartbeat, VersionResponse, encode
from backend.contract.topics import Kind, Topics
from backend.simulator.fate import FAILURES, Fate
from backend.simulator.fleet import SimulationError, SimulationOptions, simulate
from backend.simulator.identity import identities
from backend.simulator.link import BrokerRefusedError
from backend.simulator.world import Pace, SimulationReport
from tests.backend.simulator.conftest import PASSWORD, USERNAME, Ear, Mosquitto

NEW = "2026.1.10.1"
TOPICS = Topics("skiclock")
HURRIED = Pace(
    reconnect_delay_s=0.2,
    reboot_s=0.1,
    silence_s=0.6,
    download_bytes_per_s=(1e6, 4e6),
    start_min_s=0.1,
    start_per_s=1000,
)


@pytest.fixture
async def images() -> AsyncIterator[str]:
    """A server that gives every clock the same image of 100 kB."""
    image = bytes(100_000)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(image) + image)
        try:
            await writer.drain()
        except ConnectionError:
            return  # a clock that broke off
        writer.close()

    listener = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listener:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"


@pytest.fixture
def options(mosquitto: Mosquitto, images: str) -> SimulationOptions:
    return SimulationOptions(
        mosquitto.broker,
        images,
        "a key",
        devices=1,
        failure_rate=0,
        lost_connections_per_h=0,
        session_ids=True,
        pace=HURRIED,
    )


@asynccontextmanager
async def running(options: SimulationOptions) -> AsyncIterator[SimulationReport]:
    report, stop = SimulationReport(), asyncio.Event()
    task = asyncio.create_task(simulate(options, report=report, stop=stop))
    yield report
    stop.set()
    await asyncio.wait_for(task, 5)


async def offer_to_all(ear: Ear, count: int) -> None:
    """Answer the first request of each clock with an offer."""
    for payload in await ear.until("skiclock/version/request", count):
        request = json.loads(payload)
        answer = VersionResponse(
            NEW, request["current_version"], True, request["platform"], uuid4()
        )
        await ear.say(TOPICS.version_response(request["device_id"]), encode(answer))


def versions_of(ear: Ear, device_id: str) -> list[str | None]:
    heartbeats = [decode(Kind.HEARTBEAT, one)[0] for one in ear.of("skiclock/heartbeat", device_id)]
    return [one.version for one in heartbeats if isinstance(one, Heartbeat)]


async def test_each_clock_is_heard_and_asks_for_its_version(
    options: SimulationOptions, ear: Ear
) -> None:
    fleet = identities(25, seed=options.seed, session_ids=True)
    async with running(replace(options, devices=25)) as report:
        await ear.until("skiclock/heartbeat", 25)
        await ear.until("skiclock/version/request", 25)
        assert report.connected == 25
    assert report.connected == 0
    for one in fleet:
        assert ear.of("skiclock/heartbeat", one.device_id)
        assert ear.of("skiclock/version/request", one.device_id)


async def test_heartbeats_keep_coming(options: SimulationOptions, ear: Ear) -> None:
    async with running(replace(options, pace=replace(HURRIED, interval_s=0.05))) as report:
        await ear.until("skiclock/heartbeat", 20)
    assert report.heartbeats_sent >= 20


async def test_an_offered_update_runs_to_the_heartbeat_on_the_new_version(
    options: SimulationOptions, ear: Ear
) -> None:
    device_id = identities(1, seed=options.seed)[0].device_id
    async with running(options) as report:
        await offer_to_all(ear, 1)
        await ear.until("skiclock/heartbeat", 2)
    said = [topic for topic, _ in ear.heard if topic.startswith("skiclock/ota")]
    assert said == ["skiclock/ota/start", *["skiclock/ota/progress"] * 10, "skiclock/ota/complete"]
    progress = [json.loads(one)["progress"] for one in ear.of("skiclock/ota/progress")]
    assert progress == list(range(10, 101, 10))
    assert len({json.loads(one)["session_id"] for one in ear.of("skiclock/ota/progress")}) == 1
    assert versions_of(ear, device_id)[1] == NEW
    reborn, _ = decode(Kind.HEARTBEAT, ear.of("skiclock/heartbeat")[1])
    assert isinstance(reborn, Heartbeat)
    assert reborn.uptime == 0
    assert (report.updates_succeeded, report.updates_failed, report.updates_running) == (1, 0, 0)


async def test_a_broadcast_makes_every_clock_ask_again(
    options: SimulationOptions, ear: Ear
) -> None:
    async with running(replace(options, devices=10)):
        await ear.until("skiclock/version/request", 10)
        await ear.say("skiclock/version/updates", b"news")
        await ear.until("skiclock/version/request", 20)


async def test_updates_fail_in_every_way_that_the_field_knows(
    options: SimulationOptions, ear: Ear
) -> None:
    count = 24
    fleet = identities(count, seed=options.seed, session_ids=True)
    async with running(replace(options, devices=count, failure_rate=1)) as report:
        await offer_to_all(ear, count)
        async with asyncio.timeout(20):
            while report.updates_failed < count or report.connected < count:
                await asyncio.sleep(0.05)
        await ear.until("skiclock/version/request", count)
    seen = Counter(fate_of(ear, one.device_id) for one in fleet)
    assert set(seen) == set(FAILURES)
    assert report.updates_succeeded == 0
    assert all(NEW not in versions_of(ear, one.device_id) for one in fleet)


def fate_of(ear: Ear, device_id: str) -> Fate:
    """Tell from what a broker heard how an update failed."""
    assert len(ear.of("skiclock/ota/start", device_id)) == 1
    complete = ear.of("skiclock/ota/complete", device_id)
    progress = ear.of("skiclock/ota/progress", device_id)
    if complete:
        failed = b'"success":false' in complete[0] or b'"status":"failed"' in complete[0]
        return Fate.REPORTS_FAILURE if failed else Fate.ROLLS_BACK
    return Fate.LOSES_POWER if progress else Fate.FALLS_SILENT


async def test_a_download_that_the_server_refuses_is_told_and_not_fatal(
    options: SimulationOptions, ear: Ear, free_port: int
) -> None:
    nowhere = replace(options, url=f"http://127.0.0.1:{free_port}")
    async with running(nowhere) as report:
        await offer_to_all(ear, 1)
        told = json.loads((await ear.until("skiclock/ota/complete", 1))[0])
        assert told.get("success") is False or told.get("status") == "failed"
        assert "Connection lost" in (told.get("error_message") or told["error"])
        assert report.connected == 1


async def test_clocks_come_back_after_the_broker_was_away(
    options: SimulationOptions, mosquitto: Mosquitto
) -> None:
    async with running(replace(options, devices=10)) as report:
        await until_connected(report, 10)
        await mosquitto.stop()
        await until_connected(report, 0)
        await mosquitto.start()
        await until_connected(report, 10)
    assert report.connections_lost >= 10


async def test_connections_are_lost_at_the_rate_that_was_asked_for(
    options: SimulationOptions, ear: Ear
) -> None:
    often = replace(options, devices=5, lost_connections_per_h=3600 * 5)
    async with running(often) as report:
        await ear.until("skiclock/heartbeat", 20)
    assert report.connections_lost >= 15
    assert report.connections >= 20


async def test_a_wrong_password_ends_it_with_a_word(options: SimulationOptions) -> None:
    wrong = replace(options, broker=replace(options.broker, password="wrong"))
    with pytest.raises(BrokerRefusedError):
        await asyncio.wait_for(simulate(wrong), 10)


async def test_more_clocks_than_open_files_allow_are_refused(options: SimulationOptions) -> None:
    with pytest.raises(SimulationError, match="open files"):
        await simulate(replace(options, devices=100_000_000))


async def test_it_ends_after_its_time(options: SimulationOptions) -> None:
    report = await asyncio.wait_for(simulate(replace(options, duration_s=0.5)), 5)
    assert report.connections == 1


async def until_connected(report: SimulationReport, count: int) -> None:
    async with asyncio.timeout(15):
        while report.connected != count:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(("end", "devices"), [(signal.SIGINT, 1000), (signal.SIGTERM, 20)])
async def test_ctrl_c_ends_a_thousand_clocks_within_two_seconds(
    mosquitto: Mosquitto, ear: Ear, tmp_path: Path, end: signal.Signals, devices: int
) -> None:
    process = await command(
        mosquitto.port, tmp_path, "--devices", str(devices), "--password", PASSWORD
    )
    await ear.until("skiclock/heartbeat", devices)
    loop = asyncio.get_running_loop()
    began = loop.time()
    process.send_signal(end)
    out, err = await asyncio.wait_for(process.communicate(), 10)
    assert loop.time() - began < 2
    assert (process.returncode, err.decode()) == (0, "")
    assert f"of {devices} connected" in out.decode().splitlines()[-1]


async def test_the_command_says_what_to_do_about_a_wrong_password(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    process = await command(mosquitto.port, tmp_path, "--devices", "3", "--password", "wrong")
    _, err = await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode == 2
    assert len(err.decode().splitlines()) == 1
    assert "--password" in err.decode()


async def command(port: int, data: Path, *arguments: str) -> asyncio.subprocess.Process:
    """Start the command as `skiclock simulate` does, in a process of its own."""
    main = (
        "import typer; from backend.simulator.command import simulate_command;"
        "typer.run(simulate_command)"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "SKICLOCK_DATA": str(data / "data"),
        "EMBEDDED_MQTT_PORT": str(port),
        "MQTT_USERNAME": USERNAME,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        main,
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
