"""Both Pix drivers: what `PixGateway` promises, and what only the bank's driver has to bear."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from bot.gateways.pix.bcb import BcbPix
from bot.gateways.pix.brcode import BrCodeError, parse, static_code
from bot.gateways.pix.errors import retry_after
from bot.gateways.pix.money import reais
from bot.gateways.pix.static import StaticPix
from bot.simulator.bank.fake import FakeBank
from handlers.ports import ChannelStopped, PixGateway, Refused, TryLater
from tests.bot.pix_support import CLIENT, CPF, KEY, START, TXID, Inspector, MovableClock, charge, driver

ServerFactory = Callable[..., Awaitable[TestServer]]


@dataclass
class House:
    """The business's driver, the bank behind it, and what passed between them."""

    pix: BcbPix
    bank: FakeBank
    clock: MovableClock
    inspector: Inspector


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as one:
        yield one


@pytest.fixture
async def house(session: aiohttp.ClientSession, aiohttp_server: ServerFactory) -> AsyncIterator[House]:
    clock, inspector = MovableClock(), Inspector()
    bank = FakeBank(clock, KEY, *CLIENT, session)
    app = bank.app()
    app.middlewares.insert(0, inspector.middleware())
    server = await aiohttp_server(app)
    yield House(driver(session, server.make_url("/"), clock), bank, clock, inspector)
    assert inspector.breaches == []


@pytest.fixture(params=["static", "bcb"])
def gateway(request: pytest.FixtureRequest, house: House) -> PixGateway:
    if request.param == "static":
        return StaticPix(house.clock, KEY, "Clínica São Lucas", "Recife")
    return house.pix


class TestEveryDriver:
    async def test_a_charge_has_a_code_that_phones_can_read(self, gateway: PixGateway) -> None:
        made = await gateway.create(charge())
        assert made.txid == TXID
        assert parse(made.br_code).name
        assert (made.created_at, made.expires_at) == (START, START + timedelta(hours=1))

    async def test_creating_it_again_gives_the_same_code(self, gateway: PixGateway) -> None:
        assert (await gateway.create(charge())).br_code == (await gateway.create(charge())).br_code

    async def test_a_new_charge_is_active_and_unpaid(self, gateway: PixGateway) -> None:
        await gateway.create(charge())
        state = await gateway.get(TXID)
        assert state is not None
        assert (state.txid, state.status, state.key, list(state.payments)) == (TXID, "ATIVA", KEY, [])

    async def test_cancelling_twice_or_what_never_was_does_no_harm(self, gateway: PixGateway) -> None:
        await gateway.create(charge())
        await gateway.cancel(TXID)
        await gateway.cancel(TXID)
        await gateway.cancel("f" * 32)
        await gateway.cancel("no such txid")

    async def test_nothing_received(self, gateway: PixGateway) -> None:
        assert list(await gateway.received(START - timedelta(days=1), START)) == []

    async def test_an_unknown_pix_cannot_be_refunded(self, gateway: PixGateway) -> None:
        with pytest.raises(Refused):
            await gateway.refund("E" + "0" * 31, "r1", 100, "Engano")

    @pytest.mark.parametrize("amount", [0, -1, 10**12])
    async def test_amounts_that_no_charge_can_have(self, gateway: PixGateway, amount: int) -> None:
        with pytest.raises(Refused):
            await gateway.create(charge(amount=amount))


class TestStatic:
    async def test_the_code_holds_key_amount_and_the_start_of_the_txid(self) -> None:
        pix = StaticPix(MovableClock(), KEY, "Clínica São Lucas", "São Paulo")
        code = parse((await pix.create(charge(description="Mensalidade de março"))).br_code)
        assert (code.key, code.amount, code.txid, code.name) == (KEY, 69_90, TXID[:25], "Clinica Sao Lucas")
        assert code.description == "Mensalidade de marco"
        assert not pix.confirms

    def test_a_setting_that_fits_no_code_is_told_at_once(self) -> None:
        with pytest.raises(BrCodeError, match="bad_key"):
            StaticPix(MovableClock(), "", "Loja", "Recife")


class TestCharges:
    async def test_the_bank_gets_exactly_what_was_asked(self, house: House) -> None:
        await house.pix.create(charge(payer_name="Maria\ud800 de  Teste", payer_cpf=CPF, description="Plano\nAzul"))
        made = house.bank.charges[TXID]
        assert (made.amount, made.expires_in) == (69_90, timedelta(hours=1))
        assert made.terms["devedor"] == {"cpf": CPF, "nome": "Maria de Teste"}
        assert made.terms["solicitacaoPagador"] == "Plano Azul"
        assert house.pix.confirms

    async def test_a_repeated_creation_never_revises_the_charge(self, house: House) -> None:
        first = await house.pix.create(charge())
        house.clock.forward(minutes=30)
        assert await house.pix.create(charge()) == first
        assert house.bank.charges[TXID].revision == 0
        assert house.inspector.times("PUT", "/v2/cob/x") == 1

    async def test_creation_whose_answer_was_lost(self, house: House) -> None:
        await house.pix.get(TXID)
        house.bank.faults.lose_answers = True
        with pytest.raises(TryLater):
            await house.pix.create(charge())
        house.bank.faults.lose_answers = False
        made = await house.pix.create(charge())
        assert made.br_code == house.bank.charges[TXID].br_code

    async def test_a_paid_charge_is_returned_as_created(self, house: House) -> None:
        made = await house.pix.create(charge())
        await house.bank.pay(made.br_code)
        assert await house.pix.create(charge()) == made

    async def test_a_txid_of_another_charge_is_refused(self, house: House) -> None:
        await house.pix.create(charge())
        with pytest.raises(Refused, match="txid_conflict"):
            await house.pix.create(charge(amount=1_00))

    async def test_a_txid_taken_back_is_used_up(self, house: House) -> None:
        await house.pix.create(charge())
        await house.pix.cancel(TXID)
        with pytest.raises(Refused, match="charge_removed"):
            await house.pix.create(charge())

    @pytest.mark.parametrize("txid", ["short", "a" * 36, "á" * 32, "../" + "a" * 30, "a" * 31 + "\n"])
    async def test_bad_txids_never_reach_the_bank(self, house: House, txid: str) -> None:
        with pytest.raises(Refused):
            await house.pix.create(charge(txid=txid))
        assert await house.pix.get(txid) is None
        await house.pix.cancel(txid)
        assert house.inspector.seen == []

    async def test_a_refusal_names_the_property_and_no_person(self, house: House) -> None:
        with pytest.raises(Refused) as caught:
            await house.pix.create(charge(payer_name="Maria de Teste", payer_cpf="52998224700"))
        assert caught.value.code == "CobOperacaoInvalida"
        assert "cob.devedor" in caught.value.detail
        assert "52998224700" not in str(caught.value)
        assert "Maria" not in str(caught.value)

    async def test_payments_of_a_charge(self, house: House) -> None:
        await house.pix.create(charge())
        short, second = await house.bank.pay(TXID, amount=50_00, times=2)
        state = await house.pix.get(TXID)
        assert state is not None
        assert (state.status, state.amount) == ("CONCLUIDA", 69_90)
        assert [(one.end_to_end_id, one.amount, one.txid, one.key) for one in state.payments] == [
            (short.end_to_end_id, 50_00, TXID, KEY),
            (second.end_to_end_id, 50_00, TXID, KEY),
        ]
        assert state.payments[0].paid_at == START

    async def test_an_unknown_charge_is_none(self, house: House) -> None:
        assert await house.pix.get(TXID) is None

    async def test_a_paid_charge_cannot_be_taken_back_and_that_is_no_error(self, house: House) -> None:
        await house.pix.create(charge())
        await house.bank.pay(TXID)
        await house.pix.cancel(TXID)
        assert house.bank.charges[TXID].status == "CONCLUIDA"

    async def test_a_charge_taken_back_cannot_be_paid(self, house: House) -> None:
        await house.pix.create(charge())
        await house.pix.cancel(TXID)
        state = await house.pix.get(TXID)
        assert state is not None
        assert state.status == "REMOVIDA_PELO_USUARIO_RECEBEDOR"


class TestSweep:
    async def test_it_reads_every_page_and_only_what_has_a_txid(self, house: House) -> None:
        await house.pix.create(charge())
        await house.bank.pay(TXID, times=250, amount=1)
        await house.bank.pay(static_code(KEY, "Loja", "Recife", 5_00))
        found = await house.pix.received(START, START)
        assert [one.end_to_end_id for one in found] == list(house.bank.payments)[:250]
        assert house.inspector.times("GET", "/v2/pix") == 3

    async def test_its_edges_are_whole_seconds_outwards(self, house: House) -> None:
        await house.pix.create(charge())
        await house.bank.pay(TXID, at=START + timedelta(milliseconds=400))
        instant = START + timedelta(milliseconds=400)
        assert len(await house.pix.received(instant, instant)) == 1
        assert len(await house.pix.received(START + timedelta(seconds=1), START + timedelta(minutes=1))) == 0

    async def test_refunds_so_far_are_counted(self, house: House) -> None:
        await house.pix.create(charge())
        (paid,) = await house.bank.pay(TXID)
        await house.pix.refund(paid.end_to_end_id, "r1", 10_00, "Parte")
        (before,) = await house.pix.received(START, START)
        await house.bank.settle()
        (after,) = await house.pix.received(START, START)
        assert (before.refunded, after.refunded) == (0, 10_00)


class TestRefunds:
    async def test_a_refund_is_asked_once_however_often_it_is_sent(self, house: House) -> None:
        await house.pix.create(charge())
        (paid,) = await house.bank.pay(TXID)
        first = await house.pix.refund(paid.end_to_end_id, "r1", 69_90, "Desistência em 7 dias")
        assert (first.refund_id, first.status, first.amount) == ("r1", "EM_PROCESSAMENTO", 69_90)
        await house.bank.settle()
        again = await house.pix.refund(paid.end_to_end_id, "r1", 69_90, "Desistência em 7 dias")
        assert again.status == "DEVOLVIDO"
        assert len(house.bank.refunds) == 1

    async def test_a_used_refund_id_with_another_amount(self, house: House) -> None:
        await house.pix.create(charge())
        (paid,) = await house.bank.pay(TXID)
        await house.pix.refund(paid.end_to_end_id, "r1", 10_00, "Parte")
        with pytest.raises(Refused, match="refund_conflict"):
            await house.pix.refund(paid.end_to_end_id, "r1", 20_00, "Parte")

    async def test_more_than_was_paid(self, house: House) -> None:
        await house.pix.create(charge())
        (paid,) = await house.bank.pay(TXID)
        with pytest.raises(Refused, match="PixDevolucaoInvalida"):
            await house.pix.refund(paid.end_to_end_id, "r1", 70_00, "Demais")

    async def test_one_that_the_bank_could_not_make(self, house: House) -> None:
        await house.pix.create(charge())
        (paid,) = await house.bank.pay(TXID)
        await house.pix.refund(paid.end_to_end_id, "r1", 10_00, "Parte")
        house.bank.faults.fail_refunds = True
        await house.bank.settle()
        refund = await house.pix.refund(paid.end_to_end_id, "r1", 10_00, "Parte")
        assert (refund.status, refund.reason) == ("NAO_REALIZADO", "Conta do pagador encerrada.")

    @pytest.mark.parametrize(("end_to_end_id", "refund_id"), [("E/../x", "r1"), ("E" + "0" * 31, "r 1")])
    async def test_bad_ids_never_reach_the_bank(self, house: House, end_to_end_id: str, refund_id: str) -> None:
        with pytest.raises(Refused):
            await house.pix.refund(end_to_end_id, refund_id, 1, "")
        assert house.inspector.seen == []


class TestTokens:
    async def test_many_calls_share_one_token(self, house: House) -> None:
        await asyncio.gather(*(house.pix.get(TXID) for _ in range(20)))
        assert house.inspector.times("POST", "/oauth/token") == 1

    async def test_it_is_renewed_at_eighty_percent_of_its_life(self, house: House) -> None:
        await house.pix.get(TXID)
        house.clock.forward(minutes=47)
        await house.pix.get(TXID)
        assert house.inspector.times("POST", "/oauth/token") == 1
        house.clock.forward(minutes=1)
        await house.pix.get(TXID)
        assert house.inspector.times("POST", "/oauth/token") == 2

    async def test_a_token_that_the_bank_forgot_is_replaced_once_for_all(self, house: House) -> None:
        await house.pix.get(TXID)
        house.bank.revoke_tokens()
        await asyncio.gather(*(house.pix.get(TXID) for _ in range(10)))
        assert house.inspector.times("POST", "/oauth/token") == 2

    async def test_wrong_credentials_stop_the_channel(
        self, house: House, session: aiohttp.ClientSession, aiohttp_server: ServerFactory
    ) -> None:
        server = await aiohttp_server(FakeBank(house.clock, KEY, "other", "other", session).app())
        with pytest.raises(ChannelStopped, match="invalid_client"):
            await driver(session, server.make_url("/"), house.clock).get(TXID)


class TestTroubles:
    @pytest.mark.parametrize("fault", ["down", "nonsense"])
    async def test_a_bank_in_trouble_is_asked_later(self, house: House, fault: str) -> None:
        await house.pix.create(charge())
        setattr(house.bank.faults, fault, True)
        for call in (
            house.pix.create(charge()),
            house.pix.get(TXID),
            house.pix.received(START, START),
            house.pix.refund("E" + "0" * 31, "r1", 1, ""),
        ):
            with pytest.raises(TryLater):
                await call

    async def test_no_token_while_the_bank_is_down(self, house: House) -> None:
        house.bank.faults.down = True
        with pytest.raises(TryLater, match="ServicoIndisponivel"):
            await house.pix.get(TXID)

    async def test_a_slow_bank(
        self, house: House, session: aiohttp.ClientSession, aiohttp_server: ServerFactory
    ) -> None:
        server = await aiohttp_server(house.bank.app())
        hasty = driver(session, server.make_url("/"), house.clock, timeout=timedelta(milliseconds=20))
        house.bank.faults.slow = 0.05
        with pytest.raises(TryLater, match="timeout"):
            await hasty.get(TXID)

    async def test_nobody_there(self, session: aiohttp.ClientSession, unused_tcp_port: int) -> None:
        pix = driver(session, f"http://127.0.0.1:{unused_tcp_port}/", MovableClock())
        with pytest.raises(TryLater, match="connection"):
            await pix.get(TXID)

    async def test_the_webhook_is_registered_under_a_quoted_key(
        self, house: House, session: aiohttp.ClientSession, aiohttp_server: ServerFactory
    ) -> None:
        bank = FakeBank(house.clock, "+5581999990000", *CLIENT, session)
        server = await aiohttp_server(bank.app())
        pix = driver(session, server.make_url("/"), house.clock, key="+5581999990000")
        await pix.register_webhook("https://exemplo.test/webhooks/pix", skip_mtls=True)
        assert bank.webhook == ("https://exemplo.test/webhooks/pix", START)
        with pytest.raises(Refused, match="WebhookOperacaoInvalida"):
            await pix.register_webhook("not an address")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("30", 30),
        ("999999999", 86_400),
        ("Sun, 22 Nov 2026 13:31:00 GMT", 60),
        ("Sun, 22 Nov 2026 13:00:00 GMT", 0),
        ("soon", None),
        ("²", None),
    ],
)
def test_retry_after(header: str | None, seconds: int | None) -> None:
    assert retry_after(header, START) == (None if seconds is None else timedelta(seconds=seconds))


def test_reais() -> None:
    assert [reais(1), reais(100), reais(123_45)] == ["0.01", "1.00", "123.45"]
    with pytest.raises(ValueError, match="between"):
        reais(-1)
