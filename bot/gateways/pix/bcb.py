"""Pix through a bank that speaks the Banco Central's API Pix (2.9, tolerant of later versions)."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

import aiohttp

from bot.gateways.pix import shapes
from bot.gateways.pix.api import BankApi
from bot.gateways.pix.errors import Declined
from bot.gateways.pix.money import reais
from bot.gateways.pix.oauth import TokenSource
from bot.gateways.pix.wire import Wire
from handlers.ports import Charge, ChargeRequest, ChargeState, Clock, PixPayment, Refund, Refused

_TXID = re.compile(r"[a-zA-Z0-9]{26,35}")
_REFUND_ID = re.compile(r"[a-zA-Z0-9]{1,35}")
_END_TO_END_ID = re.compile(r"[a-zA-Z0-9]{32}")
_GONE = frozenset({404, 410})
_CONFLICT = frozenset({400, 409, 422})
"""How banks say "this id is taken" or "no longer in that state": CobOperacaoInvalida 400, Efí txid_duplicado 409."""
_PAGE = 100
_MAX_PAGES = 1000
REMOVED = "REMOVIDA_PELO_USUARIO_RECEBEDOR"


class BcbPix:
    """Fulfils `PixGateway`. `base_url` includes the bank's prefix (".../v2"), `token_url` is whole.

    All calls may be repeated: a charge is looked up before it is created (a second PUT would *revise* it) and a
    refund that the bank already knows is read back. Hence no OutcomeUnknown: a time-out is a TryLater.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        token_url: str,
        client_id: str,
        client_secret: str,
        key: str,
        clock: Clock,
        merchant_name: str,
        merchant_city: str,
        ssl_context: ssl.SSLContext | None = None,
        *,
        timeout: timedelta = timedelta(seconds=20),
    ) -> None:
        self.confirms = True
        wire = Wire(session, clock, ssl_context, timeout)
        self._api = BankApi(wire, base_url, TokenSource(wire, token_url, client_id, client_secret, clock))
        self._key = key
        self._name = merchant_name
        self._city = merchant_city

    async def create(self, request: ChargeRequest) -> Charge:
        """Create the charge, or return the one that has this txid. Raises Refused when that one is another charge."""
        if not _TXID.fullmatch(request.txid) or not 0 < request.amount < 10**12:
            raise Refused("bad_request", "txid or amount outside the standard")
        body = await self._cob(request.txid)
        if body is None:
            body = await self._put(request)
        self._same(body, request)
        return shapes.charge(body, request.txid, self._name, self._city)

    async def get(self, txid: str) -> ChargeState | None:
        body = await self._cob(txid)
        return None if body is None else shapes.charge_state(body, txid)

    async def cancel(self, txid: str) -> bool:
        if not _TXID.fullmatch(txid):
            return True
        try:
            await self._api.call("PATCH", f"/cob/{txid}", body={"status": REMOVED})
        except Declined as error:
            if error.status in _GONE:
                return True
            state = await self.get(txid)
            if state is not None and state.status == "ATIVA":
                raise
            return state is None or state.status.startswith("REMOVIDA")
        return True

    async def received(self, since: datetime, until: datetime) -> Sequence[PixPayment]:
        """The span is widened to whole seconds; each Pix comes once, even if the pages shift while we read."""
        found: dict[str, PixPayment] = {}
        query = {
            "inicio": shapes.instant(since),
            "fim": shapes.instant(until + timedelta(microseconds=999_999)),
            "txIdPresente": "true",
            "paginacao.itensPorPagina": str(_PAGE),
        }
        for page in range(_MAX_PAGES):
            body = await self._api.read("GET", "/pix", query={**query, "paginacao.paginaAtual": str(page)})
            items, pages = shapes.pix_page(body)
            ours = [payment for payment in shapes.payments(items) if payment.txid and payment.key in {None, self._key}]
            found.update((payment.end_to_end_id, payment) for payment in ours)
            if not items or page + 1 >= (pages or _MAX_PAGES) or (pages is None and len(items) < _PAGE):
                break
        return tuple(found.values())

    async def refund(self, end_to_end_id: str, refund_id: str, amount: int, reason: str) -> Refund:
        if not _END_TO_END_ID.fullmatch(end_to_end_id) or not _REFUND_ID.fullmatch(refund_id) or amount <= 0:
            raise Refused("bad_request", "ids or amount outside the standard")
        path = f"/pix/{end_to_end_id}/devolucao/{refund_id}"
        body: Mapping[str, object] = {"valor": reais(amount), "descricao": shapes.tidy(reason, 140)}
        try:
            answer = await self._api.read("PUT", path, body=body)
        except Declined as error:
            if error.status not in _CONFLICT:
                raise
            answer = await self._known(path, error)
        result = shapes.refund(answer, refund_id)
        if result.amount != amount:
            raise Refused("refund_conflict", "this refund id was used for another amount")
        return result

    async def register_webhook(self, url: str, *, skip_mtls: bool = False) -> None:
        """Ask the bank to call `{url}/pix`. `skip_mtls` is Efí's way to call a server that asks for no certificate."""
        headers = {"x-skip-mtls-checking": "true"} if skip_mtls else {}
        path = f"/webhook/{quote(self._key, safe='')}"
        await self._api.call("PUT", path, body={"webhookUrl": url}, headers=headers)

    async def _cob(self, txid: str) -> Mapping[str, object] | None:
        """The charge as the bank knows it. A txid that no charge can have is not even asked for."""
        if not _TXID.fullmatch(txid):
            return None
        try:
            return await self._api.read("GET", f"/cob/{txid}")
        except Declined as error:
            if error.status in _GONE:
                return None
            raise

    async def _put(self, request: ChargeRequest) -> Mapping[str, object]:
        """Create; where another process was faster, read what it created."""
        try:
            return await self._api.read("PUT", f"/cob/{request.txid}", body=shapes.charge_body(request, self._key))
        except Declined as error:
            existing = await self._cob(request.txid) if error.status in _CONFLICT else None
            if existing is None:
                raise
            return existing

    def _same(self, body: Mapping[str, object], request: ChargeRequest) -> None:
        state = shapes.charge_state(body, request.txid)
        if state.amount != request.amount or state.key != self._key:
            raise Refused("txid_conflict", "this txid belongs to another charge")
        if state.status not in {"ATIVA", "CONCLUIDA"}:
            raise Refused("charge_removed", "this txid belongs to a charge that was taken back")

    async def _known(self, path: str, refusal: Declined) -> Mapping[str, object]:
        """The refund that a first, unanswered request made; without one the refusal stands."""
        try:
            return await self._api.read("GET", path)
        except Declined as error:
            raise refusal from error
