"""The web application: what Meta, banks, partners and whoever watches over us may call. `/v1/…` adds its own routes."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.http import cards, media, payments, pix, whatsapp
from bot.http.answers import json_answer
from bot.http.bodies import LARGEST, Bodies
from bot.http.deps import BODIES, CARD_LIMITER, DEPS, ENDING, INTAKE, READINESS, WebDeps
from bot.http.health import Readiness
from bot.http.intake import Intake
from bot.http.limiter import Limiter
from bot.http.middleware import counted, guard, harden
from bot.metrics import CONTENT_TYPE

log = structlog.get_logger()

IDLE = 75.0
"""Seconds that a connection may be open without a whole request: as long as the proxies in front keep an idle one (a
minute), and an end for those who send their headers byte by byte."""
CARDS_A_MINUTE = 30


class _Nonsense(logging.Filter):
    """aiohttp tells of all that is no HTTP as an error of its own, with the sender's address and words: any stranger
    could fill the log with whatever he likes. It is kept from there, and is one short line for who looks closely."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, HttpProcessingError):
            return True
        log.debug("http.nonsense", error=type(error).__name__)
        return False


_server_log = logging.getLogger("balcao.http")
_server_log.addFilter(_Nonsense())
SERVER: dict[str, Any] = {
    "access_log": None, "handler_cancellation": False, "auto_decompress": False, "logger": _server_log,
}  # fmt: skip
"""What belongs to the server rather than to the application. Signatures are over bodies as they came, and a packed one
of a stranger is not worth unpacking."""
_PIX_PATHS = ("/webhooks/pix", "/webhooks/pix/pix", "/webhooks/pix/{secret}", "/webhooks/pix/{secret}/pix")


def make_app(deps: WebDeps) -> web.Application:
    app = web.Application(client_max_size=LARGEST, middlewares=[guard])
    app[DEPS] = deps
    app[BODIES] = Bodies()
    app[INTAKE] = Intake(deps.database, deps.clock, whatsapp.teller(deps.wake, deps.metrics))
    app[CARD_LIMITER] = Limiter(CARDS_A_MINUTE, timedelta(minutes=1))
    app[READINESS] = Readiness(deps.checks)
    _route(app)
    _common(app)
    app.on_cleanup.append(_close)
    return app


def make_status_app(deps: WebDeps) -> web.Application:
    """What a worker answers: whether it is well and what it counts, nothing else."""
    app = web.Application(middlewares=[guard])
    app[DEPS] = deps
    app[READINESS] = Readiness(deps.checks)
    _route_status(app)
    _common(app)
    return app


def _common(app: web.Application) -> None:
    app[ENDING] = asyncio.Event()
    app.on_response_prepare.append(harden)


def make_runner(app: web.Application, *, shutdown_timeout: float = 10.0, idle: float = IDLE) -> web.AppRunner:
    """aiohttp waits up to twice `shutdown_timeout` seconds for requests under way. `idle` as IDLE says."""
    return web.AppRunner(app, shutdown_timeout=shutdown_timeout, keepalive_timeout=idle, **SERVER)


def _route(app: web.Application) -> None:
    router = app.router
    router.add_get("/webhooks/whatsapp", whatsapp.verify)
    router.add_post("/webhooks/whatsapp", counted("whatsapp", whatsapp.receive))
    for path in _PIX_PATHS:
        router.add_get(path, pix.probe)
        router.add_post(path, counted("pix", pix.receive))
    router.add_post("/v1/webhooks/payments", counted("payments", payments.receive))
    router.add_get("/cards/{token}", cards.show)
    router.add_get("/media/{token}", media.serve)
    _route_status(app)


def _route_status(app: web.Application) -> None:
    app.router.add_get("/health/live", _live)
    app.router.add_get("/health/ready", _ready)
    app.router.add_get("/metrics", _metrics)


async def _live(request: web.Request) -> web.Response:
    return json_answer({"status": "ok"})


async def _ready(request: web.Request) -> web.Response:
    status, body = await request.app[READINESS].report()
    return json_answer(body, status)


async def _metrics(request: web.Request) -> web.Response:
    return web.Response(body=request.app[DEPS].metrics.render(), headers={"Content-Type": CONTENT_TYPE})


async def _close(app: web.Application) -> None:
    await app[INTAKE].close()
