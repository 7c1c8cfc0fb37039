"""QR codes: error correction M and the quiet zone of four modules that ISO/IEC 18004 asks for."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from handlers.ports import Refused

if TYPE_CHECKING:
    from PIL.Image import Image

QUIET_ZONE = 4
SMALLEST = 720
"""Pixels a side at least: WhatsApp re-compresses images, and a phone's camera needs whole modules."""


def modules(content: str) -> list[list[bool]]:
    """The code as rows of dark modules, quiet zone included. Raises Refused when it holds nothing or too much."""
    from qrcode.constants import ERROR_CORRECT_M
    from qrcode.exceptions import DataOverflowError
    from qrcode.main import QRCode

    if not content:
        raise Refused("qr.empty")
    code = QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_ZONE)
    code.add_data(content)
    try:
        code.make(fit=True)
    except (DataOverflowError, ValueError) as error:
        raise Refused("qr.too_long", f"{len(content)} characters") from error
    return [[bool(dark) for dark in row] for row in code.get_matrix()]


def image(content: str, at_least: int) -> Image:
    """An RGB image whose modules are all whole pixels, of the smallest side not under `at_least`."""
    rows = modules(content)
    return _drawn(rows, -(-at_least // len(rows)))


def image_within(content: str, at_most: int) -> Image:
    """As `image`, of the largest side not over `at_most` (never under one pixel a module)."""
    rows = modules(content)
    return _drawn(rows, max(1, at_most // len(rows)))


def quiet_pixels(code: Image) -> int:
    """Width of the quiet zone of a drawn code: what is white before the first finder pattern."""
    from PIL import ImageOps

    box = ImageOps.invert(code).getbbox()
    return box[0] if box else 0


def _drawn(rows: list[list[bool]], scale: int) -> Image:
    from PIL import Image

    side = len(rows)
    pixels = bytes(0 if dark else 255 for row in rows for dark in row)
    small = Image.frombytes("L", (side, side), pixels)
    return small.resize((side * scale, side * scale), Image.Resampling.NEAREST).convert("RGB")


def draw_qr(content: str) -> bytes:
    """PNG, 8-bit RGB as WhatsApp wants it."""
    out = BytesIO()
    image(content, SMALLEST).save(out, "PNG", optimize=True)
    return out.getvalue()
