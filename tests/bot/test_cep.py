from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.gateways.cep import ViaCep
from bot.simulator.cep import PLACES, FakeCep
from handlers.ports import CepAddress, TryLater

PATHS = ("/ws", "/api/cep/v1")
SE = CepAddress("01001000", "São Paulo", "SP", "Praça da Sé", "Sé")


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def service() -> FakeCep:
    return FakeCep()


@pytest.fixture
async def server(service: FakeCep) -> AsyncIterator[TestServer]:
    running = TestServer(service.app())
    async with running:
        yield running


@pytest.mark.parametrize("path", PATHS)
async def test_find(server: TestServer, session: aiohttp.ClientSession, path: str) -> None:
    directory = ViaCep(session, str(server.make_url(path)))
    assert await directory.find("01001000") == SE
    assert await directory.find("13940000") == CepAddress("13940000", "Águas de Lindóia", "SP")
    assert await directory.find("99999999") is None
    for cep in PLACES:
        assert await directory.find(cep) is not None


@pytest.mark.parametrize("cep", ["", "0100100", "01001-000", "../admin", "０1001000"])
async def test_what_is_no_cep_is_not_asked(
    service: FakeCep, server: TestServer, session: aiohttp.ClientSession, cep: str
) -> None:
    assert await ViaCep(session, str(server.make_url("/ws"))).find(cep) is None
    assert service.asked == {}


async def test_found_addresses_are_remembered(
    service: FakeCep, server: TestServer, session: aiohttp.ClientSession
) -> None:
    directory = ViaCep(session, str(server.make_url("/ws")), cache_size=2)
    for cep in ("01001000", "20040020", "01001000", "80010000", "01001000", "20040020", "99999999", "99999999"):
        await directory.find(cep)
    assert service.asked == {"01001000": 1, "20040020": 2, "80010000": 1, "99999999": 2}
    service.faults.down = True
    assert await directory.find("20040020") is not None


@pytest.mark.parametrize("path", PATHS)
async def test_service_down_or_slow(
    service: FakeCep, server: TestServer, session: aiohttp.ClientSession, path: str
) -> None:
    directory = ViaCep(session, str(server.make_url(path)), timeout=aiohttp.ClientTimeout(total=0.05))
    service.faults.down = True
    with pytest.raises(TryLater):
        await directory.find("01001000")
    service.faults.slow = 0.2
    with pytest.raises(TryLater):
        await directory.find("01001000")
    service.faults.slow, service.faults.down = 0, False
    assert await directory.find("01001000") == SE


async def test_nobody_listens(unused_tcp_port: int, session: aiohttp.ClientSession) -> None:
    with pytest.raises(TryLater):
        await ViaCep(session, f"http://127.0.0.1:{unused_tcp_port}/ws").find("01001000")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, '{"erro": true}'),
        (200, '{"erro": "true"}'),
        (200, '{\n  "erro": "true"\n}'),
        (400, "<html>Bad Request</html>"),
        (404, '{"name": "CepPromiseError", "type": "service_error"}'),
    ],
)
async def test_a_cep_that_does_not_exist(session: aiohttp.ClientSession, status: int, body: str) -> None:
    assert await _ask(session, status, body) is None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<html>maintenance</html>"),
        (200, ""),
        (200, "[]"),
        (200, "{}"),
        (200, '{"localidade": "São Paulo", "uf": "São Paulo"}'),
        (200, '{"localidade": 1, "uf": null}'),
        (302, ""),
        (403, "{}"),
        (404, "<html>"),
        (429, "{}"),
        (500, "{}"),
        (502, "<html>"),
    ],
)
async def test_what_is_no_answer(session: aiohttp.ClientSession, status: int, body: str) -> None:
    with pytest.raises(TryLater) as caught:
        await _ask(session, status, body)
    assert caught.value.after == (timedelta(seconds=9) if status == 429 else None)
    assert "01001000" not in str(caught.value)


async def test_the_body_is_understood_whatever_the_address(session: aiohttp.ClientSession) -> None:
    body = '{"state": "SP", "city": "São Paulo", "neighborhood": " Sé ", "street": "Praça\\nda Sé", "service": "x"}'
    assert await _ask(session, 200, body) == SE


async def _ask(session: aiohttp.ClientSession, status: int, body: str) -> CepAddress | None:
    async def answer(request: web.Request) -> web.Response:
        headers = {"Retry-After": "9", "Location": "/elsewhere"}
        return web.Response(status=status, body=body.encode(), headers=headers)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server:
        return await ViaCep(session, str(server.make_url("/"))).find("01001000")
