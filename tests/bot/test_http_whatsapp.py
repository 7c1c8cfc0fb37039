"""Meta's webhook: who may speak, what is kept, and that nothing signed is ever refused."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from bot.http import whatsapp
from bot.http.envelope import Item
from scheduler.wake import NOTICES, TURNS
from storage.unit_of_work import NOBODY
from tests.bot.http_support import FORMER_SECRET, VERIFY_TOKEN, Web, body_of, open_web, sign, status, text
from tests.payloads import meta_examples

MB = 1024 * 1024
BODIES = [meta_examples.body(name) for name in meta_examples.NAMES]


@pytest.fixture
async def web(database_url: str) -> AsyncIterator[Web]:
    async with open_web(database_url) as opened:
        yield opened


@pytest.fixture
async def lite(sqlite_url: str) -> AsyncIterator[Web]:
    """Where the kind of database does not matter."""
    async with open_web(sqlite_url) as opened:
        yield opened


# --- The handshake --------------------------------------------------------------------------------------------------


async def handshake(web: Web, **query: str) -> tuple[int, str, str]:
    usual = {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "1158201444"}
    asked = {**usual, **{name.replace("hub_", "hub."): value for name, value in query.items()}}
    async with web.client.get("/webhooks/whatsapp", params=asked) as answer:
        return answer.status, answer.content_type, await answer.text()


async def test_the_handshake_gives_the_challenge_back(lite: Web) -> None:
    assert await handshake(lite) == (200, "text/plain", "1158201444")
    assert await handshake(lite, hub_challenge="<b>é</b>") == (200, "text/plain", "<b>é</b>")


@pytest.mark.parametrize(
    "query",
    [
        {"hub_verify_token": "another"},
        {"hub_verify_token": ""},
        {"hub_verify_token": "não"},
        {"hub_mode": "unsubscribe"},
        {"hub_challenge": ""},
        {"hub_challenge": "9" * 257},
    ],
)
async def test_a_wrong_handshake_is_forbidden(lite: Web, query: dict[str, str]) -> None:
    code, kind, answer = await handshake(lite, **query)
    assert (code, kind, answer) == (403, "text/plain", "Forbidden\n")


# --- Who may speak --------------------------------------------------------------------------------------------------


async def test_the_former_secret_still_counts(lite: Web) -> None:
    assert await lite.whatsapp(body_of([text("wamid.1")]), secret=FORMER_SECRET) == 200
    assert len(await lite.events()) == 1


@pytest.mark.parametrize(
    "signature", ["", "sha256=", "sha256=" + "0" * 64, "sha1=" + "0" * 40, "sha256=é", sign(b"another body")]
)
async def test_unsigned_is_401(lite: Web, signature: str) -> None:
    assert await lite.whatsapp(body_of([text("wamid.1")]), signature=signature) == 401
    assert not await lite.events()
    assert lite.metrics("balcao_webhooks_total") == {'{outcome="unsigned",source="whatsapp"}': 1}


async def test_the_signature_is_over_the_bytes_received(lite: Web) -> None:
    body = body_of([text("wamid.1", "é")])
    escaped = body.replace("é".encode(), b"\\u00e9")
    assert await lite.whatsapp(escaped, signature=sign(body)) == 401
    assert await lite.whatsapp(escaped) == 200


async def test_a_body_over_3_mb_is_413(lite: Web) -> None:
    assert await lite.whatsapp(b"[" + b" " * (3 * MB) + b"]") == 413
    assert await lite.whatsapp(b"[" + b" " * (3 * MB - 2) + b"]") == 200
    assert lite.metrics("balcao_webhooks_total")['{outcome="too_large",source="whatsapp"}'] == 1


@pytest.mark.parametrize("body", [b"", b"oi", b"{", b"\xff\xfe", b"{} {}"])
async def test_what_is_no_json_is_400(lite: Web, body: bytes) -> None:
    assert await lite.whatsapp(body) == 400


async def test_a_packed_body_is_judged_as_it_came(lite: Web) -> None:
    packed = gzip.compress(body_of([text("wamid.1")]))
    for body, signature, code in ((b"no gzip", "", 401), (packed, "", 401), (packed, sign(packed), 400)):
        headers = {"Content-Encoding": "gzip", "X-Hub-Signature-256": signature}
        assert (await lite.post("/webhooks/whatsapp", body, **headers))[0] == code


async def test_a_body_that_breaks_off_is_no_alarm(lite: Web) -> None:
    reader, writer = await asyncio.open_connection(lite.host, lite.port)
    writer.write(b"POST /webhooks/whatsapp HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await lite.get("/health/live"))[0] == 200
    assert not [line for line in lite.logs if line["log_level"] == "error"]
    assert reader.at_eof() or not await reader.read()


# --- What is kept ---------------------------------------------------------------------------------------------------


async def test_three_messages_in_one_body_are_three_events_in_order(web: Web) -> None:
    assert await web.whatsapp(body_of([text(f"wamid.{n}", str(n)) for n in (1, 2, 3)])) == 200
    found = await web.events()
    assert [row.external_id for row in found] == ["wamid.1", "wamid.2", "wamid.3"]
    assert {(row.kind, row.status, row.organization_id) for row in found} == {
        ("message", "pending", web.organization.id)
    }
    assert len(await web.people()) == 1
    assert web.bells.rung == [TURNS]
    assert web.metrics("balcao_webhooks_total") == {'{outcome="accepted",source="whatsapp"}': 1}


async def test_the_same_wamid_in_another_body_is_no_event(web: Web) -> None:
    await web.whatsapp(body_of([text("wamid.1")]))
    again = body_of([text("wamid.1"), text("wamid.2")])
    for _ in range(2):
        assert await web.whatsapp(again) == 200
    assert [row.external_id for row in await web.events()] == ["wamid.1", "wamid.2"]
    assert web.bells.rung == [TURNS] * 3, "what was told twice is looked for in vain"


async def test_a_batch_of_a_thousand(web: Web) -> None:
    people = [f"55119{n % 400:08d}" for n in range(500)]
    told = [text(f"wamid.{n}", sender=sender) for n, sender in enumerate(people)]
    assert await web.whatsapp(body_of(told, [status(f"wamid.out.{n}") for n in range(500)])) == 200
    found = await web.events()
    assert [row.kind for row in found] == ["message"] * 500 + ["statuses"] * 5
    assert sum(len(row.payload["statuses"]) for row in found[500:]) == 500
    assert len(await web.people()) == 400
    assert sorted(web.bells.rung) == [NOTICES, TURNS]


async def test_more_than_meta_promises_is_taken_all_the_same(lite: Web) -> None:
    assert await lite.whatsapp(body_of(statuses=[status(f"wamid.{n}") for n in range(2500)])) == 200
    assert sum(len(row.payload["statuses"]) for row in await lite.events()) == 2500


async def test_a_status_rings_for_notices_only(lite: Web) -> None:
    assert await lite.whatsapp(body_of(statuses=[status("wamid.1")])) == 200
    assert lite.bells.rung == [NOTICES]


async def test_another_number_is_stored_ignored_and_counted(web: Web) -> None:
    assert await web.whatsapp(body_of([text("wamid.1"), text("wamid.2")], number="999")) == 200
    assert [(row.organization_id, row.status, row.contact_id) for row in await web.events()] == [
        (NOBODY, "ignored", None)
    ] * 2
    assert web.metrics("balcao_unknown_phone_number_ids_total") == {"": 2}
    assert not await web.people()


@pytest.mark.parametrize("document", [{}, [], 1, None, "oi", {"entry": [{"changes": [{"value": {"x": 1}}]}]}])
async def test_a_shape_never_seen_is_stored(web: Web, document: object) -> None:
    assert await web.whatsapp(orjson.dumps(document)) == 200
    (row,) = await web.events()
    assert row.kind == "unknown"


async def test_a_body_the_parser_stumbles_over_is_stored_whole(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(body: bytes, now: datetime) -> list[Item]:
        raise ZeroDivisionError

    monkeypatch.setattr(whatsapp, "split", stumble)
    assert await web.whatsapp(b'{"a": "\xff\x00"}') == 200
    (row,) = await web.events()
    assert (row.kind, row.payload) == ("unknown", {"raw": '{"a": "\\xff"}'})


# --- Sharing, and trouble -------------------------------------------------------------------------------------------


async def test_calls_at_once_share_a_commit(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = 0
    run = web.database.run

    async def counting(*args: Any, **kwargs: Any) -> Any:
        nonlocal commits
        commits += 1
        return await run(*args, **kwargs)

    monkeypatch.setattr(web.database, "run", counting)
    bodies = [body_of([text(f"wamid.{n}")]) for n in range(40)]
    assert set(await asyncio.gather(*map(web.whatsapp, bodies))) == {200}
    assert commits < 20
    monkeypatch.undo()
    assert len(await web.events()) == 40


async def test_no_database_is_503_and_the_next_delivery_is_taken(lite: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*args: Any, **kwargs: Any) -> Any:
        raise OperationalError("insert", {}, ConnectionRefusedError())

    body = body_of([text("wamid.1")])
    monkeypatch.setattr(lite.database, "run", away)
    assert await lite.whatsapp(body) == 503
    assert not lite.bells.rung
    monkeypatch.undo()
    assert await lite.whatsapp(body) == 200
    assert lite.metrics("balcao_webhooks_total") == {
        '{outcome="failed",source="whatsapp"}': 1, '{outcome="accepted",source="whatsapp"}': 1,
    }  # fmt: skip


async def test_a_database_without_tables_is_503(tmp_path: Path, sqlite_url: str) -> None:
    async with open_web(sqlite_url) as web:
        async with web.database.engine.begin() as connection:
            await connection.exec_driver_sql("DROP TABLE events")
        assert await web.whatsapp(body_of([text("wamid.1")])) == 503


def mutations() -> st.SearchStrategy[bytes]:
    """A documented body with some bytes changed, or any JSON in the place of any of its parts."""
    scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
    anything = st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    )
    sampled = st.sampled_from(BODIES)
    bent = st.builds(lambda body, at, new: _bent(orjson.loads(body), at, new), sampled, st.integers(0, 60), anything)
    cut = st.builds(
        lambda body, at, new: body[: at % len(body)] + new + body[at % len(body) + 1 :],
        sampled, st.integers(0, 5000), st.binary(max_size=2),
    )  # fmt: skip
    return bent | cut


def _bent(document: Any, at: int, new: Any) -> bytes:
    """The `at`-th node, in reading order, is another value."""
    places = list(_places(document))
    inside, name = places[at % len(places)]
    inside[name] = new
    return orjson.dumps(document, option=orjson.OPT_PASSTHROUGH_DATACLASS, default=str) if _fits(new) else b"{}"


def _fits(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


def _places(node: Any) -> Any:
    for name in node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield node, name
        yield from _places(node[name])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(bodies=st.lists(mutations(), min_size=1, max_size=4))
async def test_a_signed_body_is_never_our_error(web: Web, bodies: Sequence[bytes]) -> None:
    for code in await asyncio.gather(*map(web.whatsapp, bodies)):
        assert code in (200, 400)
