"""What the same machine does without Balcão: the yardsticks. `python -m tests.bench.rulers NAME PORT GRAPH SECRET`

signature   checks the signature and says ok: what aiohttp itself can take in
echo        checks, reads, and answers every message at the Graph, remembering nothing: what no desk can be faster than
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

import orjson
from aiohttp import ClientSession, web

from bot.gateways.whatsapp import GraphWhatsApp, make_session
from bot.http.app import make_runner
from bot.http.whatsapp import is_signed
from handlers.ports import Address
from tests.bench.measure import run


class Ruler:
    def __init__(self, secret: str, graph: str, session: ClientSession, replies: bool) -> None:
        self._secret = secret.encode()
        self._gateway = GraphWhatsApp(session, graph, "v25.0", "token")
        self._replies = replies
        self._under_way: set[asyncio.Task[None]] = set()

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not is_signed(body, request.headers.get("X-Hub-Signature-256", ""), [self._secret]):
            raise web.HTTPUnauthorized
        if self._replies:
            task = asyncio.create_task(self._reply(body))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return web.Response(text="ok")

    async def _reply(self, body: bytes) -> None:
        value = orjson.loads(body)["entry"][0]["changes"][0]["value"]
        for message in value.get("messages", ()):
            answer = {"type": "text", "text": {"body": message.get("text", {}).get("body", "")}}
            number = value["metadata"]["phone_number_id"]
            await self._gateway.send(number, Address(phone=message["from"]), answer, opaque=message["id"])


async def serve(name: str, port: int, graph: str, secret: str) -> None:
    async with make_session() as session:
        app = web.Application()
        app.router.add_post("/webhooks/whatsapp", Ruler(secret, graph, session, name == "echo").receive)
        app.router.add_get("/health/live", _live)
        runner = make_runner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()


async def _live(request: web.Request) -> web.Response:
    return web.Response(text="ok")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        run(serve(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]))
