"""The one door: who may pass to any handler, and what is written down about it.

Everything needs a signed-in person unless it is listed here. A path that nobody thought
of is closed.
"""

import itertools
import secrets
from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.access import Identity
from backend.api import errors
from backend.api.asker import API_KEY_HEADER_BYTES
from backend.api.errors import (
    ForeignOriginError,
    NotSignedInError,
    PasswordChangeRequiredError,
    is_navigation,
)
from backend.api.page_security import Answer
from backend.contract import paths
from backend.db import is_unavailable
from backend.errors import Refusal
from backend.metrics import Metrics

if TYPE_CHECKING:
    from backend.app import Server

log = structlog.get_logger(__name__)

COOKIE = "skiclock_session"
PASSWORD_PATH = "/password"  # noqa: S105 - the page on which one changes it

PUBLIC = frozenset(
    {
        paths.LOGIN,
        paths.LOGIN_CODE,
        paths.SSO,
        paths.SSO_CALLBACK,
        "/healthz",
        "/readyz",
        "/favicon.ico",
    }
)
PUBLIC_BELOW = ("/static/", "/firmware/user-download/", "/join/", "/api/broker/")
"""Style and pictures of the sign-in page; links that are secrets themselves; what brokers ask, who
show a key of their own."""

OWN_KEYS = frozenset(
    {
        paths.UPLOAD,
        paths.FIRMWARE_LIST,
        paths.PROMOTE,
        paths.VERSION,
        paths.STATUS,
        paths.DEVICES,
        paths.OTA_LOGS,
        paths.OTA_STATS,
        "/metrics",
    }
)
OWN_KEYS_BELOW = ("/api/firmware/",)
"""Routes that take API keys, and check them, and people, themselves (see asker.ask_for)."""

BEFORE_PASSWORD_CHANGE = frozenset({PASSWORD_PATH, paths.LOGOUT})
"""What somebody with a first password may do besides."""

_QUIET = ("/_nicegui", "/static/", "/healthz", "/readyz", "/metrics", paths.VERSION, "/api/broker/")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_SECRET_BELOW = ("/firmware/user-download/", "/join/")
"""What stands behind these in an address is a secret."""


@dataclass(slots=True)
class _Facts:
    """What the headers of a request say about its sender."""

    token: str | None = None
    has_key: bool = False
    has_token: bool = False
    host: bytes = b""
    origin: bytes | None = None
    fetch_site: bytes | None = None


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, server: "Server", metrics: Metrics) -> None:
        self._app = app
        self._sign_ins = server.sign_ins
        self._fleet = server.fleet
        self._metrics = metrics
        public = urlsplit(server.settings.public_url)
        self._public_host = public.netloc.encode()
        self._https = public.scheme == "https"
        self._boot = secrets.token_hex(4)
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began_s = perf_counter()
        request_id = f"{self._boot}-{next(self._numbers):x}"
        https = self._https or scope.get("scheme") == "https"
        answer = Answer(send, request_id=request_id.encode(), https=https)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        state["fleet"] = self._fleet  # who is limited to groups is asked about it (see asker)
        state["identity"] = None
        try:
            await self._check(_facts(scope), scope, state)
            await self._app(scope, receive, answer.send)
        except ClientDisconnect:
            answer.status = answer.status or 499
        except Exception as error:
            if answer.status:
                raise  # part of an answer is out: only an end without its end is honest
            await _refusal(error, scope)(scope, receive, answer.send)
        finally:
            self._note(scope, state, answer, request_id, perf_counter() - began_s)

    async def _check(self, facts: _Facts, scope: Scope, state: MutableMapping[str, Any]) -> None:
        """Put who asks into `state`; raise a Refusal where the request may not pass."""
        path: str = scope["path"]
        # A key speaks for itself: no page of another site can send that header.
        speaks_for_itself = facts.has_key or (facts.has_token and path == paths.UPLOAD)
        if facts.token is not None and not speaks_for_itself:
            state["identity"] = await self._identify(facts.token)
        is_change = scope["method"] not in _SAFE_METHODS
        if is_change and not speaks_for_itself and not self._is_ours(facts):
            raise ForeignOriginError("This was sent by a page of another site.")
        if path in PUBLIC or path.startswith(PUBLIC_BELOW):
            return
        identity: Identity | None = state["identity"]
        if identity is None:
            if path not in OWN_KEYS and not path.startswith(OWN_KEYS_BELOW):
                raise NotSignedInError("Sign in first.")
        elif identity.must_change_password and path not in BEFORE_PASSWORD_CHANGE:
            raise PasswordChangeRequiredError("Change your first password to go on.")

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        facts = _facts(scope)
        state = scope.setdefault("state", {})
        identity = await self._identify(facts.token) if facts.token else None
        state["identity"] = identity
        if (
            identity is None
            or identity.must_change_password
            or facts.origin is None
            or not self._is_ours(facts)
        ):
            log.info("socket.refused", path=scope["path"], address=_address(scope))
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return

        is_over = False

        async def is_signed_in() -> bool:
            """Ask again who this is; close the socket of somebody who is signed in no more."""
            nonlocal is_over
            if not is_over:
                state["identity"] = await self._identify_if_possible(facts.token or "")
                if state["identity"] is None:
                    is_over = True
                    await send({"type": "websocket.close", "code": 1008})
            return not is_over

        async def receive_checked() -> Message:
            """Hand on what came only while its sender is still signed in."""
            message = await receive()
            if message["type"] == "websocket.receive" and not await is_signed_in():
                return {"type": "websocket.disconnect", "code": 1008}
            return message

        async def send_checked(message: Message) -> None:
            """Send only to who is still signed in: a silent page would else hear on and on."""
            if message["type"] == "websocket.send" and not await is_signed_in():
                raise OSError("signed out")  # as for every connection that is gone
            if not is_over:
                await send(message)

        await self._app(scope, receive_checked, send_checked)

    async def _identify(self, token: str) -> Identity | None:
        return await self._sign_ins.identify(token, now=datetime.now(UTC))

    async def _identify_if_possible(self, token: str) -> Identity | None:
        """As `_identify`; nobody where the database is away and nothing is remembered."""
        try:
            return await self._identify(token)
        except Exception as error:
            if not is_unavailable(error):
                raise
            return None

    def _is_ours(self, facts: _Facts) -> bool:
        """Tell whether a request comes from our own page, or from no page at all.

        Browsers name the origin with every request that changes something; a program
        that has our cookie and names none is no page of another site.
        """
        if facts.origin is None:
            return facts.fetch_site in {None, b"same-origin", b"none"}
        host = facts.origin.partition(b"://")[2]
        return bool(host) and host in {facts.host, self._public_host}

    def _note(
        self,
        scope: Scope,
        state: MutableMapping[str, Any],
        answer: Answer,
        request_id: str,
        took_s: float,
    ) -> None:
        route = scope.get("route")
        template = getattr(route, "path", None) or "other"
        self._metrics.observe_request(template, scope["method"], answer.status, took_s)
        path: str = scope["path"]
        if answer.status < 400 and path.startswith(_QUIET):
            return
        identity: Identity | None = state["identity"]
        log.info(
            "request",
            id=request_id,
            method=scope["method"],
            path=_without_secret(path),
            status=answer.status,
            size_bytes=answer.size_bytes,
            ms=round(took_s * 1000, 1),
            address=_address(scope),
            user=identity.email if identity else None,
        )


def _refusal(error: Exception, scope: Scope) -> ASGIApp:
    """Return the answer to what was raised; a person is led to where it can be mended."""
    if is_navigation(scope):
        if isinstance(error, NotSignedInError):
            return RedirectResponse(f"{paths.LOGIN}?next={_here(scope)}", 303)
        if isinstance(error, PasswordChangeRequiredError):
            return RedirectResponse(PASSWORD_PATH, 303)
    if isinstance(error, Refusal):
        log.info("request.refused", path=_without_secret(scope["path"]), code=error.code)
    return errors.answer(error, scope)


def _without_secret(path: str) -> str:
    for below in _SECRET_BELOW:
        if path.startswith(below):
            return below + "…"
    return path[:200]


def _here(scope: Scope) -> str:
    query = scope.get("query_string", b"").decode("latin-1")
    return quote(scope["path"] + (f"?{query}" if query else ""), safe="/")


def _facts(scope: Scope) -> _Facts:
    facts = _Facts()
    for name, value in scope["headers"]:
        if name == b"cookie":
            facts.token = facts.token or _token_in(value)
        elif name == b"host":
            facts.host = value
        elif name == b"origin":
            facts.origin = value
        elif name == b"sec-fetch-site":
            facts.fetch_site = value
        elif name == API_KEY_HEADER_BYTES:
            facts.has_key = True
        elif name == b"authorization":
            facts.has_token = value[:7].lower() == b"bearer "
    return facts


def _token_in(cookies: bytes) -> str | None:
    for cookie in cookies.split(b";"):
        name, _, value = cookie.strip().partition(b"=")
        if name == COOKIE.encode():
            return value.decode("latin-1") or None
    return None


def _address(scope: Scope) -> str | None:
    client = scope.get("client")
    return client[0] if client else None
