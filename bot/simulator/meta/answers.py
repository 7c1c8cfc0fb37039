"""How Meta words its refusals: title and HTTP status of each code, and the two shapes an error comes in."""

from __future__ import annotations

import secrets
from typing import Any

TITLES: dict[int, tuple[int, str]] = {
    0: (401, "AuthException"),
    1: (400, "API Unknown"),
    2: (503, "API Service"),
    3: (500, "API Method"),
    4: (400, "API Too Many Calls"),
    10: (403, "Permission Denied"),
    33: (400, "Parameter value is not valid"),
    100: (400, "Invalid parameter"),
    190: (401, "Access token has expired"),
    200: (403, "Provide valid app ID"),
    368: (403, "Temporarily blocked for policies violations"),
    2040: (400, "Unsupported for this user"),
    2046: (400, "Order status transition is not valid"),
    2047: (400, "Order cannot be canceled"),
    80007: (400, "Rate limit issues"),
    130429: (400, "Rate limit hit"),
    131000: (500, "Something went wrong"),
    131005: (403, "Access denied"),
    131008: (400, "Required parameter is missing"),
    131009: (400, "Parameter value is not valid"),
    131016: (500, "Service unavailable"),
    131021: (400, "Recipient cannot be sender"),
    131026: (400, "Message undeliverable"),
    131031: (403, "Account has been locked"),
    131042: (400, "Business eligibility payment issue"),
    131045: (500, "Incorrect certificate"),
    131047: (400, "Re-engagement message"),
    131048: (400, "Spam rate limit hit"),
    131049: (400, "Meta chose not to deliver"),
    131051: (400, "Unsupported message type"),
    131053: (400, "Media upload error"),
    131056: (400, "(Business Account, Consumer Account) pair rate limit hit"),
    131057: (500, "Account in maintenance mode"),
    131062: (400, "Business-scoped user ID is not allowed for this message"),
    132000: (400, "Template Param Count Mismatch"),
    132001: (404, "Template does not exist"),
    132005: (400, "Template Hydrated Text Too Long"),
    132012: (400, "Template Parameter Format Mismatch"),
    132015: (400, "Template is Paused"),
    132016: (400, "Template is Disabled"),
    132018: (400, "Template parameters validation error"),
    133004: (503, "Server temporarily unavailable"),
    133010: (400, "Phone number not registered"),
}
_HREF = "/documentation/business-messaging/whatsapp/support/error-codes"


def title_of(code: int) -> str:
    return TITLES.get(code, (400, "Error"))[1]


def error_answer(code: int, details: str) -> tuple[int, dict[str, Any]]:
    """HTTP status and body of a refused request. Media ids are refused in the message itself, as Meta does."""
    status, title = TITLES.get(code, (400, "Error"))
    error: dict[str, Any] = {
        "message": f"(#{code}) {details if code == 100 else title}",
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": details},
        "fbtrace_id": f"A{secrets.token_urlsafe(16)}",
    }
    return status, {"error": error}


def status_error(code: int, details: str) -> dict[str, Any]:
    """Entry of `errors[]` in a failed status."""
    title = title_of(code)
    return {"code": code, "title": title, "message": title, "error_data": {"details": details}, "href": _HREF}
