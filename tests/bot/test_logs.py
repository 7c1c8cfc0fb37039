"""What a log line may and may not hold. All people, numbers and tokens here are invented."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import structlog

from bot import logs
from bot.redaction import mask
from bot.town import open_town
from tests.clock import FrozenClock
from tests.town import Person

CPF, PHONE, EMAIL = "529.982.247-25", "5511987654321", "fulana@example.com"
UUID = "0190a2b3-c4d5-7e6f-8a9b-123456789012"
SHA256 = "a" * 20 + "12345678901" + "b" * 33
E2E = "E12345678202611221430abcdefghijk"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Where the lines go; logging as it was is put back afterwards."""
    root = logging.getLogger()
    handlers, level, quiet = root.handlers[:], root.level, {name: logging.getLogger(name).level for name in logs.QUIET}
    stream = io.StringIO()
    logs.configure("INFO", "json", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, former in quiet.items():
        logging.getLogger(name).setLevel(former)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def last(stream: io.StringIO) -> dict[str, Any]:
    line: dict[str, Any] = orjson.loads(stream.getvalue().splitlines()[-1])
    return line


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"CPF {CPF} ok", "CPF <cpf> ok"),
        ("cpf 52998224725.", "cpf <cpf>."),
        (f"from {PHONE}", "from <phone>"),
        ("from 551187654321", "from <phone>"),
        ("to +55 11 98765-4321!", "to <phone>!"),
        ("to (11) 98765-4321", "to <phone>"),
        (f"mail {EMAIL}, sent", "mail <email>, sent"),
        ("Authorization: Bearer abc.def-123456", "Authorization: <bearer>"),
        ("token EAAGm0PX4ZCpsBAKZCexample", "token <meta>"),
        ("jwt eyJhbGciOi.eyJzdWIiOi.c2ln", "jwt <jwt>"),
        ("postgresql://user:hush@db/balcao", "postgresql://<userinfo>@db/balcao"),
        ("GET /webhooks/whatsapp?hub.verify_token=hush&x=1", "GET /webhooks/whatsapp?<query>&x=1"),
        ("GET /cards/abc123.def HTTP/1.1", "GET /cards/<card> HTTP/1.1"),
        ("wamid.HBgNNTUxMTk4NzY1NDMyMRUCABEYEjQ5QUJDREVGMDEyMzQ1AA==", "wamid…EyMzQ1AA"),
        (
            "pay 00020126330014br.gov.bcb.pix0111529982247255802BR5906Fulana6008Sao Paulo62070503***63041D3D now",
            "pay <brcode> now",
        ),
        ("[SQL: INSERT] [parameters: ('Fulana', 1)]", "[SQL: INSERT] <parameters>"),
        ("DETAIL: Key (email)=(x y) already exists", "DETAIL: Key (email)=<parameters> already exists"),
        ("DETAIL: Failing row contains (1, Fulana, null).", "DETAIL: Failing row contains <parameters>."),
        ("[type=int, input_value='Fulana', input_type=str]", "[type=int, input_value='Fulana', input_type=str]"),
    ],
)
def test_what_looks_personal_is_masked(text: str, masked: str) -> None:
    if "input_value" in text:
        masked = "[type=int, <parameters>, input_type=str]"
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [UUID, SHA256, E2E, "CT-00000001", "txid 7f9c2ba4e88f827d616045507605", "2026-11-22T14:30:00.123456Z", "131047",
     "phone_number_id 100000000000001", "took 0.012345678901 s", "R$ 1.234,50"],
)  # fmt: skip
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert mask(text) == text


def test_fields_are_hidden_by_name(lines: io.StringIO) -> None:
    structlog.get_logger().info(
        "saved", holder_name="Fulana", cpf="x", access_token="t", body="oi", wa_id=1, template_name="welcome", count=3
    )
    line = last(lines)
    assert {line[name] for name in ("holder_name", "cpf", "access_token", "body", "wa_id")} == {"***"}
    assert (line["template_name"], line["count"], line["level"], line["event"]) == ("welcome", 3, "info", "saved")
    assert line["timestamp"].endswith("Z")


def test_one_time_codes_are_hidden_and_error_codes_are_not(lines: io.StringIO) -> None:
    structlog.get_logger().info("x", code="123456", otp=654321, error_code=131047, status_code=200)
    line = last(lines)
    assert (line["code"], line["otp"], line["error_code"], line["status_code"]) == ("***", "***", 131047, 200)


def test_nested_and_odd_values_are_clean(lines: io.StringIO) -> None:
    class Person:
        def __repr__(self) -> str:
            return f"Person({EMAIL})"

    deep: Any = "end"
    for _ in range(20):
        deep = [deep]
    structlog.get_logger().info("x", a={"to": [PHONE, {"text": "oi"}]}, raw=b"\x00secret", who=Person(), deep=deep)
    line = last(lines)
    assert line["a"] == {"to": ["<phone>", {"text": "***"}]}
    assert (line["raw"], line["who"]) == ("<7 bytes>", "Person(<email>)")


def test_the_request_id_comes_along_and_goes_away(lines: io.StringIO) -> None:
    under_way = logs.REQUEST.set("req-1")
    structlog.get_logger().info("inside")
    logging.getLogger("aiohttp.access").info("library")
    assert last(lines)["request_id"] == "req-1"
    logs.REQUEST.reset(under_way)
    structlog.get_logger().info("outside")
    assert "request_id" not in last(lines)


def test_exceptions_are_redacted_and_show_no_locals(lines: io.StringIO) -> None:
    try:
        secret_of_fulana = "locals-must-not-show"
        raise ValueError(f"no member {CPF} {len(secret_of_fulana)}")
    except ValueError:
        structlog.get_logger().exception("turn failed")
    text = lines.getvalue()
    assert "ValueError" in text
    assert "<cpf>" in text
    assert CPF not in text
    assert last(lines)["exception"][0]["frames"][0]["name"] == "test_exceptions_are_redacted_and_show_no_locals"
    assert '"locals"' not in text


def test_libraries_go_the_same_way(lines: io.StringIO) -> None:
    try:
        raise RuntimeError(EMAIL)
    except RuntimeError:
        logging.getLogger("aiohttp.server").exception("handler of %s failed", PHONE)
    line = last(lines)
    assert (line["event"], line["logger"], line["level"]) == ("handler of <phone> failed", "aiohttp.server", "error")
    assert EMAIL not in lines.getvalue()


def test_chatty_libraries_are_quiet(lines: io.StringIO) -> None:
    logging.getLogger("apscheduler.executors").info("tick")
    logging.getLogger("transitions.core").info("moved")
    logging.getLogger("sqlalchemy.engine").info("SELECT")
    structlog.get_logger().debug("detail")
    assert lines.getvalue() == ""


async def test_what_people_say_is_in_no_log_however_much_is_logged(
    lines: io.StringIO, database_url: str, clock: FrozenClock
) -> None:
    """A driver's own lines hold statements with their values, in spellings that look like nothing."""
    logs.configure("DEBUG", "json", lines)
    async with open_town(database_url, clock) as town:
        ana = Person(town, clock, town.meta.person("5511987654321", "Fulana Beltrana"), EMAIL, "529 982 247 25")
        assert "CEP" in await ana.reach("cep")
        said = [ana.full_name, *ana.full_name.split(), "Fulana", "Beltrana", ana.code(), ana.email, ana.cpf]
    text = lines.getvalue()
    assert '"http.request"' in text
    said += ["52998224725", "15/05/1990", "1990-05-15", "5511987654321"]
    assert [words for words in said if re.search(rf"(?<![\w.]){re.escape(words)}(?!\w)", text)] == []


def test_a_beat_skipped_on_a_busy_machine_is_not_worth_a_line_but_a_failed_job_is(lines: io.StringIO) -> None:
    logging.getLogger("apscheduler.scheduler").warning("skipped: maximum number of running instances reached (1)")
    assert lines.getvalue() == ""
    logging.getLogger("apscheduler.executors.default").error("Job raised an exception")
    assert last(lines)["event"] == "Job raised an exception"


def test_a_record_that_cannot_be_formatted_does_not_spill_its_arguments(
    lines: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    record = logging.LogRecord("some.library", logging.ERROR, __file__, 1, "%d", (EMAIL,), None)
    next(handler for handler in logging.getLogger().handlers if isinstance(handler, logs.Handler)).handle(record)
    assert last(lines)["event"] == "unprintable log record"
    assert EMAIL not in lines.getvalue() + capsys.readouterr().err


def test_console_lines_are_redacted_too(lines: io.StringIO) -> None:
    stream = io.StringIO()
    logs.configure("DEBUG", "console", stream)
    structlog.get_logger().debug(f"to {PHONE}", email=EMAIL)
    try:
        raise RuntimeError(CPF)
    except RuntimeError:
        logging.getLogger("x").exception("failed")
    assert "<phone>" in stream.getvalue()
    assert "RuntimeError: <cpf>" in stream.getvalue()
    assert EMAIL not in stream.getvalue()


def test_masking_is_quick() -> None:
    """Some patterns look far ahead: a long line must not take a long time."""
    assert mask("000201" * 4000 + "a@" * 4000 + "[parameters: " * 2000 + "1 " * 8000)
