"""The simulator's own web server: the page, the state of the simulated world, and what a visitor does in it.

The application under simulation is not known here, but for `peek`, which tells where its dialogues stand.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import structlog
from aiohttp import web

from bot.gateways.mail import MemoryMail
from bot.gateways.sms import MemorySms
from bot.simulator.bank.fake import FakeBank, PaymentRefused
from bot.simulator.cep import FakeCep
from bot.simulator.clock import MovableClock
from bot.simulator.deeds import Deeds, NotPossible
from bot.simulator.feed import Feed, Parts
from bot.simulator.meta.app import FakeMeta
from bot.simulator.samples import new_person
from bot.simulator.sms import FakeTwilio
from bot.simulator.snapshot import World, gathered
from bot.simulator.switches import Switches

Peek = Callable[[], Awaitable[list[dict[str, Any]]]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PAGE = Path(__file__).parent / "page"
LARGEST_UPLOAD = 16 * 1024 * 1024
_log = structlog.get_logger(__name__)
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: http: https:; "
    "media-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_INLINE = ("image/", "audio/", "video/", "application/pdf")


class Simulator:
    """Holds the fakes and the clock, and serves the page about them.

    `peek` returns a list of `{wa_id, dialogue, state, step, of, beneath, floor, mailbox_depth}`, where `beneath` is the
    dialogue that waits (`{dialogue, state, paused}`) or None; `staff` are the wa_ids of the business's own people and
    partners, who must be registered in `meta` as everyone else.
    """

    def __init__(
        self,
        meta: FakeMeta,
        bank: FakeBank,
        mailbox: MemoryMail,
        sms: FakeTwilio | MemorySms,
        cep: FakeCep,
        clock: MovableClock,
        peek: Peek,
        *,
        business_name: str = "",
        staff: Collection[str] = (),
        chance: random.Random | None = None,
    ) -> None:
        switches = Switches(meta, bank, cep, mailbox, sms)
        name = business_name or bank.books.name
        self.world = World(meta, bank, mailbox, sms, cep, clock, name, staff, switches)
        self._peek = peek
        self._chance = chance or random.Random()
        self._deeds = Deeds(self.world)
        self._feed = Feed(self._look)

    def app(self) -> web.Application:
        """A first person is there when the page opens."""
        app = web.Application(client_max_size=LARGEST_UPLOAD, middlewares=[self._guard])
        app.router.add_get("/", self._index)
        app.router.add_static("/static", PAGE)
        app.router.add_get("/media/{id}", self._media)
        app.router.add_get(r"/mail/{id}/{index:\d+}", self._attachment)
        app.router.add_get("/api/state", self._state)
        app.router.add_get("/api/events", self._feed.serve)
        app.router.add_post("/api/people", self._person)
        app.router.add_post("/api/people/{wa_id}/{deed}", self._deed)
        app.router.add_post("/api/bank/pay", self._pay)
        app.router.add_post("/api/clock", self._clock)
        app.router.add_post("/api/faults", self._faults)
        app.on_startup.append(self._welcome)
        app.on_shutdown.append(self._part)
        app.cleanup_ctx.append(self._feed.running)
        return app

    def add_person(self) -> str:
        """Somebody new with a WhatsApp; their wa_id."""
        people = self.world.meta.state.people
        wa_id, name = new_person({person.wa_id for person in people}, self._chance)
        return self.world.meta.person(wa_id, name).key

    async def _welcome(self, app: web.Application) -> None:
        if not any(person.key not in self.world.staff for person in self.world.meta.state.people):
            self.add_person()

    async def _part(self, app: web.Application) -> None:
        self._feed.stop()

    async def _look(self) -> Parts:
        return {**self.world.parts(), "dialogues": await self._peek()}

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """What a visitor may not do comes back as `{"error": ...}`; other sites' pages may not post here at all."""
        if (
            request.method == "POST"
            and request.content_type != "application/json"
            and "X-Simulator" not in request.headers
        ):
            return _refused("Envie JSON.", 415)
        try:
            response = await handler(request)
        except NotPossible as error:
            return _refused(str(error))
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
            if request.method != "POST":
                raise
            _log.warning("simulator.bad_request", path=request.path, error=type(error).__name__)
            return _refused("Pedido malformado.")
        if not response.prepared:
            response.headers.setdefault("Content-Security-Policy", _POLICY)
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers.setdefault("Cache-Control", "no-cache")
        if request.method == "POST":
            self._feed.hurry()
        return response

    # --- what the page reads ------------------------------------------------------------------------------------------

    async def _index(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(PAGE / "index.html")

    async def _state(self, request: web.Request) -> web.Response:
        state = gathered(await self._look())
        state["clock"]["now"] = self.world.clock.now().isoformat()
        return _json(state)

    async def _media(self, request: web.Request) -> web.Response:
        media = self.world.meta.media.get(request.match_info["id"])
        if media is None:
            raise web.HTTPNotFound
        return _file(media.content, media.mime_type, media.filename)

    async def _attachment(self, request: web.Request) -> web.Response:
        index = int(request.match_info["index"])
        for received in self.world.mailbox.received:
            files = received.mail.attachments
            if received.mail.message_id == request.match_info["id"] and 0 <= index < len(files):
                return _file(files[index].content, files[index].mime_type, files[index].filename)
        raise web.HTTPNotFound

    # --- what a visitor does ------------------------------------------------------------------------------------------

    async def _person(self, request: web.Request) -> web.Response:
        return _json({"wa_id": self.add_person()})

    async def _deed(self, request: web.Request) -> web.Response:
        person = self._deeds.person(request.match_info["wa_id"])
        if request.content_type.startswith("multipart/"):
            return _json({"id": await self._deeds.upload(person, await request.multipart())})
        given = orjson.loads(await request.read() or b"{}")
        return _json({"id": await self._deeds.do(person, request.match_info["deed"], given)})

    async def _pay(self, request: web.Request) -> web.Response:
        given = orjson.loads(await request.read())
        try:
            payments = await self._deeds.pay(str(given["txid"]), str(given.get("mode", "exact")))
        except PaymentRefused as error:
            raise NotPossible.paying(error.reason) from error
        return _json({"payments": [payment.end_to_end_id for payment in payments]})

    async def _clock(self, request: web.Request) -> web.Response:
        now = await self._deeds.forward(float(orjson.loads(await request.read())["seconds"]))
        return _json({"now": now.isoformat()})

    async def _faults(self, request: web.Request) -> web.Response:
        given = orjson.loads(await request.read())
        self.world.switches.turn({str(name): bool(on) for name, on in given.items()})
        await self._deeds.settle()
        return _json(self.world.switches.view())


def _json(body: object) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json")


def _refused(text: str, status: int = 400) -> web.Response:
    return web.Response(status=status, body=orjson.dumps({"error": text}), content_type="application/json")


def _file(content: bytes, mime_type: str, filename: str | None) -> web.Response:
    """Pictures, sounds and PDF open in the browser; anything else, SVG too, is saved and so cannot run."""
    kind = mime_type.split(";")[0].strip().lower()
    shown = kind.startswith(_INLINE) and kind != "image/svg+xml"
    name = f"; filename*=UTF-8''{quote(filename, safe='')}" if filename else ""
    headers = {
        "Content-Disposition": ("inline" if shown else "attachment") + name,
        "Content-Security-Policy": "frame-ancestors 'none'",
        "Cache-Control": "private, max-age=86400",
    }
    return web.Response(body=content, content_type=kind if shown else "application/octet-stream", headers=headers)
