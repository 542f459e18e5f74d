"""Finds every text of the pages that is to be translated: in Python, and in the templates."""

import ast
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment

import skiclock_ui
from skiclock_ui.render import TEMPLATES

ROOT = Path(skiclock_ui.__file__).parent
ONE, PAIR = {"_", "gettext"}, {"ngettext", "both_forms"}


def texts_in_sources() -> dict[str, str | None]:
    """Return each English text, and its form for many where it has one."""
    found: dict[str, str | None] = {}
    for call in [*_in_python(), *_in_templates()]:
        one, many = (*call, None)[:2]
        # A text that stands alone and in a pair would be one entry with two meanings.
        assert found.get(one, many) == many, f"{one!r} is used with and without a form for many"
        found[one] = many
    return found


def _in_python() -> Iterator[tuple[str, ...]]:
    for path in sorted(ROOT.rglob("*.py")):
        if "node_modules" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if name in ONE | PAIR:
                count = 1 if name in ONE else 2
                arguments = node.args[:count]  # type: ignore[attr-defined]
                values = [one.value if isinstance(one, ast.Constant) else None for one in arguments]
                where = f"{path.name}:{node.lineno}"  # type: ignore[attr-defined]
                assert all(isinstance(value, str) for value in values), f"{where}: no literal"
                yield tuple(str(value) for value in values)


def _in_templates() -> Iterator[tuple[str, ...]]:
    environment = Environment(extensions=["jinja2.ext.i18n"])
    for path in sorted(TEMPLATES.glob("*.html")):
        for _line, _function, message in environment.extract_translations(path.read_text()):
            yield tuple(
                one for one in (message if isinstance(message, tuple) else (message,)) if one
            )
