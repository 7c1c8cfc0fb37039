"""`balcao demo` as a newcomer meets it: its own process, one address, and everything done on the page alone."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, ViewportSize, async_playwright, expect
from playwright.async_api import TimeoutError as NotYet

ROOT = Path(__file__).parents[2]
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
PATIENCE = 15_000
"""Milliseconds: two browsers and a whole town share the machine with other tests."""
TROUBLE = frozenset({"error", "warning"})
NUDGE = 1_500
"""Milliseconds to wait for the effect of a moved clock before it is moved again."""
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(150)]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The running demo. At the end Ctrl-C stops it without a word, and nothing of it is left behind."""
    folder = tmp_path_factory.mktemp("demo")
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("BALCAO_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", "demo", "--port", "0", cwd=ROOT, env={**quiet, "TMPDIR": str(folder)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(60):
        first = (await process.stdout.readline()).decode()
    found = re.search(r"http://127\.0\.0\.1:\d+", first)
    assert found, first
    yield found.group()
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(30):
        rest, complaints = await process.communicate()
    said = [line for line in complaints.decode().splitlines() if "kind=pix.create" not in line]
    assert (process.returncode, rest.decode(), said) == (0, "", []), "only the bank that was down is worth a line"
    assert list(folder.iterdir()) == []


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        await browser.close()


@dataclass(slots=True)
class Visitor:
    """Somebody in front of the page."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    hosts: set[str | None] = field(default_factory=set)

    def part(self, name: str) -> Locator:
        return self.page.get_by_test_id(name)

    def received(self, kind: str = "") -> Locator:
        kinds = f'[data-type="{kind}"]' if kind else ""
        return self.page.locator(f'[data-testid=bubble][data-direction="in"]{kinds}')

    async def becomes_somebody_new(self) -> None:
        people = self.part("person")
        await expect(people).not_to_have_count(0)
        before = await people.count()
        await self.part("new-person").click()
        await expect(people).to_have_count(before + 1)
        await expect(people.last).to_have_attribute("aria-pressed", "true")
        await expect(self.received()).to_have_count(0)

    async def hears(self, *words: str) -> None:
        """The newest message says all of this."""
        for each in words:
            await expect(self.received().last).to_contain_text(each)

    async def says(self, text: str, *answer: str) -> None:
        await self.part("chat-input").fill(text)
        await self.part("chat-send").click()
        await self.hears(*answer)

    async def taps(self, label: str, *answer: str) -> None:
        await self.part("chat-option").filter(has_text=label).last.click()
        await self.hears(*answer)

    async def picks(self, label: str, *answer: str) -> None:
        """A row of the list sheet."""
        await self.part("chat-list").last.click()
        await self.part("chat-row").filter(has_text=label).click()
        await expect(self.page.get_by_role("dialog")).to_have_count(0)
        await self.hears(*answer)

    async def code(self, subject: str, to: str) -> str:
        """From the newest letter of the mailbox, which must be this one."""
        letter = self.part("mail-item").first
        await expect(letter).to_contain_text(subject)
        await letter.click()
        await expect(letter).to_contain_text(to)
        found = re.search(r": (\d{6})\b", await self.part("mail-body").inner_text())
        assert found
        return found.group(1)

    async def loads(self, image: Locator) -> None:
        """It is on the screen and its bytes are a picture (`decode` fails for any other)."""
        await image.scroll_into_view_if_needed()
        assert await image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0

    async def until(self, shown: Locator, nudge: Callable[[], Awaitable[None]]) -> None:
        """Nudge the world, at most ten times, until this is to be seen."""
        for _ in range(10):
            await nudge()
            try:
                await shown.wait_for(timeout=NUDGE)
            except NotYet:
                continue
            return
        await expect(shown).to_be_visible()

    # --- the way to the card, in stretches that several tests go -----------------------------------------------------

    async def signs_up(self, name: str, cpf: str, mail: str) -> None:
        """From "oi" to the question for the family."""
        await self.says("oi", "Como posso ajudar?")
        await self.taps("Quero fazer parte", "Passo 1 de 9", "nome completo")
        await self.says(name, "Passo 2 de 9", "CPF")
        await self.says(cpf, "Passo 3 de 9", "data de nascimento")
        await self.says("15/05/1990", "Passo 4 de 9", "e-mail")
        await self.says(mail, "Digite o código")
        await self.says(await self.code("seu código de confirmação", mail), "Passo 5 de 9", "CEP")
        await self.says("01001-000", "Praça da Sé")
        await self.says("100 apto 12", "Passo 6 de 9")
        await self.picks("Pular", "Passo 7 de 9")

    async def signs(self, mail: str) -> None:
        """The contract, up to the card."""
        await self.taps("Li e quero assinar", "Digite o código aqui para assinar")
        await self.says(await self.code("código para assinar", mail))
        await expect(self.card()).to_contain_text("Quer receber novidades")
        await expect(self.received("document")).to_contain_text("contrato assinado")

    def card(self) -> Locator:
        """The signed copy comes just before or just after it."""
        return self.received("buttons").filter(has_text="Bem-vindo(a)")


@pytest_asyncio.fixture(loop_scope="module")
async def visitor(browser: Browser, address: str) -> AsyncIterator[Visitor]:
    """Whatever any page complains of, or asks of another machine, fails the test."""
    context = await browser.new_context(viewport=WIDE, locale="pt-BR")
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    visitor = Visitor(await context.new_page())
    context.on("console", lambda line: visitor.complaints.append(line.text) if line.type in TROUBLE else None)
    context.on("weberror", lambda error: visitor.complaints.append(str(error.error)))
    context.on("request", lambda request: visitor.hosts.add(urlsplit(request.url).hostname))
    await visitor.page.goto(address)
    await expect(visitor.page.locator("#live-text")).to_have_text("ao vivo")
    yield visitor
    await context.close()
    expect.set_options(timeout=None)
    assert visitor.complaints == []
    assert visitor.hosts == {"127.0.0.1"}


async def test_from_oi_to_the_card(visitor: Visitor) -> None:
    page, mail = visitor.page, "ana@exemplo.com.br"
    await visitor.signs_up("Ana Paula Souza", "529.982.247-25", mail)
    await visitor.says("Maria Souza", "Maria é o quê seu?")
    await visitor.picks("Filho(a)", "data de nascimento")
    await visitor.says("10/10/2020", "CPF")
    await visitor.taps("Pular", "Passo 8 de 9", "Maria Souza, Filho(a)")
    await the_list_shows_whole_descriptions(visitor)
    await visitor.picks("Aurora Família", "Hoje você paga: R$\u00a099,80")
    await visitor.taps("Aceito e quero", "Passo 9 de 9")
    order = visitor.received("order_details")
    await visitor.loads(order.locator("img"))
    await expect(visitor.part("dialogue")).to_contain_text("passo 9 de 9")
    await visitor.part("bank-pay").first.click()
    await visitor.hears("Pagamento confirmado", "Falta só assinar")
    contract = await page.request.get(await address_of(visitor.part("document").last))
    assert (await contract.body()).startswith(b"%PDF-")
    await visitor.signs(mail)
    await visitor.loads(visitor.card().locator("img"))
    await the_check_page_says_it_is_valid(visitor)
    await visitor.taps("Agora não", "Oi, Ana!")
    await visitor.picks("Minha carteirinha", "Mostre esta carteirinha")
    await visitor.loads(visitor.received().last.locator("img"))


async def the_list_shows_whole_descriptions(visitor: Visitor) -> None:
    await visitor.part("chat-list").last.click()
    rows = visitor.part("chat-row")
    await expect(rows).to_have_count(4)
    assert not [text for text in await rows.all_inner_texts() if "…" in text]
    await visitor.page.keyboard.press("Escape")


async def address_of(link: Locator) -> str:
    return str(await link.evaluate("link => link.href"))


async def the_check_page_says_it_is_valid(visitor: Visitor) -> None:
    """The link under the card, as a partner opens it: in a tab of its own."""
    async with visitor.page.context.expect_page() as opened:
        await visitor.card().locator('a[href*="/cards/"]').click()
    tab = await opened.value
    await expect(tab.get_by_role("heading")).to_have_text("Cartão válido")
    await expect(tab.get_by_text("Ana S.")).to_be_visible()
    await expect(tab.get_by_text("Ana Paula Souza")).to_have_count(0)
    await tab.close()


async def test_the_bank_is_down_and_a_day_goes_by(visitor: Visitor) -> None:
    await visitor.becomes_somebody_new()
    await visitor.signs_up("Bruno Lima", "123.456.789-09", "bruno@exemplo.com.br")
    await visitor.taps("Agora não", "Passo 8 de 9")
    await visitor.picks("Aurora Individual", "Hoje você paga: R$\u00a029,90")
    bank_down = visitor.part("fault-bank-down")
    await bank_down.check(force=True)
    await expect(visitor.page.locator("#faults-count")).to_have_text("1 ligada")
    await visitor.taps("Aceito e quero")
    again = visitor.part("chat-option").filter(has_text="Tentar de novo")
    await visitor.until(again, visitor.part("clock-minute").click)
    await visitor.hears("o banco não respondeu", "Nada foi cobrado")
    await bank_down.uncheck(force=True)
    await expect(visitor.page.locator("#faults-count")).to_be_hidden()
    await visitor.taps("Tentar de novo", "Passo 9 de 9", "R$\u00a029,90")
    await visitor.says("menu", "Continuar cadastro")
    mine = visitor.page.locator('[data-testid=dialogue][data-mine="true"]')
    await expect(mine).to_contain_text("em pausa")
    await expect(mine.get_by_test_id("dialogue-beneath")).to_contain_text("paying")
    await visitor.taps("Continuar cadastro", "Passo 9 de 9")
    await time_goes_by(visitor)


async def time_goes_by(visitor: Visitor) -> None:
    """A reminder after a quarter of an hour; a day later the charge can be paid no more, and is renewed."""
    await visitor.part("clock-quarter").click()
    await visitor.hears("ficou pela metade", "Continuar")
    await visitor.part("clock-day").click()
    await expect(visitor.part("charge").first).to_have_attribute("data-state", "expired")
    await expect(visitor.page.locator(".log .day").first).to_have_text("Ontem")
    await visitor.says("novo código", "Passo 9 de 9", "R$\u00a029,90")
    await expect(visitor.part("charge").first).to_have_attribute("data-state", "open")
    await visitor.part("bank-pay").first.click()
    await visitor.hears("Pagamento confirmado")


async def test_on_a_phone(visitor: Visitor) -> None:
    page = visitor.page
    await page.set_viewport_size(PHONE)
    await visitor.part("tab-business").click()
    await visitor.becomes_somebody_new()
    await visitor.part("say-hello").click()
    await visitor.hears("Como posso ajudar?")
    await visitor.taps("Quero fazer parte", "Passo 1 de 9")
    await visitor.says("Carla Dias", "Prazer, Carla!")
    for tab, heading in (("bank", "Banco"), ("mail", "E-mail"), ("business", "Pessoas"), ("clock", "Relógio")):
        await visitor.part(f"tab-{tab}").click()
        await expect(page.get_by_role("heading", name=re.compile(heading)).first).to_be_visible()
        await expect(visitor.part("chat-input")).to_be_hidden()
    await visitor.part("tab-chat").click()
    await visitor.says("voltar", "Passo 1 de 9")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
