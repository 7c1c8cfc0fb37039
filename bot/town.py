"""The demo's town: a whole Balcão with a Meta, a bank, a post office and a street directory around it, on real local
ports. The application is wired by the settings alone, as anywhere; only mail and SMS are read here instead of sent.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web

from bot.gateways.mail import MemoryMail
from bot.gateways.pix.bcb import BcbPix
from bot.gateways.sms import MemorySms
from bot.gateways.whatsapp import make_session
from bot.http.app import make_runner
from bot.settings import Settings, load_settings
from bot.simulator.bank.fake import FakeBank
from bot.simulator.cep import FakeCep
from bot.simulator.meta.app import FakeMeta
from bot.simulator.meta.templates import Template, authentication_template
from bot.wiring import Balcao, make_balcao, make_gateways
from handlers.organizations.apply import NumberSettings, apply
from handlers.organizations.parse import parse
from handlers.ports import Clock
from storage.migrate import upgrade

PIX_KEY = "123e4567-e89b-12d3-a456-426655440000"
NUMBER, ACCOUNT, DISPLAY = "106540352242922", "102290129340398", "5511999990000"
_HERE = Path(__file__).parent
EXAMPLES = next((path for path in (_HERE.parent / "examples", _HERE / "examples") if path.is_dir()), _HERE)


_BODIES = {
    "engine-reminder-1": "Oi! Seu cadastro ficou pela metade. Continuamos?",
    "engine-reminder-2": "Oi! Guardei seu cadastro para você terminar quando puder. Quer continuar agora?",
    "payment_confirmed": "Seu pagamento foi confirmado ✅",
    "contract_ready": "Seu contrato está pronto para assinar ✍️",
    "welcome": "Sua carteirinha já está valendo 🎉",
    "human_called": "{{1}} pediu para falar com alguém da equipe 🙋 {{2}}",
}
"""What the example's templates would say at Meta, by what they are for."""


@dataclass(frozen=True, slots=True)
class Town:
    settings: Settings
    balcao: Balcao
    meta: FakeMeta
    bank: FakeBank
    mailbox: MemoryMail
    sms: MemorySms
    cep: FakeCep
    clock: Clock

    async def settle(self) -> None:
        """Let everything happen that can happen now: webhooks, turns, deliveries, statuses, callbacks."""
        while True:
            await self.balcao.service.settle()
            posted = len(self.meta.webhook_log)
            await self.meta.settle()
            called = await self.bank.settle()
            if not called and len(self.meta.webhook_log) == posted:
                return


@asynccontextmanager
async def open_town(
    database_url: str,
    clock: Clock,
    *,
    auto: bool = False,
    port: int = 0,
    business: Path | None = None,
    extra: Mapping[str, str] | None = None,
) -> AsyncIterator[Town]:
    """Build it and take it down. With `auto` the fakes act by themselves; otherwise at `Town.settle()`."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(make_session())
        web_socket = _socket(port)
        stack.callback(web_socket.close)
        public = f"http://127.0.0.1:{web_socket.getsockname()[1]}"
        keys = _Keys()
        meta, bank, cep = _fakes(clock, session, public, keys, auto)
        addresses = {
            "graph": await _serve(stack, meta.app()),
            "bank": await _serve(stack, bank.app()),
            "cep": await _serve(stack, cep.app()),
        }
        settings = load_settings(_environment(database_url, public, addresses, keys) | dict(extra or {}))
        await upgrade(settings.database_url)
        mailbox, sms = MemoryMail(clock), MemorySms(clock)
        gateways = replace(make_gateways(settings, session, clock), mail=mailbox, sms=sms)
        balcao = make_balcao(settings, gateways, clock)
        stack.push_async_callback(balcao.database.close)
        await _open_business(balcao, business or EXAMPLES / "benefit-card.yaml", meta)
        await _listen(stack, balcao.web, web_socket)
        if isinstance(gateways.pix, BcbPix):
            await gateways.pix.register_webhook(f"{public}/webhooks/pix")
        yield Town(settings, balcao, meta, bank, mailbox, sms, cep, clock)


class _Keys:
    """Secrets of this run."""

    def __init__(self) -> None:
        self.app = secrets.token_hex(16)
        self.graph = secrets.token_hex(16)
        self.bank = secrets.token_hex(16)


def _fakes(
    clock: Clock, session: ClientSession, public: str, keys: _Keys, auto: bool
) -> tuple[FakeMeta, FakeBank, FakeCep]:
    meta = FakeMeta(
        clock, keys.app, f"{public}/webhooks/whatsapp", session, NUMBER, ACCOUNT, keys.graph, DISPLAY, auto=auto,
    )  # fmt: skip
    bank = FakeBank(clock, PIX_KEY, "demo", keys.bank, session, receiver_name="CARTAO AURORA", auto=auto)
    return meta, bank, FakeCep()


def _environment(database_url: str, public: str, addresses: Mapping[str, str], keys: _Keys) -> dict[str, str]:
    return {
        "BALCAO_DATABASE_URL": database_url,
        "BALCAO_PUBLIC_URL": public,
        "BALCAO_SECRET_KEY": "demo-demo-demo-demo-demo-demo-demo-demo",
        "BALCAO_WHATSAPP_GRAPH_URL": addresses["graph"],
        "BALCAO_WHATSAPP_APP_SECRET": keys.app,
        "BALCAO_WHATSAPP_VERIFY_TOKEN": secrets.token_hex(16),
        "BALCAO_WHATSAPP_TOKEN": keys.graph,
        "BALCAO_WHATSAPP_PHONE_NUMBER_ID": NUMBER,
        "BALCAO_WHATSAPP_BUSINESS_ACCOUNT_ID": ACCOUNT,
        "BALCAO_PIX_DRIVER": "bcb",
        "BALCAO_PIX_KEY": PIX_KEY,
        "BALCAO_PIX_MERCHANT_NAME": "CARTAO AURORA",
        "BALCAO_PIX_MERCHANT_CITY": "SAO PAULO",
        "BALCAO_PIX_BASE_URL": f"{addresses['bank']}/v2",
        "BALCAO_PIX_TOKEN_URL": f"{addresses['bank']}/oauth/token",
        "BALCAO_PIX_CLIENT_ID": "demo",
        "BALCAO_PIX_CLIENT_SECRET": keys.bank,
        "BALCAO_CEP_URL": f"{addresses['cep']}/ws",
    }


async def _open_business(balcao: Balcao, file: Path, meta: FakeMeta) -> None:
    business = parse(await asyncio.to_thread(file.read_text, encoding="utf-8"), file.name)
    number = NumberSettings(NUMBER, ACCOUNT, DISPLAY)
    await balcao.database.run(lambda tx: apply(tx, balcao.vault, business, balcao.clock.now(), number), org=None)
    for intent, template in business.messages.templates.items():
        meta.register(_approved(intent, template))
    if business.verification.code_template is not None:
        meta.register(_approved("code", business.verification.code_template))


def _approved(intent: str, template: Any) -> Template:
    """The template as Meta would have it once it was written and approved there."""
    places = " ".join(f"{{{{{place}}}}}" for place in range(1, len(template.parameters) + 1))
    if template.category == "authentication":
        return authentication_template(template.name, template.language)
    body = _BODIES.get(intent, "")
    if body.count("{{") != len(template.parameters):
        body = f"{intent}: {places}"
    return Template(template.name, language=template.language, body=body.strip() or intent)


def _socket(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound


async def _serve(stack: AsyncExitStack, app: web.Application) -> str:
    bound = _socket(0)
    await _listen(stack, app, bound)
    return f"http://127.0.0.1:{bound.getsockname()[1]}"


async def _listen(stack: AsyncExitStack, app: web.Application, bound: socket.socket) -> None:
    runner = make_runner(app, shutdown_timeout=1.0)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, bound).start()
