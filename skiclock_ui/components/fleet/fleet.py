"""The fleet as one custom element: its files, what it is told, and its words."""

import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nicegui import ui
from nicegui.dependencies import compute_key, register_esm, register_vue_component
from nicegui.element import Element
from nicegui.events import GenericEventArguments
from nicegui.version import __version__ as nicegui_version

from backend.contract.platforms import PLATFORMS
from skiclock_ui.components.fleet.feed import FIELDS, UPDATE_FIELDS
from skiclock_ui.i18n import _

HERE = Path(__file__).parent
BROWSER = HERE / "browser"

SILENT_AFTER_S = 150
"""A clock speaks every 60 s; two words missed and some more mean trouble."""
WEAK_RSSI_DBM = -85
LOW_HEAP_BYTES = 10_000


def _fingerprint() -> float:
    """Return a number that changes with the files: browsers keep each address for ever."""
    files = [HERE / "fleet.js", *sorted(BROWSER.iterdir())]
    return float(zlib.crc32(b"".join(file.read_bytes() for file in files if file.is_file())))


_FINGERPRINT = _fingerprint()
register_esm("skiclock-fleet", BROWSER, max_time=_FINGERPRINT)
_ADDRESS = f"/_nicegui/{nicegui_version}/esm/{compute_key(BROWSER, max_time=_FINGERPRINT)}"


class Fleet(Element):
    """Every clock, live. Events: `rename` and `remove`, each with `device_id` and `request`."""

    component = register_vue_component(HERE / "fleet.js", max_time=_FINGERPRINT)

    def __init__(
        self,
        *,
        list_url: str,
        language: str,
        offline_after_s: int,
        may: Mapping[str, bool],
        connect: Mapping[str, Any],
        on_rename: Callable[[GenericEventArguments], Any],
        on_remove: Callable[[GenericEventArguments], Any],
    ) -> None:
        super().__init__()
        ui.add_head_html(_head(list_url))
        self._props["list-url"] = list_url
        self._props["lang"] = language
        self._props["words"] = words()
        self._props["fields"] = FIELDS
        self._props["update-fields"] = UPDATE_FIELDS
        self._props["rules"] = {
            "offline_after_s": offline_after_s,
            "silent_after_s": SILENT_AFTER_S,
            "weak_rssi_dbm": WEAK_RSSI_DBM,
            "low_heap_bytes": LOW_HEAP_BYTES,
        }
        self._props["boards"] = {name: platform.board for name, platform in PLATFORMS.items()}
        self._props["may"] = dict(may)
        self._props["connect"] = dict(connect)
        self.mark("fleet")
        self.on("rename", on_rename, throttle=0.3)
        self.on("remove", on_remove, throttle=0.3)


def _head(list_url: str) -> str:
    """Return what lets the browser fetch style, modules and the list before it knows of them."""
    modules = [file.name for file in sorted(BROWSER.glob("*.js"))]
    links = [f'<link rel="modulepreload" href="{_ADDRESS}/{name}">' for name in modules]
    return "\n".join(
        [
            f'<link rel="stylesheet" href="{_ADDRESS}/fleet.css">',
            f'<link rel="preload" as="fetch" crossorigin="anonymous" href="{list_url}">',
            *links,
        ]
    )


def words() -> dict[str, str]:
    """Return every text of the element in the language of the request."""
    return {
        # states and totals
        "online": _("Online"),
        "degraded": _("Degraded"),
        "offline": _("Offline"),
        "updating": _("Updating"),
        "needs_update": _("Update waits"),
        "all": _("Clocks"),
        "clocks": _("Clocks"),
        "totals": _("Clocks by state"),
        # the line that says what matters now
        "line_newest": _("On the newest version"),
        "line_ahead": _("On a version that is not published here"),
        "line_waits": _("Update to {version} waits"),
        "line_no_firmware": _("No firmware published for this board yet"),
        "line_no_platform": _("Board unknown: cannot be updated"),
        "line_started": _("Begins the update to {version}"),
        "line_downloading": _("Updating to {version}: {percent}"),
        "line_installed": _("{version} installed, waiting for the restart"),
        "line_failed": _("Update to {version} failed."),
        "line_claimed": _("Flashed; waiting for its first contact"),
        "line_silent_for": _("Not heard for {time}"),
        "line_silent_since": _("Not heard since {time}"),
        "line_memory": _("Little memory left: {memory}"),
        "line_signal": _("Weak signal: {signal}"),
        "line_damaged": _("Its messages arrive damaged"),
        # readings
        "signal": _("Signal"),
        "memory": _("Memory"),
        "uptime": _("Uptime"),
        "last_seen": _("Heard"),
        "progress": _("Update progress"),
        "since": _("since {date}"),
        "none": "–",
        "version_unknown": _("version unknown"),
        "board_unknown": _("Unknown board"),
        "update_waits": _("Update waits:"),
        "update_to": _("Update to {version} waits"),
        "just_now": _("just now"),
        "ago": _("{time} ago"),
        "unit_d": _("d"),
        "unit_h": _("h"),
        "unit_min": _("min"),
        "unit_s": _("s"),
        # searching, filtering, sorting
        "search": _("Search clocks"),
        "search_hint": _("Name, id, network, address …"),
        "filters": _("Filter and sort"),
        "filter_platform": _("Board"),
        "filter_version": _("Version"),
        "filter_network": _("Network"),
        "filter_group": _("Group"),
        "all_platform": _("All boards"),
        "all_version": _("All versions"),
        "all_network": _("All networks"),
        "all_group": _("All groups"),
        "sort_by": _("Sort by"),
        "sort_name": _("Name"),
        "sort_state": _("State"),
        "sort_board": _("Board"),
        "sort_version": _("Version"),
        "sort_rssi": _("Signal"),
        "sort_heap": _("Memory"),
        "sort_uptime": _("Uptime"),
        "sort_last_seen": _("Last heard"),
        "sort_first_seen": _("First seen"),
        "sort_network": _("Network"),
        "sort_ip": _("IP address"),
        "ascending": _("Ascending"),
        "descending": _("Descending"),
        "view": _("View"),
        "cards": _("Cards"),
        "table": _("Table"),
        "showing": _("{shown} of {all} clocks"),
        "clear": _("Clear filters"),
        "close": _("Close"),
        # menu and dialogs
        "actions": _("Actions"),
        "actions_for": _("Actions for {name}"),
        "rename": _("Name and group"),
        "save": _("Save"),
        "open": _("Open its address"),
        "copy_id": _("Copy id"),
        "remove": _("Remove"),
        "cancel": _("Cancel"),
        "name": _("Name"),
        "rename_title": _("Name and group of {name}"),
        "group": _("Group"),
        "group_hint": _("Clocks of one place or club. Roles can be limited to groups."),
        "rename_hint": _("Leave empty to show the id."),
        "remove_title": _("Remove {name}?"),
        "remove_meaning": _(
            "The clock and its readings are deleted; its updates stay in the log. "
            "If it speaks again, it comes back."
        ),
        "type_name": _("To confirm, type"),
        "copied": _("{text} copied."),
        "not_copied": _("Copying needs HTTPS. The id is {text}"),
        "copied_short": _("Copied"),
        "copy": _("Copy"),
        "no_answer": _("No answer from the server. Try again in a moment."),
        # nothing, waiting, trouble
        "loading": _("Loading clocks"),
        "list_failed": _("The list of clocks cannot be loaded. The page keeps trying."),
        "stale": _("No contact with the server since {time}. The page catches up by itself."),
        "restarting": _("The server is restarting. The page comes back by itself."),
        "broker_down": _(
            "No contact with the broker since {time}. Clocks keep running; the page will catch up."
        ),
        "database_down": _(
            "The database has not answered since {time}. "
            "Clocks keep running; the page will catch up."
        ),
        "nothing": _("No clock matches"),
        "nothing_hint": _("Try fewer words, or clear the filters."),
        "refused": _("Your role may not see clocks"),
        "refused_hint": _("Ask an administrator of this server for access."),
        "empty": _("No clock has spoken yet"),
        "empty_hint": _(
            "Give a clock these settings. It appears here with its first heartbeat, "
            "within a second; nothing needs to be registered."
        ),
        "broker": _("Broker"),
        "user_name": _("User name"),
        "password": _("Password"),
        "password_hint": _("Shown on the server by"),
        "simulate_hint": _("No clock at hand? This starts fifty simulated ones on this server:"),
        "empty_waiting": _("Listening for the first heartbeat"),
    }
