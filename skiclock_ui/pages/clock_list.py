"""`/ui/fleet.json`: the list of clocks that an open fleet page starts from."""

import asyncio
import gzip
from datetime import UTC, datetime

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from backend.access import Identity, Permission
from skiclock_ui.components.fleet.feed import Feed

log = structlog.get_logger(__name__)

PATH = "/ui/fleet.json"
SERVER_TIME = "X-Server-Time"
"""When the answer was sent, in Unix seconds: the body is kept and cannot say."""

GZIP_LEVEL = 1  # 10,000 clocks: 12 ms and 15 % of the size; level 6 takes four times as long
_HEADERS = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}


class Packed:
    """The whole list, packed once for each number of the feed."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._lock = asyncio.Lock()
        self._of: tuple[str, int] | None = None
        self._bytes = b""

    async def get(self) -> bytes:
        """Return the list as gzip bytes, no older than the feed's last number."""
        async with self._lock:
            of = (self._feed.epoch, self._feed.seq)
            if self._of != of:
                plain = self._feed.list_json()
                self._bytes = await asyncio.to_thread(gzip.compress, plain, GZIP_LEVEL)
                self._of = of
            return self._bytes


def create(app: FastAPI, feed: Feed) -> None:
    """Register the route."""
    packed = Packed(feed)

    @app.get(PATH, include_in_schema=False)
    async def fleet_list(request: Request, epoch: str = "", since: int | None = None) -> Response:
        identity: Identity | None = getattr(request.state, "identity", None)
        if identity is None or not identity.may(Permission.SEE_CLOCKS):
            return _refusal(identity)
        headers = _HEADERS | {SERVER_TIME: f"{datetime.now(UTC).timestamp():.3f}"}
        groups = identity.groups
        if since is not None and epoch == feed.epoch_of(groups):
            changes = feed.list_json(since=since, groups=groups)
            return Response(changes, 200, headers, "application/json")
        if groups is not None:
            # Of some groups: not so long that it would have to be packed.
            return Response(feed.list_json(groups=groups), 200, headers, "application/json")
        body = await packed.get()
        if "gzip" not in request.headers.get("accept-encoding", ""):
            body = await asyncio.to_thread(gzip.decompress, body)
        else:
            headers["Content-Encoding"] = "gzip"
        headers[SERVER_TIME] = f"{datetime.now(UTC).timestamp():.3f}"
        return Response(body, 200, headers, "application/json")


def _refusal(identity: Identity | None) -> Response:
    if identity is None:
        return JSONResponse({"error": "Sign in first.", "code": "not_signed_in"}, 401)
    return JSONResponse({"error": "Your role may not see clocks.", "code": "forbidden"}, 403)
