"""The fake bank's books as API Pix JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.gateways.pix.money import reais
from bot.simulator.bank.books import BankCharge, BankPayment, BankRefund
from bot.simulator.bank.checks import Search


def instant(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as in the standard's examples."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def charge_json(charge: BankCharge) -> dict[str, object]:
    """`CobGerada`; with `pix` once paid it is a `CobCompleta`."""
    loc = {
        "id": charge.number,
        "txid": charge.txid,
        "location": charge.location,
        "tipoCob": "cob",
        "criacao": instant(charge.created_at),
    }
    body: dict[str, object] = {
        **charge.terms,
        "calendario": {"criacao": instant(charge.created_at), "expiracao": int(charge.expires_in.total_seconds())},
        "txid": charge.txid,
        "revisao": charge.revision,
        "loc": loc,
        "location": charge.location,
        "status": charge.status,
        "valor": {"original": reais(charge.amount)},
        "pixCopiaECola": charge.br_code,
    }
    if charge.payments:
        body["pix"] = [payment_json(payment) for payment in charge.payments]
    return body


def payment_json(payment: BankPayment) -> dict[str, object]:
    """`Pix`, as answered and as sent to the webhook."""
    body: dict[str, object] = {
        "endToEndId": payment.end_to_end_id,
        "valor": reais(payment.amount),
        "chave": payment.key,
        "horario": instant(payment.paid_at),
    }
    if payment.txid is not None:
        body["txid"] = payment.txid
    if payment.refunds:
        body["devolucoes"] = [refund_json(refund) for refund in payment.refunds]
    return body


def refund_json(refund: BankRefund) -> dict[str, object]:
    """`Devolucao`."""
    times = {"solicitacao": instant(refund.requested_at)}
    if refund.settled_at is not None:
        times["liquidacao"] = instant(refund.settled_at)
    body: dict[str, object] = {
        "id": refund.refund_id,
        "rtrId": refund.rtr_id,
        "valor": reais(refund.amount),
        "natureza": "ORIGINAL",
        "horario": times,
        "status": refund.status,
    }
    optional = {"descricao": refund.description, "motivo": refund.reason}
    return body | {name: value for name, value in optional.items() if value is not None}


def page_json(search: Search, payments: Sequence[BankPayment]) -> dict[str, object]:
    """`PixConsultados`: one page of those payments that fit."""
    fitting = [payment for payment in payments if _fits(payment, search)]
    first = search.page * search.per_page
    pagination = {
        "paginaAtual": search.page,
        "itensPorPagina": search.per_page,
        "quantidadeDePaginas": max(1, -(-len(fitting) // search.per_page)),
        "quantidadeTotalDeItens": len(fitting),
    }
    parameters = {"inicio": instant(search.since), "fim": instant(search.until), "paginacao": pagination}
    return {
        "parametros": parameters,
        "pix": [payment_json(payment) for payment in fitting[first : first + search.per_page]],
    }


def _fits(payment: BankPayment, search: Search) -> bool:
    return (
        search.since <= payment.paid_at <= search.until
        and search.txid in {None, payment.txid}
        and search.with_txid in {None, payment.txid is not None}
        and search.with_refund in {None, bool(payment.refunds)}
    )
