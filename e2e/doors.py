"""Prints every door of the product as JSON: routes of API and pages, questions and topics."""

import json
import sys
from pathlib import Path

from nicegui import core

from backend.config import load_settings
from backend.mqtt import BrokerAddress
from backend.surroundings import Surroundings
from skiclock_ui.app import create_product


def main(folder: Path) -> None:
    """Make the product, start nothing, and say where one can knock."""
    nowhere = BrokerAddress("127.0.0.1", 1, "nobody", "nothing", None, "doors")
    settings = load_settings(data=folder, database_url="postgresql://nobody@127.0.0.1:1/none")
    app, _server = create_product(
        settings, Surroundings("postgresql+asyncpg://127.0.0.1:1/none", lambda: nowhere)
    )
    live = app.state.live
    found = {
        "routes": sorted(_routes(app.router.routes) | _routes(core.app.router.routes)),
        "questions": sorted(live.questions),
        "topics": sorted(live.topics),
    }
    print(json.dumps(found))


def _routes(routes: list[object]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for route in routes:
        path, methods = getattr(route, "path", None), getattr(route, "methods", None)
        if path and methods:
            found |= {(method, path) for method in methods}
        inner = getattr(getattr(route, "original_router", None), "routes", None)
        found |= _routes(list(inner or []))
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
