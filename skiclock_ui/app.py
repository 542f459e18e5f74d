"""The wiring of the whole product: surroundings, server, pages, web server."""

import asyncio
import contextlib
import errno
import gc
import signal
import socket
from collections.abc import Iterator

import structlog
import typer
import uvicorn
from fastapi import FastAPI
from nicegui import core, ui

from backend.app import Server, create_app, create_server
from backend.config import Settings
from backend.embedded.errors import PortForbiddenError, PortTakenError
from backend.surroundings import Surroundings, surroundings
from skiclock_ui import pages
from skiclock_ui.assets import STATIC

log = structlog.get_logger(__name__)

RECONNECT_TIMEOUT_S = 30
GRACEFUL_SHUTDOWN_S = 5
KEEP_ALIVE_S = 75


def create_product(settings: Settings, around: Surroundings) -> tuple[FastAPI, Server]:
    """Return the application with API and pages, ready to be served, and its parts."""
    server = create_server(settings, around)
    app = create_app(server)
    pages.create(app, server)
    # Last, for it takes whatever path is left. No storage secret: sessions are our own.
    ui.run_with(
        app,
        title="Ski Clock Neo",
        favicon=STATIC / "favicon.svg",
        reconnect_timeout=RECONNECT_TIMEOUT_S,
        gzip_middleware_factory=None,
        tailwind=False,  # our style is our own; this halves the time to the first view
    )
    # Origins are checked by the guard, for every path alike.
    core.sio.eio.cors_allowed_origins = None
    return app, server


async def serve(settings: Settings) -> None:
    """Run the product until SIGINT or SIGTERM; raises an EmbeddedError where it cannot start."""
    listening = _listen(settings)
    settings = settings.model_copy(update={"port": listening.getsockname()[1]})
    async with surroundings(settings) as around:
        app, server = create_product(settings, around)
        web = _WebServer(_web_config(app, settings))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, web.stop)
        greeting = asyncio.create_task(_begin(server))
        try:
            await web.serve(sockets=[listening])
        finally:
            greeting.cancel()
            await asyncio.gather(greeting, return_exceptions=True)


class _WebServer(uvicorn.Server):
    """Uvicorn that leaves signals to us: it would end the process before our children are."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        """End in good order; at the second call, at once."""
        self.force_exit = self.should_exit
        self.should_exit = True


def _listen(settings: Settings) -> socket.socket:
    """Take the port before anything is started, so that a taken one is told at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(settings.port, "SKICLOCK_PORT") from None
        reason = error.strerror or str(error)
        raise PortForbiddenError(settings.port, "SKICLOCK_PORT", reason) from None


def _web_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="none",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_S,
        timeout_keep_alive=KEEP_ALIVE_S,
    )


async def _begin(server: Server) -> None:
    """Once everything is loaded, settle down and tell the person at the terminal."""
    await server.loaded.wait()
    # What lives now lives to the end. Looking through it for garbage would hold up everybody
    # for a tenth of a second, again and again.
    gc.collect()
    gc.freeze()
    _greet(server)


def _greet(server: Server) -> None:
    """Tell the person at the terminal how to get in."""
    settings, around = server.settings, server.surroundings
    lines = ["", "Ski Clock Neo is running.", "", f"  Dashboard  {settings.public_url}"]
    if server.first_password:
        lines += [
            f"  Sign in    {settings.admin_email}",
            f"  Password   {server.first_password}   (shown this once; change it when asked)",
        ]
    lines.append(f"  Clocks     {around.clocks_connect_to}, user {settings.mqtt_username}")
    if around.broker_ca:
        lines.append(f"  Their CA   {around.broker_ca}")
    lines += ["  Secrets    skiclock settings --show-secrets", "", "Ctrl-C ends it.", ""]
    typer.echo("\n".join(lines))
