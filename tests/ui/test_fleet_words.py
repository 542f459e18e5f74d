"""The words of the fleet page: all there, in every language, with the same gaps to fill."""

import re
from pathlib import Path

import pytest

from skiclock_ui import i18n
from skiclock_ui.components.fleet import fleet

SAME_IN_ALL = {"–", "d", "h", "min", "s", "Signal", "Online", "Offline"}
BROWSER = [fleet.HERE / "fleet.js", *sorted(fleet.BROWSER.glob("*.js"))]


def words_in(code: str) -> dict[str, str]:
    i18n.use(code)
    try:
        return fleet.words()
    finally:
        i18n.use("en")


@pytest.mark.parametrize("code", [code for code in i18n.LANGUAGES if code != "en"])
def test_every_word_is_translated_with_the_same_gaps(code: str) -> None:
    english, translated = words_in("en"), words_in(code)
    gaps = {name: sorted(re.findall(r"{\w+}", text)) for name, text in english.items()}
    assert {name: sorted(re.findall(r"{\w+}", text)) for name, text in translated.items()} == gaps
    same = {text for name, text in english.items() if translated[name] == text}
    assert same <= SAME_IN_ALL | {"Version", "Signal"}


@pytest.mark.parametrize("file", BROWSER, ids=lambda path: path.name)
def test_browser_asks_only_for_words_that_exist(file: Path) -> None:
    source, known = file.read_text(), words_in("en")
    assert set(re.findall(r"\bwords\.(\w+)", source)) <= set(known)
    for prefix in re.findall(r"words\['(\w+_)' \+", source):
        assert [name for name in known if name.startswith(prefix)]


def test_every_sort_has_a_name() -> None:
    model = (fleet.BROWSER / "model.js").read_text()
    keys = re.search(r"const KEYS = {(.*?)\n};", model, re.DOTALL)
    assert keys is not None
    names = {*re.findall(r"^  (\w+):", keys[1], re.MULTILINE), "state"}
    assert {f"sort_{name}" for name in names} <= set(words_in("en"))
