"""The simulator's server: what it shows of the fakes, what a visitor may do, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import orjson
import pytest

from tests.bot.simulator_world import PRICE, STAFF, TXID, Shop, open_shop, order

View = dict[str, Any]


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as shop:
        yield shop


@pytest.fixture
async def http(shop: Shop) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(shop.url) as session:
        yield session


async def post(http: aiohttp.ClientSession, path: str, body: object = None, status: int = 200) -> View:
    async with http.post(path, json=body if body is not None else {}) as response:
        answer: View = await response.json()
        assert response.status == status, answer
        return answer


async def state(http: aiohttp.ClientSession) -> View:
    async with http.get("/api/state") as response:
        view: View = await response.json()
        return view


async def until(http: aiohttp.ClientSession, wa_id: str, count: int) -> list[View]:
    """The chat, once it holds so many messages."""
    for _ in range(300):
        chat: list[View] = (await state(http))["chats"][wa_id]
        if len(chat) >= count:
            return chat
        await asyncio.sleep(0.01)
    raise AssertionError(f"the chat has not got {count} messages")


async def newcomer(http: aiohttp.ClientSession) -> str:
    return str((await post(http, "/api/people"))["wa_id"])


async def test_somebody_is_there_from_the_start_and_the_staff_apart(http: aiohttp.ClientSession) -> None:
    people = (await state(http))["people"]
    assert [(person["wa_id"] == STAFF, person["kind"]) for person in people] == [
        (True, "business"),
        (False, "customer"),
    ]


async def test_new_people_have_numbers_of_their_own(http: aiohttp.ClientSession) -> None:
    numbers = {await newcomer(http) for _ in range(20)}
    assert len(numbers) == 20
    assert all(number.startswith("55") and len(number) in {12, 13} for number in numbers)


async def test_a_talk_is_seen_from_the_persons_phone(http: aiohttp.ClientSession, shop: Shop) -> None:
    wa_id = await newcomer(http)
    await post(http, f"/api/people/{wa_id}/say", {"text": " oi "})
    asked, greeting = await until(http, wa_id, 2)
    assert (asked["direction"], asked["text"], asked["status"]) == ("out", "oi", "delivered")
    assert (greeting["direction"], greeting["type"], greeting["footer"]) == ("in", "buttons", "Digite menu")
    option = greeting["buttons"][0]
    await post(http, f"/api/people/{wa_id}/tap", {"message_id": greeting["id"], "option_id": option["id"]})
    *_, tap, plans = await until(http, wa_id, 4)
    assert (tap["text"], tap["quoted"]["mine"]) == (option["title"], False)
    row = plans["list"]["sections"][0]["rows"][1]
    await post(http, f"/api/people/{wa_id}/pick", {"message_id": plans["id"], "row_id": row["id"]})
    chat = await until(http, wa_id, 6)
    assert chat[1]["tapped"] == option["id"]
    assert chat[-1]["order"]["total"] == PRICE
    assert chat[-1]["order"]["pix_code"] == shop.bank.charges[TXID].br_code
    assert [message["type"] for message in shop.heard] == ["text", "interactive", "interactive"]


async def test_every_kind_of_message_reaches_the_business(http: aiohttp.ClientSession, shop: Shop) -> None:
    wa_id = await newcomer(http)
    for deed in ("media", "location", "audio", "sticker", "contact"):
        await post(http, f"/api/people/{wa_id}/{deed}")
    chat = await until(http, wa_id, 5)
    heard = await shop.hears(5)
    kinds = ["image", "location", "audio", "sticker", "contacts"]
    assert [message["type"] for message in heard] == [bubble["type"] for bubble in chat] == kinds
    assert (chat[0]["media"]["width"], chat[0]["media"]["height"]) == (960, 640)
    async with http.get(chat[0]["media"]["url"]) as response:
        assert (response.status, response.content_type) == (200, "image/jpeg")
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("mime_type", "kind"), [("image/png", "image"), ("application/pdf", "document"), ("text/html", None)]
)
async def test_files_are_sent_as_what_they_are(http: aiohttp.ClientSession, mime_type: str, kind: str | None) -> None:
    wa_id = await newcomer(http)
    form = aiohttp.FormData()
    form.add_field("file", b"content", filename="arquivo.bin", content_type=mime_type)
    path = f"/api/people/{wa_id}/media"
    async with http.post(path, data=form, headers={"X-Simulator": "1"}) as response:
        assert response.status == (200 if kind else 400)
    assert [bubble["type"] for bubble in (await state(http))["chats"][wa_id]] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("mode", "paid", "shown"),
    [
        ("exact", [PRICE], "paid"),
        ("twice", [PRICE, PRICE], "twice"),
        ("short", [PRICE - 1000], "short"),
        ("over", [PRICE + 1000], "over"),
        ("late", [PRICE], "paid"),
    ],
)
async def test_ways_to_pay(http: aiohttp.ClientSession, shop: Shop, mode: str, paid: list[int], shown: str) -> None:
    shop.customer = await newcomer(http)
    await shop.meta.says(shop.person(), "quero pagar")
    shop.send(order(shop.charge()))
    await post(http, "/api/bank/pay", {"txid": TXID, "mode": mode})
    (charge,) = (await state(http))["bank"]["charges"]
    assert ([payment["amount"] for payment in charge["payments"]], charge["state"]) == (paid, shown)
    assert (shop.clock.offset > timedelta(minutes=30)) == (mode == "late")


async def test_the_bank_says_no_in_words(http: aiohttp.ClientSession, shop: Shop) -> None:
    shop.bank.set_webhook(None)
    code = shop.charge()
    await post(http, "/api/bank/pay", {"txid": code, "mode": "exact"})
    assert "já foi paga" in (await post(http, "/api/bank/pay", {"txid": TXID}, 400))["error"]
    assert "não entendeu" in (await post(http, "/api/bank/pay", {"txid": "nada"}, 400))["error"]
    assert len(shop.bank.charges[TXID].payments) == 1


async def test_an_expired_charge_is_refused_unless_paid_late(http: aiohttp.ClientSession, shop: Shop) -> None:
    shop.bank.set_webhook(None)
    shop.charge()
    await post(http, "/api/clock", {"seconds": 3600})
    assert (await state(http))["bank"]["charges"][0]["state"] == "expired"
    assert "expirou" in (await post(http, "/api/bank/pay", {"txid": TXID}, 400))["error"]
    await post(http, "/api/bank/pay", {"txid": TXID, "mode": "late"})
    assert shop.clock.offset < timedelta(hours=2)


async def test_faults_are_switched_in_the_fakes(http: aiohttp.ClientSession, shop: Shop) -> None:
    known = (await state(http))["faults"]
    assert set(known.values()) == {False}
    assert set((await post(http, "/api/faults", dict.fromkeys(known, True))).values()) == {True}
    assert (shop.meta.faults.slow, shop.meta.faults.throttle_all, shop.bank.faults.down) == (2.5, True, True)
    assert (shop.cep.faults.down, shop.mailbox.down, shop.sms.down) == (True, True, True)
    await post(http, "/api/faults", {"meta_slow": True, "moon": True}, 400)
    assert set((await post(http, "/api/faults", dict.fromkeys(known, False))).values()) == {False}


async def test_mails_and_their_files(http: aiohttp.ClientSession) -> None:
    wa_id = await newcomer(http)
    await post(http, f"/api/people/{wa_id}/say", {"text": "contrato"})
    await until(http, wa_id, 2)
    (mail,) = (await state(http))["mailbox"]
    assert (mail["subject"], mail["to"]) == ("Seu contrato", "pessoa@exemplo.test")
    async with http.get(mail["attachments"][0]["url"]) as response:
        assert await response.read() == b"%PDF-1.4\n"
        assert response.headers["Content-Disposition"] == "inline; filename*=UTF-8''contrato.pdf"
    for missing in ("/mail/m1/7", "/mail/x/0", "/media/x"):
        async with http.get(missing) as response:
            assert response.status == 404


async def test_what_could_run_is_saved_and_not_shown(http: aiohttp.ClientSession, shop: Shop) -> None:
    for mime_type in ("text/html", "image/svg+xml"):
        media_id = shop.file(b"<script>1</script>", mime_type, 'a";b.html')
        async with http.get(f"/media/{media_id}") as response:
            assert response.content_type == "application/octet-stream"
            assert response.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''a%22%3Bb.html")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/people/5500000000000/say", {"text": "oi"}),
        ("/api/people/{me}/say", {"text": "  "}),
        ("/api/people/{me}/say", {}),
        ("/api/people/{me}/say", []),
        ("/api/people/{me}/dance", {}),
        ("/api/people/{me}/tap", {"message_id": "x", "option_id": "y"}),
        ("/api/bank/pay", {}),
        ("/api/clock", {"seconds": -1}),
        ("/api/clock", {"seconds": "inf"}),
        ("/api/clock", {"seconds": 10**9}),
        ("/api/faults", [1]),
    ],
)
async def test_bad_requests_are_refused_in_words(http: aiohttp.ClientSession, path: str, body: object) -> None:
    me = (await state(http))["people"][1]["wa_id"]
    assert (await post(http, path.format(me=me), body, 400))["error"]


async def test_other_sites_cannot_post(http: aiohttp.ClientSession) -> None:
    async with http.post("/api/clock", data=b'{"seconds": 60}', headers={"Content-Type": "text/plain"}) as response:
        assert response.status == 415
    assert (await state(http))["clock"]["offset"] == 0


async def test_the_page_may_run_only_its_own_code(http: aiohttp.ClientSession) -> None:
    async with http.get("/") as response:
        assert (response.status, response.content_type) == (200, "text/html")
        policy = response.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy


async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[View]:
    async for line in response.content:
        if line.startswith(b"data: "):
            yield orjson.loads(line.removeprefix(b"data: "))


async def test_events_tell_all_first_and_then_only_what_changed(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/events") as response, asyncio.timeout(5):
        events = _events(response)
        first = await anext(events)
        assert {"business", "people", "chats", "bank", "mailbox", "sms", "faults", "dialogues", "clock"} <= first.keys()
        await post(http, "/api/clock", {"seconds": 60})
        assert await anext(events) == {"clock": {"offset": 60.0}}
        wa_id = await newcomer(http)
        news = await anext(events)
        assert (news["people"][-1]["wa_id"], list(news["chats"])) == (wa_id, [wa_id])
