"""The languages of the pages: which one a request gets, and every text in it.

English sentences stand in the sources and are the ids of their translations, which
`locale/<name>.<language>.po` holds (the file of one language may be split by part).
The language of a request is set once, by LanguageMiddleware; whatever runs for that
request finds it in `current_language()`.
"""

from collections.abc import Iterable
from contextvars import ContextVar
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Final

from babel.core import negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

LANGUAGES: Final = {"en": "English", "sv": "Svenska", "nb": "Norsk bokmål"}
"""Every language by its code, each in its own words."""
COOKIE: Final = "skiclock_lang"
LOCALE = Path(__file__).with_name("locale")

_ALIASES = {"no": "nb", "nn": "nb"}


class _Viewer:
    """Whose request is being answered; the language is looked up once somebody wants it."""

    __slots__ = ("code", "scope")

    def __init__(self, scope: Scope | None, code: str = "") -> None:
        self.scope = scope
        self.code = code


_viewer: ContextVar[_Viewer | None] = ContextVar("viewer", default=None)


def current_language() -> str:
    """Return the language of what is being answered: a key of LANGUAGES."""
    viewer = _viewer.get()
    if viewer is None:
        return "en"
    if not viewer.code and viewer.scope is not None:
        headers = Headers(scope=viewer.scope)
        viewer.code = choose(_cookie_of(headers), headers.get("accept-language", ""))
    return viewer.code


def use(code: str) -> None:
    """Set the language of what is being answered."""
    _viewer.set(_Viewer(None, code if code in LANGUAGES else "en"))


def gettext(text: str) -> str:
    """Return an English text in the current language."""
    return _texts[current_language()].get((text, 0), text)


def ngettext(one: str, many: str, number: int) -> str:
    """Return the form for a number, which stands in the text as {n}."""
    form = int(number != 1)  # the same rule in all three languages
    text = _texts[current_language()].get((one, form), many if form else one)
    return text.replace("{n}", format_decimal(number, locale=current_language()))


def both_forms(one: str, many: str) -> list[str]:
    """Return both forms, for a text whose number is known in the browser alone."""
    texts = _texts[current_language()]
    return [texts.get((one, 0), one), texts.get((one, 1), many)]


_ = gettext


def choose(cookie: str | None, accept: str) -> str:
    """Return the language asked for by the cookie, else the best of an Accept-Language."""
    if cookie in LANGUAGES:
        return str(cookie)
    wanted = [_ALIASES.get(tag.split("-")[0], tag) for tag in _by_preference(accept)]
    return negotiate_locale(wanted, list(LANGUAGES), sep="-") or "en"


class LanguageMiddleware:
    """Gives each request, and each socket, the language of its viewer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note whose request it is, then answer: most answers need no language at all."""
        if scope["type"] in {"http", "websocket"}:
            _viewer.set(_Viewer(scope))
        await self.app(scope, receive, send)


def catalogues(code: str) -> Iterable[Catalog]:
    """Return what has been translated into a language, file by file."""
    for path in sorted({*LOCALE.glob(f"{code}.po"), *LOCALE.glob(f"*.{code}.po")}):
        with path.open("rb") as file:
            yield read_po(file, locale=code, abort_invalid=True)


def _load(code: str) -> dict[tuple[str, int], str]:
    """Return every translated form by English text and number of the form."""
    texts: dict[tuple[str, int], str] = {}
    for catalogue in catalogues(code):
        for message in catalogue:
            ids = [message.id] if isinstance(message.id, str) else message.id
            forms = [message.string] if isinstance(message.string, str) else message.string or []
            if ids[0]:
                texts |= {(ids[0], i): form for i, form in enumerate(forms) if form}
    return texts


def _cookie_of(headers: Headers) -> str | None:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel else None


def _by_preference(accept: str) -> list[str]:
    """Return the tags of an Accept-Language header, most wanted first."""
    weighted: list[tuple[float, str]] = []
    for part in accept[:200].split(","):
        tag, _semicolon, weight = part.strip().lower().partition(";q=")
        try:
            weighted.append((float(weight or 1), tag))
        except ValueError:
            continue
    return [tag for weight, tag in sorted(weighted, key=lambda one: -one[0]) if tag and weight > 0]


_texts = {code: _load(code) for code in LANGUAGES}
