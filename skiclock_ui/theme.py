"""The frame that every page stands in: header, navigation, the language and title of the page."""

import asyncio
import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from nicegui import Client, ui

from backend.access import Identity, Permission
from backend.health import Health, PartHealth
from skiclock_ui import assets
from skiclock_ui.certificates import certificate_words, ending_message
from skiclock_ui.components.fleet.room import identity_of_page
from skiclock_ui.i18n import _, current_language
from skiclock_ui.live import Live, Topic
from skiclock_ui.render import render

if TYPE_CHECKING:
    from backend.app import Server

PRODUCT = "Ski Clock"
HEALTH_EVERY_S = 0.2
IN_MENU = ("people", "roles", "keys", "audit", "sync")
"""Pages that stand in the account's menu too: the bar of a phone has no room for them."""

_QUASAR_LANGUAGES = {"en": "en-GB", "sv": "sv", "nb": "nb-NO"}


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation; `name` is its icon's, too."""

    name: str
    path: str
    title: str
    permission: Permission | None
    group: str = ""


def places_for(identity: Identity) -> list[Place]:
    """Return the pages that somebody may see, in the order of the navigation."""
    settings = _("Settings")
    every = [
        Place("clocks", "/", _("Clocks"), Permission.SEE_CLOCKS),
        Place("updates", "/updates", _("Updates"), Permission.SEE_CLOCKS),
        Place("firmware", "/firmware", _("Firmware"), Permission.SEE_FIRMWARE),
        Place("flash", "/flash", _("Flash"), Permission.DOWNLOAD_FIRMWARE),
        Place(
            "diagnostics", "/diagnostics", _("Diagnostics"), Permission.SEE_DIAGNOSTICS, settings
        ),
        Place("people", "/people", _("People"), Permission.MANAGE_USERS, settings),
        Place("roles", "/roles", _("Roles"), Permission.MANAGE_USERS, settings),
        Place("keys", "/keys", _("Keys"), Permission.MANAGE_KEYS, settings),
        Place("audit", "/audit", _("Audit log"), Permission.SEE_AUDIT, settings),
        Place("sync", "/sync", _("Production"), Permission.FOLLOW_PRODUCTION, settings),
        Place("account", "/account", _("Account"), None, settings),
    ]
    seen = [one for one in every if one.permission is None or identity.may(one.permission)]
    return [_without_repeated_group(one, seen[i - 1] if i else None) for i, one in enumerate(seen)]


@contextmanager
def frame(server: "Server", title: str, active: str) -> Iterator[None]:
    """Build a page: what is made inside stands in its place for content.

    `title` is in the viewer's language; `active` is the name of the page's Place. The page
    of clocks has a search of its own and says itself when something is wrong.
    """
    client = ui.context.client
    identity = identity_of_page(client)
    if identity is None:
        raise PermissionError("a page was asked for without anybody signed in")
    _name_page(client, title)
    ui.add_head_html(render("_head.html") + _script("frame.js"))
    ui.add_body_html(frame_html(server, identity, active, path=_address_of(client)))
    # NiceGUI's own element around it is the landmark.
    main = ui.element("div").props("id=main tabindex=-1")
    if active == "clocks":
        main.props("data-speaks-itself")
    with main:
        yield


def frame_html(server: "Server", identity: Identity, active: str, *, path: str) -> str:
    """Return header and navigation; `path` is where a change of language leads back to."""
    is_clocks, places = active == "clocks", places_for(identity)
    parts = health_message(server.health)
    looks_after = identity.may(Permission.SEE_DIAGNOSTICS)
    return render(
        "_frame.html",
        place=server.settings.club,
        identity=identity,
        role=role_name(identity.role),
        places=places,
        in_menu=[one for one in places if one.name in IN_MENU],
        active=active,
        searches=not is_clocks and identity.may(Permission.SEE_CLOCKS),
        parts=[
            {"name": "broker", "ok": server.health.broker.ok, "title": _("Broker")},
            {"name": "database", "ok": server.health.database.ok, "title": _("Database")},
        ],
        parts_link="/diagnostics" if looks_after else "",
        language_url=lambda code: f"/ui/language/{code}?next={quote(path, safe='')}",
        data={
            "words": health_words(),
            "format": time_words(),
            "health": parts,
            "speaks_itself": is_clocks,
            "warning_icon": str(assets.icon("warning")),
            "close_icon": str(assets.icon("close")),
            "certificates": ending_message(server.certificates) if looks_after else None,
            "certificate_words": certificate_words() if looks_after else None,
        },
    )


def add_health(live: Live, health: Health) -> None:
    """Let every open page follow the health of both parts."""
    changed = asyncio.Event()

    async def snapshot() -> dict[str, dict[str, Any]]:
        return health_message(health)

    health.listeners.append(changed.set)
    live.add_topic(Topic("health", None, snapshot, HEALTH_EVERY_S, wake=changed))


def health_message(health: Health) -> dict[str, dict[str, Any]]:
    """Return the health of both parts as open pages are told it; why stands in the diagnostics."""
    return {"broker": _part(health.broker), "database": _part(health.database)}


def health_words() -> dict[str, str]:
    """Return what the header says of health and contact."""
    return {
        "broker": _("Broker"),
        "database": _("Database"),
        "broker_up": _("Broker: connected since {time}"),
        "broker_away": _("Broker: away since {time}"),
        "database_up": _("Database: answering since {time}"),
        "database_away": _("Database: away since {time}"),
        "broker_down": _(
            "No contact with the broker since {time}. Clocks keep running; the page will catch up."
        ),
        "database_down": _(
            "The database has not answered since {time}. "
            "Clocks keep running; the page will catch up."
        ),
        "stale": _("No contact with the server since {time}. The page catches up by itself."),
        "restarting": _("The server is restarting. The page comes back by itself."),
        "hide": _("Hide for a day"),
    }


def time_words() -> dict[str, str]:
    """Return the units of time, and how long ago something was."""
    return {
        "just_now": _("just now"),
        "ago": _("{time} ago"),
        "d": _("d"),
        "h": _("h"),
        "min": _("min"),
        "s": _("s"),
    }


def role_name(role: str) -> str:
    """Return a role's name for people; one that an administrator made keeps its own."""
    names = {"admin": _("Administrator"), "technician": _("Technician"), "viewer": _("Viewer")}
    return names.get(role, role)


def _part(part: PartHealth) -> dict[str, Any]:
    return {"ok": part.ok, "since": round(part.since.timestamp())}


def _name_page(client: Client, title: str) -> None:
    """Give this one page its title and language; the route's object is shared by all viewers."""
    client.title = f"{title} · {PRODUCT}"
    client.page = copy.copy(client.page)
    client.page.language = _QUASAR_LANGUAGES[current_language()]  # type: ignore[assignment]


def _address_of(client: Client) -> str:
    url = client.request.url
    return f"{url.path}?{url.query}" if url.query else url.path


def _script(name: str) -> str:
    return f'<script type="module" src="{assets.url(name)}"></script>'


def _without_repeated_group(place: Place, before: Place | None) -> Place:
    if before is None or before.group != place.group:
        return place
    return Place(place.name, place.path, place.title, place.permission)
