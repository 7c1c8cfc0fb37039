"""What banks and payment providers may say, and that none of it is believed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy.exc import OperationalError

from handlers.payments.callback import parse_callback
from scheduler.wake import NOTICES
from storage.base import new_id
from storage.tables.members import payment_intents, registration_sessions
from tests.bot.http_support import Web, open_web
from tests.factories import contact, organization

SECRET = "a secret of the bank's address"
TXID = "a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4"
PIX = {
    "endToEndId": "E12345678202611231000abcdefghijk", "txid": TXID, "valor": "110.00", "chave": "pix@example.com",
    "horario": "2026-11-23T13:00:00Z", "infoPagador": "presente da Ana \ud83d", "pagador": {"nome": "Ana"},
}  # fmt: skip
BODY = b'{"pix":[' + orjson.dumps({**PIX, "infoPagador": "presente da Ana"}) + b"]}"


@pytest.fixture
async def web(database_url: str) -> AsyncIterator[Web]:
    async with open_web(database_url) as opened:
        yield opened


@pytest.fixture
async def guarded(sqlite_url: str) -> AsyncIterator[Web]:
    async with open_web(sqlite_url, pix_webhook_secret=SECRET) as opened:
        yield opened


@pytest.mark.parametrize("path", ["/webhooks/pix", "/webhooks/pix/pix"])
async def test_a_callback_becomes_an_event_without_the_payer(web: Web, path: str) -> None:
    await intent(web)
    assert (await web.post(path, BODY))[0] == 200
    (row,) = await web.events()
    assert (row.organization_id, row.source, row.kind, row.contact_id) == (
        web.organization.id, "pix", "pix.callback", None
    )  # fmt: skip
    assert row.payload == {
        "pix": [{
            "endToEndId": PIX["endToEndId"], "txid": TXID, "valor": "110.00", "chave": "pix@example.com",
            "horario": "2026-11-23T13:00:00+00:00",
        }]
    }  # fmt: skip
    assert parse_callback(row.payload) == parse_callback(orjson.loads(BODY))
    assert web.bells.rung == [NOTICES]


async def test_the_same_callback_is_one_event_and_its_refund_another(web: Web) -> None:
    await intent(web)
    refund = {"id": "R1", "rtrId": "D1", "valor": "10.00", "status": "DEVOLVIDO", "natureza": "ORIGINAL", "x": 1}
    with_refund = orjson.dumps({"pix": [{**PIX, "infoPagador": "", "devolucoes": refund}]})
    for body in (BODY, BODY.replace(b"presente", b"presentinho"), with_refund, with_refund):
        assert (await web.post("/webhooks/pix", body))[0] == 200
    first, second = await web.events()
    assert "devolucoes" not in first.payload["pix"][0]
    assert second.payload["pix"][0]["devolucoes"] == [{name: refund[name] for name in refund if name != "x"}]
    assert web.bells.rung == [NOTICES, NOTICES]


async def test_half_an_emoji_a_byte_order_mark_and_nul_do_no_harm(web: Web) -> None:
    await intent(web)
    odd = b"\xef\xbb\xbf" + BODY.replace(b"da Ana", b"\\ud83d").replace(b"pix@", b"pix\\u0000\\ud83d@")
    assert (await web.post("/webhooks/pix", odd))[0] == 200
    (row,) = await web.events()
    assert row.payload["pix"][0]["chave"] == "pix@example.com"


@pytest.mark.parametrize("body", [b"oi", b"{", b"[" * 100_000, b"\xff"])
async def test_what_is_no_json_is_400(web: Web, body: bytes) -> None:
    assert (await web.post("/webhooks/pix", body))[0] == 400
    assert not await web.events()


async def test_over_1_mb_is_413(web: Web) -> None:
    for size in (1024 * 1024 + 1, 4 * 1024 * 1024):
        assert (await web.post("/webhooks/pix", b" " * size))[0] == 413


@pytest.mark.parametrize(
    "body", [b"", b" \n", b"{}", b"null", b"[]", b'{"pix":[{"tipo":"SOLICITACAO"}]}', b'{"recs":[{"idRec":"1"}]}']
)
async def test_what_names_no_pix_is_taken_and_forgotten(web: Web, body: bytes) -> None:
    assert (await web.post("/webhooks/pix", body))[0] == 200
    assert not await web.events()
    assert web.metrics("balcao_webhooks_total") == {'{outcome="ignored",source="pix"}': 1}


async def test_probes_are_welcome(guarded: Web) -> None:
    for path in ("/webhooks/pix", "/webhooks/pix/pix", "/webhooks/pix/x", "/webhooks/pix/x/pix"):
        assert (await guarded.get(path))[0] == 200
    assert (await guarded.post(f"/webhooks/pix?hmac={SECRET}", b""))[0] == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/webhooks/pix", 401),
        ("/webhooks/pix/pix", 401),
        ("/webhooks/pix?hmac=wrong", 401),
        ("/webhooks/pix?hmac=%C3%A9", 401),
        ("/webhooks/pix/wrong", 401),
        ("/webhooks/pix?hmac=SECRET", 200),
        ("/webhooks/pix/pix?hmac=SECRET", 200),
        ("/webhooks/pix?hmac=SECRET/pix", 200),
        ("/webhooks/pix?hmac=SECRET&ignorar=/pix", 200),
        ("/webhooks/pix/SECRET", 200),
        ("/webhooks/pix/SECRET/pix", 200),
    ],
)
async def test_the_secret_of_the_address(guarded: Web, path: str, status: int) -> None:
    await intent(guarded)
    assert (await guarded.post(path.replace("SECRET", SECRET), BODY))[0] == status
    assert len(await guarded.events()) == (1 if status == 200 else 0)


async def test_what_names_no_charge_of_ours_is_answered_alike_and_fills_no_table(web: Web) -> None:
    await intent(web)
    strangers = [{**PIX, "txid": "b" * 32, "infoPagador": ""}, {**PIX, "txid": None, "infoPagador": ""}]
    for pix in ([strangers[0]], [strangers[1]], strangers):
        assert await web.post("/webhooks/pix", orjson.dumps({"pix": pix})) == (200, "ok")
    assert not await web.events()
    assert web.metrics("balcao_webhooks_total") == {'{outcome="unknown",source="pix"}': 3}
    ours = {**PIX, "infoPagador": ""}
    assert await web.post("/webhooks/pix", orjson.dumps({"pix": [*strangers, ours]})) == (200, "ok")
    (row,) = await web.events()
    assert [pix["txid"] for pix in row.payload["pix"]] == [TXID]


async def test_each_business_hears_of_its_own_charges(web: Web) -> None:
    await intent(web)
    theirs = replace(web, organization=await organization(web.deps.database))
    await intent(theirs, "c" * 32)
    pix = [{**PIX, "infoPagador": "", "txid": txid} for txid in (TXID, "c" * 32)]
    assert (await web.post("/webhooks/pix", orjson.dumps({"pix": pix})))[0] == 200
    heard = {row.organization_id: [one["txid"] for one in row.payload["pix"]] for row in await web.events()}
    assert heard == {web.organization.id: [TXID], theirs.organization.id: ["c" * 32]}


async def test_no_database_is_503(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*args: Any, **kwargs: Any) -> Any:
        raise OperationalError("insert", {}, ConnectionRefusedError())

    monkeypatch.setattr(web.database, "run", away)
    assert (await web.post("/webhooks/pix", BODY))[0] == 503
    code, answer = await web.post("/v1/webhooks/payments", told(new_id()))
    assert (code, orjson.loads(answer)["error"]["code"]) == (503, "UNAVAILABLE")


# --- Any provider ---------------------------------------------------------------------------------------------------


def told(intent_id: object, **changes: Any) -> bytes:
    usual = {
        "paymentIntentId": str(intent_id), "status": "succeeded", "provider": "stripe", "providerRef": "pi_3xxx",
        "amount": 29.90, "paidAt": "2026-11-23T10:35:00Z",
    }  # fmt: skip
    return orjson.dumps({**usual, **changes})


async def intent(web: Web, txid: str = TXID) -> UUID:
    """A pending charge."""
    person = await contact(web.database, web.organization)
    now, session_id, intent_id = web.clock.now(), new_id(), new_id()
    times = {"created_at": now, "updated_at": now}
    session = {
        "id": session_id, "contact_id": person.id, "status": "payment_pending", "current_step": "payment",
        "expires_at": now, **times,
    }  # fmt: skip
    charge = {
        "id": intent_id, "contact_id": person.id, "registration_id": session_id, "method": "pix", "provider": "pix",
        "provider_intent_id": txid, "amount": 11000, "status": "pending", "sequence": 1, **times,
    }  # fmt: skip
    await web.database.run(lambda tx: tx.add(registration_sessions, session), org=web.organization.id)
    await web.database.run(lambda tx: tx.add(payment_intents, charge), org=web.organization.id)
    return intent_id


async def test_a_provider_makes_us_ask_about_that_charge_only(web: Web) -> None:
    intent_id = await intent(web)
    for _ in range(2):
        assert await web.post("/v1/webhooks/payments", told(intent_id)) == (200, '{"received":true}')
    (row,) = await web.events()
    assert (row.organization_id, row.source, row.kind) == (web.organization.id, "payments", "pix.callback")
    assert [notice.txid for notice in parse_callback(row.payload)] == [TXID]
    assert web.bells.rung == [NOTICES]


async def test_an_unknown_charge_is_counted_and_answered_alike(web: Web) -> None:
    assert await web.post("/v1/webhooks/payments", told(new_id())) == (200, '{"received":true}')
    assert not await web.events()
    assert web.metrics("balcao_webhooks_total") == {'{outcome="unknown",source="payments"}': 1}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"oi", ""),
        (b"", ""),
        (b"[]", ""),
        (b"{}", "paymentIntentId"),
        (told("not an id"), "paymentIntentId"),
        (told(new_id(), amount="much"), "amount"),
        (told(new_id(), amount=-1), "amount"),
        (told(new_id(), status=None), "status"),
        (told(new_id(), provider="p" * 41), "provider"),
    ],
)
async def test_a_bad_body_is_explained(web: Web, body: bytes, field: str) -> None:
    code, text = await web.post("/v1/webhooks/payments", body, **{"X-Request-Id": "abc-1"})
    answer = orjson.loads(text)
    assert code == 400
    assert (answer["success"], answer["error"]["code"], answer["error"]["message"]) == (
        False, "VALIDATION_ERROR", "Dados inválidos"
    )  # fmt: skip
    assert field in [detail["field"] for detail in answer["error"]["details"]]
    assert answer["meta"] == {"requestId": "abc-1", "timestamp": "2026-11-23T13:00:00Z"}


async def test_its_secret_is_in_a_header(guarded: Web) -> None:
    intent_id = await intent(guarded)
    for headers in ({}, {"X-Webhook-Secret": "wrong"}):
        code, text = await guarded.post("/v1/webhooks/payments", told(intent_id), **headers)
        assert (code, orjson.loads(text)["error"]["code"]) == (401, "UNAUTHORIZED")
    code, _ = await guarded.post("/v1/webhooks/payments", told(intent_id), **{"X-Webhook-Secret": SECRET})
    assert code == 200
    assert len(await guarded.events()) == 1


async def test_over_1_mb_is_413_in_the_envelope(web: Web) -> None:
    code, text = await web.post("/v1/webhooks/payments", b" " * (1024 * 1024 + 1))
    assert (code, orjson.loads(text)["error"]["code"]) == (413, "TOO_LARGE")
