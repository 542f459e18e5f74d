"""Languages: every text is translated, nothing else is, and each request gets its own."""

import re

import httpx
import pytest
from fastapi import FastAPI

from skiclock_ui import i18n
from skiclock_ui.components.audit.audit import audit_words
from skiclock_ui.components.clock.clock import clock_words
from skiclock_ui.components.clock.credentials import credentials_words
from skiclock_ui.components.clock.settings import settings_words
from skiclock_ui.components.clock.swap import swap_words
from skiclock_ui.components.diagnostics.diagnostics import diagnostics_words
from skiclock_ui.components.firmware.firmware import firmware_words
from skiclock_ui.components.flash.flash import flash_words
from skiclock_ui.components.flash.history import history_words
from skiclock_ui.components.keys.keys import keys_words
from skiclock_ui.components.people.people import factor_words, people_words
from skiclock_ui.components.roles.roles import roles_words
from skiclock_ui.components.sync.sync import sync_words
from skiclock_ui.components.updates.updates import updates_words
from tests.ui.texts import ROOT, texts_in_sources

TRANSLATED = [code for code in i18n.LANGUAGES if code != "en"]
PAGES = {
    "sync/sync.js": sync_words,
    "people/people.js": people_words,
    "people/factor.js": factor_words,
    "audit/audit.js": audit_words,
    "roles/roles.js": roles_words,
    "keys/keys.js": keys_words,
    "clock/clock.js": clock_words,
    "clock/settings.js": settings_words,
    "clock/swap.js": swap_words,
    "clock/credentials.js": credentials_words,
    "firmware/firmware.js": firmware_words,
    "flash/flash.js": flash_words,
    "flash/history.js": history_words,
    "updates/updates.js": updates_words,
    "diagnostics/diagnostics.js": diagnostics_words,
}


def translations(code: str) -> dict[str, list[str]]:
    """Return every form of each text in a language."""
    found: dict[str, list[str]] = {}
    for catalogue in i18n.catalogues(code):
        for message in catalogue:
            ids = [message.id] if isinstance(message.id, str) else message.id
            forms = [message.string] if isinstance(message.string, str) else message.string
            if ids[0]:
                assert ids[0] not in found, f"{ids[0]!r} is translated twice"
                found[ids[0]] = list(forms or [])
    return found


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_text_is_translated_and_no_translation_is_left_over(code: str) -> None:
    sources, known = texts_in_sources(), translations(code)
    assert sorted(set(sources) - set(known)) == []
    assert sorted(set(known) - set(sources)) == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_form_is_there_with_the_same_gaps(code: str) -> None:
    known = translations(code)
    for one, many in texts_in_sources().items():
        forms = known[one]
        assert all(forms), one
        assert len(forms) == (1 if many is None else 2), one
        gaps = set(re.findall(r"{\w+}", many or one))
        assert set(re.findall(r"{\w+}", forms[-1])) == gaps, one


@pytest.mark.parametrize("file", PAGES)
def test_a_page_asks_for_the_words_that_it_is_given(file: str) -> None:
    shared = (ROOT / "static" / "charts.js").read_text() if file.startswith("updates") else ""
    source = (ROOT / "components" / file).read_text() + shared
    asked = set(re.findall(r"\bwords\.(\w+)", source))
    given = set(PAGES[file]())
    indexed = {
        *("running", "success", "failed", "broker", "database", "store"),
        *("restart", "rollback"),
    }  # words[name]
    assert asked <= given
    assert given - asked <= indexed


@pytest.mark.parametrize(
    ("cookie", "accept", "code"),
    [
        (None, "", "en"),
        (None, "sv-SE,sv;q=0.9,en;q=0.8", "sv"),
        (None, "nb-NO,nb;q=0.9", "nb"),
        (None, "nn-NO", "nb"),
        (None, "no", "nb"),
        (None, "de-DE,de;q=0.9,sv;q=0.1", "sv"),
        (None, "en;q=0.4,sv;q=0.5", "sv"),
        (None, "sv;q=0,nb;q=0.1", "nb"),
        (None, ";q=,x;q=y,*", "en"),
        ("nb", "sv", "nb"),
        ("fr", "sv", "sv"),
        ("", "sv", "sv"),
    ],
)
def test_cookie_then_browser_choose_the_language(cookie: str, accept: str, code: str) -> None:
    assert i18n.choose(cookie, accept) == code


async def test_each_request_gets_its_own_language() -> None:
    app = FastAPI()
    app.add_middleware(i18n.LanguageMiddleware)

    @app.get("/")
    async def greet() -> str:
        return i18n.gettext("Clocks")

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answers = [
            (await client.get("/", headers=headers)).json()
            for headers in (
                {"accept-language": "sv"},
                {"cookie": "skiclock_lang=nb; x=1", "accept-language": "sv"},
                {"cookie": "a=\x22b; skiclock_lang=nb"},
                {},
            )
        ]
    assert answers[:2] == ["Klockor", "Klokker"]
    assert answers[3] == "Clocks"
    assert i18n.current_language() == "en"


@pytest.mark.parametrize(
    ("code", "number", "text"),
    [("en", 1, "1 clock"), ("en", 0, "0 clocks"), ("sv", 1, "1 klocka"), ("nb", 3, "3 klokker")],
)
def test_numbers_choose_the_form(code: str, number: int, text: str) -> None:
    i18n.use(code)
    try:
        assert i18n.ngettext("{n} clock", "{n} clocks", number) == text
    finally:
        i18n.use("en")


def test_an_unknown_language_is_english() -> None:
    i18n.use("../../etc")
    assert i18n.current_language() == "en"
