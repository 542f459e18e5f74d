"""What browsers load beside the pages: style, scripts, icons, typefaces; kept for ever by address.

All of it is small, so it is held in memory. The address holds a digest of the whole, so
a browser never asks twice and never mixes two versions.
"""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from fastapi import FastAPI, Request, Response
from markupsafe import Markup
from nicegui.dependencies import register_importmap_override

log = structlog.get_logger(__name__)

PREFIX: Final = "/static"
"""Open to everybody: the sign-in page needs it too, and nothing in it is secret."""
STATIC = Path(__file__).with_name("static")
NPM = Path(__file__).with_name("node_modules")
FONTS = NPM / "@fontsource-variable"
ESP_WEB_TOOLS = NPM / "esp-web-tools" / "dist" / "web"
ESPTOOL = NPM / "esptool-js" / "bundle.js"

_STYLE = (
    "fonts.css",
    "theme.css",
    "controls.css",
    "data.css",
    "frame.css",
    "plain.css",
    "firmware.css",
    "flash.css",
    "clock.css",
    "settings.css",
    "updates.css",
    "diagnostics.css",
    "people.css",
    "roles.css",
    "keys.css",
    "audit.css",
    "sync.css",
    "quasar.css",
)
"""The style sheets in the order in which they apply, sent as one."""
_FAMILIES = ("atkinson-hyperlegible-next", "atkinson-hyperlegible-mono")
_SUBSETS = ("latin", "latin-ext")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent. `packed` is None where packing gains nothing."""

    body: bytes
    packed: bytes | None
    media_type: str


def url(name: str) -> str:
    """Return the address of a file."""
    return f"{PREFIX}/{_digest}/{name}"


def icon(name: str, classes: str = "") -> Markup:
    """Return an icon of the set, which says nothing to a screen reader."""
    return Markup('<svg class="icon {}" aria-hidden="true"><use href="{}#{}"/></svg>').format(
        classes, url("icons.svg"), name
    )


def create(app: FastAPI) -> None:
    """Register the route."""
    # Vue components import the shared scripts from here: import … from "skiclock/live.js".
    register_importmap_override("skiclock/", url(""))
    if len(_assets) == len(_own_files()):
        log.warning("npm_parts.absent", hint="npm ci --prefix skiclock_ui")

    @app.head(PREFIX + "/{digest}/{name:path}", include_in_schema=False)
    @app.get(PREFIX + "/{digest}/{name:path}", include_in_schema=False)
    async def asset(request: Request, digest: str, name: str) -> Response:
        found = _assets.get(name)
        if found is None:
            return Response("No such file.", 404, media_type="text/plain")
        # A page of another version asks for what was: it gets what is, but must not keep it.
        headers = {"Cache-Control": _FOR_EVER if digest == _digest else "no-store"}
        if found.packed is None:
            return Response(found.body, 200, headers, found.media_type)
        headers["Vary"] = "Accept-Encoding"
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(found.body, 200, headers, found.media_type)
        headers["Content-Encoding"] = "gzip"
        return Response(found.packed, 200, headers, found.media_type)


def _own_files() -> dict[str, bytes]:
    files = {path.name: path.read_bytes() for path in STATIC.iterdir() if path.suffix in _TYPES}
    parts = [files.pop(name) for name in _STYLE]
    return {**files, "skiclock.css": b"\n".join(parts)}


def _font_files() -> dict[str, bytes]:
    """Return the typefaces that are installed; without them the system's are used."""
    names = [f"{family}-{subset}-wght-normal.woff2" for family in _FAMILIES for subset in _SUBSETS]
    paths = [FONTS / name.split("-latin")[0] / "files" / name for name in names]
    return {f"fonts/{path.name}": path.read_bytes() for path in paths if path.is_file()}


def _flasher_files() -> dict[str, bytes]:
    """Return ESP Web Tools and esptool: scripts that import each other by name, and nothing else.

    The window that writes a board has a hash in its name; ours are to find it without.
    """
    files = {f"esp-web-tools/{path.name}": path.read_bytes() for path in ESP_WEB_TOOLS.glob("*.js")}
    for path in ESP_WEB_TOOLS.glob("install-dialog-*.js"):
        files["esp-web-tools/install-dialog.js"] = f'import "./{path.name}";'.encode()
    if ESPTOOL.is_file():
        files["esptool-js/bundle.js"] = ESPTOOL.read_bytes()
    return files


def _as_asset(name: str, body: bytes) -> Asset:
    suffix = Path(name).suffix
    packed = None if suffix == ".woff2" else gzip.compress(body, 9, mtime=0)
    return Asset(body, packed, _TYPES[suffix])


def _digest_of(files: dict[str, bytes]) -> str:
    together = hashlib.sha256()
    for name in sorted(files):
        together.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    return together.hexdigest()[:12]


_files = _own_files() | _font_files() | _flasher_files()
_digest = _digest_of(_files)
_assets = {name: _as_asset(name, body) for name, body in _files.items()}
