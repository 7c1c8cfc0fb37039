"""What each error code of Meta's Graph API means to us: one table, code to class.

Meta tells clients to branch on `code` and `error_data.details`, never on title, subcode or HTTP status: throttling
comes as 400, not 429. The HTTP status decides only where the code is unknown. The same codes come in the `errors` of
failed statuses, for which `classify` serves as well.
Source: WhatsApp Cloud API, "Error codes" (edition of September 2026).
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import orjson

from handlers.channel.codes import STOPPING
from handlers.ports import (
    ChannelStopped,
    GatewayError,
    MediaExpired,
    NumberThrottled,
    OutcomeUnknown,
    PairLimited,
    Refused,
    TryLater,
    Unreachable,
    WindowClosed,
)

WAITS: dict[int, timedelta] = {
    131057: timedelta(seconds=60),
    132069: timedelta(hours=1),
    133015: timedelta(minutes=5),
    134101: timedelta(minutes=10),
}
"""Waits that Meta itself names for a code."""

_BY_CLASS: dict[type[GatewayError], tuple[int, ...]] = {
    ChannelStopped: (0, *STOPPING),
    NumberThrottled: (4, 80007, 130429),
    PairLimited: (131056,),
    TryLater: (2, 131000, 131016, 131057, 132069, 133004, 133015, 134101),
    WindowClosed: (131047,),
    Unreachable: (
        130403,  # we blocked this user
        131026,  # not on WhatsApp, terms not accepted, old application
        131030,  # test number: not in its list of recipients
    ),
    Refused: (
        *(1, 100, 131008, 131009, 135000),  # bad, missing or misspelt parameter
        *(2040, 2046, 2047, 134011),  # Brazilian payments: unsupported user, transition, cancel, terms
        130472,  # user in a marketing experiment
        130497,  # country restricted
        131021,  # recipient is the sender
        131035,  # a webhook could not be delivered in time
        *(131049, 131050),  # marketing withheld or stopped by the user
        *(131051, 131052, 131053),  # message type or media
        *(131055, 134100, 134102),  # marketing API only
        131062,  # this message needs a phone number, not a BSUID
        *(131063, 131064),  # marketing disabled on Cloud API, classification limit
        *(132000, 132001, 132005, 132007, 132012, 132015, 132016, 132018),  # templates
        132068,  # flow blocked
        137000,  # identity key of the user changed
    ),
}
CLASSES: dict[int, type[GatewayError]] = {code: kind for kind, codes in _BY_CLASS.items() for code in codes}
"""Error class of every documented code."""

_BY_STATUS: dict[int, type[GatewayError]] = {401: ChannelStopped, 408: TryLater, 429: NumberThrottled}
_MEDIA_GONE = re.compile(
    r"not a valid whatsapp business account media attachment id|media.{0,40}(expired|not found)", re.IGNORECASE
)
_MEDIA_CODES = frozenset({100, 131009, 131053})
_HOST_DOWN = re.compile(r"downloading media.*failed with http code (429|5\d\d)", re.IGNORECASE)
_PERSONAL = re.compile(r"\+?\d{7,}|[^\s@]+@[^\s@]+")


def classify(code: int, details: str = "", *, status: int = 400, transient: bool = False) -> GatewayError:
    """The error to raise for a code. `details` is Meta's own text; numbers and addresses in it are masked."""
    wait = WAITS.get(code)
    kind = _kind(code, details, status, transient)
    text = _PERSONAL.sub("…", details)[:300]
    if wait is not None and issubclass(kind, TryLater):
        return kind(str(code), text, wait)
    return kind(str(code), text)


def from_response(status: int, body: bytes) -> GatewayError:
    """The error to raise for an answer that is not 2xx. `body` is read as Meta's error object, if it is one."""
    error = _error_object(body)
    code = error.get("code")
    if isinstance(code, bool) or not isinstance(code, int):
        return _without_code(status)
    return classify(code, _details(error), status=status, transient=error.get("is_transient") is True)


def _kind(code: int, details: str, status: int, transient: bool) -> type[GatewayError]:
    if code in _MEDIA_CODES and _MEDIA_GONE.search(details):
        return MediaExpired
    if code == 131053 and _HOST_DOWN.search(details):
        return TryLater
    if code == 1 and transient:
        return TryLater
    return CLASSES.get(code) or _kind_of_status(status)


def _kind_of_status(status: int) -> type[GatewayError]:
    if status >= 500:
        return TryLater
    return _BY_STATUS.get(status, Refused)


def _without_code(status: int) -> GatewayError:
    """No error object of Meta's: a proxy spoke. Behind a bad or timed-out gateway the message may have been taken."""
    if status in (502, 504):
        return OutcomeUnknown(f"http-{status}", "gateway answered without Meta's error object")
    if status < 400:
        return ChannelStopped(f"http-{status}", "redirected: check the Graph address in the settings")
    return _kind_of_status(status)(f"http-{status}", "no error object")


def _error_object(body: bytes) -> dict[str, Any]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    error = answer.get("error") if isinstance(answer, dict) else None
    return error if isinstance(error, dict) else {}


def _details(error: dict[str, Any]) -> str:
    """Details if given (an object or, at times, a bare string), with the message where it says more."""
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else data
    parts = [part for part in (error.get("message"), details) if isinstance(part, str) and part]
    return " | ".join(dict.fromkeys(parts))
