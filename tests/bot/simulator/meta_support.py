"""Clock, receiving end and shorthand for tests of the fake Meta."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

import orjson
from aiohttp import web

from bot.simulator.meta.app import FakeMeta
from tests.bot.simulator.meta_samples import NOW

NUMBER = "100000000000001"
SECRET = "app-secret-of-the-fake"


class MovableClock:
    def __init__(self) -> None:
        self.instant = NOW

    def now(self) -> datetime:
        return self.instant

    def forward(self, **span: float) -> None:
        self.instant += timedelta(**span)


class Business:
    """The receiving end: keeps every body whose signature is right, and answers with `statuses` in turn, then 200."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.statuses: list[int] = []
        self.arrived = asyncio.Event()

    async def receive(self, request: web.Request) -> web.Response:
        raw = await request.read()
        wanted = "sha256=" + hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        assert request.headers["X-Hub-Signature-256"] == wanted
        assert raw.isascii()
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.bodies.append(orjson.loads(raw))
            self.arrived.set()
        return web.Response(status=status)

    @property
    def values(self) -> list[dict[str, Any]]:
        return [change["value"] for body in self.bodies for entry in body["entry"] for change in entry["changes"]]

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [message for value in self.values for message in value.get("messages", [])]

    @property
    def statuses_told(self) -> list[tuple[str, str]]:
        return [(status["id"], status["status"]) for value in self.values for status in value.get("statuses", [])]


def to_ana(message: dict[str, Any], opaque: str = "outbox-1") -> dict[str, Any]:
    envelope = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": "+551199990000"}
    return {**envelope, "biz_opaque_callback_data": opaque, **message}


def accepted(meta: FakeMeta, message: dict[str, Any], **envelope: Any) -> str:
    """Wamid of a message that must be taken."""
    status, answer = meta.take({**to_ana(message), **envelope})
    assert status == 200, answer
    return str(answer["messages"][0]["id"])


def refused(meta: FakeMeta, message: dict[str, Any], **envelope: Any) -> int:
    """Code of a message that must not be taken."""
    body = {key: value for key, value in {**to_ana(message), **envelope}.items() if value is not None}
    _, answer = meta.take(body)
    assert "error" in answer, "it was accepted"
    assert meta.refusals[-1][0] == answer["error"]["code"]
    return int(answer["error"]["code"])
