"""HTML from templates: the frame of every page, and the pages that need no socket."""

from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from skiclock_ui import assets, i18n

TEMPLATES = Path(__file__).with_name("templates")

_environment = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_environment.globals |= {
    "_": i18n.gettext,
    "ngettext": i18n.ngettext,
    "languages": i18n.LANGUAGES,
    "url": assets.url,
    "icon": assets.icon,
}


def render(template: str, **values: Any) -> str:
    """Return a template in the current language."""
    return _environment.get_template(template).render(lang=i18n.current_language(), **values)


def plain_page(request: Request, template: str, **values: Any) -> HTMLResponse:
    """Return a whole page that works without a socket, and without any script."""
    return HTMLResponse(render(template, theme=theme_of(request), refresh_s=None, **values))


def theme_of(request: Request) -> str:
    """Return the theme that the viewer chose; empty where the device decides (boot.js)."""
    chosen = request.cookies.get("skiclock_theme", "")
    return chosen if chosen in {"dark", "light"} else ""
