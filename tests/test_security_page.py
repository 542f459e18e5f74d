"""SECURITY.md names tests that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_test_that_the_security_page_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "SECURITY.md").read_text()))
    files = [path for tree in ("tests", "e2e") for path in (ROOT / tree).rglob("*.py")]
    sources = [path.read_text() for path in files]
    there = {name for source in sources for name in re.findall(r"def (test_\w+)", source)}
    assert len(named) > 50
    assert named - there == set()
