"""Callbacks that no bank made: the bank is asked about charges of ours only, and not oftener for being told so more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

import orjson
import pytest
from aiohttp import ClientSession

from bot.gateways.pix.bcb import BcbPix
from handlers.ports import ChargeState
from scheduler.notices import REST
from tests.clock import FrozenClock
from tests.town import Person, rows, staged

FLOOD = 30
_PIX = b'{"pix":[{"endToEndId":"E1","txid":"TXID",%b}]}'
ODD = {
    "an amount of another kind": _PIX % b'"valor":{"original":"1.00"}',
    "a great amount": _PIX % b'"valor":"99999999999999999999.99"',
    "no number": _PIX % b'"valor":NaN',
    "the year 1": _PIX % b'"horario":"0001-01-01T00:00:00+14:00"',
    "the year 9999": _PIX % b'"horario":"9999-12-31T23:59:59-14:00"',
    "a time of no kind": _PIX % b'"horario":-1e999',
    "NUL and half an emoji": _PIX % b'"chave":"\\u0000\\ud83d","valor":"1.00"',
    "refunds that are none": _PIX % b'"devolucoes":[null,1,"x",[],{"id":"\\u0000","status":""}]',
    "a refund of a great amount": _PIX % b'"devolucoes":{"id":"D1","status":"DEVOLVIDO","valor":"9999999999.99"}',
    "itself": b'{"pix":{"pix":[{"endToEndId":"E1","txid":"TXID"}]}}',
}


@asynccontextmanager
async def paying(database_url: str, clock: FrozenClock) -> AsyncIterator[Person]:
    """Somebody with a charge, who tells the world about it."""
    async with staged(database_url, clock) as stage:
        person = stage.person()
        await person.reach("paying")
        await person.wait(minutes=1)
        yield person


@pytest.fixture
async def payer(database_url: str, clock: FrozenClock) -> AsyncIterator[Person]:
    async with paying(database_url, clock) as person:
        yield person


@pytest.fixture
async def picky(postgresql_url: str, clock: FrozenClock) -> AsyncIterator[Person]:
    """Where the database takes no NUL and no half of a character."""
    async with paying(postgresql_url, clock) as person:
        yield person


async def called(person: Person, body: bytes) -> int:
    """Somebody calls as a bank would; the status."""
    address = f"{person.town.settings.public_url}/webhooks/pix/pix"
    async with ClientSession() as client, client.post(address, data=BytesIO(body)) as answer:
        return answer.status


async def told(person: Person, *pix: dict[str, Any]) -> int:
    return await called(person, orjson.dumps({"pix": pix}))


def forged(txid: str, number: int, **more: Any) -> dict[str, Any]:
    usual = {"valor": "0.01", "horario": "2026-11-23T13:00:00Z", "chave": "nobody@example.com"}
    return {"endToEndId": f"E{number:031d}", "txid": txid, **usual, **more}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Txids that the bank was asked about."""
    txids: list[str] = []
    ask = BcbPix.get

    async def noted(gateway: BcbPix, txid: str) -> ChargeState | None:
        txids.append(txid)
        return await ask(gateway, txid)

    monkeypatch.setattr(BcbPix, "get", noted)
    return txids


async def test_a_flood_about_ones_own_charge_asks_the_bank_once_in_a_while(payer: Person, asked: list[str]) -> None:
    """And money that comes amid it is seen soon: nobody waits for the sweep because a stranger was louder."""
    txid = payer.charge().txid
    for number in range(FLOOD):
        assert await told(payer, forged(txid, number)) == 200
        if number % 10 == 0:
            await payer.town.settle()
    await payer.town.settle()
    assert asked == [txid]
    assert payer.news() == []
    await payer.town.bank.pay(txid)
    await payer.town.settle()
    assert asked == [txid]
    payer.clock.forward(REST)
    await payer.town.settle()
    assert asked == [txid] * 2
    assert "Pagamento confirmado" in payer.read()


async def test_nothing_else_is_asked_about_and_nothing_fails(picky: Person, asked: list[str]) -> None:
    txid = picky.charge().txid
    assert await told(picky, *[forged(f"{number:032d}", number) for number in range(5_000)]) == 200
    assert await told(picky, *[{"endToEndId": f"E{number}", "txid": f"{number}"} for number in range(25_000)]) == 200
    await picky.town.settle()
    assert asked == []
    for body in ODD.values():
        assert await called(picky, body.replace(b"TXID", txid.encode())) == 200
        await picky.town.settle()
    assert asked == [txid]
    assert await rows(picky.town, "events", status="parked") == []
    assert picky.news() == []
