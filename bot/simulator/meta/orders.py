"""Orders in Pix bubbles: each reference once, and the moves that Meta allows afterwards.

Source: Cloud API documentation, "Payments in Brazil: orders". WhatsApp does not know who paid: the business tells it.
"""

from __future__ import annotations

from typing import Any

from bot.simulator.meta.inspector import INVALID, Problem
from bot.simulator.meta.state import Order

UNSUPPORTED_USER = 2040
TRANSITION = 2046
CANNOT_CANCEL = 2047
_OPEN = frozenset({"processing", "partially-shipped", "shipped", "completed", "canceled"})
MOVES: dict[str, frozenset[str]] = {
    "pending": _OPEN | {"pending"},
    "processing": _OPEN,
    "partially-shipped": _OPEN - {"processing"},
    "shipped": frozenset({"shipped", "completed", "canceled"}),
    "completed": frozenset({"completed"}),
    "canceled": frozenset({"canceled"}),
}
PAYMENT_MOVES: dict[str, frozenset[str]] = {
    "pending": frozenset({"pending", "captured", "failed"}),
    "failed": frozenset({"pending", "captured", "failed"}),
    "captured": frozenset({"captured"}),
}


def order_details_in(message: dict[str, Any]) -> dict[str, Any] | None:
    """The order of a Pix bubble, sent as an interactive message or on a template's button."""
    if message["type"] == "interactive" and message["interactive"]["type"] == "order_details":
        return dict(message["interactive"]["action"]["parameters"])
    if message["type"] == "template":
        for component in message["template"].get("components", []):
            for parameter in component["parameters"]:
                details = parameter.get("action", {}).get("order_details")
                if details is not None:
                    return dict(details)
    return None


def order_status_in(message: dict[str, Any]) -> dict[str, Any] | None:
    if message["type"] == "interactive" and message["interactive"]["type"] == "order_status":
        return dict(message["interactive"]["action"]["parameters"])
    return None


def check_order(orders: dict[str, Order], message: dict[str, Any], wa_id: str | None) -> list[Problem]:
    """Why a well-formed message does not go with the orders known so far."""
    details, update = order_details_in(message), order_status_in(message)
    if (details or update) and wa_id is not None and not wa_id.startswith("55"):
        return [Problem(UNSUPPORTED_USER, "order", "payments in Brazil need a Brazilian number")]
    if details is not None and details["reference_id"] in orders:
        return [Problem(INVALID, "order_details.reference_id", "was used before")]
    if update is not None:
        return _check_update(orders.get(update["reference_id"]), update)
    return []


def apply_order(orders: dict[str, Order], message: dict[str, Any], bubble_id: str) -> None:
    """Remember the order of an accepted message, or what it tells of one."""
    details, update = order_details_in(message), order_status_in(message)
    if details is not None:
        reference = details["reference_id"]
        orders[reference] = Order(reference, bubble_id, details["total_amount"]["value"])
    if update is not None:
        order = orders[update["reference_id"]]
        order.status = update["order"]["status"]
        order.payment = update.get("payment", {}).get("status", order.payment)


def _check_update(order: Order | None, update: dict[str, Any]) -> list[Problem]:
    if order is None:
        return [Problem(INVALID, "order_status.reference_id", "is not known")]
    status = update["order"]["status"]
    if status == "canceled" and order.payment == "captured":
        return [Problem(CANNOT_CANCEL, "order_status.order.status", "a paid order cannot be canceled")]
    if status not in MOVES[order.status]:
        return [Problem(TRANSITION, "order_status.order.status", f"cannot go from {order.status} to {status}")]
    payment = update.get("payment", {}).get("status", order.payment)
    if payment not in PAYMENT_MOVES[order.payment]:
        return [Problem(TRANSITION, "order_status.payment.status", f"cannot go from {order.payment} to {payment}")]
    return []
