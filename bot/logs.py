"""Structured logs: events and ids, never words, names, addresses or positions of citizens."""

import logging
import sys
from typing import Literal

import structlog
from structlog.typing import EventDict, WrappedLogger

PERSONAL_KEYS = frozenset(
    {"address", "text", "words", "name", "phone", "latitude", "longitude", "body", "sender"}
)
"""Keys that may hold personal data; a log call that uses one is cut, whatever its author meant."""

_QUIET = ("pgqueuer", "httpx", "apscheduler", "alembic", "uvicorn.access", "asyncio")


def configure(log_format: Literal["text", "json"]) -> None:
    """Set up logging for this process: one line an event, to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_personal_data,
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, last],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def without_personal_data(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace the value of every key that may hold personal data."""
    return {key: "(not logged)" if key in PERSONAL_KEYS else value for key, value in event.items()}
