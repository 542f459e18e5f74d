"""The HTTP side: thin routes, one guard before all of them, errors rendered once."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Mount

from backend.api import (
    audit_log,
    broker_door,
    claims,
    clocks,
    credentials,
    docs,
    errors,
    firmware,
    join,
    promotion,
    sign_in,
    single_sign_on,
    status,
    update_log,
    upload,
)
from backend.api.compression import Compression
from backend.api.guard import Guard
from backend.api.shortcut import Shortcut
from backend.api.turnstile import Turnstile
from backend.contract import paths
from backend.metrics import Metrics

if TYPE_CHECKING:
    from backend.app import Server


Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
"""What runs the parts while the application is served."""


def create_api(server: "Server", lifespan: Lifespan) -> FastAPI:
    """Return the application with every route but the pages."""
    app = docs.DocumentedApi(
        title="Ski Clock Neo",
        version=version("ski-clock-neo"),
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.server = server
    app.state.metrics = Metrics(server)
    app.router.routes.extend(firmware.hot.routes)
    for module in _MODULES:
        app.include_router(module.router)
    docs.mount_assets(app)
    app.add_api_route("/api/{path:path}", _nothing, methods=_ALL_METHODS, include_in_schema=False)
    errors.install(app)
    app.add_middleware(Shortcut, routes=firmware.hot.routes)
    app.add_middleware(Guard, server=server, metrics=app.state.metrics)
    app.add_middleware(Compression)
    # Last added, outermost: whoever waits has cost nothing yet.
    app.add_middleware(Turnstile, path=paths.FIRMWARE.partition("{")[0])
    return app


_MODULES = (
    broker_door,
    upload,
    clocks,
    claims,
    credentials,
    update_log,
    status,
    firmware,
    promotion,
    audit_log,
    sign_in,
    single_sign_on,
    join,
    docs,
)
_ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_DESCRIPTION = """
Signed in, every route works as your role allows. Programs send a key as `X-API-Key`; its
scopes say what it opens. Errors are `{"error": sentence, "code": stable code, "field": input}`.
"""


async def _nothing(request: Request) -> Response:
    """Answer for a path below /api that is none of ours, before the pages get it."""
    scope: dict[str, Any] = dict(request.scope)
    allowed = [method for method in _ALL_METHODS if _takes(request.app, scope | {"method": method})]
    if allowed:
        raise HTTPException(405, headers={"allow": ", ".join(allowed)})
    raise HTTPException(404)


def _takes(app: FastAPI, scope: dict[str, Any]) -> bool:
    others = (route for route in app.router.routes if getattr(route, "endpoint", None) != _nothing)
    return any(
        route.matches(scope)[0] is Match.FULL for route in others if not isinstance(route, Mount)
    )
