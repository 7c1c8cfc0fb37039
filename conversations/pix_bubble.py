"""WhatsApp's native Pix bubble for Brazil (`order_details`, `payment_type: br`): total, items and a button that copies
the code. Meta does not reconcile: whether it was paid is known only from the bank.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from handlers.facts import Organization

_ITEM, _REFERENCE, _OFFSET = 60, 60, 100


def pix_bubble(charge: Mapping[str, Any], text: str, organization: Organization) -> dict[str, Any]:
    """The `interactive` object. `charge`: reference (unique a message), amount (centavos), br_code, qr_document_id."""
    amount = {"value": int(charge["amount"]), "offset": _OFFSET}
    item = {
        "retailer_id": "membership",
        "name": organization.name[:_ITEM],
        "amount": amount,
        "quantity": 1,
    }
    order = {
        "status": "pending",
        "tax": {"value": 0, "offset": _OFFSET},
        "items": [item],
        "subtotal": amount,
    }
    pix = {
        "code": charge["br_code"],
        "merchant_name": organization.pix_merchant or organization.name,
        "key": organization.pix_key,
        "key_type": key_type(organization.pix_key),
    }
    parameters = {
        "reference_id": str(charge["reference"])[:_REFERENCE],
        "type": "digital-goods",
        "payment_type": "br",
        "payment_settings": [{"type": "pix_dynamic_code", "pix_dynamic_code": pix}],
        "currency": "BRL",
        "total_amount": amount,
        "order": order,
    }
    bubble: dict[str, Any] = {
        "type": "order_details",
        "body": {"text": text},
        "action": {"name": "review_and_pay", "parameters": parameters},
    }
    if organization.media_url is not None and charge.get("qr_document_id"):
        link = organization.media_url(str(charge["qr_document_id"]))
        bubble["header"] = {"type": "image", "image": {"link": link}}
    return bubble


def paid_bubble(reference: str, now: datetime) -> dict[str, Any]:
    """The `interactive` object (`order_status`) after which the bubble of that reference shows that it is paid."""
    payment = {"status": "captured", "timestamp": int(now.timestamp())}
    parameters = {"reference_id": reference, "order": {"status": "completed"}, "payment": payment}
    return {"type": "order_status", "body": {"text": ""}, "action": {"name": "review_order", "parameters": parameters}}


def key_type(key: str) -> str:
    """CPF, CNPJ, EMAIL, PHONE or EVP, as Meta names the kinds of Pix keys."""
    if "@" in key:
        return "EMAIL"
    if key.startswith("+"):
        return "PHONE"
    if re.fullmatch(r"\d{11}", key):
        return "CPF"
    return "CNPJ" if re.fullmatch(r"[0-9A-Z]{14}", key) else "EVP"
