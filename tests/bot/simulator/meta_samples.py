"""Messages as the application may and may not send them, for every test that talks to the fake Meta."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BR_CODE = (
    "00020126330014br.gov.bcb.pix0111123456789095204000053039865406123.455802BR5913LOJA DE TESTE6009SAO PAULO"
    "62070503***6304"
)
"""Without its checksum: `crc` adds it."""


def text(body: str = "Olá!") -> dict[str, Any]:
    return {"type": "text", "text": {"body": body}}


def interactive(kind: str, action: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "interactive", "interactive": {"type": kind, "body": {"text": "Escolha"}, "action": action, **more}}


def buttons(*titles: str, **more: Any) -> dict[str, Any]:
    replies = [{"type": "reply", "reply": {"id": f"b{n}", "title": title}} for n, title in enumerate(titles)]
    return interactive("button", {"buttons": replies}, **more)


def rows(count: int, start: int = 0, **more: Any) -> list[dict[str, Any]]:
    return [{"id": f"r{n}", "title": f"Linha {n}", **more} for n in range(start, start + count)]


def listing(*sections: dict[str, Any], button: str = "Ver", **more: Any) -> dict[str, Any]:
    return interactive("list", {"button": button, "sections": list(sections)}, **more)


def amount(value: int) -> dict[str, int]:
    return {"value": value, "offset": 100}


def crc(code: str) -> str:
    """CRC-16/CCITT-FALSE by table-free long division over bits, written apart from the product's."""
    register = 0xFFFF
    for bit in "".join(f"{byte:08b}" for byte in code.encode()):
        overflow = (register >> 15) ^ int(bit)
        register = ((register << 1) & 0xFFFF) ^ (0x1021 if overflow else 0)
    return f"{code}{register:04X}"


def order(reference: str = "pix-1", **changes: Any) -> dict[str, Any]:
    pix = {"code": crc(BR_CODE), "merchant_name": "Loja de Teste", "key": "12345678909", "key_type": "CPF"}
    parameters: dict[str, Any] = {
        "reference_id": reference,
        "type": "digital-goods",
        "payment_type": "br",
        "payment_settings": [{"type": "pix_dynamic_code", "pix_dynamic_code": pix}],
        "currency": "BRL",
        "total_amount": amount(12345),
        "order": {
            "status": "pending",
            "tax": amount(0),
            "items": [{"retailer_id": "1", "name": "Plano", "amount": amount(12345), "quantity": 1}],
            "subtotal": amount(12345),
            "expiration": {"timestamp": str(int(NOW.timestamp()) + 300), "description": "Expira logo"},
        },
    }
    return interactive("order_details", {"name": "review_and_pay", "parameters": {**parameters, **changes}})


def order_status(status: str, payment: str | None = None, reference: str = "pix-1") -> dict[str, Any]:
    parameters: dict[str, Any] = {"reference_id": reference, "order": {"status": status}}
    if payment is not None:
        parameters["payment"] = {"status": payment, "timestamp": int(NOW.timestamp())}
    return interactive("order_status", {"name": "review_order", "parameters": parameters})


def order_template(reference: str = "pix-1") -> dict[str, Any]:
    """An order outside the window: on the button of a template."""
    details = order(reference)["interactive"]["action"]["parameters"]
    action = {"type": "action", "action": {"order_details": details}}
    return template("cobranca", button_values("order_details", action))


def changed(message: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of the message with the value at a dotted path replaced."""
    message = copy.deepcopy(message)
    *way, last = path.split(".")
    place: Any = message
    for step in way:
        place = place[int(step)] if step.isdecimal() else place[step]
    place[int(last) if last.isdecimal() else last] = value
    return message


def without(message: dict[str, Any], path: str, key: str) -> dict[str, Any]:
    """A copy of the message in which the object at a dotted path has lost a key."""
    message = copy.deepcopy(message)
    place = message
    for step in path.split("."):
        place = place[step]
    del place[key]
    return message


def template(name: str, *components: dict[str, Any]) -> dict[str, Any]:
    return {"type": "template", "template": {"name": name, "language": {"code": "pt_BR"}, "components": [*components]}}


def body_values(*values: str) -> dict[str, Any]:
    return {"type": "body", "parameters": [{"type": "text", "text": value} for value in values]}


def button_values(kind: str, *parameters: dict[str, Any], index: str = "0") -> dict[str, Any]:
    return {"type": "button", "sub_type": kind, "index": index, "parameters": [*parameters]}


IMAGE_BY_LINK = {"link": "https://example.com/a.png"}
CTA = interactive("cta_url", {"name": "cta_url", "parameters": {"display_text": "Abrir", "url": "https://example.com"}})
FLOW_PARAMETERS = {"flow_message_version": "3", "flow_id": "1", "flow_cta": "Começar"}
PLACE = interactive("location_request_message", {"name": "send_location"})
PIX = "interactive.action.parameters"
WITHIN_LIMITS = {
    "text": text("x" * 4096),
    "text with preview": {"type": "text", "text": {"body": "https://example.com", "preview_url": True}},
    "quoted": {**text(), "context": {"message_id": "wamid.1"}},
    "image": {"type": "image", "image": {**IMAGE_BY_LINK, "caption": "x" * 1024}},
    "voice": {"type": "audio", "audio": {"id": "1", "voice": True}},
    "document": {"type": "document", "document": {"id": "1", "filename": "a.pdf", "caption": "Contrato"}},
    "sticker": {"type": "sticker", "sticker": {"id": "1"}},
    "location": {
        "type": "location",
        "location": {"latitude": -23.5, "longitude": "-46.6", "name": "A", "address": "B"},
    },
    "contacts": {"type": "contacts", "contacts": [{"name": {"formatted_name": "Ana de Teste"}}]},
    "reaction": {"type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": "👍"}},
    "reaction taken back": {"type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": ""}},
    "buttons": buttons("✅ " + "x" * 18, "Não", "Talvez", footer={"text": "x" * 60}),
    "buttons under an image": buttons("Sim", header={"type": "image", "image": IMAGE_BY_LINK}),
    "buttons under a document": buttons("Sim", header={"type": "document", "document": {"id": "1"}}),
    "list": listing({"rows": rows(10, description="x" * 72)}, header={"type": "text", "text": "x" * 60}),
    "list in sections": listing({"title": "A", "rows": rows(5)}, {"title": "B", "rows": rows(5, 5)}),
    "link": CTA,
    "location request": PLACE,
    "contact request": interactive("request_contact_info", {"name": "request_contact_info"}),
    "flow": interactive("flow", {"name": "flow", "parameters": FLOW_PARAMETERS}),
    "order": order(),
    "order of a total only": without(order(), "interactive.action.parameters", "order"),
    "order with all its sums": order(
        total_amount=amount(2000 * 2 + 10 + 500 - 300),
        order={
            "status": "pending",
            "tax": {**amount(10), "description": "ISS"},
            "shipping": amount(500),
            "discount": {**amount(300), "discount_program_name": "Boas-vindas"},
            "items": [
                {"retailer_id": "1", "name": "A", "amount": amount(2500), "sale_amount": amount(2000), "quantity": 2}
            ],
            "subtotal": amount(4000),
        },
    ),
    "order to be paid otherwise": order(
        payment_settings=[
            {"type": "payment_link", "payment_link": {"uri": "https://example.com/pagar"}},
            {"type": "boleto", "boleto": {"digitable_line": "03399026944140000002628346101018898510000008848"}},
            {"type": "offsite_card_pay", "offsite_card_pay": {"last_four_digits": "1234", "credential_id": "c"}},
        ]
    ),
    "order in a template": order_template(),
    "order status": order_status("completed", "captured"),
    "template": template("a_1", body_values("Ana"), button_values("quick_reply", {"type": "payload", "payload": "p"})),
}


PIX_SETTING = f"{PIX}.payment_settings.0.pix_dynamic_code"
BEYOND_LIMITS: dict[str, tuple[int, dict[str, Any]]] = {
    "no type": (131008, {"text": {"body": "oi"}}),
    "unknown type": (131051, {"type": "poll", "poll": {}}),
    "type without content": (131008, {"type": "text"}),
    "extra field beside": (100, {**text(), "ttl": 5}),
    "extra field inside": (100, changed(text(), "text.markdown", True)),
    "text empty": (131009, text("")),
    "text blank": (131009, text(" \n")),
    "text too long": (100, text("x" * 4097)),
    "text not a string": (131009, changed(text(), "text.body", 5)),
    "caption too long": (100, {"type": "image", "image": {**IMAGE_BY_LINK, "caption": "x" * 1025}}),
    "caption on audio": (100, {"type": "audio", "audio": {"id": "1", "caption": "x"}}),
    "id and link": (131008, {"type": "image", "image": {**IMAGE_BY_LINK, "id": "1"}}),
    "neither id nor link": (131008, {"type": "image", "image": {}}),
    "link without scheme": (100, {"type": "image", "image": {"link": "example.com/a.png"}}),
    "latitude": (131009, {"type": "location", "location": {"latitude": 91, "longitude": 0}}),
    "address alone": (131009, {"type": "location", "location": {"latitude": 1, "longitude": 1, "address": "B"}}),
    "contact without name": (131008, {"type": "contacts", "contacts": [{"phones": []}]}),
    "reaction in words": (131009, {"type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": "ok"}}),
    "reaction as a reply": (100, {**WITHIN_LIMITS["reaction"], "context": {"message_id": "wamid.1"}}),
    "context without id": (131008, {**text(), "context": {}}),
    "no buttons": (131009, buttons()),
    "four buttons": (131009, buttons("a", "b", "c", "d")),
    "button title too long": (100, buttons("x" * 21)),
    "button title with edge blank": (131009, buttons("Sim ")),
    "button title in two lines": (131009, buttons("a\nb")),
    "button titles alike": (131009, buttons("Sim", "Sim")),
    "button id too long": (100, changed(buttons("a"), "interactive.action.buttons.0.reply.id", "x" * 257)),
    "button id with edge blank": (131009, changed(buttons("a"), "interactive.action.buttons.0.reply.id", " a")),
    "button ids alike": (131009, changed(buttons("a", "b"), "interactive.action.buttons.1.reply.id", "b0")),
    "button of another type": (131009, changed(buttons("a"), "interactive.action.buttons.0.type", "url")),
    "body too long": (100, buttons("a", body={"text": "x" * 1025})),
    "body empty": (131009, buttons("a", body={"text": ""})),
    "body missing": (131008, changed(buttons("a"), "interactive.body", None)),
    "action missing": (131008, changed(buttons("a"), "interactive.action", None)),
    "footer too long": (100, buttons("a", footer={"text": "x" * 61})),
    "header too long": (100, buttons("a", header={"type": "text", "text": "x" * 61})),
    "header of another kind": (131009, buttons("a", header={"type": "audio", "audio": {"id": "1"}})),
    "header with a caption": (100, buttons("a", header={"type": "image", "image": {"id": "1", "caption": "x"}})),
    "list under an image": (131009, listing({"rows": rows(1)}, header={"type": "image", "image": {"id": "1"}})),
    "list of eleven": (131009, listing({"title": "A", "rows": rows(6)}, {"title": "B", "rows": rows(5, 6)})),
    "list without rows": (131009, listing({"rows": []})),
    "eleven sections": (131009, listing(*({"title": f"S{n}", "rows": rows(1, n)} for n in range(11)))),
    "section title missing": (131008, listing({"title": "A", "rows": rows(1)}, {"rows": rows(1, 1)})),
    "section title too long": (100, listing({"title": "x" * 25, "rows": rows(1)})),
    "list button too long": (100, listing({"rows": rows(1)}, button="x" * 21)),
    "list body too long": (100, listing({"rows": rows(1)}, body={"text": "x" * 1025})),
    "row title too long": (100, listing({"rows": [{"id": "1", "title": "x" * 25}]})),
    "row description too long": (100, listing({"rows": rows(1, description="x" * 73)})),
    "row id too long": (100, listing({"rows": [{"id": "x" * 201, "title": "A"}]})),
    "row ids alike": (131009, listing({"rows": rows(1) + rows(1)})),
    "link label too long": (100, changed(CTA, f"{PIX}.display_text", "x" * 21)),
    "link address": (100, changed(CTA, f"{PIX}.url", "ftp://example.com")),
    "link action name": (131009, changed(CTA, "interactive.action.name", "open")),
    "location request with a footer": (100, changed(PLACE, "interactive.footer", {"text": "x"})),
    "flow label too long": (
        100,
        interactive("flow", {"name": "flow", "parameters": {**FLOW_PARAMETERS, "flow_cta": "x" * 21}}),
    ),
    "unknown interactive": (131051, interactive("address_message", {})),
    "order reference": (131009, order(reference="pedido nº 1")),
    "order reference too long": (131009, order(reference="x" * 61)),
    "order currency": (131009, order(currency="USD")),
    "order offset": (131009, order(total_amount={"value": 12345, "offset": 1})),
    "order total": (131009, order(total_amount=amount(12344))),
    "order subtotal": (131009, changed(order(), f"{PIX}.order.subtotal.value", 1)),
    "order amount in reais": (131009, order(total_amount={"value": 123.45, "offset": 100})),
    "order without tax": (131008, changed(order(), f"{PIX}.order.tax", None)),
    "order item name": (100, changed(order(), f"{PIX}.order.items.0.name", "x" * 61)),
    "order item quantity": (131009, changed(order(), f"{PIX}.order.items.0.quantity", 0)),
    "order expires too soon": (131009, changed(order(), f"{PIX}.order.expiration.timestamp", "1795348000")),
    "order expiration as a number": (131009, changed(order(), f"{PIX}.order.expiration.timestamp", 1)),
    "order without settings": (131009, order(payment_settings=[])),
    "Pix code broken": (131009, changed(order(), f"{PIX_SETTING}.code", BR_CODE + "0000")),
    "Pix key type": (131009, changed(order(), f"{PIX_SETTING}.key_type", "CELULAR")),
    "Pix without a key": (131008, changed(order(), f"{PIX_SETTING}.key", None)),
    "order under a document": (131009, changed(order(), "interactive.header", {"type": "document", "document": {}})),
    "order setting unknown": (131009, order(payment_settings=[{"type": "cash"}])),
    "order due in an unreadable moment": (131009, changed(order(), f"{PIX}.order.expiration.timestamp", "amanhã")),
    "order due without a moment": (131008, changed(order(), f"{PIX}.order.expiration.timestamp", None)),
    "order in a template with a wrong total": (
        131009,
        changed(order_template(), "template.components.0.parameters.0.action.order_details.total_amount", amount(1)),
    ),
    "order status unknown": (131009, order_status("paid")),
    "template name": (131009, template("Boas-vindas")),
    "template parameter with a new line": (132018, template("a", body_values("a\nb"))),
    "template parameter type": (132012, template("a", {"type": "body", "parameters": [{"type": "money"}]})),
    "template parameter empty": (131009, template("a", body_values(""))),
    "template button place": (131009, template("a", button_values("url", {"type": "text", "text": "x"}, index="10"))),
    "template component twice": (131009, template("a", body_values("a"), body_values("b"))),
}
