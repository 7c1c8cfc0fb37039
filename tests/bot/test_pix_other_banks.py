"""The bank's driver before banks that answer in other ways than ours: Efí's errors, lean answers, nonsense."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.gateways.pix.bcb import BcbPix
from bot.gateways.pix.brcode import dynamic_code
from handlers.ports import ChannelStopped, GatewayError, Refused, TryLater
from tests.bot.pix_support import KEY, START, TXID, MovableClock, charge, driver

ServerFactory = Callable[..., Awaitable[TestServer]]


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as one:
        yield one


def said(status: int, body: object, **headers: str) -> web.Response:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return web.Response(status=status, body=raw, headers=headers, content_type="application/json")


class Parrot:
    """Answers each call with the next of `answers`; the token is always given."""

    def __init__(self, *answers: web.Response) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str]] = []
        self.forms_only = False
        self.token_answer: tuple[int, Any] = (200, {"access_token": "t", "expires_in": "3600", "new": {}})

    async def token(self, request: web.Request) -> web.Response:
        if self.forms_only and request.content_type == "application/json":
            return said(400, {"error": "invalid_request"})
        self.asked.append(("POST", request.content_type))
        return said(*self.token_answer)

    async def any(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path))
        return self.answers.pop(0)

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes([web.post("/oauth/token", self.token), web.route("*", "/{rest:.*}", self.any)])
        return app


@pytest.fixture
def parrot(session: aiohttp.ClientSession, aiohttp_server: ServerFactory) -> Callable[..., Awaitable[tuple[Any, Any]]]:
    async def build(*answers: web.Response) -> tuple[BcbPix, Parrot]:
        bird = Parrot(*answers)
        server = await aiohttp_server(bird.app())
        return driver(session, server.make_url("/"), MovableClock()), bird

    return build


def cob(**changes: Any) -> dict[str, Any]:
    usual = {
        "status": "ATIVA",
        "novidade": {"x": [1]},
        "calendario": {"expiracao": "3600", "criacao": "2026-11-22T10:30:00.000-03:00"},
        "valor": {"original": "69.90"},
        "chave": KEY,
        "txid": TXID,
        "location": "pix.example.com/qr/v2/abc",
    }
    return {**usual, **changes}


UNKNOWN = {"type": "https://pix.bcb.gov.br/api/v2/error/CobNaoEncontrado", "title": "x", "status": 404}
INVALID = {"type": "https://pix.bcb.gov.br/api/v2/error/CobOperacaoInvalida", "title": "x", "status": 400}
DUPLICATE = {"nome": "txid_duplicado", "mensagem": "O txid informado já existe"}


class TestOtherBanks:
    async def test_a_code_is_built_where_the_bank_gives_only_a_location(self, parrot: Any) -> None:
        pix, _ = await parrot(said(404, UNKNOWN), said(201, cob()))
        made = await pix.create(charge())
        assert made.br_code == dynamic_code("pix.example.com/qr/v2/abc", "Clinica Sao Lucas", "Recife")
        assert made.location == "pix.example.com/qr/v2/abc"
        assert made.expires_at == datetime(2026, 11, 22, 14, 30, tzinfo=UTC)

    async def test_the_location_may_stand_in_loc_only(self, parrot: Any) -> None:
        pix, _ = await parrot(said(200, cob(location=None, loc={"id": 1, "location": "pix.example.com/a"})))
        assert (await pix.create(charge())).location == "pix.example.com/a"

    @pytest.mark.parametrize("refusal", [(409, DUPLICATE), (400, INVALID)])
    async def test_a_race_lost_to_another_process(self, parrot: Any, refusal: tuple[int, Any]) -> None:
        pix, bird = await parrot(said(404, UNKNOWN), said(*refusal), said(200, cob(pixCopiaECola="CODE")))
        assert (await pix.create(charge())).br_code == "CODE"
        assert [method for method, _ in bird.asked] == ["POST", "GET", "PUT", "GET"]

    async def test_efi_errors_keep_their_name_and_lose_the_person(self, parrot: Any) -> None:
        refusal = {"nome": "documento_bloqueado", "mensagem": "CPF 529.982.247-25 de a@b.test bloqueado"}
        pix, _ = await parrot(said(404, UNKNOWN), said(400, refusal), said(404, UNKNOWN))
        with pytest.raises(Refused) as caught:
            await pix.create(charge())
        assert caught.value.code == "documento_bloqueado"
        assert caught.value.detail == "CPF *** de *** bloqueado"

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            ((403, {"type": "x/AcessoNegado"}), ChannelStopped),
            ((429, {}), TryLater),
            ((500, b"<html>"), TryLater),
            ((504, {"title": 5}), TryLater),
            ((302, b""), TryLater),
            ((418, [1]), Refused),
            ((200, b"\xff\xfe"), TryLater),
            ((200, b""), TryLater),
            ((200, []), TryLater),
            ((200, {}), TryLater),
            ((200, cob(txid="f" * 32)), TryLater),
            ((200, cob(valor={"original": "muito"})), TryLater),
            ((200, cob(calendario=None)), TryLater),
            ((200, cob(location="nowhere")), TryLater),
        ],
    )
    async def test_answers_to_a_creation(self, parrot: Any, answer: tuple[int, Any], kind: type[GatewayError]) -> None:
        pix, _ = await parrot(said(*answer))
        with pytest.raises(kind):
            await pix.create(charge())

    async def test_a_second_401_stops_the_channel(self, parrot: Any) -> None:
        pix, bird = await parrot(said(401, {}), said(401, {}))
        with pytest.raises(ChannelStopped, match="http_401"):
            await pix.get(TXID)
        assert [method for method, _ in bird.asked] == ["POST", "GET", "POST", "GET"]

    async def test_the_banks_own_wait_is_kept(self, parrot: Any) -> None:
        pix, _ = await parrot(said(429, {}, **{"Retry-After": "30"}))
        with pytest.raises(TryLater) as caught:
            await pix.get(TXID)
        assert caught.value.after == timedelta(seconds=30)

    async def test_a_charge_that_was_not_cancelled_is_told(self, parrot: Any) -> None:
        pix, _ = await parrot(said(400, INVALID), said(200, cob()))
        with pytest.raises(Refused):
            await pix.cancel(TXID)

    async def test_a_bank_that_reads_only_forms_gets_one(self, parrot: Any) -> None:
        pix, bird = await parrot(said(404, UNKNOWN), said(401, {}), said(404, UNKNOWN))
        bird.forms_only = True
        assert await pix.get(TXID) is None
        assert await pix.get(TXID) is None
        assert [what for method, what in bird.asked if method == "POST"] == ["application/x-www-form-urlencoded"] * 2

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            ((400, {"error": "invalid_client"}), ChannelStopped),
            ((403, b""), ChannelStopped),
            ((404, b"<html>"), ChannelStopped),
            ((429, {}), TryLater),
            ((500, {}), TryLater),
            ((302, {}), TryLater),
            ((201, {"access_token": "t"}), TryLater),
            ((200, b"<html>"), TryLater),
            ((200, {"access_token": 5}), TryLater),
            ((200, {"access_token": "a\r\nb"}), TryLater),
        ],
    )
    async def test_answers_to_the_wish_for_a_token(
        self, parrot: Any, answer: tuple[int, Any], kind: type[GatewayError]
    ) -> None:
        pix, bird = await parrot()
        bird.token_answer = answer
        with pytest.raises(kind):
            await pix.get(TXID)

    async def test_a_pix_without_amount_or_instant_is_no_payment(self, parrot: Any) -> None:
        items = [{"endToEndId": "E1", "horario": "2026-11-22T10:00:00Z"}, {"endToEndId": "E2", "valor": "1.00"}]
        pix, _ = await parrot(said(200, cob(status="CONCLUIDA", pix=items)))
        state = await pix.get(TXID)
        assert (state.status, list(state.payments)) == ("CONCLUIDA", [])

    async def test_a_sweep_without_page_counts_ends_at_a_short_page(self, parrot: Any) -> None:
        pix_item = {"txid": "abc", "valor": "1.00", "horario": "2026-11-22T10:00:00Z"}
        full = [{**pix_item, "endToEndId": f"E{number:031d}"} for number in range(100)]
        strange = [5, {"tipo": "SOLICITACAO"}, {**full[0], "chave": "foreign", "endToEndId": "E" + "f" * 31}]
        pix, bird = await parrot(said(200, {"pix": full}), said(200, {"pix": [full[99], *strange]}))
        assert len(await pix.received(START, START)) == 100
        assert bird.answers == []

    async def test_a_sweep_goes_by_the_banks_own_page_count(self, parrot: Any) -> None:
        item = {"txid": "abc", "valor": "1.00", "horario": "2026-11-22T10:00:00Z"}
        pages = {"parametros": {"paginacao": {"quantidadeDePaginas": 2}}}
        pix, _ = await parrot(
            said(200, {**pages, "pix": [{**item, "endToEndId": "E1"}]}),
            said(200, {**pages, "pix": [{**item, "endToEndId": "E2"}]}),
        )
        assert [one.end_to_end_id for one in await pix.received(START, START)] == ["E1", "E2"]

    async def test_a_sweep_that_answers_something_else(self, parrot: Any) -> None:
        pix, _ = await parrot(said(200, {"ok": True}))
        with pytest.raises(TryLater, match="nonsense"):
            await pix.received(START, START)

    @pytest.mark.parametrize("body", [{}, {"id": "r1"}, {"id": "x", "status": "DEVOLVIDO", "valor": "1.00"}])
    async def test_a_refund_answered_with_nonsense(self, parrot: Any, body: object) -> None:
        pix, _ = await parrot(said(201, body))
        with pytest.raises(TryLater, match="nonsense"):
            await pix.refund("E" + "0" * 31, "r1", 1_00, "")
