"""The digital membership card: one picture, drawn at twice its size and brought down for smooth edges."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from bot.gateways.documents import qr, wording
from bot.gateways.documents.canvas import Canvas, Fitted, fit, shorten
from bot.gateways.documents.lettering import clean
from bot.gateways.documents.palette import DARK, SHINE, WHITE, Palette, mix, palette
from handlers.ports import CardSheet

if TYPE_CHECKING:
    from PIL.Image import Image

WIDTH, HEIGHT = 1080, 680
MARGIN = 64
COLUMN = 600
"""Width of the text beside the QR."""
BOTTOM = HEIGHT - MARGIN
GAP = 34
QR_SIDE = 318
"""The largest side of the code with its quiet zone; modules are whole pixels, so it is often a little less."""
LABEL = 30
"""From the top of a label to the top of what it names."""
DEPENDANTS_SHOWN = 6
HOLDER_SIZES = ((1, (56, 52, 48, 44)), (2, (48, 44, 40, 36)), (3, (38, 34, 30)))
"""Lines, and the sizes tried at that many."""


def draw_card(sheet: CardSheet) -> bytes:
    """PNG, 8-bit RGB, 1080 x 680 pixels. Raises Refused for a colour or QR content that cannot be drawn."""
    colors = palette(sheet.brand_color)
    code = qr.image_within(sheet.qr_content, QR_SIDE)
    canvas = Canvas(WIDTH, HEIGHT, colors.start, colors.end)
    _ornaments(canvas)
    _person(canvas, colors, sheet, _head(canvas, colors, sheet))
    left, top = _tile(canvas, colors, code.width)
    picture = canvas.finished()
    quiet = qr.quiet_pixels(code)
    inner = code.crop((quiet, quiet, code.width - quiet, code.height - quiet))
    picture.paste(inner, (left + quiet, top + quiet))
    return _png(picture)


def _ornaments(canvas: Canvas) -> None:
    """Large discs of light that run off the card."""
    canvas.shine(
        ((WIDTH - 420, -330, WIDTH + 260, 350), SHINE / 2),
        ((WIDTH - 250, -420, WIDTH + 330, 160), SHINE),
        ((-300, HEIGHT - 150, 420, HEIGHT + 570), SHINE / 2),
    )


def _head(canvas: Canvas, colors: Palette, sheet: CardSheet) -> int:
    """Business and plan; returns where the head ends."""
    plan = fit(clean(sheet.plan_name), "Bold", 300, sizes=(24, 21, 19), lines=1)
    pill = 0
    for name in plan.lines:
        pill = canvas.width(name, "Bold", plan.size) + 48
        left = WIDTH - MARGIN - pill
        canvas.box((left, 56, WIDTH - MARGIN, 106), 25, colors.ink)
        canvas.text((left + 24, 81), name, "Bold", plan.size, colors.end if colors.ink == WHITE else WHITE, "lm")
    room = WIDTH - 2 * MARGIN - pill - 32
    business = fit(clean(sheet.business_name), "Bold", room, sizes=(46, 40, 34, 30), lines=2)
    canvas.lines((MARGIN, 54), business, colors.ink)
    bottom = 54 + business.height + 10
    if len(business.lines) > 1:
        return bottom
    canvas.text((MARGIN, bottom), "Cartão de membro", "Regular", 24, colors.soft, "la")
    return bottom + 28


def _person(canvas: Canvas, colors: Palette, sheet: CardSheet, head: int) -> None:
    """Holder, number and validity, dependants: stacked upwards from the lower margin."""
    top = BOTTOM
    if names := [name for raw in sheet.dependants if (name := clean(raw))]:
        top = _dependants(canvas, colors, names, top) - GAP
    top -= 66
    _fact(canvas, colors, (MARGIN, top), "MATRÍCULA", clean(sheet.membership_number))
    _fact(canvas, colors, (MARGIN + 310, top), "VÁLIDO ATÉ", wording.short_date(sheet.valid_until))
    holder = _holder(clean(sheet.holder_name), top - GAP - head - LABEL - GAP // 2)
    top -= GAP + holder.height
    canvas.lines((MARGIN, top), holder, colors.ink)
    canvas.text((MARGIN, top - LABEL), "TITULAR", "Bold", 17, colors.soft, "la", spacing=2)


def _holder(name: str, room: int) -> Fitted:
    """One large line, else two, else three, in at most `room` pixels of height; what still does not fit is cut."""
    for lines, sizes in HOLDER_SIZES:
        fitted = fit(name, "Bold", COLUMN, sizes=sizes, lines=lines)
        if fitted.whole and fitted.height <= room:
            return fitted
    return fit(name, "Bold", COLUMN, sizes=(30,), lines=3)


def _fact(canvas: Canvas, colors: Palette, at: tuple[int, int], label: str, value: str) -> None:
    x, y = at
    canvas.text((x, y), label, "Bold", 17, colors.soft, "la", spacing=2)
    canvas.text((x, y + 28), shorten(value, "Bold", 32, 290), "Bold", 32, colors.ink, "la")


def _dependants(canvas: Canvas, colors: Palette, names: Sequence[str], bottom: int) -> int:
    """Two columns of names ending at `bottom`; returns where the block begins."""
    shown = dependant_lines(names)
    rows = (len(shown) + 1) // 2
    top = bottom - rows * 34 - 26
    canvas.text((MARGIN, top), "DEPENDENTES", "Bold", 17, colors.soft, "la", spacing=2)
    for index, name in enumerate(shown):
        x, y = MARGIN + (index % 2) * 310, top + 28 + (index // 2) * 34
        canvas.text((x, y), short_name(name, 290), "Regular", 24, colors.ink, "la")
    return top


def dependant_lines(names: Sequence[str]) -> list[str]:
    """At most six lines; the last one counts those who did not fit."""
    if len(names) <= DEPENDANTS_SHOWN:
        return list(names)
    shown = DEPENDANTS_SHOWN - 1
    return [*names[:shown], f"+{len(names) - shown}"]


def short_name(name: str, room: int) -> str:
    """The whole name if it has room, else first and last, else as much of the first as fits."""
    parts = name.split()
    for form in (name, f"{parts[0]} {parts[-1]}" if len(parts) > 2 else name):
        if shorten(form, "Regular", 24, room) == form:
            return form
    return shorten(name, "Regular", 24, room)


def _tile(canvas: Canvas, colors: Palette, code: int) -> tuple[int, int]:
    """The white field of the QR, lower right, its quiet zone being the margin; returns where the code goes."""
    caption = 30
    right, bottom = WIDTH - MARGIN, BOTTOM
    left, top = right - code, bottom - code - caption
    canvas.box((left - 2, top - 2, right + 2, bottom + 2), 24, mix(colors.end, DARK, 0.25))
    canvas.box((left, top, right, bottom), 22, WHITE)
    centre = (left + right) // 2
    canvas.text((centre, bottom - 28), "Confira a validade", "Bold", 19, DARK, "mm")
    return left, top


def _png(picture: Image) -> bytes:
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
