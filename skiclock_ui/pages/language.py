"""`/ui/language/<code>`: keeps the viewer's choice of language in a cookie."""

from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from skiclock_ui import i18n

_YEAR_S: Final = 365 * 24 * 3600


def create(app: FastAPI) -> None:
    """Register the route."""

    @app.get("/ui/language/{code}", include_in_schema=False)
    async def language(request: Request, code: str, next: str = "/") -> Response:  # noqa: A002
        i18n.use(code)
        answer = RedirectResponse(own_path(next), 303)
        keep_language(request, answer)
        return answer


def keep_language(request: Request, answer: Response) -> None:
    """Let an answer set the cookie to the current language."""
    answer.set_cookie(
        i18n.COOKIE,
        i18n.current_language(),
        max_age=_YEAR_S,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def own_path(path: str) -> str:
    """Return a path of this server; whatever leads elsewhere becomes the first page."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_ours and "\\" not in path else "/"
