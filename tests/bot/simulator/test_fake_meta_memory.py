"""What Meta refuses because of what came before: window, pace, media, templates, orders."""

from __future__ import annotations

from typing import Any

import pytest

from bot.simulator.meta.app import FakeMeta
from bot.simulator.meta.limits_media import upload_problem
from bot.simulator.meta.limits_orders import is_br_code
from bot.simulator.meta.people import Person
from bot.simulator.meta.templates import Template, TemplateButton, authentication_template
from tests.bot.simulator.meta_samples import (
    BR_CODE,
    IMAGE_BY_LINK,
    body_values,
    button_values,
    buttons,
    crc,
    order,
    order_status,
    order_template,
    template,
    text,
)
from tests.bot.simulator.meta_support import MovableClock, accepted, refused


async def test_the_window_lasts_24_hours_from_the_last_message(
    meta: FakeMeta, ana: Person, clock: MovableClock
) -> None:
    clock.forward(hours=24)
    meta.register(Template("volte", "pt_BR", "Oi, {{1}}"))
    assert refused(meta, text()) == 131047
    accepted(meta, template("volte", body_values("Ana")))
    await meta.says(ana, "voltei")
    clock.forward(hours=23, minutes=59)
    accepted(meta, text())


def test_a_burst_of_45_then_one_in_six_seconds(meta: FakeMeta, ana: Person, clock: MovableClock) -> None:
    for _ in range(45):
        accepted(meta, text())
    assert refused(meta, text()) == 131056
    clock.forward(seconds=5.9)
    assert refused(meta, text()) == 131056
    clock.forward(seconds=0.1)
    accepted(meta, text())
    assert refused(meta, text()) == 131056


def test_eighty_messages_a_second(meta: FakeMeta, ana: Person, clock: MovableClock) -> None:
    meta.state.pace.pair_burst = 1000
    for _ in range(80):
        accepted(meta, text())
    assert refused(meta, text()) == 130429
    clock.forward(seconds=1)
    accepted(meta, text())


def test_media_must_be_known_fresh_and_of_the_kind(meta: FakeMeta, ana: Person, clock: MovableClock) -> None:
    pdf = meta.state.store_media(b"%PDF-1", "application/pdf", "a.pdf", clock.now()).id
    accepted(meta, {"type": "document", "document": {"id": pdf}})
    assert refused(meta, {"type": "image", "image": {"id": pdf}}) == 131053
    assert refused(meta, {"type": "document", "document": {"id": "404"}}) == 100
    assert refused(meta, buttons("a", header={"type": "image", "image": {"id": "404"}})) == 100
    clock.forward(days=30)
    meta.state.last_inbound[ana.key] = clock.now()
    assert refused(meta, {"type": "document", "document": {"id": pdf}}) == 100


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01"


@pytest.mark.parametrize(
    ("content", "mime_type", "passes"),
    [
        (PNG + b"\x08\x02\0\0\0", "image/png", True),
        (PNG + b"\x08\x06\0\0\0", "image/png", True),
        (PNG + b"\x01\x00\0\0\0", "image/png", False),
        (PNG + b"\x10\x02\0\0\0", "image/png", False),
        (b"\xff\xd8\xff", "image/png", False),
        (b"\xff\xd8\xff" + bytes(5 * 1024 * 1024), "image/jpeg", False),
        (b"OggS", "audio/ogg; codecs=opus", True),
        (b"GIF89a", "image/gif", False),
        (b"", "application/pdf", False),
        (b"RIFF" + bytes(100 * 1024), "image/webp", False),
    ],
)
def test_uploads(content: bytes, mime_type: str, passes: bool) -> None:
    assert (upload_problem(content, mime_type) is None) is passes


QUICK = TemplateButton("quick_reply", "Ver")
WELCOME = Template("bem_vinda", "pt_BR", "Oi, {{1}}. Seu plano é {{2}}.", buttons=(QUICK,))
NAMED = Template("lembrete", "pt_BR", "Oi, {{nome}}", header="image")
LINKED = Template("link", "pt_BR", "Veja", "marketing", buttons=(TemplateButton("url", "Abrir", True),))
CODE = authentication_template("codigo")
IMAGE_HEADER = {"type": "header", "parameters": [{"type": "image", "image": IMAGE_BY_LINK}]}
NAMED_BODY = {"type": "body", "parameters": [{"type": "text", "parameter_name": "nome", "text": "Ana"}]}


def code_button(code: str) -> dict[str, Any]:
    return button_values("url", {"type": "text", "text": code})


def test_templates_accepted_are_shown_filled(meta: FakeMeta, ana: Person) -> None:
    meta.register(WELCOME, NAMED, LINKED, CODE)
    accepted(meta, template("bem_vinda", body_values("Ana", "Família")))
    accepted(meta, template("lembrete", IMAGE_HEADER, NAMED_BODY))
    accepted(meta, template("link", button_values("url", {"type": "text", "text": "x"})))
    accepted(meta, template("codigo", body_values("123456"), code_button("123456")))

    texts = [bubble.text for bubble in meta.sent_to(ana)]
    assert texts == ["Oi, Ana. Seu plano é Família.", "Oi, Ana", "Veja", "*123456* é seu código."]
    assert (meta.sent_to(ana)[1].shown or {})["header"]["image"] == IMAGE_BY_LINK


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (template("outro"), 132001),
        (template("pendente"), 132001),
        (template("pausado"), 132015),
        (template("desligado"), 132016),
        (template("bem_vinda", body_values("Ana")), 132000),
        (template("bem_vinda", body_values("Ana", "x" * 1024)), 132005),
        (template("bem_vinda", body_values("Ana", "B"), code_button("x")), 132012),
        (template("lembrete", NAMED_BODY), 132012),
        (template("lembrete", IMAGE_HEADER, body_values("Ana")), 132012),
        (template("link"), 132000),
        (template("codigo", body_values("123456")), 132000),
        (template("codigo", body_values("123456"), code_button("654321")), 131009),
        (template("codigo", body_values("1" * 16), code_button("1" * 16)), 131009),
    ],
)
def test_templates_refused(meta: FakeMeta, ana: Person, message: dict[str, Any], code: int) -> None:
    meta.register(
        WELCOME,
        NAMED,
        LINKED,
        CODE,
        Template("pendente", "pt_BR", "x", status="PENDING"),
        Template("pausado", "pt_BR", "x", status="PAUSED"),
        Template("desligado", "pt_BR", "x", status="DISABLED"),
    )
    assert refused(meta, message) == code


def test_a_code_does_not_go_to_a_bsuid(meta: FakeMeta, ana: Person) -> None:
    meta.register(CODE)
    message = template("codigo", body_values("123456"), code_button("123456"))
    assert refused(meta, message, to=None, recipient=ana.bsuid) == 131062


def test_an_order_goes_its_way(meta: FakeMeta, ana: Person) -> None:
    accepted(meta, order("pix-1"))
    assert refused(meta, order("pix-1")) == 131009
    assert refused(meta, order_status("processing", reference="pix-2")) == 131009
    accepted(meta, order_status("processing", "captured"))
    assert (meta.orders["pix-1"].status, meta.orders["pix-1"].payment) == ("processing", "captured")
    assert refused(meta, order_status("canceled")) == 2047
    accepted(meta, order_status("completed"))
    assert refused(meta, order_status("processing")) == 2046
    assert refused(meta, order_status("completed", "failed")) == 2046


def test_an_order_on_a_template_is_an_order(meta: FakeMeta, ana: Person, clock: MovableClock) -> None:
    pay = TemplateButton("order_details", "Pagar", value=True)
    meta.register(Template("cobranca", "pt_BR", "Sua fatura", buttons=(pay,)))
    wamid = accepted(meta, order_template("fatura-1"))
    assert (meta.orders["fatura-1"].bubble_id, meta.orders["fatura-1"].total) == (wamid, 12345)
    assert refused(meta, order("fatura-1")) == 131009


async def test_orders_need_a_brazilian_number(meta: FakeMeta) -> None:
    joe = meta.person("351910000000", "Joe de Teste")
    await meta.says(joe, "oi")
    assert refused(meta, order(), to="+351910000000") == 2040


def test_a_pix_code_by_its_checksum() -> None:
    assert is_br_code(crc(BR_CODE))
    assert not is_br_code(crc(BR_CODE)[:-1] + "?")
    assert not is_br_code("https://example.com")


async def test_replies_and_reactions_need_a_message_of_this_chat(
    meta: FakeMeta, ana: Person, clock: MovableClock
) -> None:
    wamid = await meta.says(ana, "oi")
    thumb = {"type": "reaction", "reaction": {"message_id": wamid, "emoji": "👍"}}
    accepted(meta, {**text(), "context": {"message_id": wamid}})
    accepted(meta, thumb)
    assert refused(meta, {**text(), "context": {"message_id": "wamid.404"}}) == 131009
    clock.forward(days=31)
    await meta.says(ana, "de novo")
    assert refused(meta, thumb) == 131009
