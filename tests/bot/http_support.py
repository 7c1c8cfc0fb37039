"""The web application over a database of a test's own, and signed webhook bodies for it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from uuid import UUID

import orjson
from aiohttp import ClientSession, web
from sqlalchemy import select
from structlog.testing import capture_logs
from structlog.typing import EventDict

from bot.http.app import make_app, make_runner
from bot.http.deps import WebDeps
from bot.http.health import usual_checks
from bot.metrics import Metrics
from handlers.facts import Organization
from storage.base import new_id
from storage.tables.contacts import contacts
from storage.tables.organizations import channel_numbers
from storage.tables.queues import events
from storage.unit_of_work import Database, make_engine
from tests.clock import FrozenClock
from tests.factories import VAULT, organization

NUMBER, ACCOUNT = "106540352242922", "102290129340398"
SECRET, FORMER_SECRET = b"the app's secret", b"the app's former secret"
VERIFY_TOKEN = "a token for the handshake"
PUBLIC_URL = "https://balcao.example"


class Bells:
    """A wake that remembers."""

    def __init__(self) -> None:
        self.rung: list[str] = []

    def ring(self, topic: str) -> None:
        self.rung.append(topic)

    def hush(self, topic: str) -> None:
        raise NotImplementedError

    async def wait(self, topic: str, timeout: float) -> None:  # noqa: ASYNC109
        raise NotImplementedError


@dataclass(slots=True)
class Web:
    """A running application and what stands behind it."""

    client: ClientSession
    host: str
    port: int
    deps: WebDeps
    bells: Bells
    clock: FrozenClock
    organization: Organization
    logs: Sequence[EventDict]

    @property
    def database(self) -> Database:
        return self.deps.database

    async def whatsapp(self, body: bytes, *, secret: bytes = SECRET, signature: str | None = None) -> int:
        """Post a body as Meta does; the status."""
        headers = {"X-Hub-Signature-256": sign(body, secret) if signature is None else signature}
        async with self.client.post("/webhooks/whatsapp", data=BytesIO(body), headers=headers) as answer:
            return answer.status

    async def post(self, path: str, body: bytes, **headers: str) -> tuple[int, str]:
        async with self.client.post(path, data=BytesIO(body), headers=headers) as answer:
            return answer.status, await answer.text()

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        async with self.client.get(path, headers=headers) as answer:
            return answer.status, await answer.text()

    async def events(self) -> Sequence[Any]:
        return await self.database.run(
            lambda tx: tx.all(select(events).order_by(events.c.id)), org=None, read_only=True
        )

    async def people(self) -> Sequence[Any]:
        return await self.database.run(lambda tx: tx.all(select(contacts)), org=None, read_only=True)

    def metrics(self, name: str) -> dict[str, float]:
        """Samples of a metric that are not zero, by their labels."""
        lines = self.deps.metrics.render().decode().splitlines()
        samples = [line.rpartition(" ") for line in lines if line.startswith(name)]
        return {labels.removeprefix(name): float(value) for labels, _, value in samples if float(value)}


@asynccontextmanager
async def open_web(url: str, **changes: Any) -> AsyncIterator[Web]:
    """`changes` replace fields of the WebDeps."""
    database, clock, bells = Database(make_engine(url, pool_size=4)), FrozenClock(), Bells()
    shop = await organization(database)
    await database.run(lambda tx: tx.add(channel_numbers, number_row(shop.id, clock)), org=None)

    usual: dict[str, Any] = {
        "database": database, "vault": VAULT, "clock": clock, "wake": bells, "metrics": Metrics(),
        "app_secrets": [SECRET, FORMER_SECRET], "verify_token": VERIFY_TOKEN, "pix_webhook_secret": None,
        "public_url": PUBLIC_URL, "checks": usual_checks(database, VAULT),
    }  # fmt: skip
    deps = WebDeps(**{**usual, **changes})
    try:
        with capture_logs() as logs:
            async with serving(deps) as (host, port), ClientSession(f"http://{host}:{port}") as client:
                yield Web(client, host, port, deps, bells, clock, shop, logs)
    finally:
        await database.close()


@asynccontextmanager
async def serving(deps: WebDeps) -> AsyncIterator[tuple[str, int]]:
    """On a free port, by the runner of production."""
    runner = make_runner(make_app(deps), shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield host, port
    finally:
        await runner.cleanup()


def number_row(organization_id: UUID, clock: FrozenClock) -> dict[str, Any]:
    return {
        "id": new_id(), "organization_id": organization_id, "phone_number_id": NUMBER,
        "business_account_id": ACCOUNT, "display_number": "551140028922", "created_at": clock.now(),
    }  # fmt: skip


def sign(body: bytes, secret: bytes = SECRET) -> str:
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def text(wamid: str, said: str = "oi", sender: str = "5511900000001") -> dict[str, Any]:
    return {"from": sender, "id": wamid, "timestamp": "1764000000", "type": "text", "text": {"body": said}}


def status(wamid: str, state: str = "delivered") -> dict[str, Any]:
    return {"id": wamid, "status": state, "timestamp": "1764000000", "recipient_id": "5511900000001"}


def body_of(
    messages: Sequence[dict[str, Any]] = (), statuses: Sequence[dict[str, Any]] = (), *, number: str = NUMBER
) -> bytes:
    value: dict[str, Any] = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": number}}
    value |= {"messages": list(messages)} if messages else {}
    value |= {"statuses": list(statuses)} if statuses else {}
    entry = {"id": ACCOUNT, "changes": [{"field": "messages", "value": value}]}
    return orjson.dumps({"object": "whatsapp_business_account", "entry": [entry]})
