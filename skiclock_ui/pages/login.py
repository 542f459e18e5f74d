"""`/login`: a form that works without any script, and before there is a socket."""

from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import FastAPI, Request, Response

from backend.contract import paths
from skiclock_ui import i18n, refusals
from skiclock_ui.i18n import ngettext
from skiclock_ui.led import panel
from skiclock_ui.pages.language import keep_language
from skiclock_ui.render import plain_page

if TYPE_CHECKING:
    from backend.app import Server

PATH = "/login"


def create(app: FastAPI, server: "Server") -> None:
    """Register the page; the form's answer is a route of the API."""

    @app.get(PATH, include_in_schema=False)
    async def login(
        request: Request,
        next: str = "/",  # noqa: A002 - the form's word
        error: str = "",
        wait_s: int = 0,
        lang: str = "",
    ) -> Response:
        if lang:
            i18n.use(lang)
        page = plain_page(
            request,
            "login.html",
            place=server.settings.club,
            panel=panel("SKI"),
            next=next,
            provider=server.sso.config.name if server.sso else "",
            error=_sentence(error, wait_s),
            language_url=lambda code: f"{PATH}?lang={code}&next={quote(next, safe='')}",
        )
        if lang:
            keep_language(request, page)
        return page

    @app.get(paths.LOGIN_CODE, include_in_schema=False)
    async def code(request: Request, error: str = "", lang: str = "") -> Response:
        if lang:
            i18n.use(lang)
        page = plain_page(
            request,
            "login_code.html",
            place=server.settings.club,
            error=_sentence(error, 0),
            language_url=lambda code: f"{paths.LOGIN_CODE}?lang={code}",
        )
        if lang:
            keep_language(request, page)
        return page


def _sentence(code: str, wait_s: int) -> str:
    """Return why somebody is here again."""
    if code == "too_many_attempts" and 0 < wait_s < 24 * 3600:
        return ngettext(
            "Too many attempts. Try again in {n} minute.",
            "Too many attempts. Try again in {n} minutes.",
            -(-wait_s // 60),
        )
    return refusals.sentence(code) if code else ""
