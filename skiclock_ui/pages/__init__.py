"""Every page, registered in one place."""

from typing import TYPE_CHECKING

from fastapi import FastAPI
from nicegui import app as nicegui_app

from skiclock_ui import assets
from skiclock_ui.certificates import add_certificates
from skiclock_ui.i18n import LanguageMiddleware
from skiclock_ui.live import Live
from skiclock_ui.pages import (
    account,
    audit,
    clock,
    clock_credentials,
    clock_settings,
    clocks,
    diagnostics,
    errors,
    firmware,
    flash,
    flash_history,
    join,
    keys,
    language,
    login,
    password,
    people,
    roles,
    sync,
    updates,
)
from skiclock_ui.theme import add_health

if TYPE_CHECKING:
    from backend.app import Server


def create(app: FastAPI, server: "Server") -> None:
    """Register all pages and what they load, before NiceGUI is mounted."""
    app.add_middleware(LanguageMiddleware)
    app.state.live = live = Live(server.fleet)
    assets.create(app)
    language.create(app)
    login.create(app, server)
    password.create(app, server)
    join.create(app, server)
    clocks.create(app, server)
    clock.create(server, live)
    clock_settings.create(server, live)
    clock_credentials.create(server, live)
    updates.create(server, live)
    firmware.create(server, live)
    flash.create(server, live)
    flash_history.create(server, live)
    diagnostics.create(server, live)
    people.create(server, live)
    roles.create(server, live)
    keys.create(server, live)
    audit.create(server, live)
    sync.create(server, live)
    account.create(app, server, live)
    add_health(live, server.health)
    add_certificates(live, server.certificates)
    errors.create(app, server)
    nicegui_app.on_startup(live.start)
    nicegui_app.on_shutdown(live.stop)
