"""What holds for every request: ids, errors that tell nothing, headers, health and metrics."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import select, update

from bot.http.health import Check, Readiness, usual_checks
from bot.http.links import card_url
from storage.base import new_id
from storage.tables.organizations import channel_numbers, organizations
from storage.vault import Vault
from tests.bot.http_support import Web, body_of, open_web, text
from tests.factories import VAULT, organization


@pytest.fixture
async def web(sqlite_url: str) -> AsyncIterator[Web]:
    async with open_web(sqlite_url) as opened:
        yield opened


def broken(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next request meets a bug."""

    async def fail(*args: Any, **kwargs: Any) -> Any:
        raise ZeroDivisionError("ana@example.com")

    monkeypatch.setattr(web.database, "run", fail)


# --- Every request --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["abc-1.Z_9", "a" * 64])
async def test_a_request_id_comes_back(web: Web, given: str) -> None:
    async with web.client.get("/health/live", headers={"X-Request-Id": given}) as answer:
        assert answer.headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "a b", "é", "a" * 65, '"x"'])
async def test_a_strange_request_id_is_replaced(web: Web, given: str) -> None:
    async with web.client.get("/nowhere", headers={"X-Request-Id": given}) as answer:
        assert UUID(answer.headers["X-Request-Id"]).version == 7


@pytest.mark.parametrize("path", ["/health/live", "/nowhere", "/cards/x.y", "/webhooks/pix"])
async def test_headers_of_every_answer(web: Web, path: str) -> None:
    async with web.client.get(path) as answer:
        headers = answer.headers
    assert headers["Server"] == "balcao"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Cache-Control"] == "no-store"


async def test_errors_in_plain_text_and_in_the_envelope(web: Web) -> None:
    assert await web.get("/nowhere") == (404, "Not Found\n")
    assert await web.post("/metrics", b"") == (405, "Method Not Allowed\n")
    async with web.client.post("/health/live") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD")
    code, body = await web.get("/v1/nowhere", **{"X-Request-Id": "abc"})
    assert (code, orjson.loads(body)) == (404, {
        "success": False,
        "error": {"code": "NOT_FOUND", "message": "Não encontrado", "details": []},
        "meta": {"requestId": "abc", "timestamp": "2026-11-23T13:00:00Z"},
    })  # fmt: skip


async def test_a_bug_is_logged_and_tells_nothing(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    path = card_url("", web.deps.vault, "key")
    broken(web, monkeypatch)
    code, body = await web.get(path)
    assert code == 500
    assert orjson.loads(body)["error"] == {"code": "INTERNAL_ERROR", "message": "Erro interno", "details": []}
    (line,) = [line for line in web.logs if line["log_level"] == "error"]
    assert (line["event"], line["route"]) == ("http.failed", "/cards/{token}")


async def test_log_lines_name_the_route_not_the_address(web: Web, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await web.get("/cards/secret.tag?name=Ana", **{"X-Request-Id": "abc"})
    await web.get("/Ana/5511900000001")
    lines = [line for line in web.logs if line["event"] == "http.request"]
    assert [(line["method"], line["route"], line["status"], line["log_level"]) for line in lines] == [
        ("GET", "/cards/{token}", 404, "debug"), ("GET", "unmatched", 404, "debug"),
    ]  # fmt: skip
    assert "Ana" not in str(web.logs)
    assert "secret" not in str(web.logs)


async def test_head_is_answered(web: Web) -> None:
    async with web.client.head("/health/live") as answer:
        assert answer.status == 200


# --- Health and metrics ---------------------------------------------------------------------------------------------


async def test_alive_even_without_a_database(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(web, monkeypatch)
    assert await web.get("/health/live") == (200, '{"status":"ok"}')
    code, body = await web.get("/health/ready")
    assert (code, orjson.loads(body)) == (503, {
        "status": "unavailable",
        "checks": {"database": "ZeroDivisionError", "schema": "ok", "organizations": "ZeroDivisionError",
                   "whatsapp_numbers": "ZeroDivisionError", "disk": "ZeroDivisionError"},
    })  # fmt: skip


async def test_ready(database_url: str) -> None:
    async with open_web(database_url) as web:
        code, body = await web.get("/health/ready")
    told = orjson.loads(body)
    if told["checks"].pop("database_role", None):  # The tests' own role is a superuser.
        told["status"] = {"degraded": "ok"}[told["status"]]
    assert told["checks"].pop("disk", "ok") == "ok"
    assert (code, told) == (200, {
        "status": "ok", "checks": {"database": "ok", "schema": "ok", "organizations": "ok", "whatsapp_numbers": "ok"}
    })  # fmt: skip


async def test_businesses_of_another_secret_key_are_told(web: Web) -> None:
    await organization(web.database)
    key = Vault(["the key of another installation"]).new_data_key(new_id())
    one = select(organizations.c.id).limit(1).scalar_subquery()
    sealed = update(organizations).where(organizations.c.id == one).values(data_key=key)
    await web.database.run(lambda tx: tx.run(sealed), org=None)
    code, body = await web.get("/health/ready")
    assert (code, orjson.loads(body)["status"]) == (200, "degraded")
    assert orjson.loads(body)["checks"]["organizations"].startswith("1 of 2 cannot be read")
    assert "BALCAO_SECRET_KEY" in body


async def test_a_stopped_number_is_told_and_webhooks_go_on(web: Web) -> None:
    await web.database.run(lambda tx: tx.run(update(channel_numbers).values(status="stopped")), org=None)
    code, body = await web.get("/health/ready")
    assert (code, orjson.loads(body)["status"]) == (200, "degraded")
    assert orjson.loads(body)["checks"]["whatsapp_numbers"] == "1 stopped"
    assert await web.whatsapp(body_of([text("wamid.1")])) == 200


async def test_an_old_schema_is_not_ready(web: Web) -> None:
    async with web.database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    code, body = await web.get("/health/ready")
    assert code == 503
    assert orjson.loads(body)["checks"]["schema"].startswith("the database is at schema 0001, this version needs ")


async def test_a_newer_schema_is_ready_unless_it_leaves_this_version_behind(web: Web) -> None:
    async with web.database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert (await web.get("/health/ready"))[0] == 200
    async with web.database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE schema_floor SET revision = '9998'")
    code, body = await web.get("/health/ready")
    assert code == 503
    assert "leaves this version" in orjson.loads(body)["checks"]["schema"]


async def test_losing_redis_is_told_only(web: Web) -> None:
    async def ping() -> None:
        raise ConnectionRefusedError

    status, told = await Readiness(usual_checks(web.database, VAULT, ping)).report()
    assert (status, told["status"]) == (200, "degraded")
    assert told["checks"] == {
        "database": "ok", "schema": "ok", "organizations": "ok", "whatsapp_numbers": "ok", "disk": "ok",
        "redis": "ConnectionRefusedError",
    }  # fmt: skip


async def test_a_check_that_hangs_is_asked_once() -> None:
    gate, asked = asyncio.Event(), []

    async def hang() -> None:
        asked.append(True)
        await gate.wait()

    readiness = Readiness([Check("database", hang, vital=True)], deadline=0.01)
    for _ in range(2):
        assert await readiness.report() == (
            503, {"status": "unavailable", "checks": {"database": "no answer in time"}}
        )  # fmt: skip
    assert len(asked) == 1
    gate.set()
    assert (await readiness.report())[0] == 200


async def test_metrics_are_served(web: Web) -> None:
    await web.whatsapp(body_of([text("wamid.1")]))
    async with web.client.get("/metrics") as answer:
        assert answer.content_type == "text/plain"
        assert 'balcao_webhooks_total{outcome="accepted",source="whatsapp"} 1.0' in await answer.text()
