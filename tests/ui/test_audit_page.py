"""The audit log's page: every action has a name, and a list goes on exactly where it ended."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import backend
from backend.audit import Position
from backend.models import AuditEntry
from skiclock_ui.components.audit.audit import actions, row_of
from skiclock_ui.pages.audit import _position, _time

AT = datetime(2026, 11, 24, 12, 0, 0, 123_457, tzinfo=UTC)


def recorded_actions() -> Iterator[str]:
    """Yield the action of every call of audit.record in the server."""
    for path in Path(backend.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                for keyword in node.keywords:
                    if keyword.arg == "action" and isinstance(keyword.value, ast.Constant):
                        yield str(keyword.value.value)


def test_every_action_that_is_written_down_has_a_name() -> None:
    assert sorted(set(recorded_actions()) - set(actions())) == []


def test_a_list_goes_on_exactly_where_it_ended() -> None:
    entry = AuditEntry(id=7, at=AT, actor="a", action="b.c", object="d", address=None)
    assert _position(row_of(entry)["key"]) == Position(AT, 7)


@pytest.mark.parametrize(
    "value", [None, "x", [], [1], [1, 2, 3], ["1", 2], [1, 0], [1, 2**70], [2**80, 1], [1.5, 1]]
)
def test_a_position_that_makes_no_sense_is_the_top(value: object) -> None:
    assert _position(value) is None


@pytest.mark.parametrize("value", [None, "1", float("nan"), float("inf"), -1e30, 1e30, []])
def test_a_time_that_makes_no_sense_is_none(value: object) -> None:
    assert _time(value) is None
