"""The fake bank: as strict as the API Pix, and its callbacks go wrong only when asked to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.gateways.pix.brcode import BrCodeError, dynamic_code, static_code
from bot.gateways.pix.money import reais
from bot.simulator.bank.fake import FakeBank, PaymentRefused
from handlers.payments.callback import PixNotice, parse_callback
from tests.bot.pix_support import CLIENT, CPF, KEY, START, TXID, Inspector, MovableClock, breaches

ServerFactory = Callable[..., Awaitable[TestServer]]
CNPJ = "11222333000181"


@dataclass
class Listener:
    """The business's end of the webhook."""

    heard: list[list[PixNotice]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    status: int = 200
    raw: list[Any] = field(default_factory=list)

    async def hear(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.paths.append(request.path)
        self.raw.append(body)
        self.heard.append(parse_callback(body))
        return web.Response(status=self.status)


@dataclass
class Town:
    """A bank, a business that listens, and a client that says whatever a test wants."""

    bank: FakeBank
    clock: MovableClock
    listener: Listener
    session: aiohttp.ClientSession
    root: str
    webhook: str
    token: str = ""

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        raw: bytes | None = None,
        content_type: str = "application/json",
        **headers: str,
    ) -> tuple[int, Any]:
        data = raw if raw is not None else None if body is None else orjson.dumps(body)
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type, **headers}
        async with self.session.request(method, f"{self.root}{path}", data=data, headers=sent) as response:
            content = await response.read()
            return response.status, orjson.loads(content) if content else None

    async def sign_in(self) -> None:
        basic = aiohttp.encode_basic_auth(*CLIENT)
        _, answer = await self.ask("POST", "/oauth/token", {"grant_type": "client_credentials"}, Authorization=basic)
        self.token = answer["access_token"]

    async def listen(self) -> None:
        status, _ = await self.ask("PUT", f"/v2/webhook/{KEY}", {"webhookUrl": self.webhook})
        assert status == 200

    async def charge(self, txid: str = TXID, **changes: Any) -> dict[str, Any]:
        status, answer = await self.ask("PUT", f"/v2/cob/{txid}", terms(**changes))
        assert status == 201
        assert isinstance(answer, dict)
        return answer


def terms(**changes: Any) -> dict[str, Any]:
    body = {"calendario": {"expiracao": 3600}, "valor": {"original": "69.90"}, "chave": KEY, **changes}
    return {name: part for name, part in body.items() if part is not None}


def payer(**document: str) -> dict[str, str]:
    return {"nome": "Maria de Teste", **document}


@pytest.fixture
async def town(aiohttp_server: ServerFactory) -> AsyncIterator[Town]:
    clock, listener, inspector = MovableClock(), Listener(), Inspector()
    business = web.Application()
    business.router.add_post("/webhooks/{rest:.*}", listener.hear)
    async with aiohttp.ClientSession() as session:
        bank = FakeBank(clock, KEY, *CLIENT, session)
        app = bank.app()
        app.middlewares.insert(0, inspector.middleware())
        root = str((await aiohttp_server(app)).make_url("/")).rstrip("/")
        webhook = str((await aiohttp_server(business)).make_url("/webhooks/pix"))
        town = Town(bank, clock, listener, session, root, webhook)
        await town.sign_in()
        yield town
        await bank.close()
    assert inspector.breaches == []
    for body in listener.raw:
        assert [breach for item in body["pix"] for breach in breaches("Pix", item)] == []


class TestAccess:
    async def test_a_token_is_needed_and_dies(self, town: Town) -> None:
        assert (await town.ask("GET", f"/v2/cob/{TXID}", Authorization=""))[0] == 401
        assert (await town.ask("GET", f"/v2/cob/{TXID}", Authorization="Basic abc"))[0] == 401
        assert (await town.ask("GET", f"/v2/cob/{TXID}"))[0] == 404
        town.clock.forward(hours=1)
        assert (await town.ask("GET", f"/v2/cob/{TXID}"))[0] == 401

    @pytest.mark.parametrize(
        "header", ["", "Basic !!", "Basic /w==", aiohttp.encode_basic_auth(CLIENT[0], "no"), "Bearer abc"]
    )
    async def test_wrong_credentials(self, town: Town, header: str) -> None:
        answer = await town.ask("POST", "/oauth/token", {"grant_type": "client_credentials"}, Authorization=header)
        assert answer == (401, {"error": "invalid_client"})

    @pytest.mark.parametrize("raw", [b"{}", b"[]", b"x", b'{"grant_type":"password"}'])
    async def test_another_grant(self, town: Town, raw: bytes) -> None:
        assert (await town.ask("POST", "/oauth/token", raw=raw))[0] == 400

    async def test_the_grant_may_be_a_form(self, town: Town) -> None:
        status, answer = await town.ask(
            "POST",
            "/oauth/token",
            raw=b"grant_type=client_credentials",
            Authorization=aiohttp.encode_basic_auth(*CLIENT),
            content_type="application/x-www-form-urlencoded",
        )
        assert (status, answer["expires_in"], answer["token_type"]) == (200, 3600, "Bearer")

    @pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v2/nothing", 404), ("DELETE", "/v2/pix", 405)])
    async def test_places_that_do_not_exist(self, town: Town, method: str, path: str, status: int) -> None:
        assert (await town.ask(method, path))[0] == status


class TestCharges:
    async def test_a_charge_tells_what_it_was_asked(self, town: Town) -> None:
        info = [{"nome": "Plano", "valor": "Azul"}]
        made = await town.charge(devedor=payer(cpf=CPF), solicitacaoPagador="Mensalidade", infoAdicionais=info)
        assert made["calendario"] == {"criacao": "2026-11-22T13:30:00.000Z", "expiracao": 3600}
        assert (made["status"], made["revisao"], made["infoAdicionais"]) == ("ATIVA", 0, info)
        assert (await town.ask("GET", f"/v2/cob/{TXID}")) == (200, made)

    async def test_it_lives_a_day_unless_told_otherwise(self, town: Town) -> None:
        assert (await town.charge(calendario={}))["calendario"]["expiracao"] == 86_400

    @pytest.mark.parametrize("txid", ["a" * 25, "a" * 36, "a" * 25 + "-", "%C3%A1" * 30])
    async def test_txids_outside_the_pattern(self, town: Town, txid: str) -> None:
        status, problem = await town.ask("PUT", f"/v2/cob/{txid}", terms())
        assert (status, problem["violacoes"][0]["propriedade"]) == (400, "cob.txid")

    @pytest.mark.parametrize(
        ("changes", "name"),
        [
            ({"calendario": None}, "cob.calendario"),
            ({"calendario": 5}, "cob.calendario.expiracao"),
            ({"calendario": {"expiracao": 0}}, "cob.calendario.expiracao"),
            ({"calendario": {"expiracao": "60"}}, "cob.calendario.expiracao"),
            ({"calendario": {"expiracao": True}}, "cob.calendario.expiracao"),
            ({"valor": None}, "cob.valor"),
            ({"valor": {}}, "cob.valor.original"),
            ({"valor": {"original": "0.00"}}, "cob.valor.original"),
            ({"valor": {"original": "37"}}, "cob.valor.original"),
            ({"valor": {"original": "37,00"}}, "cob.valor.original"),
            ({"valor": {"original": "37.001"}}, "cob.valor.original"),
            ({"valor": {"original": 37.0}}, "cob.valor.original"),
            ({"valor": {"original": "1.00", "modalidadeAlteracao": 2}}, "cob.valor.original"),
            ({"chave": None}, "cob.chave"),
            ({"chave": "a@b.test"}, "cob.chave"),
            ({"devedor": payer()}, "cob.devedor"),
            ({"devedor": payer(cpf="11111111112")}, "cob.devedor"),
            ({"devedor": payer(cpf="529.982.247-25")}, "cob.devedor"),
            ({"devedor": payer(cnpj="11222333000182")}, "cob.devedor"),
            ({"devedor": payer(cpf=CPF, cnpj=CNPJ)}, "cob.devedor"),
            ({"devedor": {"cpf": CPF}}, "cob.devedor"),
            ({"solicitacaoPagador": "x" * 141}, "solicitacaoPagador"),
            ({"infoAdicionais": [{"nome": "x" * 51, "valor": ""}]}, "infoAdicionais"),
            ({"infoAdicionais": [{"nome": "x", "valor": "y"}] * 51}, "infoAdicionais"),
            ({"loc": {"id": 1}}, "cob.loc.id"),
        ],
    )
    async def test_terms_that_break_a_rule(self, town: Town, changes: dict[str, Any], name: str) -> None:
        status, problem = await town.ask("PUT", f"/v2/cob/{TXID}", terms(**changes))
        assert (status, problem["type"].rsplit("/", 1)[1]) == (400, "CobOperacaoInvalida")
        assert [violation["propriedade"] for violation in problem["violacoes"]] == [name]
        assert town.bank.charges == {}

    @pytest.mark.parametrize("raw", [b"", b"x", b"[]", b"1"])
    async def test_bodies_that_are_no_object(self, town: Town, raw: bytes) -> None:
        assert (await town.ask("PUT", f"/v2/cob/{TXID}", raw=raw))[1]["type"].endswith("/RequisicaoInvalida")

    async def test_another_content_type(self, town: Town) -> None:
        assert (await town.ask("PUT", f"/v2/cob/{TXID}", terms(), content_type="text/plain"))[0] == 400

    async def test_putting_an_active_one_again_revises_it(self, town: Town) -> None:
        first = await town.charge()
        second = await town.charge(valor={"original": "10.00"}, devedor=payer(cnpj=CNPJ))
        assert (second["revisao"], second["valor"]["original"]) == (1, "10.00")
        assert second["pixCopiaECola"] == first["pixCopiaECola"]

    async def test_a_patch_changes_only_what_it_names(self, town: Town) -> None:
        await town.charge(solicitacaoPagador="Mensalidade")
        status, changed = await town.ask("PATCH", f"/v2/cob/{TXID}", {"calendario": {"expiracao": 60}})
        assert (status, changed["calendario"]["expiracao"], changed["valor"]["original"]) == (200, 60, "69.90")
        assert (changed["solicitacaoPagador"], changed["revisao"]) == ("Mensalidade", 1)

    @pytest.mark.parametrize(
        "body", [{"status": "CONCLUIDA"}, {"status": "REMOVIDA_PELO_USUARIO_RECEBEDOR", "valor": {"original": "1.00"}}]
    )
    async def test_a_removal_stands_alone(self, town: Town, body: dict[str, Any]) -> None:
        await town.charge()
        assert (await town.ask("PATCH", f"/v2/cob/{TXID}", body))[0] == 400

    async def test_what_is_not_active_stays_as_it_is(self, town: Town) -> None:
        removal = {"status": "REMOVIDA_PELO_USUARIO_RECEBEDOR"}
        assert (await town.ask("PATCH", f"/v2/cob/{TXID}", removal))[0] == 404
        await town.charge()
        assert (await town.ask("PATCH", f"/v2/cob/{TXID}", removal))[1]["status"] == removal["status"]
        for method, body in (("PATCH", removal), ("PATCH", {}), ("PUT", terms())):
            status, problem = await town.ask(method, f"/v2/cob/{TXID}", body)
            assert (status, problem["type"].rsplit("/", 1)[1]) == (400, "CobOperacaoInvalida")


class TestPayers:
    async def test_a_code_is_paid_once(self, town: Town) -> None:
        made = await town.charge()
        (paid,) = await town.bank.pay(made["pixCopiaECola"])
        assert (paid.amount, paid.txid, paid.key, len(paid.end_to_end_id)) == (69_90, TXID, KEY, 32)
        assert town.bank.charges[TXID].status == "CONCLUIDA"
        for again in (made["pixCopiaECola"], TXID):
            with pytest.raises(PaymentRefused, match="paid"):
                await town.bank.pay(again)

    async def test_late_forces_what_a_phone_would_refuse(self, town: Town) -> None:
        await town.charge()
        town.clock.forward(hours=1)
        with pytest.raises(PaymentRefused, match="expired"):
            await town.bank.pay(TXID)
        assert town.bank.charges[TXID].status == "ATIVA"
        await town.bank.pay(TXID, late=True)
        await town.bank.pay(TXID, late=True)
        assert len(town.bank.charges[TXID].payments) == 2

    async def test_a_removed_charge(self, town: Town) -> None:
        await town.charge()
        town.bank.books.remove(TXID)
        with pytest.raises(PaymentRefused, match="removed"):
            await town.bank.pay(TXID)

    async def test_a_static_code_can_be_paid_again_and_again(self, town: Town) -> None:
        code = static_code(KEY, "Loja", "Recife", 5_00, txid="pedido1")
        first, second = [*await town.bank.pay(code), *await town.bank.pay(code)]
        assert (first.txid, first.amount, second.amount) == ("pedido1", 5_00, 5_00)
        status, found = await town.ask("GET", f"/v2/pix/{first.end_to_end_id}")
        assert (status, found["txid"]) == (200, "pedido1")

    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            ("oi", "bad_crc"),
            (static_code("a@b.test", "Loja", "Recife", 1), "not_ours"),
            (static_code(KEY, "Loja", "Recife"), "no_amount"),
            (dynamic_code("outro.example/x", "Loja", "Recife"), "unknown"),
        ],
    )
    async def test_codes_that_nobody_can_pay(self, town: Town, code: str, reason: str) -> None:
        with pytest.raises(PaymentRefused, match=reason):
            await town.bank.pay(code)
        assert town.bank.payments == {}

    async def test_two_banks_never_give_the_same_id(self, town: Town) -> None:
        code = static_code(KEY, "Loja", "Recife", 5_00)
        other = FakeBank(town.clock, KEY, *CLIENT, town.session)
        ids = {payment.end_to_end_id for bank in (town.bank, other) for payment in await bank.pay(code, times=3)}
        assert len(ids) == 6

    async def test_a_name_that_fits_no_code(self, town: Town) -> None:
        with pytest.raises(BrCodeError, match="bad_name"):
            FakeBank(town.clock, KEY, *CLIENT, town.session, "✅")


class TestReceivedPix:
    SPAN = "inicio=2026-11-22T00:00:00Z&fim=2026-11-23T00:00:00Z"

    async def test_filters_and_pages(self, town: Town) -> None:
        await town.charge()
        paid = await town.bank.pay(TXID, times=3)
        await town.bank.pay(static_code(KEY, "Loja", "Recife", 5_00))
        refund = f"/v2/pix/{paid[0].end_to_end_id}/devolucao/r1"
        await town.ask("PUT", refund, {"valor": "1.00"})

        async def count(query: str) -> int:
            status, answer = await town.ask("GET", f"/v2/pix?{self.SPAN}{query}")
            assert status == 200
            return len(answer["pix"])

        assert await count("") == 4
        assert await count("&txIdPresente=true") == 3
        assert await count("&txIdPresente=false") == 1
        assert await count("&devolucaoPresente=true") == 1
        assert await count(f"&txid={TXID}") == 3
        assert await count("&paginacao.itensPorPagina=3&paginacao.paginaAtual=1") == 1
        assert await count("&paginacao.itensPorPagina=3&paginacao.paginaAtual=2") == 0

    @pytest.mark.parametrize(
        "query",
        [
            "",
            "inicio=2026-11-22T00:00:00Z",
            "inicio=hoje&fim=2026-11-22T00:00:00Z",
            "inicio=2026-11-23T00:00:00Z&fim=2026-11-22T00:00:00Z",
            f"{SPAN}&txid=a-b",
            f"{SPAN}&txIdPresente=1",
            f"{SPAN}&cpf=1&cnpj=2",
            f"{SPAN}&paginacao.paginaAtual=-1",
            f"{SPAN}&paginacao.itensPorPagina=1001",
        ],
    )
    async def test_searches_that_make_no_sense(self, town: Town, query: str) -> None:
        status, problem = await town.ask("GET", f"/v2/pix?{query}")
        assert (status, problem["type"].rsplit("/", 1)[1]) == (400, "PixConsultaInvalida")

    async def test_an_unknown_pix(self, town: Town) -> None:
        assert (await town.ask("GET", f"/v2/pix/E{'0' * 31}"))[0] == 404


class TestRefunds:
    async def refund(self, town: Town, refund_id: str, body: object, end_to_end_id: str | None = None) -> int:
        known = end_to_end_id or next(iter(town.bank.payments))
        return (await town.ask("PUT", f"/v2/pix/{known}/devolucao/{refund_id}", body))[0]

    async def test_the_sum_never_exceeds_what_was_paid(self, town: Town) -> None:
        await town.charge()
        (paid,) = await town.bank.pay(TXID)
        assert await self.refund(town, "r1", {"valor": "60.00", "descricao": "Parte"}) == 201
        assert await self.refund(town, "r2", {"valor": "9.91"}) == 400
        assert await self.refund(town, "r1", {"valor": "60.00"}) == 400
        town.bank.faults.fail_refunds = True
        await town.bank.settle()
        assert await self.refund(town, "r2", {"valor": reais(69_90)}) == 201
        assert {ids: refund.status for ids, refund in town.bank.refunds.items()} == {
            (paid.end_to_end_id, "r1"): "NAO_REALIZADO",
            (paid.end_to_end_id, "r2"): "EM_PROCESSAMENTO",
        }

    async def test_ninety_days(self, town: Town) -> None:
        await town.charge()
        await town.bank.pay(TXID)
        town.clock.forward(days=90)
        await town.sign_in()
        assert await self.refund(town, "r1", {"valor": "1.00"}) == 201
        town.clock.forward(seconds=1)
        assert await self.refund(town, "r2", {"valor": "1.00"}) == 400

    @pytest.mark.parametrize(
        ("refund_id", "body"),
        [
            ("r-1", {"valor": "1.00"}),
            ("r" * 36, {"valor": "1.00"}),
            ("r1", []),
            ("r1", {}),
            ("r1", {"valor": "0.00"}),
            ("r1", {"valor": 1}),
            ("r1", {"valor": "1.00", "natureza": "MED_FRAUDE"}),
            ("r1", {"valor": "1.00", "descricao": "x" * 141}),
        ],
    )
    async def test_requests_that_break_a_rule(self, town: Town, refund_id: str, body: object) -> None:
        await town.charge()
        await town.bank.pay(TXID)
        assert await self.refund(town, refund_id, body) == 400
        assert town.bank.refunds == {}

    async def test_unknown_ones(self, town: Town) -> None:
        assert await self.refund(town, "r1", {"valor": "1.00"}, "E" + "0" * 31) == 404
        await town.charge()
        (paid,) = await town.bank.pay(TXID)
        assert (await town.ask("GET", f"/v2/pix/{paid.end_to_end_id}/devolucao/r1"))[0] == 404


class TestWebhook:
    async def test_it_can_be_read_and_taken_away(self, town: Town) -> None:
        place = f"/v2/webhook/{KEY}"
        assert (await town.ask("GET", place))[0] == 404
        await town.listen()
        answer = await town.ask("GET", place)
        assert answer == (200, {"webhookUrl": town.webhook, "chave": KEY, "criacao": "2026-11-22T13:30:00.000Z"})
        assert (await town.ask("DELETE", place))[0] == 204
        assert (await town.ask("DELETE", place))[0] == 404

    @pytest.mark.parametrize(
        ("key", "body"),
        [("other", {"webhookUrl": "https://a.test"}), (KEY, {}), (KEY, {"webhookUrl": "ftp://a"}), (KEY, [])],
    )
    async def test_bad_ones(self, town: Town, key: str, body: object) -> None:
        assert (await town.ask("PUT", f"/v2/webhook/{key}", body))[0] == 400


class TestCallbacks:
    async def test_one_call_for_each_pix_when_told_to(self, town: Town) -> None:
        await town.listen()
        await town.charge()
        paid = await town.bank.pay(TXID, times=2)
        assert town.listener.heard == []
        assert await town.bank.settle() == 2
        assert town.listener.paths == ["/webhooks/pix/pix"] * 2
        assert town.listener.heard == [[PixNotice(one.end_to_end_id, TXID, 69_90, KEY, paid_at=START)] for one in paid]
        assert await town.bank.settle() == 0

    async def test_nobody_is_told_of_a_pix_without_a_txid_or_before_the_webhook_was_set(self, town: Town) -> None:
        await town.charge()
        await town.bank.pay(TXID)
        await town.listen()
        await town.bank.pay(static_code(KEY, "Loja", "Recife", 5_00))
        assert await town.bank.settle() == 0
        assert town.bank.calls == []

    async def test_a_refund_is_told_when_it_ends(self, town: Town) -> None:
        await town.listen()
        await town.charge()
        (paid,) = await town.bank.pay(TXID)
        await town.bank.settle()
        await town.ask("PUT", f"/v2/pix/{paid.end_to_end_id}/devolucao/r1", {"valor": "10.00"})
        await town.bank.settle()
        ((again,),) = town.listener.heard[1:]
        assert again.end_to_end_id == paid.end_to_end_id
        assert [(refund.refund_id, refund.status, refund.amount) for refund in again.refunds] == [
            ("r1", "DEVOLVIDO", 10_00)
        ]

    async def test_auto_needs_no_settling(self, town: Town) -> None:
        town.bank.auto = True
        await town.listen()
        await town.charge()
        (paid,) = await town.bank.pay(TXID)
        assert len(town.listener.heard) == 1
        status, answer = await town.ask("PUT", f"/v2/pix/{paid.end_to_end_id}/devolucao/r1", {"valor": "10.00"})
        assert (status, answer["status"]) == (201, "EM_PROCESSAMENTO")
        await town.bank.close()
        assert town.listener.heard[1][0].refunds[0].status == "DEVOLVIDO"

    @pytest.mark.parametrize(
        ("fault", "sizes"),
        [("duplicate_callbacks", [1, 1, 1, 1]), ("group_callbacks", [2]), ("lose_callbacks", [])],
    )
    async def test_faults(self, town: Town, fault: str, sizes: list[int]) -> None:
        await town.listen()
        await town.charge()
        setattr(town.bank.faults, fault, True)
        await town.bank.pay(TXID, times=2)
        await town.bank.settle()
        assert [len(heard) for heard in town.listener.heard] == sizes
        setattr(town.bank.faults, fault, False)
        assert await town.bank.settle() == 0

    async def test_a_business_that_is_down_is_told_later_but_not_for_ever(self, town: Town) -> None:
        await town.listen()
        await town.charge()
        await town.bank.pay(TXID)
        town.listener.status = 503
        assert await town.bank.settle() == 0
        town.listener.status = 204
        assert await town.bank.settle() == 1
        town.listener.status = 429
        await town.bank.pay(TXID, late=True)
        for _ in range(12):
            await town.bank.settle()
        assert len(town.listener.heard) == 2 + 10

    async def test_nobody_listens(self, town: Town, unused_tcp_port: int) -> None:
        town.bank.set_webhook(f"http://127.0.0.1:{unused_tcp_port}/")
        await town.charge()
        await town.bank.pay(TXID)
        assert await town.bank.settle() == 0
        assert [call.status for call in town.bank.calls] == [None]

    async def test_a_forged_one_is_in_no_book(self, town: Town) -> None:
        assert await town.bank.forge() is None
        await town.listen()
        await town.charge()
        assert await town.bank.forge(txid=TXID, amount=69_90) == 200
        assert await town.bank.forge(key="foreign@bank.test", end_to_end_id="E" + "9" * 31) == 200
        (first,), (second,) = town.listener.heard
        assert (first.txid, first.amount, first.key) == (TXID, 69_90, KEY)
        assert (second.end_to_end_id, second.key) == ("E" + "9" * 31, "foreign@bank.test")
        assert town.bank.payments == {}
        assert town.bank.charges[TXID].status == "ATIVA"


class TestTroubles:
    async def test_down_and_nonsense(self, town: Town) -> None:
        town.bank.faults.down = True
        assert (await town.ask("GET", f"/v2/cob/{TXID}"))[0] == 503
        town.bank.faults.down = False
        town.bank.faults.nonsense = True
        with pytest.raises(orjson.JSONDecodeError):
            await town.ask("GET", f"/v2/cob/{TXID}")

    async def test_an_answer_is_lost_but_the_work_is_done(self, town: Town) -> None:
        town.bank.faults.lose_answers = True
        with pytest.raises(aiohttp.ClientError):
            await town.ask("PUT", f"/v2/cob/{TXID}", terms())
        assert town.bank.charges[TXID].created_at == START
        assert town.bank.charges[TXID].expires_at == START + timedelta(hours=1)
