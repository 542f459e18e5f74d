"""What a page says when it cannot be shown: nothing there, not allowed, failed. No stack trace."""

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from nicegui import core
from starlette.exceptions import HTTPException
from starlette.types import Scope

from backend.api import errors
from backend.errors import Refusal
from skiclock_ui import refusals
from skiclock_ui.i18n import _
from skiclock_ui.render import render, theme_of

if TYPE_CHECKING:
    from backend.app import Server


def create(app: FastAPI, server: "Server") -> None:
    """Let whatever goes wrong end in our own words, wherever it was met."""

    def error_page(scope: Scope, status: int, code: str, sentence: str) -> str:
        return _error_html(Request(scope), HTTPStatus(status), code, sentence, server.settings.club)

    async def answer(request: Request, error: Exception) -> Response:
        return errors.answer(error, {**request.scope, "app": app})

    async def nothing_here(request: Request, _error: Exception) -> Response:
        return await answer(request, HTTPException(404))

    app.state.error_page = error_page
    # NiceGUI would answer each of these with a page of its own, kept in memory.
    core.app.add_exception_handler(404, nothing_here)
    core.app.add_exception_handler(Refusal, answer)
    core.app.add_exception_handler(Exception, answer)


def _error_html(request: Request, status: HTTPStatus, code: str, english: str, place: str) -> str:
    title, words = _texts(status)
    refused = refusals.sentence(code, english) if status < 500 and code != "not_found" else ""
    return render(
        "error.html",
        theme=theme_of(request),
        place=place,
        code=int(status),
        title=title,
        sentence=refused or words,
        reference=getattr(request.state, "request_id", "") if status >= 500 else "",
        refresh_s=errors.RETRY_AFTER_S if status == HTTPStatus.SERVICE_UNAVAILABLE else None,
        language_url=lambda lang: f"/ui/language/{lang}?next={quote(request.url.path)}",
    )


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
