"""`/password`: one's own password, changed by a plain form so that the cookie can be renewed."""

from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response

from backend.api.asker import signed_in
from backend.passwords import MIN_LENGTH
from skiclock_ui import i18n, refusals
from skiclock_ui.i18n import _
from skiclock_ui.pages.language import keep_language
from skiclock_ui.render import plain_page

if TYPE_CHECKING:
    from backend.app import Server

PATH = "/password"
_FIELD_OF = {
    "wrong_credentials": "current",
    "weak_password": "new",
    "guessable_password": "new",
    "same_password": "new",
    "passwords_differ": "repeat",
}


def create(app: FastAPI, server: "Server") -> None:
    """Register the page; the form's answer is a route of the API."""

    @app.get(PATH, include_in_schema=False)
    async def password(request: Request, error: str = "", lang: str = "") -> Response:
        if lang:
            i18n.use(lang)
        identity = signed_in(request)
        page = plain_page(
            request,
            "password.html",
            place=server.settings.club,
            email=identity.email,
            forced=identity.must_change_password,
            min_length=MIN_LENGTH,
            error=_sentence(error),
            field=_FIELD_OF.get(error, ""),
            language_url=lambda code: f"{PATH}?lang={code}",
        )
        if lang:
            keep_language(request, page)
        return page


def _sentence(code: str) -> str:
    if code == "wrong_credentials":
        return _("The current password is not right.")
    return refusals.sentence(code) if code else ""
