"""The simulator's page in a real browser: from "oi" to the card, and every panel beside the phone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Locator, Page, ViewportSize, async_playwright, expect

from tests.bot.simulator_world import TXID, Shop, open_shop

WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as shop:
        yield shop


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def window(chromium: str) -> AsyncIterator[BrowserContext]:
    """One for all: the page keeps nothing between two visits."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield await browser.new_context(viewport=WIDE, locale="pt-BR")
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(window: BrowserContext, shop: Shop) -> AsyncIterator[Page]:
    """On a laptop. Whatever the page complains of in its console fails the test."""
    complaints: list[str] = []
    page = await window.new_page()
    page.on("console", lambda line: complaints.append(line.text) if line.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(shop.url)
    await expect(page.locator("#live-text")).to_have_text("ao vivo")
    yield page
    await page.close()
    assert complaints == []


def bubbles(page: Page, direction: str, kind: str | None = None) -> Locator:
    """`in` is what the phone received, `out` what its owner wrote."""
    kinds = f'[data-type="{kind}"]' if kind else ""
    return page.locator(f'[data-testid=bubble][data-direction="{direction}"]{kinds}')


async def say(page: Page, text: str) -> None:
    await page.get_by_test_id("chat-input").fill(text)
    await page.get_by_test_id("chat-input").press("Enter")


async def test_from_oi_to_the_card(page: Page, shop: Shop) -> None:
    await page.get_by_test_id("chat-input").fill("oi")
    await page.get_by_test_id("chat-send").click()
    await expect(bubbles(page, "out").first).to_contain_text("oi")
    greeting = bubbles(page, "in", "buttons")
    await expect(greeting.locator("strong")).to_have_text("Loja de Teste")
    await page.get_by_test_id("chat-option").filter(has_text="Quero me associar").click()
    await expect(bubbles(page, "out").last).to_contain_text("Quero me associar")
    await expect(page.get_by_test_id("chat-option").first).to_have_attribute("data-tapped", "true")
    await page.get_by_test_id("chat-list").click()
    await page.get_by_test_id("chat-row").filter(has_text="Família").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_test_id("order")).to_contain_text("Pendente")
    await page.get_by_test_id("bank-pay").click()
    await expect(page.get_by_test_id("order")).to_contain_text("Pago")
    await expect(page.get_by_test_id("pix-copy")).to_have_count(0)
    card = bubbles(page, "in", "image")
    await expect(card).to_contain_text("Sua carteirinha")
    await expect(card.locator("img")).to_be_visible()
    await expect(page.get_by_test_id("charge")).to_have_attribute("data-state", "paid")
    assert [payment.amount for payment in shop.bank.charges[TXID].payments] == [10980]


async def test_the_pix_code_is_copied_and_paid_in_the_bank(page: Page, shop: Shop) -> None:
    await say(page, "oi")
    await page.get_by_test_id("chat-option").first.click()
    await page.get_by_test_id("chat-list").click()
    await page.get_by_test_id("chat-row").first.click()
    await page.get_by_test_id("pix-copy").click()
    await expect(page.get_by_role("status").filter(has_text="Código Pix copiado")).to_be_visible()
    await page.get_by_test_id("bank-code").fill(shop.bank.charges[TXID].br_code)
    await page.get_by_test_id("bank-code-pay").click()
    await expect(page.get_by_test_id("charge")).to_have_attribute("data-state", "paid")


async def test_whatever_is_written_stays_text(page: Page, shop: Shop) -> None:
    await say(page, "oi")
    await expect(bubbles(page, "in")).to_have_count(1)
    nasty = '<img src=x onerror="document.title=1"> <script>document.title=2</script> javascript:alert(1)'
    shop.person().name = nasty
    await say(page, nasty)
    shop.say(f"*{nasty}* _é_ ~não~ ```mono *x*``` https://loja.example/a_b_c?x=1.")
    last = bubbles(page, "in").last
    await expect(last.locator("strong")).to_have_text(nasty)
    await expect(last.locator("em")).to_have_text("é")
    await expect(last.locator("s")).to_have_text("não")
    await expect(last.locator("code")).to_have_text("mono *x*")
    await expect(last.locator("a")).to_have_attribute("href", "https://loja.example/a_b_c?x=1")
    await expect(bubbles(page, "out").last.locator(".text")).to_have_text(nasty)
    await expect(page.get_by_test_id("person").filter(has_text=nasty)).to_be_visible()
    assert await page.locator(".log img, .log script, .people img").count() == 0
    assert await page.title() == "Loja de Teste · Balcão"


async def test_attachments_mails_and_what_the_business_sees(page: Page) -> None:
    for name in ("image", "pin", "sticker", "mic", "person"):
        await page.get_by_test_id("chat-attach").click()
        await page.get_by_test_id(f"attach-{name}").click()
    for kind in ("image", "location", "sticker", "audio", "contacts"):
        await expect(bubbles(page, "out", kind)).to_have_count(1)
    await say(page, "contrato")
    await expect(bubbles(page, "in", "document")).to_contain_text("contrato.pdf")
    await page.get_by_test_id("mail-item").click()
    await expect(page.get_by_test_id("mail-body")).to_contain_text("Segue. <b>Oi</b>")
    async with page.expect_download() as download:
        await page.get_by_test_id("mail-attachment").click()
    assert (await download.value).suggested_filename == "contrato.pdf"
    await page.get_by_test_id("business-row").click()
    mine = page.locator('[data-testid=business-bubble][data-direction="out"]')
    await expect(mine).to_have_attribute("data-type", "document")


async def test_people_clock_faults_and_dialogues(page: Page, shop: Shop) -> None:
    await page.get_by_test_id("new-person").click()
    await expect(page.get_by_test_id("person")).to_have_count(3)
    await expect(page.get_by_test_id("person").last).to_have_attribute("aria-pressed", "true")
    await say(page, "oi")
    await expect(page.get_by_test_id("dialogue")).to_contain_text("passo 3 de 12")
    await expect(page.locator(".day")).to_have_text("Hoje")
    await page.get_by_test_id("person").nth(1).click()
    shop.say("ainda aí?")
    await expect(page.get_by_test_id("person").last.locator(".badge")).to_have_text("1")
    await page.get_by_test_id("person").last.click()
    await expect(bubbles(page, "in").last).to_contain_text("ainda aí?")
    await page.get_by_test_id("clock-day").click()
    await expect(page.locator(".day")).to_have_text("Ontem")
    await page.get_by_test_id("clock-hour").click()
    await expect(page.locator("#clock-offset")).to_have_text("+ 1 d 1 h")
    await page.get_by_label("Meta fora do ar").check(force=True)
    await expect(page.locator("#faults-count")).to_have_text("1 ligada")
    assert shop.meta.faults.down


async def test_what_meta_refuses_or_fails_is_not_on_the_phone_but_is_told(page: Page, shop: Shop) -> None:
    await say(page, "oi")
    await expect(bubbles(page, "in")).to_have_count(1)
    shop.meta.fail(shop.say("nunca chegou"), 131026)
    shop.meta.take({"messaging_product": "whatsapp", "to": f"+{shop.customer}", "type": "text", "text": {}})
    await expect(page.get_by_test_id("refusals")).to_contain_text("A Meta recusou 1 envio")
    await expect(bubbles(page, "in")).to_have_count(1)
    await page.get_by_test_id("business-row").click()
    await expect(page.get_by_test_id("business-bubble").last).to_contain_text("Não entregue (erro 131026)")


async def test_a_list_is_used_with_the_keyboard_alone(page: Page) -> None:
    await say(page, "oi")
    await page.get_by_test_id("chat-option").first.press("Enter")
    await page.get_by_test_id("chat-list").press("Enter")
    await expect(page.get_by_test_id("chat-row").first).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_test_id("chat-row").nth(1)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("chat-list")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await expect(bubbles(page, "out").last).to_contain_text("Essencial")


async def test_nothing_moves_when_ticks_and_pictures_arrive(page: Page, shop: Shop) -> None:
    await say(page, "oi")
    await expect(bubbles(page, "in")).to_have_count(1)
    await page.evaluate(
        "new PerformanceObserver((seen) => { for (const shift of seen.getEntries()) "
        "window.shifted = (window.shifted || 0) + shift.value; }).observe({ type: 'layout-shift' })"
    )
    read = {"messaging_product": "whatsapp", "status": "read", "message_id": shop.heard[0]["id"]}
    shop.meta.mark_read(read)
    await expect(bubbles(page, "out").locator(".ticks")).to_have_attribute("data-status", "read")
    assert await page.evaluate("window.shifted || 0") < 0.01


async def test_on_a_small_laptop_the_panels_stand_below_each_other(page: Page) -> None:
    await page.set_viewport_size({"width": 1024, "height": 768})
    boxes = [await panel.bounding_box() for panel in await page.locator(".panel").all()]
    tops = [box["y"] for box in boxes if box]
    ends = [box["y"] + box["height"] for box in boxes if box]
    assert len(tops) == 7
    assert all(top >= end for top, end in zip(tops[1:], ends[:-1], strict=True))


async def test_on_a_phone_one_thing_at_a_time(page: Page) -> None:
    await page.set_viewport_size(PHONE)
    await say(page, "oi")
    await expect(bubbles(page, "in")).to_be_visible()
    await expect(page.get_by_role("heading", name="Banco")).to_be_hidden()
    for tab, heading in (("bank", "Banco"), ("mail", "E-mail"), ("business", "Pessoas"), ("clock", "Relógio")):
        await page.get_by_test_id(f"tab-{tab}").click()
        await expect(page.get_by_role("heading", name=re.compile(heading)).first).to_be_visible()
        await expect(page.get_by_test_id("chat-input")).to_be_hidden()
    await page.get_by_test_id("tab-business").click()
    await page.get_by_test_id("person").first.click()
    await expect(page.get_by_test_id("chat-input")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
