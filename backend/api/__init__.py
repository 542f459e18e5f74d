"""The HTTP side: thin routes, one guard before all of them, errors rendered once."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NoReturn

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Match

from backend.api import clocks, docs, errors, firmware, sign_in, status, update_log, upload
from backend.api.compression import Compression
from backend.api.guard import Guard
from backend.metrics import Metrics

if TYPE_CHECKING:
    from backend.app import Server


Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
"""What runs the parts while the application is served."""


def create_api(server: "Server", lifespan: Lifespan) -> FastAPI:
    """Return the application with every route but the pages."""
    app = FastAPI(
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
    # Asked most, so matched first, and without what an included router costs.
    app.router.routes.extend(firmware.hot.routes)
    for module in (upload, clocks, update_log, status, firmware, sign_in, docs):
        app.include_router(module.router)
    docs.mount_assets(app)
    app.add_api_route("/api/{path:path}", _nothing, methods=_ALL_METHODS, include_in_schema=False)
    errors.install(app)
    app.add_middleware(Guard, server=server, metrics=app.state.metrics)
    app.add_middleware(Compression)  # last added, outermost
    return app


_ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_DESCRIPTION = """
Signed in, every route works as your role allows. Programs send a key as `X-API-Key`; its
scopes say what it opens. Errors are `{"error": sentence, "code": stable code, "field": input}`.
"""


async def _nothing(request: Request) -> NoReturn:
    """Answer for a path below /api that is none of ours, before the pages get it."""
    scope: dict[str, Any] = dict(request.scope)
    for route in request.app.router.routes:
        match, _ = route.matches(scope)
        if match is Match.PARTIAL:
            allowed = ", ".join(sorted(getattr(route, "methods", None) or ()))
            raise HTTPException(405, headers={"allow": allowed} if allowed else None)
    raise HTTPException(404)
