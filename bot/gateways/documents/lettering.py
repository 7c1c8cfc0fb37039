"""What our one font can draw, and text made ready for it: no box ever stands where a letter should be."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

FONTS = Path(__file__).parent / "fonts"
Weight = Literal["Regular", "Bold"]

UNASSIGNED = "\U0010ffff"
ORNAMENTS = frozenset({"So", "Sk", "Mn", "Me", "Cf", "Cc", "Co", "Cn", "Cs"})
"""Unicode categories that carry no reading of their own: emoji, their joiners and colours, controls."""


@lru_cache(maxsize=64)
def font(weight: Weight, size: int) -> FreeTypeFont:
    """Lato in pixels. The basic layout is asked for: the other one depends on what the machine has installed."""
    from PIL import ImageFont

    return ImageFont.truetype(FONTS / f"Lato-{weight}.ttf", size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=1)
def _missing() -> bytes:
    return bytes(font("Regular", 32).getmask(UNASSIGNED))


@lru_cache(maxsize=8192)
def drawable(char: str) -> bool:
    """Whether the font has a glyph of its own for this character (both weights cover the same set)."""
    return bytes(font("Regular", 32).getmask(char)) != _missing()


@lru_cache(maxsize=8192)
def _shown(char: str) -> str:
    if char.isspace():
        return char if char == "\u00a0" else " "
    category = unicodedata.category(char)
    if category in ("Cf", "Cc", "Cs"):
        return ""
    if drawable(char):
        return char
    plain = unicodedata.normalize("NFKC", char)
    if plain != char and all(drawable(c) for c in plain):
        return plain
    return "" if category in ORNAMENTS else "?"


def clean(text: str) -> str:
    """One line the font can draw whole: emoji are dropped, fancy letters made plain, foreign letters become `?`.

    >>> clean("  𝓜𝓪𝓻𝓲𝓪 💚  da\\nGlória ")
    'Maria da Glória'
    """
    shown = "".join(_shown(char) for char in unicodedata.normalize("NFC", text))
    return " ".join(part for part in shown.split(" ") if part)
