"""The world around the processes under test, served over real HTTP and SMTP: Meta, a bank, mailboxes, a directory of
streets. They keep their own books; the verdict compares them with ours.

Meta's webhooks leave as the real ones do: several at once, statuses in batches, some twice, and those that got no 200
again and again (here with waits of 0.1 to 2 s instead of seconds to hours).
"""

from __future__ import annotations

import asyncio
import email
import random
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.gateways.whatsapp import make_session
from bot.http.app import make_runner
from bot.simulator.bank.fake import FakeBank
from bot.simulator.cep import FakeCep
from bot.simulator.meta.app import FakeMeta
from bot.simulator.meta.courier import Courier, Parcel, Update, serialise
from bot.simulator.meta.people import Person as Phone
from bot.simulator.meta.state import Bubble
from bot.simulator.meta.templates import Template
from bot.wiring import SystemClock

GATHER = 0.03
"""Seconds for which statuses are gathered into one call."""
FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0
"""Seconds between two tries of a webhook: doubled each time."""
TWICE = 0.03
"""Share of webhooks that Meta delivers again though they were taken."""
BANK_LOOKS = 0.1
BANK_WAITS = 1.0
"""Seconds: how often callbacks leave, and how long those wait that nobody took."""
SECRETS = {"app": "the app's secret", "graph": "the graph's token", "bank": "the bank's secret"}
NUMBER, ACCOUNT, DISPLAY = "106540352242922", "102290129340398", "5511999990000"
PIX_KEY = "123e4567-e89b-12d3-a456-426655440000"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A message that Meta took: when, its wamid, its `biz_opaque_callback_data`, and who it was for."""

    at: float
    wamid: str
    opaque: str
    person: str


class Post(Courier):
    """Meta's way of delivering webhooks. Notes when what was answered 200 for the first time."""

    addresses: Sequence[str] = ()
    chance: random.Random = random.Random(0)

    def open(self, addresses: Sequence[str], chance: random.Random) -> None:
        self.addresses, self.chance = addresses, chance
        self.taken: dict[str, float] = {}
        """By wamid of a person's message."""
        self.statuses: set[tuple[str, str]] = set()
        """Opaque data and status of those that were taken."""
        self.told: dict[str, float] = {}
        """By opaque data: the first status that carried it."""
        self.refused = 0
        self.under_way: set[asyncio.Task[None]] = set()
        self._gathered: list[Update] = []

    def put(self, updates: list[Update]) -> None:
        """Statuses: they leave together with those that come up within a moment."""
        if not self._gathered:
            self._spawn(self._gather())
        self._gathered += updates

    async def post_now(self, updates: list[Update]) -> None:
        self._spawn(self._until_taken(updates))

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)

    async def _gather(self) -> None:
        await asyncio.sleep(GATHER)
        updates, self._gathered = self._gathered, []
        await self._until_taken(updates)

    async def _until_taken(self, updates: list[Update]) -> None:
        parcel, wait = Parcel(updates, self.clock.now()), FIRST_WAIT
        while not await self._try(parcel):
            self.refused += 1
            await asyncio.sleep(wait * self.chance.uniform(0.7, 1.3))
            wait = min(wait * 2, LONGEST_WAIT)
        if self.chance.random() < TWICE:
            await self._try(parcel)

    async def _try(self, parcel: Parcel) -> bool:
        self.webhook_url = f"{self.chance.choice(self.addresses)}/webhooks/whatsapp"
        taken = await self._post(serialise(self._envelope(parcel.updates)))
        self.log.clear()  # An hour of bodies would fill the memory.
        if taken:
            self._note(parcel.updates)
        return taken

    def _note(self, updates: Sequence[Update]) -> None:
        now = time.time()
        for update in updates:
            if update.kind == "messages":
                self.taken.setdefault(update.item["id"], now)
                continue
            opaque = update.item.get("biz_opaque_callback_data", "")
            self.statuses.add((opaque, update.item["status"]))
            self.told.setdefault(opaque, now)


class Meta(FakeMeta):
    """Notes every message it takes, and lets people know that their phone rang."""

    def __init__(self, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        self.accepted: list[Acceptance] = []
        self.rings: dict[str, Callable[[Bubble], None]] = {}
        plain = self.courier
        self.post = Post(
            plain.clock, plain.app_secret, plain.webhook_url, plain.session, plain.faults, plain.account_id,
            plain.metadata, plain.sleep,
        )  # fmt: skip
        self.courier = self.post

    def _remember(self, person: Phone, bubble: Bubble, template: Template | None) -> None:
        super()._remember(person, bubble, template)
        self.accepted.append(Acceptance(time.time(), bubble.id, bubble.opaque or "", person.key))
        ring = self.rings.get(person.key)
        if ring is not None:
            ring(bubble)


class Mailboxes:
    """An SMTP server's handler: mails by recipient, and codes that are found in them."""

    def __init__(self) -> None:
        self.codes: dict[str, list[str]] = {}
        self.ids: dict[str, int] = {}
        """Message-IDs, with how often each came."""
        self.rings: dict[str, Callable[[], None]] = {}

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message = email.message_from_bytes(content, _class=EmailMessage, policy=default)
        name = str(message["Message-ID"])
        self.ids[name] = self.ids.get(name, 0) + 1
        body = message.get_body(("plain",))
        found = re.search(r"\b(\d{6})\b", body.get_content() if body is not None else "")
        for recipient in envelope.rcpt_tos:
            if found:
                self.codes.setdefault(recipient, []).append(found[1])
            if (ring := self.rings.get(recipient)) is not None:
                ring()
        return "250 OK"


@dataclass(slots=True)
class Outside:
    meta: Meta
    bank: FakeBank
    cep: FakeCep
    mail: Mailboxes
    environment: dict[str, str]
    """Settings that let Balcão find all this."""
    addresses: list[str] = field(default_factory=list)
    """Where Balcão listens."""

    def at_rest(self) -> bool:
        """Nobody has anything left to tell."""
        return not self.meta.post.under_way and not self.bank.callbacks._queue


@asynccontextmanager
async def opened(addresses: Sequence[str], chance: random.Random) -> AsyncIterator[Outside]:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(make_session())
        clock = SystemClock()
        meta = Meta(clock, SECRETS["app"], "", session, NUMBER, ACCOUNT, SECRETS["graph"], DISPLAY)
        meta.post.open(addresses, chance)
        meta.state.pace.mps = 1000
        bank = FakeBank(clock, PIX_KEY, "chaos", SECRETS["bank"], session, receiver_name="CARTAO AURORA")
        cep, mail = FakeCep(), Mailboxes()
        places = [await _serve(stack, app) for app in (meta.app(), bank.app(), cep.app())]
        port = await _mail_server(stack, mail)
        outside = Outside(meta, bank, cep, mail, _environment(places, port, addresses[0]), list(addresses))
        pump = asyncio.create_task(_callbacks(bank, addresses, chance), name="chaos-bank")
        stack.push_async_callback(_cancelled, pump)
        stack.push_async_callback(_all_cancelled, meta.post)
        yield outside


async def _callbacks(bank: FakeBank, addresses: Sequence[str], chance: random.Random) -> None:
    """The bank calls, now at one address and now at another."""
    while True:
        bank.set_webhook(f"{chance.choice(addresses)}/webhooks/pix")
        await bank.settle()
        await asyncio.sleep(BANK_WAITS if bank.callbacks._queue else BANK_LOOKS)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _all_cancelled(post: Post) -> None:
    for task in list(post.under_way):
        await _cancelled(task)


async def _serve(stack: AsyncExitStack, app: web.Application) -> str:
    runner = make_runner(app, shutdown_timeout=1.0)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


async def _mail_server(stack: AsyncExitStack, mail: Mailboxes) -> int:
    loop = asyncio.get_running_loop()
    connections: list[SMTP] = []

    def connection() -> SMTP:
        connections.append(SMTP(mail, hostname="mx.exemplo.com.br", loop=loop))
        return connections[-1]

    server = await loop.create_server(connection, "127.0.0.1", 0)

    async def close() -> None:
        server.close()
        for one in connections:
            if one.transport is not None:
                one.transport.close()

    stack.push_async_callback(close)
    return int(server.sockets[0].getsockname()[1])


def _environment(places: Sequence[str], mail_port: int, public: str) -> dict[str, str]:
    graph, bank, cep = places
    return {
        "BALCAO_PUBLIC_URL": public,
        "BALCAO_SECRET_KEY": "chaos-chaos-chaos-chaos-chaos-chaos-chaos",
        "BALCAO_WHATSAPP_GRAPH_URL": graph,
        "BALCAO_WHATSAPP_APP_SECRET": SECRETS["app"],
        "BALCAO_WHATSAPP_VERIFY_TOKEN": "verify",
        "BALCAO_WHATSAPP_TOKEN": SECRETS["graph"],
        "BALCAO_WHATSAPP_PHONE_NUMBER_ID": NUMBER,
        "BALCAO_WHATSAPP_BUSINESS_ACCOUNT_ID": ACCOUNT,
        "BALCAO_WHATSAPP_MESSAGES_PER_SECOND": "1000",
        "BALCAO_PIX_DRIVER": "bcb",
        "BALCAO_PIX_KEY": PIX_KEY,
        "BALCAO_PIX_MERCHANT_NAME": "CARTAO AURORA",
        "BALCAO_PIX_MERCHANT_CITY": "SAO PAULO",
        "BALCAO_PIX_BASE_URL": f"{bank}/v2",
        "BALCAO_PIX_TOKEN_URL": f"{bank}/oauth/token",
        "BALCAO_PIX_CLIENT_ID": "chaos",
        "BALCAO_PIX_CLIENT_SECRET": SECRETS["bank"],
        "BALCAO_CEP_URL": f"{cep}/ws",
        "BALCAO_SMTP_URL": f"smtp://127.0.0.1:{mail_port}",
        "BALCAO_MAIL_FROM": "balcao@exemplo.com.br",
        "BALCAO_LOG_LEVEL": "WARNING",
    }
