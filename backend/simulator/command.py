"""`skiclock simulate`: a living fleet in a second terminal."""

import asyncio
import signal
import ssl
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from backend.config import Settings, SettingsError, load_settings
from backend.simulator.fleet import SimulationError, SimulationOptions, simulate
from backend.simulator.link import Broker, BrokerRefusedError
from backend.simulator.linux_command import Server, run_linux_clocks
from backend.simulator.linux_program import BuildError
from backend.simulator.world import Pace, SimulationReport

STATUS_INTERVAL_S = 1.0
LOG_INTERVAL_S = 15.0


def simulate_command(
    devices: Annotated[
        int | None,
        typer.Option(
            min=1, max=100_000, help="How many clocks.", show_default="50, with --firmware 1"
        ),
    ] = None,
    firmware: Annotated[
        bool,
        typer.Option(
            "--firmware", help="The clock's own software as a Linux program, with its display."
        ),
    ] = False,
    build: Annotated[
        str,
        typer.Option(
            metavar="VERSION", help="With --firmware: only build linux-VERSION.bin, to upload."
        ),
    ] = "",
    wall: Annotated[
        str, typer.Option(help="With --firmware: panels of each row, such as 4+4.")
    ] = "4+4",
    interval: Annotated[
        float, typer.Option(min=0.1, help="Seconds between a clock's heartbeats.")
    ] = 60.0,
    failure_rate: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of updates that fail, 0 to 1.")
    ] = 0.1,
    reconnect_rate: Annotated[
        float, typer.Option(min=0.0, help="Lost connections per clock and hour.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="The same number gives the same clocks.")] = 1,
    session_ids: Annotated[
        bool | None,
        typer.Option(
            "--session-ids/--no-session-ids",
            help="Whether reports of updates name their session.",
            show_default="half of the clocks",
        ),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Broker.", show_default="as the server")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port.", show_default="as the server")
    ] = None,
    username: Annotated[str | None, typer.Option(show_default="as the server")] = None,
    password: Annotated[str | None, typer.Option(show_default="as the server")] = None,
    tls: Annotated[
        bool | None, typer.Option("--tls/--no-tls", help="Use TLS.", show_default="as the server")
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="CA of the broker (PEM).", show_default="the system's"
        ),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Server to download from.", show_default="as the server")
    ] = None,
    download_key: Annotated[str | None, typer.Option(show_default="as the server")] = None,
) -> None:
    """Simulate first-generation clocks, each with a broker connection of its own.

    With --firmware: clocks of the second generation, their real software.
    """
    try:
        settings = load_settings()
        if firmware or build:
            broker = _broker(settings, host, port, username, password, tls, ca_file)
            key = download_key or settings.download_api_key.get_secret_value()
            server = Server(broker, (url or settings.public_url).rstrip("/"), key)
            run_linux_clocks(
                settings, server, devices=devices or 1, wall=wall, ca_file=ca_file, build=build
            )
        options = SimulationOptions(
            broker=_broker(settings, host, port, username, password, tls, ca_file),
            url=(url or settings.public_url).rstrip("/"),
            download_key=download_key or settings.download_api_key.get_secret_value(),
            devices=devices or 50,
            failure_rate=failure_rate,
            lost_connections_per_h=reconnect_rate,
            seed=seed,
            session_ids=session_ids,
            topic_prefix=settings.mqtt_topic_prefix,
            pace=Pace(interval_s=interval),
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(options))
    except BrokerRefusedError as error:
        _give_up(
            f"The broker at {options.broker.host}:{options.broker.port} refused the user name"
            f" and password ({error}): start this with the server's settings, or give"
            " --username and --password."
        )
    except (SettingsError, SimulationError, BuildError) as error:
        _give_up(str(error))


async def _run(options: SimulationOptions) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    report = SimulationReport()
    status = asyncio.create_task(_show_status(options, report))
    try:
        await simulate(options, report=report, stop=stop)
    finally:
        status.cancel()
        if sys.stdout.isatty():
            typer.echo()
    typer.echo(status_line(report))


async def _show_status(options: SimulationOptions, report: SimulationReport) -> None:
    """Keep one line current on a terminal; elsewhere write a line now and then."""
    broker = options.broker
    typer.echo(
        f"{options.devices} clocks connect to {broker.host}:{broker.port}"
        f" and download from {options.url}. Ctrl-C ends."
    )
    is_terminal = sys.stdout.isatty()
    while True:
        await asyncio.sleep(STATUS_INTERVAL_S if is_terminal else LOG_INTERVAL_S)
        line = status_line(report)
        typer.echo(f"\r\x1b[K{line}" if is_terminal else line, nl=not is_terminal)


def status_line(report: SimulationReport) -> str:
    """Return what the fleet does, in one line."""
    line = (
        f"{report.connected} of {report.devices} connected · {report.heartbeats_sent} heartbeats"
        f" · updates: {report.updates_running} running, {report.updates_succeeded} succeeded,"
        f" {report.updates_failed} failed"
    )
    if not report.connected and report.last_problem:
        line += f" · no broker ({report.last_problem[:60]})"
    return line


def _broker(
    settings: Settings,
    host: str | None,
    port: int | None,
    username: str | None,
    password: str | None,
    tls: bool | None,
    ca_file: Path | None,
) -> Broker:
    """Return the server's broker, with what the command line says otherwise."""
    own_port = settings.embedded_mqtt_port if settings.embeds_broker else settings.broker_port
    own_tls = not settings.embeds_broker and settings.mqtt_tls
    use_tls = tls if tls is not None else ca_file is not None or own_tls
    if port is None and tls and settings.embeds_broker:
        own_port = settings.embedded_mqtt_tls_port
    ca = ca_file or settings.mqtt_ca_file
    return Broker(
        host=host or settings.mqtt_host or "127.0.0.1",
        port=port or own_port,
        username=username or settings.mqtt_username,
        password=password or settings.mqtt_password.get_secret_value(),
        tls=ssl.create_default_context(cafile=ca) if use_tls else None,
    )


def _give_up(sentence: str) -> None:
    typer.echo(sentence, err=True)
    raise typer.Exit(2)
