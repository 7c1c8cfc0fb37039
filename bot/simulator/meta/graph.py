"""The Graph endpoints of the fake Meta, over HTTP."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import BodyPartReader, web

from bot.simulator.meta.answers import error_answer
from bot.simulator.meta.limits_media import upload_problem

if TYPE_CHECKING:
    from bot.simulator.meta.app import FakeMeta

LINK_LIFE = timedelta(minutes=5)
LARGEST_BODY = 101 * 1024 * 1024
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Graph:
    """Speaks HTTP; what is decided is decided by `FakeMeta`."""

    def __init__(self, meta: FakeMeta) -> None:
        self._meta = meta
        self._links: dict[str, tuple[str, datetime]] = {}

    def app(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_BODY, middlewares=[self._guard])
        version = r"/{version:v\d+\.\d+}"
        app.router.add_post(version + "/{number}/messages", self._messages)
        app.router.add_post(version + "/{number}/media", self._upload)
        app.router.add_get(version + "/{node}", self._node)
        app.router.add_delete(version + "/{node}", self._delete)
        app.router.add_get("/attachments/{link}", self._attachment)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Slowness, outage and the token come before anything else."""
        faults = self._meta.faults
        if faults.slow > 0:
            await self._meta.sleep(faults.slow)
        if faults.down:
            return self._refuse(131016, "Service is temporarily unavailable")
        authorization = request.headers.get("Authorization", "")
        if not authorization:
            return self._refuse(200, "An access token is required to request this resource")
        if not secrets.compare_digest(authorization.encode(), f"Bearer {self._meta.access_token}".encode()):
            return self._refuse(190, "Error validating access token")
        if request.match_info.get("number", self._meta.phone_number_id) != self._meta.phone_number_id:
            return self._refuse(33, "The business phone number does not exist or has been deleted")
        return await handler(request)

    def _refuse(self, code: int, details: str) -> web.Response:
        self._meta.note_refusal(code, details, None)
        return _answer(*error_answer(code, details))

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        try:
            body = orjson.loads(await request.read())
        except orjson.JSONDecodeError:
            return self._refuse(100, "The body is not JSON")
        if isinstance(body, dict) and "status" in body:
            return _answer(*self._meta.mark_read(body))
        status, answer = self._meta.take(body)
        if status == 200 and self._meta.faults.drops_answer():
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        if status == 200 and self._meta.faults.garbles_answer():
            return web.Response(body=orjson.dumps(answer)[:20], content_type="application/json")
        return _answer(status, answer)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        if not request.content_type.startswith("multipart/"):
            return self._refuse(100, "The body must be multipart/form-data")
        product, content, mime_type, filename = "", None, "", None
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                continue
            if part.name == "messaging_product":
                product = await part.text()
            if part.name == "file":
                content, filename = await part.read(), part.filename
                mime_type = part.headers.get("Content-Type", "application/octet-stream")
        if product != "whatsapp" or content is None:
            return self._refuse(100, "messaging_product and file are required")
        code = self._meta.faults.next_code()
        if code is not None:
            return self._refuse(code, "asked for by the simulator")
        problem = upload_problem(bytes(content), mime_type)
        if problem is not None:
            return self._refuse(100, problem)
        media = self._meta.state.store_media(bytes(content), mime_type, filename, self._meta.clock.now())
        return _answer(200, {"id": media.id})

    async def _node(self, request: web.Request) -> web.StreamResponse:
        node = request.match_info["node"]
        if node == self._meta.phone_number_id:
            return _answer(200, self._number(request.query.get("fields")))
        media = self._meta.state.usable_media(node, self._meta.clock.now())
        if media is None:
            return self._refuse(100, f"Object with ID '{node}' does not exist")
        link = secrets.token_urlsafe(24)
        self._links[link] = (media.id, self._meta.clock.now() + LINK_LIFE)
        answer = {
            "messaging_product": "whatsapp",
            "url": f"{request.url.origin()}/attachments/{link}",
            "mime_type": media.mime_type,
            "sha256": media.sha256,
            "file_size": len(media.content),
            "id": media.id,
        }
        return _answer(200, answer)

    def _number(self, fields: str | None) -> dict[str, Any]:
        known: dict[str, Any] = {
            "display_phone_number": self._meta.display_phone_number,
            "verified_name": "Simulador",
            "quality_rating": "GREEN",
            "status": "CONNECTED",
            "throughput": {"level": "HIGH" if self._meta.state.pace.mps > 80 else "STANDARD"},
        }
        wanted = (fields or "display_phone_number,verified_name,quality_rating").split(",")
        return {**{name: known[name] for name in wanted if name in known}, "id": self._meta.phone_number_id}

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        if self._meta.state.media.pop(request.match_info["node"], None) is None:
            return self._refuse(100, "Object does not exist")
        return _answer(200, {"success": True})

    async def _attachment(self, request: web.Request) -> web.StreamResponse:
        media_id, until = self._links.get(request.match_info["link"], ("", self._meta.clock.now()))
        media = self._meta.state.media.get(media_id)
        if media is None or self._meta.clock.now() >= until:
            return web.Response(status=404)
        return web.Response(body=media.content, content_type=media.mime_type.split(";")[0])


def _answer(status: int, body: dict[str, Any]) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")
