"""The fake bank's HTTP door: OAuth2 and the parts of the API Pix that a business with immediate charges uses."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from bot.simulator.bank import checks, shapes
from bot.simulator.bank.problems import Problem, bad_request, not_found

if TYPE_CHECKING:
    from bot.simulator.bank.fake import FakeBank

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_JSON = "application/json"


def build_app(bank: FakeBank) -> web.Application:
    """The bank as an aiohttp application."""
    door = _Door(bank)

    @web.middleware
    async def troubles(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await door.troubles(request, handler)

    @web.middleware
    async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await door.problems(request, handler)

    app = web.Application(middlewares=[troubles, problems])
    app.add_routes(
        [
            web.post("/oauth/token", door.token),
            web.put("/v2/cob/{txid}", door.put_charge),
            web.patch("/v2/cob/{txid}", door.patch_charge),
            web.get("/v2/cob/{txid}", door.get_charge),
            web.get("/v2/pix", door.list_pix),
            web.get("/v2/pix/{e2eid}", door.get_pix),
            web.put("/v2/pix/{e2eid}/devolucao/{id}", door.put_refund),
            web.get("/v2/pix/{e2eid}/devolucao/{id}", door.get_refund),
            web.put("/v2/webhook/{chave}", door.put_webhook),
            web.get("/v2/webhook/{chave}", door.get_webhook),
            web.delete("/v2/webhook/{chave}", door.delete_webhook),
        ]
    )
    return app


class _Door:
    def __init__(self, bank: FakeBank) -> None:
        self._bank = bank
        self._books = bank.books

    async def troubles(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The faults that are switched on."""
        faults = self._bank.faults
        if faults.slow:
            await asyncio.sleep(faults.slow)
        if faults.down:
            return _problem(Problem(503, "ServicoIndisponivel", "Serviço indisponível."))
        if faults.nonsense:
            return web.Response(text="<html><body>Em manutenção</body></html>", content_type="text/html")
        response = await handler(request)
        if faults.lose_answers and request.transport is not None:
            request.transport.abort()
        return response

    async def problems(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Bearer token first, and every refusal as RFC 7807."""
        try:
            if request.path != "/oauth/token":
                self._authorise(request)
            return await handler(request)
        except Problem as problem:
            return _problem(problem)
        except web.HTTPException as error:
            return _problem(Problem(error.status, "NaoEncontrado" if error.status == 404 else "RequisicaoInvalida", ""))

    def _authorise(self, request: web.Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._bank.knows_token(token):
            raise Problem(401, "AcessoNegado", "Token ausente, inválido ou expirado.")

    async def token(self, request: web.Request) -> web.Response:
        """Client credentials by HTTP Basic, the grant as JSON or as a form."""
        form = _object(await request.read()) if request.content_type == _JSON else await request.post()
        if form.get("grant_type") != "client_credentials":
            return _json(400, {"error": "unsupported_grant_type"})
        issued = self._bank.issue_token(*_basic(request.headers.get("Authorization", "")))
        if issued is None:
            return _json(401, {"error": "invalid_client"})
        token, life = issued
        return _json(200, {"access_token": token, "token_type": "Bearer", "expires_in": life, "scope": "cob.write"})

    async def put_charge(self, request: web.Request) -> web.Response:
        txid = request.match_info["txid"]
        terms = checks.new_charge(txid, await _body(request), self._books.key)
        self._books.put(txid, terms.said, terms.amount, terms.expires_in, self._bank.clock.now())
        return _json(201, shapes.charge_json(self._books.charge(txid)))

    async def patch_charge(self, request: web.Request) -> web.Response:
        txid = request.match_info["txid"]
        terms = checks.revised_charge(await _body(request), self._books.key)
        if terms is None:
            self._books.remove(txid)
        else:
            self._books.revise(txid, terms.said, terms.amount, terms.expires_in)
        return _json(200, shapes.charge_json(self._books.charge(txid)))

    async def get_charge(self, request: web.Request) -> web.Response:
        return _json(200, shapes.charge_json(self._books.charge(request.match_info["txid"])))

    async def list_pix(self, request: web.Request) -> web.Response:
        search = checks.search(request.query)
        return _json(200, shapes.page_json(search, list(self._books.payments.values())))

    async def get_pix(self, request: web.Request) -> web.Response:
        return _json(200, shapes.payment_json(self._books.payment(request.match_info["e2eid"])))

    async def put_refund(self, request: web.Request) -> web.Response:
        end_to_end_id, refund_id = request.match_info["e2eid"], request.match_info["id"]
        amount, description = checks.refund(refund_id, await _body(request))
        refund = self._books.refund(end_to_end_id, refund_id, amount, description, self._bank.clock.now())
        body = shapes.refund_json(refund)
        self._bank.refund_asked()
        return _json(201, body)

    async def get_refund(self, request: web.Request) -> web.Response:
        ids = self._books.payment(request.match_info["e2eid"]).end_to_end_id, request.match_info["id"]
        if ids not in self._books.refunds:
            raise not_found("PixDevolucaoNaoEncontrada")
        return _json(200, shapes.refund_json(self._books.refunds[ids]))

    async def put_webhook(self, request: web.Request) -> web.Response:
        self._bank.set_webhook(checks.webhook(request.match_info["chave"], await _body(request), self._books.key))
        return web.Response(status=200)

    async def get_webhook(self, request: web.Request) -> web.Response:
        url, at = self._webhook(request)
        return _json(200, {"webhookUrl": url, "chave": self._books.key, "criacao": shapes.instant(at)})

    async def delete_webhook(self, request: web.Request) -> web.Response:
        self._webhook(request)
        self._bank.set_webhook(None)
        return web.Response(status=204)

    def _webhook(self, request: web.Request) -> tuple[str, datetime]:
        if request.match_info["chave"] != self._books.key or self._bank.webhook is None:
            raise not_found("WebhookNaoEncontrado")
        return self._bank.webhook


def _basic(header: str) -> tuple[str, str]:
    """Login and password of HTTP Basic, two empty strings when there are none."""
    scheme, _, packed = header.partition(" ")
    try:
        login, _, password = base64.b64decode(packed, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return (login, password) if scheme.lower() == "basic" else ("", "")


async def _body(request: web.Request) -> object:
    if request.content_type != _JSON:
        raise bad_request("o corpo deve ser application/json")
    try:
        parsed: object = orjson.loads(await request.read())
    except orjson.JSONDecodeError as error:
        raise bad_request("o corpo não é JSON") from error
    return parsed


def _object(raw: bytes) -> Mapping[str, object]:
    try:
        parsed = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _json(status: int, body: object) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type=_JSON)


def _problem(problem: Problem) -> web.Response:
    return web.Response(
        status=problem.status, body=orjson.dumps(problem.body()), content_type="application/problem+json"
    )
