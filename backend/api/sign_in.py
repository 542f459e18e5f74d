"""Routes that sign people in and out: plain forms, so that they work without JavaScript."""

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import orjson
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from backend.access import Identity
from backend.api import errors
from backend.api.asker import address_of, server_of, signed_in, user_agent_of
from backend.api.errors import BadRequestError
from backend.api.form import read_small_form, small_form
from backend.api.guard import COOKIE, PASSWORD_PATH
from backend.contract import paths
from backend.db import is_unavailable
from backend.errors import Refusal
from backend.issuers import IssuerAwayError
from backend.sessions import LIFETIME
from backend.sign_ins import (
    CodeRequiredError,
    SignedIn,
    TooManyAttemptsError,
    WrongCredentialsError,
)

if TYPE_CHECKING:
    from backend.app import Server

router = APIRouter(tags=["Sign in"])

MAX_NEXT = 2000
STEP_COOKIE = "skiclock_step"
STEP_LIFE = timedelta(minutes=5)
"""How long a password is good without its code."""


@router.post(
    paths.LOGIN,
    status_code=303,
    summary="Sign in",
    response_class=Response,
    responses={
        303: {"description": "To `next`, with the session cookie; to /login?error= when refused"},
        401: {"description": "Refused, for whoever accepts JSON"},
        429: {"description": "Too many attempts, for whoever accepts JSON"},
    },
    openapi_extra=small_form(
        required=("username", "password"),
        properties={
            "username": {"type": "string"},
            "password": {"type": "string", "format": "password"},
            "code": {"type": "string", "description": "Of the second factor, where one is on"},
            "next": {"type": "string", "description": "One of our own paths"},
        },
        example={"username": "kari@example.org", "password": "…", "next": "/"},
    ),
)
async def sign_in(request: Request) -> Response:
    """Check e-mail and password, and start a session. A cookie that was sent ends with it."""
    fields = await read_small_form(request)
    attempt = server_of(request).sign_ins.sign_in(
        fields.get("username") or fields.get("email", ""),
        fields.get("password", ""),
        address=address_of(request),
        user_agent=user_agent_of(request),
        now=datetime.now(UTC),
        code=fields.get("code", ""),
    )
    return await finish(request, attempt, paths.LOGIN, own_path(fields.get("next")))


@router.post(
    paths.LOGIN_CODE,
    status_code=303,
    summary="Sign in: the second factor",
    response_class=Response,
    openapi_extra=small_form(
        required=("code",),
        properties={"code": {"type": "string", "description": "Of the app, or a recovery code"}},
    ),
)
async def sign_in_code(request: Request) -> Response:
    """Check a code after the password, which a cookie tells of for five minutes."""
    fields = await read_small_form(request)
    server, now = server_of(request), datetime.now(UTC)
    step = server.step_seal.open(request.cookies.get(STEP_COOKIE, ""), now=now, max_age=STEP_LIFE)
    if step is None:
        error = WrongCredentialsError("Sign in with your password again.")
        return refused(request, error, paths.LOGIN)
    attempt = server.sign_ins.finish_sign_in(
        step["user"],
        step["mark"],
        fields.get("code", "")[:100] or "-",
        address=address_of(request),
        user_agent=user_agent_of(request),
        now=now,
    )
    response = await finish(request, attempt, paths.LOGIN_CODE, own_path(step["next"]))
    if COOKIE in response.headers.get("set-cookie", ""):
        response.delete_cookie(STEP_COOKIE, path=paths.LOGIN)
    return response


@router.post(paths.LOGOUT, status_code=303, summary="Sign out", response_class=Response)
@router.get(paths.LOGOUT, status_code=303, summary="Sign out by link", response_class=Response)
async def sign_out(request: Request) -> Response:
    """End the session and go to the sign-in page."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        return RedirectResponse("/", 303)  # a link on a foreign page signs nobody out
    now = datetime.now(UTC)
    sealed = await _end_session(request, server_of(request), now)
    elsewhere = await _sign_out_elsewhere(server_of(request), sealed, now)
    response = _leave(request, elsewhere) if elsewhere else RedirectResponse(paths.LOGIN, 303)
    response.delete_cookie(COOKIE, path="/")
    return response


@router.post(
    PASSWORD_PATH,
    status_code=303,
    summary="Change one's own password",
    response_class=Response,
    openapi_extra=small_form(
        required=("current", "new"),
        properties={
            "current": {"type": "string", "format": "password"},
            "new": {"type": "string", "format": "password"},
            "repeat": {"type": "string", "format": "password"},
        },
    ),
)
async def change_password(request: Request) -> Response:
    """Change the password, end every session of this person, and start a new one."""
    identity = signed_in(request)
    fields = await read_small_form(request)
    new = fields.get("new", "")
    if fields.get("repeat", new) != new:
        error = PasswordsDifferError("The two new passwords differ.", field="repeat")
        return refused(request, error, PASSWORD_PATH)
    attempt = server_of(request).sign_ins.change_password(
        identity,
        current=fields.get("current", ""),
        new=new,
        address=address_of(request),
        user_agent=user_agent_of(request),
        now=datetime.now(UTC),
    )
    return await finish(request, attempt, PASSWORD_PATH, own_path(fields.get("next")))


class PasswordsDifferError(BadRequestError):
    """The new password was typed in two ways."""

    code = "passwords_differ"


def own_path(path: str | None) -> str:
    """Return `path` if it can only lead to this site, else `/`.

    Browsers read `//host` and `/\\host` as another site, and drop tabs and line ends.
    """
    if not path or len(path) > MAX_NEXT or not path.startswith("/"):
        return "/"
    if path.startswith("//") or "\\" in path or not path.isprintable():
        return "/"
    parts = urlsplit(path)
    if parts.scheme or parts.netloc or parts.path in {paths.LOGIN, paths.LOGOUT}:
        return "/"
    return path


async def finish(
    request: Request, attempt: Awaitable[SignedIn], page: str, target: str
) -> Response:
    """Begin the session that an attempt gives, or lead back to its page."""
    try:
        signed = await attempt
    except CodeRequiredError as error:
        return _ask_for_code(request, error, target)
    except Refusal as error:
        return refused(request, error, page, target)
    except Exception as error:
        if not is_unavailable(error):
            raise
        return refused(request, error, page, target)
    await _end_session(request, server_of(request), datetime.now(UTC))
    return _begin_session(request, signed, target)


def _ask_for_code(request: Request, error: CodeRequiredError, target: str) -> Response:
    if _wants_json(request):
        return errors.answer(error, request.scope)
    step = {"user": error.user_id, "mark": error.password_mark, "next": target}
    sealed = server_of(request).step_seal.close(step, now=datetime.now(UTC))
    response = RedirectResponse(paths.LOGIN_CODE, 303)
    set_cookie(request, response, STEP_COOKIE, sealed, max_age=STEP_LIFE, path=paths.LOGIN)
    return response


async def _end_session(request: Request, server: "Server", now: datetime) -> str | None:
    token = request.cookies.get(COOKIE)
    if not token:
        return None
    return await server.sign_ins.sign_out(token, address=address_of(request), now=now)


async def _sign_out_elsewhere(server: "Server", sealed: str | None, now: datetime) -> str | None:
    """Return where the session at the provider ends, for one that began there."""
    if sealed is None or server.sso is None:
        return None
    try:
        return await server.sso.sign_out_url(sealed, now=now)
    except IssuerAwayError:
        return None  # here, one is signed out


def _leave(request: Request, url: str) -> Response:
    if request.method == "GET":
        return RedirectResponse(url, 303)
    # A form may lead to our own pages alone (form-action); a page may lead on.
    page = (
        f'<!doctype html><title>…</title><meta http-equiv="refresh" content="0;url={escape(url)}">'
    )
    return Response(page, media_type="text/html; charset=utf-8")


def _begin_session(request: Request, signed: SignedIn, target: str) -> Response:
    response: Response
    if _wants_json(request):
        body = {"email": signed.identity.email, "next": _after(signed.identity, target)}
        response = Response(orjson.dumps(body), media_type="application/json")
    else:
        response = RedirectResponse(_after(signed.identity, target), 303)
    set_cookie(request, response, COOKIE, signed.token, max_age=LIFETIME)
    return response


def set_cookie(
    request: Request,
    response: Response,
    name: str,
    value: str,
    *,
    max_age: timedelta,
    path: str = "/",
) -> None:
    """Set a cookie that no script reads and no other site sends along with a form."""
    public_url = server_of(request).settings.public_url
    response.set_cookie(
        name,
        value,
        max_age=int(max_age.total_seconds()),
        path=path,
        secure=request.url.scheme == "https" or public_url.startswith("https:"),
        httponly=True,
        samesite="lax",
    )


def _after(identity: Identity, target: str) -> str:
    return PASSWORD_PATH if identity.must_change_password else target


def refused(request: Request, error: Exception, page: str, target: str = "/") -> Response:
    """Lead a browser back to its page with the reason's stable code; tell a program by JSON."""
    if _wants_json(request):
        return errors.answer(error, request.scope)
    query = {"error": error.code if isinstance(error, Refusal) else "database_unavailable"}
    if isinstance(error, TooManyAttemptsError):
        query["wait_s"] = str(error.retry_after_s)
    if target != "/":
        query["next"] = target
    return RedirectResponse(f"{page}?{urlencode(query)}", 303)


def _wants_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept
