"""Limits of Brazilian payments: order_details (the native Pix bubble) and order_status.

Source: Cloud API documentation, "Payments in Brazil": orders, off-site Pix, payment links, boleto (2026).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from bot.simulator.meta.inspector import MISSING, Inspector

NAME = 60
DESCRIPTION = 120
LEAST_EXPIRATION = timedelta(seconds=300)
KEY_TYPES = ("CPF", "CNPJ", "EMAIL", "PHONE", "EVP")
ORDER_STATUSES = ("pending", "processing", "partially-shipped", "shipped", "completed", "canceled")
PAYMENT_STATUSES = ("pending", "captured", "failed")
_REFERENCE = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_WHERE = "order_details"


def inspect_order_details(inspector: Inspector, value: Any, now: datetime | None) -> None:
    """The `parameters` of an order_details message, or of the button of an order_details template."""
    required = ("reference_id", "type", "payment_type", "payment_settings", "currency", "total_amount")
    order = inspector.fields(value, _WHERE, required, ("order",))
    if order is None:
        return
    _reference(inspector, order.get("reference_id"), f"{_WHERE}.reference_id")
    inspector.one_of(order.get("type"), f"{_WHERE}.type", ("digital-goods", "physical-goods"))
    inspector.one_of(order.get("payment_type"), f"{_WHERE}.payment_type", ("br",))
    inspector.one_of(order.get("currency"), f"{_WHERE}.currency", ("BRL",))
    total = _amount(inspector, order.get("total_amount"), f"{_WHERE}.total_amount")
    for index, setting in enumerate(inspector.items(order.get("payment_settings"), f"{_WHERE}.payment_settings", 1, 4)):
        _payment_setting(inspector, setting, f"{_WHERE}.payment_settings[{index}]")
    if "order" in order:
        _order(inspector, order["order"], total, now)


def inspect_order_status(inspector: Inspector, value: Any) -> None:
    """The `parameters` of an order_status message."""
    where = "order_status"
    update = inspector.fields(value, where, ("reference_id", "order"), ("payment",))
    if update is None:
        return
    _reference(inspector, update.get("reference_id"), f"{where}.reference_id")
    order = inspector.fields(update.get("order"), f"{where}.order", ("status",), ("description",))
    if order is not None:
        inspector.one_of(order.get("status"), f"{where}.order.status", ORDER_STATUSES)
        inspector.text(order.get("description"), f"{where}.order.description", DESCRIPTION)
    if "payment" in update:
        payment = inspector.fields(update["payment"], f"{where}.payment", ("status",), ("timestamp",))
        inspector.one_of((payment or {}).get("status"), f"{where}.payment.status", PAYMENT_STATUSES)
        if payment is not None and "timestamp" in payment:
            inspector.integer(payment["timestamp"], f"{where}.payment.timestamp")


def is_br_code(code: str) -> bool:
    """A Pix copy-and-paste code: EMV fields from 00 on, the Pix domain, and a CRC-16/CCITT over all before it."""
    if not code.startswith("000201") or "br.gov.bcb.pix" not in code.lower() or code[-8:-4] != "6304":
        return False
    register = 0xFFFF
    for byte in code[:-4].encode():
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1 ^ 0x1021 if register & 0x8000 else register << 1) & 0xFFFF
    return f"{register:04X}" == code[-4:].upper()


def _reference(inspector: Inspector, value: Any, where: str) -> None:
    if value is not None and (not isinstance(value, str) or not _REFERENCE.fullmatch(value)):
        inspector.note(where, "must be 1 to 60 of A-Z a-z 0-9 _ . -")


def _amount(
    inspector: Inspector, value: Any, where: str, *, least: int = 0, optional: tuple[str, ...] = ()
) -> int | None:
    """Centavos of `{"value", "offset": 100}`."""
    amount = inspector.fields(value, where, ("value", "offset"), optional)
    if amount is None:
        return None
    if amount.get("offset") not in (None, 100):
        inspector.note(f"{where}.offset", "must be 100 for BRL")
    if "description" in amount:
        inspector.text(amount["description"], f"{where}.description", NAME)
    if "discount_program_name" in amount:
        inspector.text(amount["discount_program_name"], f"{where}.discount_program_name", NAME)
    return inspector.integer(amount.get("value"), f"{where}.value", least)


def _payment_setting(inspector: Inspector, value: Any, where: str) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in _SETTINGS:
        inspector.note(f"{where}.type", f"must be one of {', '.join(_SETTINGS)}")
        return
    required, inspect = _SETTINGS[kind]
    setting = inspector.fields(value, where, ("type", kind))
    details = inspector.fields(setting[kind], f"{where}.{kind}", required) if setting and kind in setting else None
    if details is not None:
        inspect(inspector, details, f"{where}.{kind}")


def _pix(inspector: Inspector, pix: dict[str, Any], where: str) -> None:
    inspector.text(pix.get("merchant_name"), f"{where}.merchant_name", NAME, one_line=True)
    inspector.text(pix.get("key"), f"{where}.key", 77, one_line=True, edges=False)
    inspector.one_of(pix.get("key_type"), f"{where}.key_type", KEY_TYPES)
    code = inspector.text(pix.get("code"), f"{where}.code", 512, one_line=True, edges=False)
    if code is not None and not is_br_code(code):
        inspector.note(f"{where}.code", "is not a valid Pix code")


def _link(inspector: Inspector, link: dict[str, Any], where: str) -> None:
    inspector.url(link.get("uri"), f"{where}.uri")


def _boleto(inspector: Inspector, boleto: dict[str, Any], where: str) -> None:
    inspector.text(boleto.get("digitable_line"), f"{where}.digitable_line", 60, one_line=True, edges=False)


def _card(inspector: Inspector, card: dict[str, Any], where: str) -> None:
    inspector.text(card.get("last_four_digits"), f"{where}.last_four_digits", 4, one_line=True)


_SETTINGS: dict[str, tuple[tuple[str, ...], Callable[[Inspector, dict[str, Any], str], None]]] = {
    "pix_dynamic_code": (("code", "merchant_name", "key", "key_type"), _pix),
    "payment_link": (("uri",), _link),
    "boleto": (("digitable_line",), _boleto),
    "offsite_card_pay": (("last_four_digits", "credential_id"), _card),
}


def _order(inspector: Inspector, value: Any, total: int | None, now: datetime | None) -> None:
    where = f"{_WHERE}.order"
    order = inspector.fields(
        value, where, ("status", "tax", "items", "subtotal"), ("shipping", "discount", "expiration", "catalog_id")
    )
    if order is None:
        return
    inspector.one_of(order.get("status"), f"{where}.status", ("pending",))
    before = len(inspector.problems)
    items = inspector.items(order.get("items"), f"{where}.items", 1, 999)
    goods = [_item(inspector, item, f"{where}.items[{index}]") for index, item in enumerate(items)]
    subtotal = _amount(inspector, order.get("subtotal"), f"{where}.subtotal")
    parts = {
        name: _amount(inspector, order[name], f"{where}.{name}", optional=("description", "discount_program_name"))
        for name in ("tax", "shipping", "discount")
        if order.get(name) is not None
    }
    if len(inspector.problems) == before and total is not None and subtotal is not None:
        _sums(inspector, goods, subtotal, parts, total)
    if "expiration" in order:
        _expiration(inspector, order["expiration"], f"{where}.expiration", now)


def _item(inspector: Inspector, value: Any, where: str) -> int:
    """Centavos of the line."""
    optional = ("sale_amount", "country_of_origin", "importer_name", "importer_address")
    item = inspector.fields(value, where, ("retailer_id", "name", "amount", "quantity"), optional)
    if item is None:
        return 0
    inspector.text(item.get("retailer_id"), f"{where}.retailer_id", 100)
    inspector.text(item.get("name"), f"{where}.name", NAME)
    quantity = inspector.integer(item.get("quantity"), f"{where}.quantity", 1) or 0
    price = _amount(inspector, item.get("amount"), f"{where}.amount") or 0
    if "sale_amount" in item:
        price = _amount(inspector, item["sale_amount"], f"{where}.sale_amount") or 0
    return price * quantity


def _sums(inspector: Inspector, goods: list[int], subtotal: int, parts: dict[str, int | None], total: int) -> None:
    if subtotal != sum(goods):
        inspector.note(f"{_WHERE}.order.subtotal", f"must be the sum of the items, {sum(goods)}, is {subtotal}")
    wanted = subtotal + (parts.get("tax") or 0) + (parts.get("shipping") or 0) - (parts.get("discount") or 0)
    if total != wanted:
        inspector.note(f"{_WHERE}.total_amount", f"must be subtotal + tax + shipping - discount, {wanted}, is {total}")


def _expiration(inspector: Inspector, value: Any, where: str, now: datetime | None) -> None:
    expiration = inspector.fields(value, where, ("timestamp", "description"))
    if expiration is None:
        return
    inspector.text(expiration.get("description"), f"{where}.description", DESCRIPTION)
    stamp = expiration.get("timestamp")
    if stamp is None:
        inspector.note(f"{where}.timestamp", "required parameter is missing", MISSING)
    elif not isinstance(stamp, str) or not stamp.isdecimal():
        inspector.note(f"{where}.timestamp", "must be UTC seconds as a string")
    elif now is not None and int(stamp) < (now + LEAST_EXPIRATION).timestamp():
        inspector.note(f"{where}.timestamp", "must be at least 300 seconds ahead")
