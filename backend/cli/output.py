"""How commands speak: one line to a person, exit code 2 where the input was at fault."""

from typing import NoReturn

import typer


def say(text: str) -> None:
    """Print one line."""
    typer.echo(text)


def give_up(sentence: str, *, code: int = 2) -> NoReturn:
    """End with one line on the error stream; 2: the input was at fault, 1: something else was."""
    typer.secho(sentence, err=True, fg=typer.colors.RED)
    raise typer.Exit(code)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Print rows in columns as wide as they need."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())
