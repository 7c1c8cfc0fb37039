"""Keeps personal data and secrets out of logs: by the name of a field, and by the look of a text.

The look is matched in one pass; what only looks like a CPF or a phone (a UUID, a hash, a txid) is recognised and left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

HIDDEN = "***"
MAX_DEPTH = 8
MAX_LENGTH = 10_000

SENSITIVE = frozenset({
    "token", "secret", "password", "authorization", "signature", "cookie", "key", "cpf", "rg", "email",
    "phone", "wa_id", "msisdn", "name", "address", "birth_date", "body", "text", "caption", "payload", "draft",
    "br_code"
})  # fmt: skip
"""Field names whose values are hidden whole, alone or as the end of a longer name (`holder_name`)."""
HARMLESS = frozenset({
    "event_name", "logger_name", "template_name", "plan_name", "job_name", "driver_name", "file_name",
    "table_name", "service_name", "dedupe_key", "txid_key", "text_key"
})  # fmt: skip
CODES = frozenset({
    "code", "otp", "pin", "codigo", "verification_code", "signing_code", "one_time_code"
})  # fmt: skip
"""Here six digits are a one-time code. Error codes go under `error_code`, so that 131047 stays readable."""

_PATTERNS = (
    r"(?P<brcode>000201\d{2}.{10,500}?6304[0-9A-Fa-f]{4})",
    r"(?P<bearer>\b(?:Bearer|Basic)\s+[\w.~+/=-]{6,})",
    r"(?P<jwt>\beyJ[\w-]+\.[\w-]+\.[\w-]+)",
    r"(?P<meta>\bEAA[0-9A-Za-z]{17,})",
    r"(?P<userinfo>(?<=://)[^/\s@'\"]+@)",
    r"(?P<query>(?<=[?&])(?:access_token|hub\.verify_token|token|code|sig|signature|secret|key)=[^&\s'\"]+)",
    r"(?P<card>(?<=/cards/)[^/\s?'\"]+)",
    r"(?P<wamid>\bwamid\.[\w+/=-]+)",
    r"(?P<parameters>\[parameters: .{0,2000}?\](?=\s|$)|(?<=Failing row contains )\(.{0,2000}?\)(?=\.|\s|$)"
    r"|(?<=\)=)\([^)]*\)|input_value=.{0,500}?(?=, input_type))",
    # Left alone: UUIDs, SHA-256, the end-to-end id of a Pix and our own ids of 26 to 35 letters and digits (txid).
    r"(?P<keep>\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b|\b[0-9a-f]{64}\b"
    r"|\b(?=\d{0,34}[A-Za-z])[0-9A-Za-z]{26,35}\b(?!@))",
    r"(?P<email>[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+)",
    r"(?P<cpf>(?<!\d)\d{3}\.\d{3}\.\d{3}-\d{2}(?!\d)|(?<!\d)(?<!\d\.)\d{11}(?!\d))",
    r"(?P<phone>\+\d[\d ().-]{7,18}\d|\(\d{2}\)\s?9?\d{4}[- ]?\d{4}(?!\d)|(?<!\d)(?<!\d\.)\d{12,13}(?!\d))",
)
_LOOKS = re.compile("|".join(_PATTERNS), re.DOTALL)
_SIX_DIGITS = re.compile(r"(?<!\d)\d{6}(?!\d)")


def mask(text: str) -> str:
    """The text with everything that looks personal or secret replaced by its kind (`<cpf>`), cut when very long."""
    short = text if len(text) <= MAX_LENGTH else text[:MAX_LENGTH]
    return _LOOKS.sub(_replace, short) + ("" if short is text else "…")


def _replace(found: re.Match[str]) -> str:
    kind = found.lastgroup
    if kind == "keep":
        return found[0]
    if kind == "wamid":  # Base64 of the person's number, then a random part that still tells messages apart.
        return f"wamid…{found[0].rstrip('=')[-8:]}"
    return f"<{kind}>" + ("@" if kind == "userinfo" else "")


def redact(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The same fields, safe to write anywhere."""
    return {str(key): _field(str(key).lower(), value, 0) for key, value in fields.items()}


def _field(key: str, value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if _is_sensitive(key):
        return HIDDEN
    if key in CODES and isinstance(value, str | int):
        return _SIX_DIGITS.sub(HIDDEN, mask(str(value))) if _SIX_DIGITS.search(str(value)) else clean(value, depth)
    return clean(value, depth)


def _is_sensitive(key: str) -> bool:
    return key not in HARMLESS and (key in SENSITIVE or any(key.endswith(f"_{word}") for word in SENSITIVE))


def clean(value: Any, depth: int = 0, *, by_name: bool = True) -> Any:
    """Any value as plain JSON types, masked. `by_name=False` leaves field names out of it (frames of a traceback)."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if depth >= MAX_DEPTH:
        return HIDDEN
    if isinstance(value, Mapping):
        return {
            mask(str(key)): _field(str(key).lower(), item, depth + 1)
            if by_name
            else clean(item, depth + 1, by_name=False)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return _items(value, depth, by_name)
    return mask(str(value))


def _items(values: Iterable[Any], depth: int, by_name: bool) -> list[Any]:
    return [clean(item, depth + 1, by_name=by_name) for item in values]
