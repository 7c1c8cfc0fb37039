"""What a bank's refusal means to us.

Banks answer either RFC 7807 (`application/problem+json`, type `.../error/CobOperacaoInvalida`) or, as Efí does,
`{"nome": "txid_duplicado", "mensagem": "..."}`. Every call of ours may be repeated (the txid and the refund id are
idempotency keys, and `bcb.py` looks before it writes), so whatever is not a clear no is a TryLater.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from handlers.ports import ChannelStopped, GatewayError, Refused, TryLater

_PERSONAL = re.compile(r"\S*@\S*|\+?\d[\d ./-]{3,}\d")
_DETAIL_LIMIT = 200


class Declined(Refused):
    """A refusal with the HTTP status it came with."""

    def __init__(self, status: int, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.status = status


def nonsense(what: str) -> TryLater:
    """The bank answered something that is not the API Pix."""
    return TryLater("nonsense", what)


def gateway_error(status: int, body: object, after: timedelta | None) -> GatewayError:
    """The error for an answer other than 2xx. `after` is the bank's own Retry-After."""
    code, detail = _reason(body)
    code = code or f"http_{status}"
    if status in {401, 403}:
        return ChannelStopped(code, detail)
    if status == 429 or status >= 500 or status < 400 or status == 408:
        return TryLater(code, detail, after)
    return Declined(status, code, detail)


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """The Retry-After header: seconds or an HTTP date."""
    if header is None:
        return None
    if header.isascii() and header.isdigit():
        return timedelta(seconds=min(int(header), 86_400))
    try:
        return max(parsedate_to_datetime(header) - now, timedelta(0))
    except (ValueError, TypeError, OverflowError):
        return None


def _reason(body: object) -> tuple[str, str]:
    """Code and detail. A violation's `valor` and the free-text `detail` may echo a CPF and are never taken."""
    if not isinstance(body, Mapping):
        return "", ""
    if isinstance(body.get("nome"), str):
        return _masked(body["nome"], 60), _masked(body.get("mensagem"))
    kind, title = body.get("type"), body.get("title") or body.get("error_description")
    code = kind.rsplit("/", 1)[-1] if isinstance(kind, str) else body.get("error")
    violations = body.get("violacoes")
    properties = [
        str(violation.get("propriedade"))
        for violation in (violations if isinstance(violations, list) else [])
        if isinstance(violation, Mapping)
    ]
    return _masked(code, 60), _masked(": ".join(filter(None, [str(title or ""), ", ".join(properties)])))


def _masked(text: object, limit: int = _DETAIL_LIMIT) -> str:
    return _PERSONAL.sub("***", text[:1000])[:limit] if isinstance(text, str) else ""
