"""`/join/<token>`: the first password, or a new one, chosen by a link that works once."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response

from backend.contract import paths
from backend.passwords import MIN_LENGTH
from backend.people import find_link
from skiclock_ui import i18n, refusals
from skiclock_ui.pages.language import keep_language
from skiclock_ui.render import plain_page

if TYPE_CHECKING:
    from backend.app import Server

_FIELD_OF = {"weak_password": "new", "guessable_password": "new", "passwords_differ": "repeat"}


def create(app: FastAPI, server: "Server") -> None:
    """Register the page; the form's answer is a route of the API."""

    @app.get(paths.JOIN, include_in_schema=False)
    async def join(request: Request, token: str, error: str = "", lang: str = "") -> Response:
        if lang:
            i18n.use(lang)
        path = paths.JOIN.format(token=token)
        async with server.database.session() as session:
            link = await find_link(session, token, now=datetime.now(UTC))
        page = plain_page(
            request,
            "join.html",
            place=server.settings.club,
            path=path,
            link=link,
            min_length=MIN_LENGTH,
            error=refusals.sentence(error) if error else "",
            field=_FIELD_OF.get(error, ""),
            language_url=lambda code: f"{path}?lang={code}",
        )
        if lang:
            keep_language(request, page)
        return page
