"""An LED panel drawn dot by dot, for the sign-in page."""

import json

from markupsafe import Markup

COLUMNS, ROWS = 33, 9
_PITCH = 10

_GLYPHS = {
    "0": [".###.", "#...#", "#..##", "#.#.#", "##..#", "#...#", ".###."],
    "1": ["..#..", ".##..", "..#..", "..#..", "..#..", "..#..", ".###."],
    "2": [".###.", "#...#", "....#", "...#.", "..#..", ".#...", "#####"],
    "3": ["#####", "...#.", "..#..", "...#.", "....#", "#...#", ".###."],
    "4": ["...#.", "..##.", ".#.#.", "#..#.", "#####", "...#.", "...#."],
    "5": ["#####", "#....", "####.", "....#", "....#", "#...#", ".###."],
    "6": ["..##.", ".#...", "#....", "####.", "#...#", "#...#", ".###."],
    "7": ["#####", "....#", "...#.", "..#..", ".#...", ".#...", ".#..."],
    "8": [".###.", "#...#", "#...#", ".###.", "#...#", "#...#", ".###."],
    "9": [".###.", "#...#", "#...#", ".####", "....#", "...#.", ".##.."],
    ":": [".", "#", ".", ".", ".", "#", "."],
    "S": [".####", "#....", "#....", ".###.", "....#", "....#", "####."],
    "K": ["#...#", "#..#.", "#.#..", "##...", "#.#..", "#..#.", "#...#"],
    "I": [".###.", "..#..", "..#..", "..#..", "..#..", "..#..", ".###."],
}


def panel(text: str) -> Markup:
    """Return a panel that shows a short text; panel.js then makes it tell the time."""
    rows = [".".join(_GLYPHS[one][y] for one in text) for y in range(7)]
    left = (COLUMNS - len(rows[0])) // 2
    lit = {
        (left + x, y + 1) for y, row in enumerate(rows) for x, dot in enumerate(row) if dot == "#"
    }
    dots = [
        Markup('<circle cx="{}" cy="{}" r="3.4" class="{}"/>').format(
            _at(x), _at(y), "lit" if (x, y) in lit else "dim"
        )
        for y in range(ROWS)
        for x in range(COLUMNS)
    ]
    return Markup(
        '<svg class="led" viewBox="0 0 {width} {height}" aria-hidden="true" '
        'data-columns="{columns}" data-glyphs="{glyphs}">'
        '<rect class="led-case" x="0.5" y="0.5" width="{inner}" height="{inner_height}" rx="8"/>'
        "{dots}</svg>"
    ).format(
        width=_at(COLUMNS),
        height=_at(ROWS),
        inner=_at(COLUMNS) - 1,
        inner_height=_at(ROWS) - 1,
        columns=COLUMNS,
        glyphs=json.dumps(_GLYPHS),
        dots=Markup("").join(dots),
    )


def _at(index: int) -> int:
    return (index + 1) * _PITCH
