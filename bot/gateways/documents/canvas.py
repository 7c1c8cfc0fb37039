"""A drawing ground in card pixels, kept at twice that size until it is finished; and text fitted to a width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.gateways.documents.lettering import Weight, font
from bot.gateways.documents.palette import WHITE, Color, mix

if TYPE_CHECKING:
    from PIL.Image import Image

SCALE = 2
LEADING = 1.18
"""Distance of two lines' tops, in sizes."""
ELLIPSIS = "…"

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Fitted:
    """Lines of one size that stay within a width."""

    lines: tuple[str, ...]
    weight: Weight
    size: int
    whole: bool = True
    """False when something was cut."""

    @property
    def step(self) -> int:
        return round(self.size * LEADING)

    @property
    def height(self) -> int:
        return self.step * (len(self.lines) - 1) + self.size


def text_width(text: str, weight: Weight, size: int) -> float:
    """In card pixels."""
    return font(weight, size * SCALE).getlength(text) / SCALE


def shorten(text: str, weight: Weight, size: int, room: int) -> str:
    """The text, or its beginning and an ellipsis, within `room` pixels."""
    if text_width(text, weight, size) <= room:
        return text
    kept = len(text)
    while kept and text_width(text[:kept].rstrip() + ELLIPSIS, weight, size) > room:
        kept -= 1
    return text[:kept].rstrip() + ELLIPSIS


def wrap(text: str, weight: Weight, size: int, room: int) -> list[str]:
    """Lines broken between words; a word wider than `room` keeps a line to itself."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, weight, size) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def fit(text: str, weight: Weight, room: int, *, sizes: tuple[int, ...], lines: int) -> Fitted:
    """The largest of `sizes` at which the text takes at most `lines` lines; at the smallest the rest is cut."""
    for size in sizes:
        wrapped = wrap(text, weight, size, room)
        if len(wrapped) <= lines and all(text_width(line, weight, size) <= room for line in wrapped):
            return Fitted(tuple(wrapped), weight, size)
    size = sizes[-1]
    wrapped = wrap(text, weight, size, room)
    kept = [*wrapped[: lines - 1], " ".join(wrapped[lines - 1 :])]
    return Fitted(tuple(shorten(line, weight, size, room) for line in kept), weight, size, whole=False)


class Canvas:
    """A ground running from one colour, top left, to another, bottom right."""

    def __init__(self, width: int, height: int, start: Color, end: Color) -> None:
        from PIL import Image, ImageDraw

        corners = Image.new("RGB", (2, 2), mix(start, end, 0.5))
        corners.putpixel((0, 0), start)
        corners.putpixel((1, 1), end)
        large = (width * SCALE, height * SCALE)
        self._image = corners.resize(large, Image.Resampling.BILINEAR, box=(0.5, 0.5, 1.5, 1.5))
        self._draw = ImageDraw.Draw(self._image)

    def shine(self, *discs: tuple[Box, float]) -> None:
        """Lay discs over the ground, each with its share of white; where two meet the later one counts."""
        from PIL import Image, ImageDraw

        mask = Image.new("L", self._image.size, 0)
        for box, share in discs:
            ImageDraw.Draw(mask).ellipse(_scaled(box), fill=round(255 * share))
        self._image.paste(WHITE, (0, 0), mask)

    def box(self, box: Box, radius: int, color: Color) -> None:
        self._draw.rounded_rectangle(_scaled(box), radius * SCALE, fill=color)

    def width(self, text: str, weight: Weight, size: int) -> int:
        return round(text_width(text, weight, size))

    def text(
        self, at: tuple[int, int], text: str, weight: Weight, size: int, color: Color, anchor: str, spacing: int = 0
    ) -> None:
        """`anchor` is Pillow's; `spacing` (pixels between letters) is for labels set in capitals."""
        x, y = at[0] * SCALE, at[1] * SCALE
        face = font(weight, size * SCALE)
        if not spacing:
            self._draw.text((x, y), text, color, face, anchor)
            return
        for letter in text:
            self._draw.text((x, y), letter, color, face, anchor)
            x += round(face.getlength(letter)) + spacing * SCALE

    def lines(self, at: tuple[int, int], fitted: Fitted, color: Color) -> None:
        for index, line in enumerate(fitted.lines):
            self.text((at[0], at[1] + index * fitted.step), line, fitted.weight, fitted.size, color, "la")

    def finished(self) -> Image:
        return self._image.reduce(SCALE)


def _scaled(box: Box) -> Box:
    left, top, right, bottom = (edge * SCALE for edge in box)
    return (left, top, right, bottom)
