"""A fake bank on a local port, every exchange with it checked against the API Pix, and the clock they share."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from aiohttp import web
from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from bot.gateways.pix.bcb import BcbPix
from handlers.ports import ChargeRequest

KEY = "5f84a4c5-c5cb-4599-9f13-7eb4d419dacc"
CLIENT = ("client-of-tests", "secret-of-tests")
START = datetime(2026, 11, 22, 13, 30, tzinfo=UTC)
TXID = "0192f0c8a7b47c3e9d2f6a1b5c8e7d40"
CPF = "52998224725"

EXCERPT = orjson.loads((Path(__file__).parents[1] / "payloads/pix/api_pix_2.9.0_excerpt.json").read_bytes())
REGISTRY: Registry[Any] = Registry().with_resource(
    "urn:pix", Resource.from_contents(EXCERPT, default_specification=DRAFT4)
)

REQUESTS = {
    ("PUT", "/v2/cob/x"): "CobSolicitada",
    ("PATCH", "/v2/cob/x"): "CobRevisada",
    ("PUT", "/v2/pix/x/devolucao/x"): "DevolucaoSolicitada",
    ("PUT", "/v2/webhook/x"): "WebhookSolicitado",
}
ANSWERS = {
    ("PUT", "/v2/cob/x", 201): "CobGerada",
    ("PATCH", "/v2/cob/x", 200): "CobGerada",
    ("GET", "/v2/cob/x", 200): "CobCompleta",
    ("GET", "/v2/pix", 200): "PixConsultados",
    ("GET", "/v2/pix/x", 200): "Pix",
    ("PUT", "/v2/pix/x/devolucao/x", 201): "Devolucao",
    ("GET", "/v2/pix/x/devolucao/x", 200): "Devolucao",
    ("GET", "/v2/webhook/x", 200): "WebhookCompleto",
}
WITHOUT_BODY = {("PUT", "/v2/webhook/x", 200), ("DELETE", "/v2/webhook/x", 204)}


@dataclass
class MovableClock:
    instant: datetime = START

    def now(self) -> datetime:
        return self.instant

    def forward(self, **span: float) -> None:
        self.instant += timedelta(**span)


def breaches(schema: str, value: object) -> list[str]:
    """What in `value` does not fit a schema of the API Pix."""
    validator = OAS30Validator({"$ref": f"urn:pix#/components/schemas/{schema}"}, registry=REGISTRY)
    return [f"{schema}{error.json_path[1:]}: {error.message}" for error in validator.iter_errors(value)]


def charge(**changes: Any) -> ChargeRequest:
    """A request for a charge of R$ 69,90 good for an hour."""
    usual = {"txid": TXID, "amount": 69_90, "expires_in": timedelta(hours=1), "description": "Mensalidade"}
    return ChargeRequest(**{**usual, **changes})


def driver(session: aiohttp.ClientSession, root: Any, clock: MovableClock, **changes: Any) -> BcbPix:
    """The bank's driver, for a bank at `root` (an address with a trailing slash)."""
    base, token = f"{root}v2/", f"{root}oauth/token"
    return BcbPix(
        session, base, token, *CLIENT, changes.pop("key", KEY), clock, "Clínica São Lucas", "Recife", **changes
    )


class Inspector:
    """Sees every exchange with the bank; `breaches` must be empty in the end."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, int]] = []
        self.breaches: list[str] = []

    def times(self, method: str, path: str) -> int:
        return sum(1 for seen in self.seen if seen[:2] == (method, path))

    def middleware(self) -> Any:
        @web.middleware
        async def inspect(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.Response]]
        ) -> web.StreamResponse:
            raw = await request.read()
            response = await handler(request)
            self._note(request.method, request.path, raw, response)
            return response

        return inspect

    def _note(self, method: str, path: str, raw: bytes, response: web.Response) -> None:
        place = re.sub(r"(?<=/cob/|/pix/|ucao/|hook/)[^/]+", "x", path)
        self.seen.append((method, place, response.status))
        answer = response.body
        if response.content_type == "text/html" or place == "/oauth/token":
            return
        if response.status < 300 and (method, place) in REQUESTS:
            self.breaches += breaches(REQUESTS[method, place], orjson.loads(raw))
        if (method, place, response.status) in WITHOUT_BODY:
            self.breaches += ["a body where none belongs"] if answer else []
            return
        assert isinstance(answer, bytes)
        schema = ANSWERS[method, place, response.status] if response.status < 300 else "Problema"
        self.breaches += breaches(schema, orjson.loads(answer))
