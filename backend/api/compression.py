"""Compresses what gains by it, and never an image: v1 clocks and ranges need the plain bytes."""

from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.contract import paths

_PLAIN = ("/api/firmware/", "/firmware/user-download/", paths.VERSION)


class Compression:
    """ASGI middleware outside of the guard, which has to read the pages."""

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._compressed = GZipMiddleware(
            app,
            minimum_size=1000,
            compresslevel=4,
            exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/octet-stream"),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http" and not scope["path"].startswith(_PLAIN):
            await self._compressed(scope, receive, send)
        else:
            await self._plain(scope, receive, send)
