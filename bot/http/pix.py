"""The bank's callback. Nothing in it is believed: what names a charge of ours is stored as a reason to ask the bank.
The rest is answered alike and forgotten, so that strangers fill no table.

Sources: API Pix 2.9 (POST {webhookUrl}/pix); Efí (static secret as `?hmac=`, to whose end it may add `/pix`; probes).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson
import structlog
from aiohttp import web

from bot.http.answers import text_answer
from bot.http.deps import BODIES, DEPS, WebDeps
from bot.http.links import same
from handlers.channel.lenient import clean
from handlers.payments.callback import PixNotice, RefundNotice, parse_callback
from scheduler.wake import NOTICES
from storage.clockwork import add_events
from storage.receipts import intents

log = structlog.get_logger()

LARGEST = 1024 * 1024
_LONGEST_TEXT = 77
"""The longest Pix key."""
_MOST_PIX = 1_000
"""Taken from one call; no bank tells nearly as many, and what is left out is found by the sweep."""


class Malformed(ValueError):
    """Not JSON."""


async def probe(request: web.Request) -> web.Response:
    """Banks look whether somebody is there before they accept the address."""
    return text_answer("ok")


async def receive(request: web.Request) -> web.Response:
    deps = request.app[DEPS]
    if not _is_known(request, deps.pix_webhook_secret):
        raise web.HTTPUnauthorized
    body = await request.app[BODIES].read(request, LARGEST)
    if not body.strip():
        return text_answer("ok", outcome="ignored")
    try:
        told = parse_callback(load(body))[:_MOST_PIX]
    except Malformed:
        raise web.HTTPBadRequest from None
    if not told:
        return text_answer("ok", outcome="ignored")
    ours = await _ours(deps, told)
    for organization_id, pix in ours.items():
        await store(deps, "pix", organization_id, {"pix": pix})
    return text_answer("ok", outcome=None if ours else "unknown")


async def _ours(deps: WebDeps, told: Sequence[PixNotice]) -> dict[uuid.UUID, list[dict[str, Any]]]:
    """What is told of charges of ours, by whose they are."""
    txids = list({notice.txid for notice in told if notice.txid})
    try:
        found = await deps.database.run(lambda tx: intents(tx, txids), org=None, read_only=True) if txids else []
    except Exception:
        log.exception("webhook.not_looked_up", source="pix")
        raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from None
    owners = {intent.provider_intent_id: intent.organization_id for intent in found}
    ours: dict[uuid.UUID, list[dict[str, Any]]] = {}
    for notice in told:
        if notice.txid in owners:
            ours.setdefault(owners[notice.txid], []).append(kept(notice))
    return ours


async def store(deps: WebDeps, source: str, organization_id: uuid.UUID, payload: dict[str, Any]) -> None:
    """Commit it as an event of an organisation and wake whoever asks the bank.

    The same content twice is one event. Raises 503 when it cannot be stored, which banks answer with another try.
    """
    payload = clean(payload)
    key = sha256(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)).hexdigest()
    now = deps.clock.now()
    row = {
        "organization_id": organization_id, "source": source, "external_id": key, "kind": "pix.callback",
        "payload": payload, "occurred_at": now, "received_at": now,
    }  # fmt: skip
    try:
        new = await deps.database.run(lambda tx: add_events(tx, [row]), org=None)
    except Exception:
        log.exception("webhook.not_stored", source=source)
        raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from None
    if new:
        deps.wake.ring(NOTICES)


def load(body: bytes) -> object:
    """Any JSON, also what orjson refuses: a byte order mark, half an emoji in a payer's message."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        try:
            return json.loads(body.decode("utf-8-sig", "replace"))
        except (ValueError, RecursionError):
            raise Malformed from None


def kept(notice: PixNotice) -> dict[str, Any]:
    """A Pix in the standard's own form, without what says who paid."""
    return _present(
        {
            "endToEndId": notice.end_to_end_id,
            "txid": notice.txid,
            "valor": _reais(notice.amount),
            "chave": _cut(notice.key),
            "horario": notice.paid_at and notice.paid_at.isoformat(),
            "devolucoes": [_kept_refund(refund) for refund in notice.refunds] or None,
        }
    )


def _kept_refund(refund: RefundNotice) -> dict[str, Any]:
    return _present(
        {
            "id": refund.refund_id,
            "rtrId": refund.rtr_id,
            "valor": _reais(refund.amount),
            "status": _cut(refund.status),
            "natureza": _cut(refund.nature),
        }
    )


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _reais(amount: int | None) -> str | None:
    return None if amount is None else f"{amount // 100}.{amount % 100:02d}"


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:_LONGEST_TEXT]


def _is_known(request: web.Request, secret: str | None) -> bool:
    """Whether the address called holds the secret, as `?hmac=` or as a part of the path."""
    if secret is None:
        return True
    query = request.query.get("hmac", "")
    given = (request.match_info.get("secret", ""), query, query.removesuffix("/pix"))
    return any(same(one, secret) for one in given)
