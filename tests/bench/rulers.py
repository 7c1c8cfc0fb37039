"""What the same machine does without Balcão: the yardsticks. `python -m tests.bench.rulers NAME PORT GRAPH SECRET`

signature   checks the signature and says ok: what aiohttp itself can take in
echo        checks, reads, and answers every message at the Graph, remembering nothing: what no desk can be faster than.
            Statuses are read too, and lead to nothing
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import sys
from typing import Any

import orjson
from aiohttp import ClientSession, DummyCookieJar, TCPConnector, web

from tests.bench.measure import run


class Ruler:
    def __init__(self, secret: str, graph: str, session: ClientSession, replies: bool) -> None:
        self._secret = secret.encode()
        self._graph = graph
        self._session = session
        self._replies = replies
        self._under_way: set[asyncio.Task[None]] = set()

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        made = "sha256=" + hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(made, request.headers.get("X-Hub-Signature-256", "")):
            raise web.HTTPUnauthorized
        if self._replies:
            value = orjson.loads(body)["entry"][0]["changes"][0]["value"]
            for message in value.get("messages", ()):
                task = asyncio.create_task(self._reply(value["metadata"]["phone_number_id"], message))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
        return web.Response(text="ok")

    async def _reply(self, number: str, message: dict[str, Any]) -> None:
        answer = {
            "messaging_product": "whatsapp", "to": f"+{message['from']}", "type": "text", "text": message["text"],
            "biz_opaque_callback_data": message["id"],
        }  # fmt: skip
        headers = {"Authorization": "Bearer token", "Content-Type": "application/json"}
        url = f"{self._graph}/v25.0/{number}/messages"
        async with self._session.post(url, data=orjson.dumps(answer), headers=headers) as response:
            orjson.loads(await response.read())


async def serve(name: str, port: int, graph: str, secret: str) -> None:
    async with ClientSession(connector=TCPConnector(limit=0), cookie_jar=DummyCookieJar()) as session:
        app = web.Application()
        app.router.add_post("/webhooks/whatsapp", Ruler(secret, graph, session, name == "echo").receive)
        app.router.add_get("/health/live", _live)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
        await asyncio.Event().wait()


async def _live(request: web.Request) -> web.Response:
    return web.Response(text="ok")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        run(serve(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]))
