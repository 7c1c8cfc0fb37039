"""API Pix JSON to and from the ports' dataclasses. Unknown fields, their order and absent optional ones do no harm."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from bot.gateways.pix.brcode import BrCodeError, dynamic_code
from bot.gateways.pix.errors import nonsense
from bot.gateways.pix.money import reais
from handlers.payments.callback import PixNotice, read_centavos, read_instant, read_pix
from handlers.ports import Charge, ChargeRequest, ChargeState, PixPayment, Refund

_DEFAULT_LIFE = 86_400
"""Seconds a charge lives when it says nothing (API Pix, `calendario.expiracao`)."""


def charge_body(request: ChargeRequest, key: str) -> dict[str, object]:
    """`CobSolicitada`. The payer goes in only whole: the API takes no name without a document, nor the reverse."""
    body: dict[str, object] = {
        "calendario": {"expiracao": max(1, int(request.expires_in.total_seconds()))},
        "valor": {"original": reais(request.amount)},
        "chave": key,
        "solicitacaoPagador": tidy(request.description, 140),
    }
    if request.payer_cpf and request.payer_name:
        body["devedor"] = {"cpf": request.payer_cpf, "nome": tidy(request.payer_name, 200)}
    return body


def charge(body: Mapping[str, object], txid: str, name: str, city: str) -> Charge:
    """A `CobGerada` or `CobCompleta`. Raises TryLater when it makes no sense."""
    calendar = _object(body, "calendario")
    created_at = read_instant(calendar.get("criacao"))
    if body.get("txid") != txid or created_at is None:
        raise nonsense("charge")
    life = timedelta(seconds=_seconds(calendar.get("expiracao")))
    location = body.get("location") or _object(body, "loc").get("location")
    place = location if isinstance(location, str) else None
    return Charge(txid, _br_code(body, place, name, city), created_at, created_at + life, place)


def charge_state(body: Mapping[str, object], txid: str) -> ChargeState:
    """A `CobCompleta` with its payments. Raises TryLater when it makes no sense."""
    status, key = body.get("status"), body.get("chave")
    amount = read_centavos(_object(body, "valor").get("original"))
    if body.get("txid") != txid or not isinstance(status, str) or not isinstance(key, str) or amount is None:
        raise nonsense("charge")
    return ChargeState(txid, status, amount, key, tuple(payments(body.get("pix"))))


def payments(items: object) -> list[PixPayment]:
    """Every readable Pix of a `pix` array, in its order."""
    notices = map(read_pix, items if isinstance(items, list) else [])
    return [payment for notice in notices if notice and (payment := _payment(notice)) is not None]


def refund(body: Mapping[str, object], refund_id: str) -> Refund:
    """A `Devolucao`. Raises TryLater when it makes no sense."""
    status, reason = body.get("status"), body.get("motivo")
    amount = read_centavos(body.get("valor"))
    if body.get("id") != refund_id or not isinstance(status, str) or amount is None:
        raise nonsense("refund")
    return Refund(refund_id, status, amount, reason if isinstance(reason, str) else None)


def pix_page(body: Mapping[str, object]) -> tuple[list[object], int | None]:
    """The Pix of a `PixConsultados` and how many pages there are, None when the bank does not say.

    An empty result may leave `pix` out, but then names its `parametros`. Raises TryLater for anything else.
    """
    items, parameters = body.get("pix"), _object(body, "parametros")
    if not isinstance(items, list) and not parameters:
        raise nonsense("list of Pix")
    pages = _object(parameters, "paginacao").get("quantidadeDePaginas")
    return items if isinstance(items, list) else [], pages if isinstance(pages, int) and pages > 0 else None


def instant(moment: datetime) -> str:
    """RFC 3339 in UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def tidy(text: str, limit: int) -> str:
    """`text` in one line, without what JSON or a bank's screen cannot hold, at most `limit` characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:limit]


def _payment(notice: PixNotice) -> PixPayment | None:
    if notice.amount is None or notice.paid_at is None:
        return None
    refunded = sum(part.amount or 0 for part in notice.refunds if part.status == "DEVOLVIDO")
    return PixPayment(
        notice.end_to_end_id, notice.txid, notice.amount, notice.paid_at, key=notice.key, refunded=refunded
    )


def _br_code(body: Mapping[str, object], location: str | None, name: str, city: str) -> str:
    """`pixCopiaECola` is optional in the standard: without it the code is built from the location."""
    code = body.get("pixCopiaECola")
    if isinstance(code, str) and code.strip():
        return code.strip()
    try:
        return dynamic_code(location or "", name, city)
    except BrCodeError as error:
        raise nonsense("charge without a code") from error


def _object(body: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = body.get(name)
    return value if isinstance(value, Mapping) else {}


def _seconds(value: object) -> int:
    """The standard's own examples write the number as text now and then."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) < 10**9 else _DEFAULT_LIFE
