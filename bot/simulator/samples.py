"""Made-up people and files for the simulator: no real person, no real number, nothing from the network."""

from __future__ import annotations

import io
import random
from collections.abc import Collection

from PIL import Image, ImageDraw

_FIRST = (
    "Ana Beatriz", "Bruno", "Camila", "Davi", "Eduarda", "Felipe", "Gabriela", "Heitor", "Isabela", "João Pedro",
    "Larissa", "Marcelo", "Natália", "Otávio", "Patrícia", "Rafael", "Sônia", "Tiago", "Vitória", "Yara",
)  # fmt: skip
_LAST = (
    "Almeida", "Barbosa", "Cardoso", "Dias", "Esteves", "Ferreira", "Gomes", "Lima", "Moraes", "Nunes",
    "Oliveira", "Pereira", "Queiroz", "Ribeiro", "Souza", "Teixeira",
)  # fmt: skip
_AREAS_WITH_NINE = ("11", "19", "21", "27")
_AREAS_WITHOUT = ("31", "41", "51", "71", "81", "85")
PLACE = {
    "latitude": -23.5614,
    "longitude": -46.6559,
    "name": "Avenida Paulista, 1578",
    "address": "Bela Vista, São Paulo",
}
OPUS = b"OggS\x00\x02" + bytes(20) + b"\x01\x13OpusHead\x01\x01\x38\x01\x80\xbb\x00\x00\x00\x00\x00"
"""The head of a voice note: enough for everyone who only looks at what kind of file it is."""


def new_person(taken: Collection[str | None], chance: random.Random) -> tuple[str, str]:
    """A wa_id that nobody has and a name. In areas of the new era WhatsApp drops the ninth digit, as it really does."""
    while True:
        area = chance.choice(_AREAS_WITH_NINE + _AREAS_WITHOUT)
        nine = "9" if area in _AREAS_WITH_NINE else ""
        wa_id = f"55{area}{nine}9000{chance.randrange(10_000):04d}"
        if wa_id not in taken:
            return wa_id, f"{chance.choice(_FIRST)} {chance.choice(_LAST)}"


def photo() -> bytes:
    """JPEG of an identity card that nobody has."""
    picture = Image.new("RGB", (960, 640), "#cfd8dc")
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((110, 110, 850, 530), 28, fill="#f4f1e4", outline="#8aa894", width=6)
    draw.rectangle((150, 170, 350, 430), fill="#b0bec5")
    draw.ellipse((205, 205, 295, 295), fill="#78909c")
    draw.pieslice((175, 310, 325, 520), 180, 360, fill="#78909c")
    for row, width in enumerate((380, 300, 420, 240, 340)):
        draw.rounded_rectangle((400, 180 + row * 56, 400 + width, 202 + row * 56), 8, fill="#9fb7a7")
    return _saved(picture, "JPEG")


def sticker() -> bytes:
    """WebP of 512 by 512, as stickers are."""
    picture = Image.new("RGBA", (512, 512), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((36, 36, 476, 476), fill="#ffd54f", outline="#ffffff", width=18)
    draw.ellipse((160, 170, 206, 240), fill="#5d4037")
    draw.ellipse((306, 170, 352, 240), fill="#5d4037")
    draw.chord((140, 200, 372, 400), 10, 170, fill="#5d4037")
    draw.ellipse((96, 270, 156, 320), fill="#ffab91")
    draw.ellipse((356, 270, 416, 320), fill="#ffab91")
    return _saved(picture, "WEBP")


def _saved(picture: Image.Image, form: str) -> bytes:
    target = io.BytesIO()
    picture.save(target, form)
    return target.getvalue()
