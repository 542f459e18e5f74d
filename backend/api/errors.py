"""Turns every refusal and failure into an answer, at this one place.

JSON: `{"error": sentence, "code": stable code, "field": the input that was wrong}`, the
field only where there is one. A browser that navigates gets the sentence as a page.
"""

from html import escape
from typing import ClassVar

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from backend.access import UnknownUserError
from backend.api_keys import UnknownKeyError, WrongKeyError
from backend.claims import TooManyClaimsError, UnknownClaimError
from backend.clock_credentials import NoCredentialsError, RotationWaitsError
from backend.db import is_unavailable
from backend.errors import Refusal
from backend.firmware import FactoryPartsMissingError, VersionExistsError
from backend.issuers import BadTokenError, IssuerAwayError
from backend.links import BadLinkError, ExpiredLinkError, LinkNotAllowedError
from backend.people import AboveYouError, LastAdminError, LinkGoneError
from backend.production import ProductionAwayError, ProductionRefusedError
from backend.promote import OtherImageError, PromotionOffError
from backend.publishers import TokenNotAllowedError
from backend.roles import RoleInUseError, RoleTakenError
from backend.second_factor import TooManyCodesError, WrongCodeError
from backend.sight import NotYourGroupError, UnknownDeviceError
from backend.sign_ins import CodeRequiredError, TooManyAttemptsError, WrongCredentialsError
from backend.storage import ImageAwayError, ImageUnreadableError, UploadTooLargeError

log = structlog.get_logger(__name__)

RETRY_AFTER_S = 5


class BadRequestError(Refusal):
    """A field is missing or wrong."""

    code: ClassVar[str] = "bad_request"


class NotSignedInError(Refusal):
    """Nobody is signed in, and no key was shown."""

    code: ClassVar[str] = "not_signed_in"


class ForbiddenError(Refusal):
    """Whoever asks may not do this."""

    code: ClassVar[str] = "forbidden"


class ForeignOriginError(Refusal):
    """A page of another site sent this in the name of a signed-in browser."""

    code: ClassVar[str] = "foreign_origin"


class PasswordChangeRequiredError(Refusal):
    """The first password has to be changed before anything else."""

    code: ClassVar[str] = "password_change_required"


class NotFoundError(Refusal):
    """There is nothing of that name."""

    code: ClassVar[str] = "not_found"


class NoFirmwareError(NotFoundError):
    """No such firmware was published."""

    code = "no_firmware"


class NotLoadedError(Refusal):
    """What the database holds is not known yet."""

    code: ClassVar[str] = "not_loaded"


class SlowUploadError(Refusal):
    """Nothing came for too long."""

    code: ClassVar[str] = "upload_too_slow"


_STATUS: dict[type[Refusal], int] = {
    NotSignedInError: 401,
    WrongKeyError: 401,
    WrongCredentialsError: 401,
    BadTokenError: 401,
    CodeRequiredError: 401,
    WrongCodeError: 401,
    ForbiddenError: 403,
    ForeignOriginError: 403,
    PasswordChangeRequiredError: 403,
    LinkNotAllowedError: 403,
    TokenNotAllowedError: 403,
    AboveYouError: 403,
    NotYourGroupError: 403,
    NotFoundError: 404,
    UnknownDeviceError: 404,
    LinkGoneError: 404,
    BadLinkError: 404,
    UnknownClaimError: 404,
    UnknownUserError: 404,
    UnknownKeyError: 404,
    SlowUploadError: 408,
    LastAdminError: 409,
    RoleInUseError: 409,
    RoleTakenError: 409,
    NoCredentialsError: 409,
    RotationWaitsError: 409,
    VersionExistsError: 409,
    FactoryPartsMissingError: 409,
    ExpiredLinkError: 410,
    UploadTooLargeError: 413,
    TooManyAttemptsError: 429,
    TooManyCodesError: 429,
    TooManyClaimsError: 429,
    OtherImageError: 409,
    PromotionOffError: 409,
    ProductionRefusedError: 422,
    ProductionAwayError: 502,
    NotLoadedError: 503,
    IssuerAwayError: 503,
}
"""What is not here is the asker's mistake: 400."""

_HTTP_CODES = {
    400: ("bad_request", "The request cannot be read."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take that method."),
    413: ("body_too_large", "The request is larger than what is taken here."),
}


def install(app: FastAPI) -> None:
    """Let an application answer with this module's errors."""
    app.add_exception_handler(Refusal, _on_error)
    app.add_exception_handler(RequestValidationError, _on_error)
    app.add_exception_handler(HTTPException, _on_error)


def answer(error: Exception, scope: Scope) -> Response:
    """Return what to answer when `error` was raised; never raises, tells no secret."""
    if isinstance(error, Refusal):
        return _answer(scope, status_of(error), error.code, str(error), error.field, _extra(error))
    if isinstance(error, RequestValidationError):
        return _answer(scope, 400, "bad_request", *_validation_sentence(error))
    if isinstance(error, HTTPException):
        code, sentence = _HTTP_CODES.get(error.status_code, ("error", str(error.detail)))
        return _answer(scope, error.status_code, code, sentence, None, dict(error.headers or {}))
    if is_unavailable(error):
        sentence = "The database is away. Clocks keep running; try again in a few seconds."
        headers = {"retry-after": str(RETRY_AFTER_S)}
        return _answer(scope, 503, "database_unavailable", sentence, None, headers)
    if isinstance(error, ImageAwayError):
        sentence = f"The image is not at hand: {error} Try again in a few seconds."
        headers = {"retry-after": str(RETRY_AFTER_S)}
        return _answer(scope, 503, "image_away", sentence, None, headers)
    if isinstance(error, ImageUnreadableError):
        sentence = f"The stored image cannot be used: {error}. Publish a new version."
        return _answer(scope, 500, "image_unreadable", sentence)
    log.error("request.failed", path=scope.get("path"), exc_info=error)
    return _answer(scope, 500, "internal_error", "Something failed here; it has been logged.")


def status_of(error: Refusal) -> int:
    """Return the HTTP status of a refusal."""
    return next((_STATUS[one] for one in type(error).__mro__ if one in _STATUS), 400)


def is_navigation(scope: Scope) -> bool:
    """Tell whether a person opened this address in a browser."""
    if scope["method"] not in {"GET", "HEAD"} or scope["path"].startswith("/api/"):
        return False
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


async def _on_error(request: Request, error: Exception) -> Response:
    return answer(error, request.scope)


def _extra(error: Refusal) -> dict[str, str]:
    if isinstance(error, TooManyAttemptsError | TooManyClaimsError):
        return {"retry-after": str(error.retry_after_s)}
    if isinstance(error, NotLoadedError):
        return {"retry-after": str(RETRY_AFTER_S)}
    if isinstance(error, UploadTooLargeError | SlowUploadError):
        return {"connection": "close"}  # the rest of the body is not read
    return {}


def _validation_sentence(error: RequestValidationError) -> tuple[str, str | None]:
    first = error.errors()[0]
    field = str(first["loc"][-1]) if first.get("loc") else None
    return f"{field}: {first['msg']}.", field


def _answer(
    scope: Scope,
    status: int,
    code: str,
    sentence: str,
    field: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    if is_navigation(scope):
        draw = getattr(scope["app"].state, "error_page", _plain_page)
        page = draw(scope, status, code, sentence)
        return Response(page, status, headers, media_type="text/html; charset=utf-8")
    body = {"error": sentence, "code": code} | ({"field": field} if field else {})
    return Response(orjson.dumps(body), status, headers, media_type="application/json")


def _plain_page(_scope: Scope, status: int, _code: str, sentence: str) -> str:
    """Return the page of a server without a face; one with pages puts its own in its place."""
    refresh = f'<meta http-equiv="refresh" content="{RETRY_AFTER_S}">' if status == 503 else ""
    return _PAGE.format(status=status, sentence=escape(sentence), refresh=refresh)


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">{refresh}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light"><title>Ski Clock Neo</title>
<style>
body {{ margin: 0; min-height: 100vh; display: grid; place-content: center; padding: 24px;
  font: 16px/1.5 system-ui, sans-serif; background: light-dark(#f7f9fb, #0e1318);
  color: light-dark(#141a20, #e8edf2); }}
main {{ max-width: 32rem; }}
a {{ color: light-dark(#8a5200, #ffb454); }}
small {{ opacity: .7; }}
</style></head>
<body><main><p>{sentence}</p><p><a href="/">Back to the clocks</a></p>
<small>{status}</small></main></body></html>
"""
