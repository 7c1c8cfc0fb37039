"""The bytes of Meta's webhooks and answers, put together from constant parts: signed calls in, the Graph's answers out.

Source of the shapes: Cloud API, Webhooks (tests/payloads/meta holds Meta's own examples). Since 2026 every message
names its sender by telephone and by business-scoped user id.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Sequence
from typing import Any

import orjson

ACCOUNT = "102290129340398"
NUMBERS = ("106540352242922", "106540352242923", "106540352242924", "106540352242925")
"""The desk's numbers: Meta lets one send 1,000 messages a second, and what is measured is the desk."""
_HEADS = tuple(
    b'{"object":"whatsapp_business_account","entry":[{"id":"%b","changes":[{"value":{"messaging_product":"whatsapp",'
    b'"metadata":{"display_phone_number":"551199999000%d","phone_number_id":"%b"},'
    % (ACCOUNT.encode(), place, number.encode())
    for place, number in enumerate(NUMBERS)
)
_TAIL = b'},"field":"messages"}]}]}'
_MESSAGE = (
    b'"contacts":[{"profile":{"name":"Pessoa Exemplo"},"wa_id":"%b","user_id":"BR.%b"}],'
    b'"messages":[{"from":"%b","from_user_id":"BR.%b","id":"%b","timestamp":"%d",%b}]'
)
_STATUS = (
    b'{"id":"%b","status":"%b","timestamp":"%d","recipient_id":"%b","recipient_user_id":"BR.%b",'
    b'"biz_opaque_callback_data":%b,'
    b'"pricing":{"billable":true,"pricing_model":"PMP","category":"service","type":"regular"}}'
)
_CALL = (
    b"POST /webhooks/whatsapp HTTP/1.1\r\nHost: %b\r\nUser-Agent: facebookexternalua\r\nAccept: */*\r\n"
    b"Accept-Encoding: deflate, gzip\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
    b"X-Hub-Signature-256: sha256=%b\r\n\r\n%b"
)
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: keep-alive\r\n\r\n%b"
_ACCEPTED = (
    b'{"messaging_product":"whatsapp","contacts":[{"input":"+%b","wa_id":"%b"}],'
    b'"messages":[{"id":"%b","message_status":"accepted"}]}'
)


def number_of(phone: bytes) -> int:
    """The place in NUMBERS of the number that somebody writes to."""
    return int(phone[-2:]) % len(NUMBERS)


def answer(body: bytes) -> bytes:
    return _ANSWER % (len(body), body)


READ = answer(b'{"success":true}')


def accepted(phone: bytes, wamid: bytes) -> bytes:
    """What `POST /messages` is answered."""
    return answer(_ACCEPTED % (phone, phone, wamid))


def message(number: int, phone: bytes, wamid: bytes, said: bytes) -> bytes:
    """A body with one message to our `number` (its place in NUMBERS); `said` is its `"type":…` with what follows."""
    return _HEADS[number] + _MESSAGE % (phone, phone, phone, phone, wamid, int(time.time()), said) + _TAIL


def status(phone: bytes, wamid: bytes, opaque: bytes, state: bytes) -> bytes:
    """One update; `opaque` is JSON."""
    return _STATUS % (wamid, state, int(time.time()), phone, phone, opaque)


def statuses(number: int, updates: Sequence[bytes]) -> bytes:
    return _HEADS[number] + b'"statuses":[' + b",".join(updates) + b"]" + _TAIL


def signed(host: bytes, secret: bytes, body: bytes) -> bytes:
    """The whole call as it goes over the wire."""
    return _CALL % (host, len(body), hmac.digest(secret, body, "sha256").hex().encode(), body)


def text(words: str) -> bytes:
    return b'"type":"text","text":{"body":%b}' % orjson.dumps(words)


def tap(kind: str, option: dict[str, Any]) -> bytes:
    """An answer by button (`button_reply`) or list row (`list_reply`)."""
    chosen = {"type": kind, kind: {"id": option["id"], "title": option["title"]}}
    return b'"type":"interactive","interactive":' + orjson.dumps(chosen)
