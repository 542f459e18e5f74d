"""One line of the table: what was measured, the bar, and the reference of the same run."""

from collections.abc import Sequence
from dataclasses import dataclass

_HEADS = ("what", "value", "bar", "reference in the same run", "ratio", "")


@dataclass(frozen=True, slots=True)
class Row:
    """A figure. `is_ok` None: there is no bar for it, or it could not be measured."""

    name: str
    value: str
    bar: str = ""
    reference: str = ""
    ratio: float | None = None
    is_ok: bool | None = None

    def cells(self) -> tuple[str, ...]:
        """Return what the table shows."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        verdict = {True: "ok", False: "BELOW", None: ""}[self.is_ok]
        return (self.name, self.value, self.bar, self.reference, ratio, verdict)


def at_least(name: str, value: float, bar: float, unit: str, reference: str = "") -> Row:
    """Return a row whose value should reach the bar."""
    text = f"{number(value)} {unit}"
    return Row(name, text, f">= {number(bar)} {unit}", reference, None, value >= bar)


def at_most(name: str, value: float, bar: float, unit: str, reference: str = "") -> Row:
    """Return a row whose value should stay at or below the bar."""
    text = f"{number(value)} {unit}"
    return Row(name, text, f"<= {number(bar)} {unit}", reference, None, value <= bar)


def ratio_at_least(
    name: str, value: float, reference: float, bar: float, unit: str, what: str
) -> Row:
    """Return a row that is judged by its ratio to a reference, which `what` names."""
    ratio = value / reference
    return Row(
        name,
        f"{number(value)} {unit}",
        f">= {bar:g} of it",
        f"{number(reference)} {unit} ({what})",
        ratio,
        ratio >= bar,
    )


def for_information(name: str, value: float, unit: str, reference: str = "") -> Row:
    """Return a row without a bar."""
    return Row(name, f"{number(value)} {unit}", "", reference)


def not_measured(name: str, reason: str) -> Row:
    """Return a row that says what was missing."""
    return Row(name, "not measured", "", reason)


def number(value: float) -> str:
    """Return a number with three digits that count."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as text, in columns."""
    lines = [_HEADS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADS))]
    texts = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join([texts[0], "-" * len(texts[0]), *texts[1:]])
