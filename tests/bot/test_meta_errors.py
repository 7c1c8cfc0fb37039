"""What answers of the Graph API mean: the table of codes, and the HTTP status where there is none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest

from bot.gateways.meta_errors import classify, from_response
from handlers.ports import (
    ChannelStopped,
    GatewayError,
    MediaExpired,
    NumberThrottled,
    OutcomeUnknown,
    Refused,
    TryLater,
    WindowClosed,
)


def _error(**error: Any) -> bytes:
    return orjson.dumps({"error": error})


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, _error(code=999999), Refused),
        (500, _error(code=999999), TryLater),
        (400, _error(code=131047, error_data="a bare string"), WindowClosed),
        (400, _error(code=1, is_transient=True), TryLater),
        (400, _error(code=1), Refused),
        (400, _error(code=100, message="(#100) Invalid parameter"), Refused),
        (400, _error(code=131009, error_data={"details": "Media expired"}), MediaExpired),
        (400, _error(code=131053, error_data="Downloading media from weblink failed with http code 503"), TryLater),
        (400, _error(code=131053, error_data={"details": "MIME mismatch"}), Refused),
        (401, b"", ChannelStopped),
        (429, b"slow down", NumberThrottled),
        (404, b"<html>", Refused),
        (408, b"", TryLater),
        (503, b"<html>", TryLater),
        (502, b"<html>", OutcomeUnknown),
        (504, b"", OutcomeUnknown),
        (400, b'{"error":"text"}', Refused),
        (400, b'{"error":{"code":"131047"}}', Refused),
    ],
)
def test_classification_of_answers(status: int, body: bytes, kind: type[GatewayError]) -> None:
    assert type(from_response(status, body)) is kind


@pytest.mark.parametrize(("code", "seconds"), [(131057, 60), (132069, 3600), (133015, 300), (134101, 600)])
def test_waits_that_meta_names(code: int, seconds: int) -> None:
    error = classify(code)
    assert isinstance(error, TryLater)
    assert error.after == timedelta(seconds=seconds)


def test_details_show_no_personal_data() -> None:
    error = classify(131026, "(#131026) cannot reach +5511999990000 or ana@example.com")
    assert error.detail == "(#131026) cannot reach … or …"
