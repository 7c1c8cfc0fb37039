"""What is no HTTP, or HTTP in two readings: refused, the connection closed, nothing smuggled, nothing in the log."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.bot.http_support import VERIFY_TOKEN, Web, body_of, open_web, sign, text
from tests.hostile.wire import dialled

SECOND = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /webhooks/whatsapp HTTP/1.1\r\nHost: x\r\n"
TWO_READINGS = {
    "a length and pieces": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "pieces and a length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + SECOND,
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 40\r\n\r\n" + SECOND,
    "a list of lengths": POST + b"Content-Length: 0, 40\r\n\r\n" + SECOND,
    "a signed length": POST + b"Content-Length: +0\r\n\r\n" + SECOND,
    "a negative length": POST + b"Content-Length: -1\r\n\r\n" + SECOND,
    "a length beyond numbers": POST + b"Content-Length: 99999999999999999999999\r\n\r\n" + SECOND,
    "a space before the colon": POST + b"Content-Length : 0\r\n\r\n" + SECOND,
    "a folded header": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "another coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SECOND,
    "pieces, then something": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SECOND,
    "a control in the coding": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + SECOND,
    "a piece of no number": POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n\r\n0\r\n\r\n" + SECOND,
    "a piece beyond numbers": POST + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n\r\n" + SECOND,
}
NONSENSE = {
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 ana@example.com 529.982.247-25\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "another version": b"GET /ana HTTP/9.9\r\nHost: x\r\n\r\n",
    "bytes in the path": b"GET /cards/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "half an address": b"GET http://[::1/ana HTTP/1.1\r\nHost: x\r\n\r\n",
    "no port": b"GET http://ana:99999/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long address": b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long header": b"GET / HTTP/1.1\r\nHost: x\r\nX-Ana: " + b"a" * 9_000 + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-Ana: a\r\n" * 500 + b"\r\n",
    "a NUL": b"GET / HTTP/1.1\r\nHost: x\r\nX-Ana: a\x00b\r\n\r\n",
    "no host": b"GET /ana HTTP/1.1\r\n\r\n",
    "no such method": b"ANA / HTTP/1.1\r\nHost: x\r\n\r\n",
}
ODD = {
    "/cards/%ED%A0%80%00%ff.%2e%2e%2f": 404,
    "/cards/..%2f..%2fetc%2fpasswd": 404,
    "/cards/" + "%F0%9F%92%A9" * 200 + ".x": 404,
    "/media/%00": 404,
    "/media/0.%ED%A0%80": 404,
    "/webhooks/whatsapp": 403,
    "/webhooks/whatsapp?hub.mode=subscribe&hub.verify_token=%F0%9F&hub.challenge=1": 403,
    f"/webhooks/whatsapp?hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge=%ED%A0%80%00%ff": 200,
    "/webhooks/whatsapp?" + "&".join(f"a{n}=%ff" for n in range(800)): 403,
    "/webhooks/pix/%ED%A0%80/pix": 200,
    "/v1/webhooks/payments": 405,
    "/%00%ff": 404,
    "//evil.example/%2e%2e": 404,
}


@pytest.fixture
async def lite(sqlite_url: str) -> AsyncIterator[Web]:
    async with open_web(sqlite_url) as opened:
        yield opened


@pytest.mark.parametrize("name", TWO_READINGS)
async def test_a_body_of_two_lengths_is_refused_and_nothing_after_it_is_read(lite: Web, name: str) -> None:
    async with dialled(lite) as wire:
        await wire.send(TWO_READINGS[name])
        told = await wire.ended()
    assert b'{"status":"ok"}' not in told, told
    assert told.count(b"HTTP/1.") == 1
    assert told.startswith((b"HTTP/1.0 400 ", b"HTTP/1.1 400 ")), told


@pytest.mark.parametrize("name", NONSENSE)
async def test_what_is_no_http_is_refused(lite: Web, name: str) -> None:
    async with dialled(lite) as wire:
        await wire.send(NONSENSE[name])
        assert (await wire.ended()).startswith(b"HTTP/1.0 400 ")


@pytest.mark.parametrize("path", ODD)
async def test_odd_addresses_are_answered(lite: Web, path: str) -> None:
    async with dialled(lite) as wire:
        wire.head(
            f"GET {path.replace(' ', '%20')}", {"X-Forwarded-For": "\xff, ::::, 1.1.1.1.1", "X-Request-Id": "\xff"}
        )
        assert (await wire.answer()).status == ODD[path]


async def test_strangers_write_nothing_into_the_log(lite: Web, caplog: pytest.LogCaptureFixture) -> None:
    """Neither by what they send nor by how often: not their address, not a word, not a line for each try."""
    body = body_of([text("wamid.1", "ana@example.com")])
    for data in (*NONSENSE.values(), *TWO_READINGS.values()):
        async with dialled(lite) as wire:
            await wire.send(data)
            await wire.ended()
    for guess in range(200):
        assert await lite.whatsapp(body, signature=sign(body, str(guess).encode())) == 401
    assert caplog.records == []
    assert {line["log_level"] for line in lite.logs} == {"debug"}
    assert "ana" not in str(lite.logs)
    assert lite.metrics("balcao_webhooks_total")['{outcome="unsigned",source="whatsapp"}'] == 200


async def test_who_waits_for_leave_is_told_to_go_on(lite: Web) -> None:
    body = body_of([text("wamid.1")])
    signed = {"X-Hub-Signature-256": sign(body), "Content-Length": str(len(body)), "Expect": "100-continue"}
    async with dialled(lite) as wire:
        wire.head("POST /webhooks/whatsapp", signed)
        assert await wire.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await wire.send(body)
        assert (await wire.answer()).status == 200
    async with dialled(lite) as wire:
        wire.head("POST /webhooks/whatsapp", {**signed, "Expect": "a miracle"})
        assert (await wire.answer()).status == 417


async def test_an_upgrade_is_not_taken_up(lite: Web) -> None:
    body = body_of([text("wamid.1")])
    async with dialled(lite) as wire:
        wire.head("POST /webhooks/whatsapp", {
            "X-Hub-Signature-256": sign(body), "Content-Length": str(len(body)), "Connection": "Upgrade",
            "Upgrade": "websocket",
        })  # fmt: skip
        await wire.send(body)
        assert (await wire.answer()).status == 200
