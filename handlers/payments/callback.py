"""What a bank's Pix callback says, read with distrust.

A callback is a trigger only: any customer of the same bank can point a webhook at our address, so nothing read here
is proof of a payment until `GET /cob/{txid}` has confirmed it. Shapes: API Pix 2.9, `Pix` and `Devolucao`; the
standard's own example holds `devolucoes` as an object where its schema has an array, so both are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

_ID = re.compile(r"[a-zA-Z0-9]{1,35}")
_MONEY = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,2})?")


@dataclass(frozen=True, slots=True)
class RefundNotice:
    """One `devolucao` of a Pix. `nature` other than ORIGINAL means that the bank took the money back (MED)."""

    refund_id: str
    rtr_id: str | None
    status: str
    amount: int | None
    nature: str | None = None


@dataclass(frozen=True, slots=True)
class PixNotice:
    """One Pix that a bank speaks of. The same one comes again with each change of its refunds."""

    end_to_end_id: str
    txid: str | None
    amount: int | None
    """Centavos; None when absent or unreadable."""
    key: str | None
    refunds: Sequence[RefundNotice] = ()
    paid_at: datetime | None = None


def parse_callback(payload: object) -> list[PixNotice]:
    """Every Pix of a callback body `{"pix": [...]}` (or a bare list). Never raises: what is not a Pix is left out."""
    items = payload.get("pix") if isinstance(payload, Mapping) else payload
    return [notice for notice in map(read_pix, _listed(items)) if notice is not None]


def read_pix(item: object) -> PixNotice | None:
    """A `Pix` of a callback or of the bank's API; None for anything else, such as a Pix that we *sent* (Efí)."""
    if not isinstance(item, Mapping) or _was_sent(item):
        return None
    end_to_end_id = _identifier(item.get("endToEndId"))
    if end_to_end_id is None:
        return None
    return PixNotice(
        end_to_end_id=end_to_end_id,
        txid=_identifier(item.get("txid")),
        amount=read_centavos(item.get("valor")),
        key=_text(item.get("chave")),
        refunds=tuple(refund for refund in map(_refund, _listed(item.get("devolucoes"))) if refund is not None),
        paid_at=read_instant(item.get("horario")),
    )


def read_centavos(value: object) -> int | None:
    """Reais as the banks write them ("110.00", sometimes a JSON number) in centavos; None when unreadable."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value)
    if not _MONEY.fullmatch(text):
        return None
    reais, _, cents = text.partition(".")
    return int(reais) * 100 + int(cents.ljust(2, "0"))


def read_instant(value: object) -> datetime | None:
    """An RFC 3339 instant in UTC; one without a zone counts as UTC; None when unreadable."""
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _refund(item: object) -> RefundNotice | None:
    if not isinstance(item, Mapping):
        return None
    refund_id, status = _identifier(item.get("id")), _text(item.get("status"))
    if refund_id is None or status is None:
        return None
    return RefundNotice(
        refund_id=refund_id,
        rtr_id=_identifier(item.get("rtrId")),
        status=status,
        amount=read_centavos(item.get("valor")),
        nature=_text(item.get("natureza")),
    )


def _was_sent(item: Mapping[object, object]) -> bool:
    """Efí reports outgoing Pix on the same webhook: `tipo` SOLICITACAO, and `horario` is an object."""
    return item.get("tipo") == "SOLICITACAO" or isinstance(item.get("horario"), Mapping)


def _listed(value: object) -> list[object]:
    if isinstance(value, list | tuple):
        return list(value)
    return [value] if isinstance(value, Mapping) else []


def _identifier(value: object) -> str | None:
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
