"""Limits of media: what may be uploaded, and what a message may say about it.

Source: Cloud API documentation, "Media" and the pages of the media messages.
"""

from __future__ import annotations

from typing import Any

from bot.simulator.meta.inspector import MISSING, Inspector

CAPTION = 1024
FILENAME = 240
MEBIBYTE = 1024 * 1024
_OFFICE = "application/vnd.openxmlformats-officedocument."
MIME_TYPES: dict[str, frozenset[str]] = {
    "audio": frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}),
    "document": frozenset(
        {
            "text/plain",
            "application/pdf",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            f"{_OFFICE}wordprocessingml.document",
            f"{_OFFICE}spreadsheetml.sheet",
            f"{_OFFICE}presentationml.presentation",
        }
    ),
    "image": frozenset({"image/jpeg", "image/png"}),
    "sticker": frozenset({"image/webp"}),
    "video": frozenset({"video/mp4", "video/3gpp"}),
}
SIZES = {
    "audio": 16 * MEBIBYTE,
    "document": 100 * MEBIBYTE,
    "image": 5 * MEBIBYTE,
    "sticker": 500 * 1024,
    "video": 16 * MEBIBYTE,
}
"""Bytes. A static sticker may have 100 KB only."""
_STATIC_STICKER = 100 * 1024
_FIELDS: dict[str, tuple[str, ...]] = {
    "audio": ("voice",),
    "document": ("caption", "filename"),
    "image": ("caption",),
    "sticker": (),
    "video": ("caption",),
}
_SIGNATURES = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "application/pdf": b"%PDF-",
    "image/webp": b"RIFF",
    "audio/ogg": b"OggS",
}
_PNG_RGB, _PNG_RGBA = 2, 6


def inspect_media(
    inspector: Inspector, value: Any, kind: str, *, where: str | None = None, captioned: bool = True
) -> None:
    """`{"id"}` or `{"link"}`, with the fields of its kind. Headers (`captioned` False) have no caption of their own."""
    where = where or kind
    allowed = _FIELDS[kind] if captioned else tuple(name for name in _FIELDS[kind] if name == "filename")
    media = inspector.fields(value, where, (), ("id", "link", *allowed))
    if media is None:
        return
    if ("id" in media) == ("link" in media):
        inspector.note(where, "needs either id or link", MISSING)
    inspector.text(media.get("id"), f"{where}.id", 64, edges=False)
    inspector.url(media.get("link"), f"{where}.link")
    inspector.text(media.get("caption"), f"{where}.caption", CAPTION)
    inspector.text(media.get("filename"), f"{where}.filename", FILENAME, one_line=True)
    inspector.flag(media.get("voice"), f"{where}.voice")


def kind_of(mime_type: str) -> str | None:
    """The kind of message that a media type serves, None for a type that Meta does not take."""
    plain = mime_type.split(";")[0].strip().lower()
    return next((kind for kind, types in MIME_TYPES.items() if plain in types), None)


def upload_problem(content: bytes, mime_type: str) -> str | None:
    """Why an upload is refused, None if it passes."""
    kind = kind_of(mime_type)
    if kind is None:
        return f"Param file must be a file with one of the supported types. Received file of type '{mime_type}'."
    if not content:
        return "File is empty"
    if len(content) > SIZES[kind]:
        return f"File of {len(content)} bytes is above {SIZES[kind]} bytes for {kind}"
    if not content.startswith(_SIGNATURES.get(mime_type.split(";")[0], b"")):
        return f"Media type {mime_type} does not match the content"
    return _format_problem(content, mime_type)


def _format_problem(content: bytes, mime_type: str) -> str | None:
    if mime_type == "image/png" and (len(content) < 26 or content[24] != 8 or content[25] not in (_PNG_RGB, _PNG_RGBA)):
        return "Image must be 8-bit RGB or RGBA"
    if mime_type == "image/webp" and b"ANIM" not in content[:64] and len(content) > _STATIC_STICKER:
        return f"Static sticker is above {_STATIC_STICKER} bytes"
    return None
