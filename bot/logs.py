"""One pipeline for every log line: ours (structlog) and the libraries' (logging), redacted, as JSON or for a terminal.

Lines go to stderr: stdout belongs to the commands. The id of the request under way comes along.
"""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar
from typing import Literal, TextIO

import orjson
import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.redaction import clean, mask, redact

QUIET = {
    "alembic.runtime.plugins": logging.WARNING,
    "apscheduler": logging.ERROR,
    "sqlalchemy": logging.WARNING,
    "asyncio": logging.WARNING,
    "transitions": logging.WARNING,
}
"""Libraries that would tell of every tick and statement. APScheduler also warns of each beat that a busy machine skips,
which is what `coalesce` is for; a job that fails is an error and still told."""


def configure(level: str = "INFO", format: Literal["json", "console"] = "json", stream: TextIO | None = None) -> None:
    """Set up logging for the whole process; calling it again replaces the former set-up."""
    render = _renderer(format)
    out = stream or sys.stderr
    structlog.configure(
        processors=[*_shared(), *_finish(format), render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = Handler(out)
    # Libraries alone come this way, and in detail they tell what they carry: every statement with its values.
    handler.setLevel(logging.INFO)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *_shared()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_finish(format), render],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.captureWarnings(True)
    for name, floor in QUIET.items():
        logging.getLogger(name).setLevel(max(floor, logging.getLevelName(level)))


REQUEST: ContextVar[str] = ContextVar("request", default="")
"""Id of the request under way: every line written meanwhile, also by tasks started there, carries it."""


def add_request(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if request_id := REQUEST.get():
        event["request_id"] = request_id
    return event


def redact_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The last processor before the renderer. `event` and the traceback are masked by look only."""
    message, exception = event.pop("event", ""), event.pop("exception", None)
    safe: EventDict = {"event": mask(str(message)), **redact(event)}
    if exception is not None:
        safe["exception"] = clean(exception, by_name=False)
    return safe


class Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:
        """logging would print the arguments of a record that cannot be formatted; they may be personal."""
        self.stream.write(f'{{"event":"unprintable log record","level":"error","logger":"{record.name}"}}\n')


def _shared() -> list[Processor]:
    return [
        add_request,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _finish(format: Literal["json", "console"]) -> list[Processor]:
    as_data = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False, max_frames=30))
    as_text = structlog.processors.format_exc_info
    return [
        structlog.processors.StackInfoRenderer(),
        as_data if format == "json" else as_text,
        redact_event,
    ]


def _renderer(format: Literal["json", "console"]) -> Processor:
    if format == "console":
        return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    return structlog.processors.JSONRenderer(serializer=_dumps)


def _dumps(event: EventDict, **_: object) -> str:
    return orjson.dumps(event, default=lambda value: mask(str(value)), option=orjson.OPT_NON_STR_KEYS).decode()
