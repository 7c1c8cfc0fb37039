"""The simulator around a business that is nothing but a script: what its page and its server are tested with."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.gateways.mail import MemoryMail
from bot.gateways.sms import MemorySms
from bot.simulator.bank.fake import FakeBank
from bot.simulator.cep import FakeCep
from bot.simulator.clock import MovableClock
from bot.simulator.meta.app import FakeMeta
from bot.simulator.meta.people import Person
from bot.simulator.meta.templates import authentication_template
from bot.simulator.samples import photo
from bot.simulator.server import Simulator
from handlers.ports import Attachment, Mail

KEY = "123e4567-e12b-12d1-a456-426655440000"
TXID = "CT00000000000000000000000001"
STAFF = "5511990000000"
PRICE = 10980
Message = dict[str, Any]


def amount(cents: int) -> dict[str, int]:
    return {"value": cents, "offset": 100}


def buttons(text: str, *titles: str) -> Message:
    replies = [{"type": "reply", "reply": {"id": f"b:{title}", "title": title}} for title in titles]
    content = {
        "type": "button",
        "body": {"text": text},
        "footer": {"text": "Digite menu"},
        "action": {"buttons": replies},
    }
    return {"type": "interactive", "interactive": content}


def plans() -> Message:
    rows = [{"id": "r:1", "title": "Essencial", "description": "R$ 39,90"}, {"id": "r:2", "title": "Família"}]
    action = {"button": "Ver planos", "sections": [{"title": "Planos", "rows": rows}]}
    return {"type": "interactive", "interactive": {"type": "list", "body": {"text": "Qual plano?"}, "action": action}}


def order(code: str) -> Message:
    pix = {"code": code, "merchant_name": "Teste", "key": KEY, "key_type": "EVP"}
    item = {"retailer_id": "p", "name": "Plano Família", "amount": amount(PRICE), "quantity": 1}
    parameters = {
        "reference_id": "CT-1",
        "type": "digital-goods",
        "payment_type": "br",
        "payment_settings": [{"type": "pix_dynamic_code", "pix_dynamic_code": pix}],
        "currency": "BRL",
        "total_amount": amount(PRICE),
        "order": {"status": "pending", "tax": amount(0), "items": [item], "subtotal": amount(PRICE)},
    }
    action = {"name": "review_and_pay", "parameters": parameters}
    return {
        "type": "interactive",
        "interactive": {"type": "order_details", "body": {"text": "Pague"}, "action": action},
    }


def paid() -> Message:
    parameters = {"reference_id": "CT-1", "order": {"status": "completed"}, "payment": {"status": "captured"}}
    action = {"name": "review_order", "parameters": parameters}
    return {"type": "interactive", "interactive": {"type": "order_status", "body": {"text": "Pago!"}, "action": action}}


@dataclass
class Shop:
    """The scripted business: hears webhooks of Meta and of the bank, and answers each in one way."""

    clock: MovableClock
    meta: FakeMeta
    bank: FakeBank
    mailbox: MemoryMail
    sms: MemorySms
    cep: FakeCep
    simulator: Simulator
    url: str = ""
    heard: list[Message] = field(default_factory=list)
    customer: str = ""

    def send(self, message: Message, to: str = "") -> str:
        envelope = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": f"+{to or self.customer}"}
        status, answer = self.meta.take(envelope | message)
        assert status == 200, answer
        return str(answer["messages"][0]["id"])

    def say(self, text: str) -> str:
        return self.send({"type": "text", "text": {"body": text}})

    def charge(self) -> str:
        terms = {"solicitacaoPagador": "Adesão", "devedor": {"nome": "Pessoa de Teste"}}
        self.bank.books.put(TXID, terms, PRICE, timedelta(minutes=30), self.clock.now())
        return self.bank.charges[TXID].br_code

    def file(self, content: bytes, mime_type: str, filename: str | None = None) -> str:
        return self.meta.state.store_media(content, mime_type, filename, self.clock.now()).id

    def person(self) -> Person:
        found = self.meta.state.find(self.customer, None)
        assert found is not None
        return found

    async def hears(self, count: int) -> list[Message]:
        """What came in, once it is so much."""
        for _ in range(300):
            if len(self.heard) >= count:
                return self.heard
            await asyncio.sleep(0.01)
        raise AssertionError(f"heard {len(self.heard)} messages, not {count}")

    async def hook(self, request: web.Request) -> web.Response:
        for entry in (await request.json())["entry"]:
            for change in entry["changes"]:
                for message in change["value"].get("messages", []):
                    self.heard.append(message)
                    self.customer = message["from"]
                    await self.answer(message)
        return web.Response(text="ok")

    async def answer(self, message: Message) -> None:
        if message["type"] == "interactive":
            reply = message["interactive"]
            self.send(plans() if reply["type"] == "button_reply" else order(self.charge()))
        elif message["type"] == "text" and message["text"]["body"] == "oi":
            self.send(buttons("Olá! Aqui é a *Loja de Teste*.", "Quero me associar", "Ver parceiros"))
        elif message["type"] == "text" and message["text"]["body"] == "contrato":
            contract = self.file(b"%PDF-1.4\n", "application/pdf", "contrato.pdf")
            self.send({"type": "document", "document": {"id": contract, "filename": "contrato.pdf", "caption": "Leia"}})
            files = [Attachment("contrato.pdf", "application/pdf", b"%PDF-1.4\n")]
            await self.mailbox.send(Mail("pessoa@exemplo.test", "Seu contrato", "Segue. <b>Oi</b>", "m1", files))

    async def pix(self, request: web.Request) -> web.Response:
        if self.bank.charges[TXID].payments[0].amount == PRICE and self.meta.orders["CT-1"].payment == "pending":
            self.send(paid())
            card = self.file(photo(), "image/jpeg")
            self.send({"type": "image", "image": {"id": card, "caption": "Sua carteirinha"}})
        return web.Response()

    async def peek(self) -> list[dict[str, Any]]:
        return [
            {
                "wa_id": key,
                "dialogue": "signup",
                "state": "cpf",
                "step": 3,
                "of": 12,
                "floor": "bot",
                "mailbox_depth": 0,
            }
            for key, bubbles in self.meta.chats.items()
            if bubbles
        ]


@asynccontextmanager
async def open_shop() -> AsyncIterator[Shop]:
    """The simulator on a local port, with its scripted business on the same one."""
    async with aiohttp.ClientSession() as session:
        shop = _shop(session)
        app = shop.simulator.app()
        app.router.add_post("/hook", shop.hook)
        app.router.add_post("/bank/pix", shop.pix)
        app.add_subapp("/graph", shop.meta.app())
        async with TestServer(app) as server:
            shop.url = str(server.make_url("")).rstrip("/")
            shop.meta.webhook_url = f"{shop.url}/hook"
            shop.bank.set_webhook(f"{shop.url}/bank")
            yield shop


def _shop(session: aiohttp.ClientSession) -> Shop:
    clock = MovableClock()
    meta = FakeMeta(clock, "secret", "http://localhost/hook", session, "100", "200", "token", "551140000000", auto=True)
    meta.register(authentication_template("codigo"))
    meta.person(STAFF, "Recepção de Teste")
    bank = FakeBank(clock, KEY, "id", "secret", session, "Loja de Teste", auto=True)
    mailbox, sms, cep = MemoryMail(clock), MemorySms(clock), FakeCep()
    shop: Shop

    async def peek() -> list[dict[str, Any]]:
        return await shop.peek()

    simulator = Simulator(meta, bank, mailbox, sms, cep, clock, peek, staff=[STAFF], chance=random.Random(7))
    shop = Shop(clock, meta, bank, mailbox, sms, cep, simulator)
    return shop
