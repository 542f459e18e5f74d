"""What a page says when it cannot be shown: nothing there, not allowed, failed. No stack trace."""

from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI, Request, Response
from nicegui import core

from backend.api import errors
from backend.db import is_unavailable
from backend.errors import Refusal
from skiclock_ui import refusals
from skiclock_ui.i18n import _
from skiclock_ui.render import plain_page

if TYPE_CHECKING:
    from backend.app import Server

log = structlog.get_logger(__name__)


def create(app: FastAPI, server: "Server") -> None:
    """Let pages end in our own words, wherever the error was met."""
    place = server.settings.club

    async def nothing_here(request: Request, error: Exception) -> Response:
        if not errors.is_navigation(request.scope):
            return errors.answer(error, request.scope)
        return error_page(request, HTTPStatus.NOT_FOUND, place=place)

    async def refused(request: Request, error: Exception) -> Response:
        if not errors.is_navigation(request.scope) or not isinstance(error, Refusal):
            return errors.answer(error, request.scope)
        status = HTTPStatus(errors.status_of(error))
        sentence = refusals.sentence(error.code, str(error))
        return error_page(request, status, sentence, place=place)

    async def failed(request: Request, error: Exception) -> Response:
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        if is_unavailable(error):
            status = HTTPStatus.SERVICE_UNAVAILABLE
        return error_page(request, status, place=place)

    # NiceGUI would answer each of these with a page of its own, kept in memory.
    core.app.add_exception_handler(404, nothing_here)
    core.app.add_exception_handler(Refusal, refused)
    core.app.add_exception_handler(Exception, failed)


def error_page(
    request: Request, status: HTTPStatus, sentence: str = "", *, place: str = ""
) -> Response:
    """Return a whole page that says what happened and where to go on."""
    title, words = _texts(status)
    page = plain_page(
        request,
        "error.html",
        status,
        place=place,
        code=int(status),
        title=title,
        sentence=sentence or words,
        reference=getattr(request.state, "request_id", "") if status >= 500 else "",
        language_url=lambda code: f"/ui/language/{code}?next={request.url.path}",
    )
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        page.headers["Refresh"] = "5"
    return page


def _texts(status: HTTPStatus) -> tuple[str, str]:
    """Return what happened, and what to do."""
    match status:
        case HTTPStatus.NOT_FOUND:
            return _("There is nothing here"), _(
                "The address may be mistyped, or what stood here was removed."
            )
        case HTTPStatus.FORBIDDEN:
            return _("Not for your role"), _(
                "Your role may not do this. Ask an administrator of this server."
            )
        case HTTPStatus.GONE:
            return _("This link has expired"), _("Get a new one on the page that gave you this.")
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return _("The database does not answer"), _(
                "Clocks keep running. This page tries again by itself."
            )
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return _("Something failed here"), _(
                "It was written to the server's log. Try again; if it happens again, tell "
                "whoever runs this server."
            )
        case _:
            return _("This did not work"), _("Go back and try again.")
