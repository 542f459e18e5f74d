"""Contrast of both themes, computed from the style sheet: AA for text, 3:1 for edges."""

import re

import pytest

from skiclock_ui.assets import STATIC

THEMES = ["dark", "light"]
INKS = ["text", "text-2", "text-3", "accent", "ok", "warn", "bad", "busy"]
GROUNDS = ["bg", "surface", "surface-2"]
SOFT = ["ok", "warn", "bad", "busy"]
Color = tuple[float, float, float]


def theme(name: str) -> dict[str, Color]:
    """Return a theme's colours by name, each channel from 0 to 255."""
    sheet = (STATIC / "theme.css").read_text()
    block = re.search(rf'html\[data-theme="{name}"\] {{(.*?)}}', sheet, re.DOTALL)
    assert block is not None
    found = re.findall(r"--([\w-]+): #([0-9a-f]{6})", block[1])
    colors = {key: tuple(int(value[i : i + 2], 16) for i in (0, 2, 4)) for key, value in found}
    for status in SOFT:
        colors[f"{status}-soft"] = mix(colors[status], colors["surface"], 0.12)
    return colors  # type: ignore[return-value]


def mix(one: Color, other: Color, share: float) -> Color:
    """Return what color-mix in sRGB gives."""
    return tuple(a * share + b * (1 - share) for a, b in zip(one, other, strict=True))  # type: ignore[return-value]


def contrast(one: Color, other: Color) -> float:
    """Return WCAG's contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: Color) -> float:
    channels = [value / 255 for value in color]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("ink", INKS)
@pytest.mark.parametrize("ground", GROUNDS)
def test_text_can_be_read_on_every_ground(name: str, ink: str, ground: str) -> None:
    colors = theme(name)
    assert contrast(colors[ink], colors[ground]) >= 4.5


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("status", SOFT)
def test_a_status_can_be_read_on_its_own_soft_ground(name: str, status: str) -> None:
    colors = theme(name)
    for ink in ("text", "text-2", status):
        assert contrast(colors[ink], colors[f"{status}-soft"]) >= 4.5


@pytest.mark.parametrize("name", THEMES)
def test_the_accent_can_be_read_and_seen(name: str) -> None:
    colors = theme(name)
    hovered = mix(colors["accent"], colors["text"], 0.88)
    assert contrast(colors["accent-text"], colors["accent"]) >= 4.5
    assert contrast(colors["accent-text"], hovered) >= 4.5
    for ground in GROUNDS:
        assert contrast(colors["accent"], colors[ground]) >= 3


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("ground", GROUNDS)
def test_edges_of_fields_can_be_seen(name: str, ground: str) -> None:
    colors = theme(name)
    assert contrast(colors["line-strong"], colors[ground]) >= 3


def test_both_themes_name_the_same_colours() -> None:
    assert theme("dark").keys() == theme("light").keys()
