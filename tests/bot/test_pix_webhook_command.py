"""`balcao pix webhook`: the address that the bank is told is one that our own web server takes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.cli import app as command_line
from bot.desk_commands import register_pix_webhook
from bot.settings import Settings, load_settings
from bot.simulator.bank.fake import FakeBank
from tests.bot.pix_support import CLIENT, KEY, MovableClock

ServerFactory = Callable[..., Awaitable[TestServer]]
SECRET = "secret-of-tests/with&odd=letters?"
REQUIRED = {
    "BALCAO_PUBLIC_URL": "https://balcao.example.com/",
    "BALCAO_SECRET_KEY": "k" * 32,
    "BALCAO_WHATSAPP_APP_SECRET": "a",
    "BALCAO_WHATSAPP_VERIFY_TOKEN": "v",
    "BALCAO_WHATSAPP_TOKEN": "t",
    "BALCAO_WHATSAPP_PHONE_NUMBER_ID": "106540352242922",
    "BALCAO_PIX_KEY": KEY,
    "BALCAO_PIX_MERCHANT_NAME": "Loja",
    "BALCAO_PIX_MERCHANT_CITY": "Recife",
}


@dataclass
class Counter:
    """The bank's counter: what it was told, and with which headers."""

    bank: FakeBank
    environment: dict[str, str]
    skipped: list[str | None] = field(default_factory=list)

    def settings(self, **changes: str) -> Settings:
        return load_settings({**self.environment, **changes})

    @property
    def told(self) -> str | None:
        return self.bank.webhook[0] if self.bank.webhook else None


@pytest.fixture
async def counter(aiohttp_server: ServerFactory) -> AsyncIterator[Counter]:
    async with aiohttp.ClientSession() as session:
        bank = FakeBank(MovableClock(), KEY, *CLIENT, session)
        app = bank.app()
        found = Counter(bank, {})

        @web.middleware
        async def watch(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            if "/webhook/" in request.path:
                found.skipped.append(request.headers.get("x-skip-mtls-checking"))
            return await handler(request)

        app.middlewares.append(watch)
        server = await aiohttp_server(app)
        found.environment = REQUIRED | {
            "BALCAO_PIX_DRIVER": "bcb",
            "BALCAO_PIX_BASE_URL": str(server.make_url("/v2")),
            "BALCAO_PIX_TOKEN_URL": str(server.make_url("/oauth/token")),
            "BALCAO_PIX_CLIENT_ID": CLIENT[0],
            "BALCAO_PIX_CLIENT_SECRET": CLIENT[1],
            "BALCAO_PIX_WEBHOOK_SECRET": SECRET,
        }
        yield found


async def test_the_bank_gets_our_address_with_the_secret_and_staff_see_none_of_it(counter: Counter) -> None:
    said = await register_pix_webhook(counter.settings(), skip_mtls=False)
    escaped = "secret-of-tests%2Fwith%26odd%3Dletters%3F"
    assert counter.told == f"https://balcao.example.com/webhooks/pix?hmac={escaped}"
    assert said == "The bank calls https://balcao.example.com/webhooks/pix with the secret."
    assert counter.skipped == [None]


async def test_efi_is_asked_not_to_look_for_our_certificate(counter: Counter) -> None:
    await register_pix_webhook(counter.settings(), skip_mtls=True)
    assert counter.skipped == ["true"]


async def test_without_a_secret_it_says_so(counter: Counter) -> None:
    said = await register_pix_webhook(counter.settings(BALCAO_PIX_WEBHOOK_SECRET=""), skip_mtls=False)
    assert counter.told == "https://balcao.example.com/webhooks/pix"
    assert "BALCAO_PIX_WEBHOOK_SECRET is not set" in said


async def test_a_refusal_is_one_line_without_the_secret(counter: Counter) -> None:
    settings = counter.settings(BALCAO_PIX_KEY="123e4567-e89b-12d3-a456-426655440000")
    with pytest.raises(SystemExit, match="the bank did not take the address: ") as refusal:
        await register_pix_webhook(settings, skip_mtls=False)
    assert "secret" not in str(refusal.value)
    assert counter.told is None


async def test_only_a_bank_calls_back(counter: Counter) -> None:
    with pytest.raises(SystemExit, match="BALCAO_PIX_DRIVER=bcb"):
        await register_pix_webhook(counter.settings(BALCAO_PIX_DRIVER="static"), skip_mtls=False)


def test_the_command_reads_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match="BALCAO_PIX_DRIVER=bcb"):
        command_line(["pix", "webhook", "--skip-mtls"])
