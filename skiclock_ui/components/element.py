"""What our custom elements have in common: their file, and the address that changes with it."""

import zlib
from pathlib import Path
from typing import Any

from nicegui.dependencies import Component, register_vue_component
from nicegui.element import Element


def component(path: Path) -> Component:
    """Register a component's script; browsers keep it until its content changes."""
    return register_vue_component(path, max_time=float(zlib.crc32(path.read_bytes())))


class PageElement(Element):
    """A whole page's content, drawn in the browser from `state`, then kept live by a topic."""

    def __init__(self, *, words: dict[str, Any], state: Any, **props: Any) -> None:
        super().__init__()
        self._props |= {"words": words, "state": state, **props}
