"""A business's one colour made into a card's colours on which text can always be read."""

from __future__ import annotations

import re
from dataclasses import dataclass

from handlers.ports import Refused

Color = tuple[int, int, int]

WHITE: Color = (255, 255, 255)
BLACK: Color = (0, 0, 0)
DARK: Color = (23, 23, 33)

READABLE = 4.5
"""WCAG 2.2, 1.4.3: contrast of text with its ground."""
WHITE_WORKS = 3.0
"""Below this contrast with white a brand colour is a light one: dark text suits it better than a darker ground."""
SHINE = 0.09
"""How much white the ornaments lay over the ground."""


@dataclass(frozen=True, slots=True)
class Palette:
    start: Color
    """Ground, top left."""
    end: Color
    """Ground, bottom right."""
    ink: Color
    soft: Color
    """Labels."""


def parse_color(value: str) -> Color:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise Refused("card.brand_color", "not of the form #rrggbb")
    return (int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16))


def mix(one: Color, other: Color, share: float) -> Color:
    """`share` of `other` in `one`, 0 to 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return (red, green, blue)


def luminance(color: Color) -> float:
    """Relative luminance of sRGB, 0 to 1 (WCAG 2.2)."""
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Color, other: Color) -> float:
    """1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def palette(brand_color: str) -> Palette:
    brand = parse_color(brand_color)
    return _on_dark(brand) if contrast(WHITE, brand) >= WHITE_WORKS else _on_light(brand)


def _on_dark(brand: Color) -> Palette:
    start = mix(brand, WHITE, 0.10) if luminance(brand) < 0.02 else brand
    while contrast(WHITE, mix(start, WHITE, SHINE)) < READABLE:
        start = mix(start, BLACK, 0.04)
    return Palette(start, mix(start, BLACK, 0.5), WHITE, mix(WHITE, start, 0.22))


def _on_light(brand: Color) -> Palette:
    end = mix(brand, BLACK, 0.10)
    while contrast(DARK, end) < READABLE:
        end = mix(end, WHITE, 0.04)
    return Palette(mix(brand, WHITE, 0.30), end, DARK, mix(DARK, end, 0.25))
