"""Around every request: its id, its one log line (no address, no body), and an answer without secrets when it fails."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable
from time import perf_counter

import structlog
from aiohttp import web
from uuid_utils import uuid7

from bot.http.answers import OUTCOME, REQUEST_ID, error_answer, text_answer
from bot.http.deps import DEPS, ENDING
from bot.logs import REQUEST

log = structlog.get_logger()
_EVERY = logging.getLogger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_KEPT = ("Allow", "Location", "Retry-After")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
_OUTCOMES = {400: "malformed", 401: "unsigned", 403: "unsigned", 408: "too_slow", 413: "too_large"}


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Outermost: whatever happens within, a caller gets an answer that carries the request's id."""
    given = request.headers.get("X-Request-Id", "")
    request[REQUEST_ID] = request_id = given if given and _ID.fullmatch(given) else str(uuid7())
    began = perf_counter()
    under_way = REQUEST.set(request_id)
    try:
        answer = await _answer(request, handler)
        if _EVERY.isEnabledFor(logging.DEBUG):  # Asked first: a line that nobody wants costs as much as a small answer.
            spent = round((perf_counter() - began) * 1000, 1)
            log.debug("http.request", method=request.method, route=route_of(request), status=answer.status, ms=spent)
    finally:
        REQUEST.reset(under_way)
    if not answer.prepared:
        answer.headers["X-Request-Id"] = request_id
    return answer


async def harden(request: web.Request, answer: web.StreamResponse) -> None:
    """Headers of every answer (`on_response_prepare`); a handler's own win. The last one on a connection says so."""
    if request.app[ENDING].is_set():
        answer.force_close()
    answer.headers["Server"] = "balcao"
    for name, value in _HEADERS.items():
        answer.headers.setdefault(name, value)


def counted(source: str, handler: Handler) -> Handler:
    """A webhook's handler with its outcome and its time in the metrics."""

    async def work(request: web.Request) -> web.StreamResponse:
        began = perf_counter()
        outcome = "failed"
        try:
            answer = await handler(request)
            outcome = answer.get(OUTCOME) or outcome_of(answer.status)
        except web.HTTPException as refusal:
            outcome = outcome_of(refusal.status)
            raise
        finally:
            request.app[DEPS].metrics.webhook(source, outcome, perf_counter() - began)
        return answer

    return work


def outcome_of(status: int) -> str:
    return "accepted" if status < 400 else _OUTCOMES.get(status, "failed")


def route_of(request: web.Request) -> str:
    """The route's template: an address may hold a token."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unmatched"


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        answer = _error(request, refusal.status)
        answer.headers.update({name: refusal.headers[name] for name in _KEPT if name in refusal.headers})
        return answer
    except (web.RequestPayloadError, ConnectionError):
        return _error(request, 400)  # The body broke off or is not encoded as it says.
    except Exception:
        log.exception("http.failed", method=request.method, route=route_of(request))
        return error_answer(request, 500, request.app[DEPS].clock.now())


def _error(request: web.Request, status: int) -> web.Response:
    if request.path.startswith("/v1/"):
        return error_answer(request, status, request.app[DEPS].clock.now())
    return text_answer(f"{web.Response(status=status).reason}\n", status)
