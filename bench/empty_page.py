"""The reference for a first view: NiceGUI's emptiest page, served as the product is."""

import sys

import uvicorn
from fastapi import FastAPI
from nicegui import ui


@ui.page("/")
def page() -> None:
    """Show a word."""
    ui.label("Empty").classes("fleet-card").props("data-device=none")


def main() -> None:
    """Serve until ended."""
    app = FastAPI()
    ui.run_with(app)
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        ws="websockets",
        ws_per_message_deflate=False,
        log_level="error",
    )


main()
