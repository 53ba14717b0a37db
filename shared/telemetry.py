"""What a service tells about itself: JSON log lines and Prometheus metrics.

A log line is an event with fields, named like the nouns: ``comment.received``, ``publication.settled``. Ids of the
case and the thread come from the context (``bound``). What citizens and officers write, and what opens doors, never
gets into a line: fields that could carry it are struck out.
"""

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, cast

import structlog
from prometheus_client import Counter, Gauge, Histogram

EVENTS_SENT = Counter("parley_events_sent", "Events that the broker has taken from a service's outbox.", ["service"])
EVENTS_HANDLED = Counter(
    "parley_events_handled", "Events that a service has taken in, by fate.", ["service", "topic", "fate"]
)
OUTBOX_OLDEST_AGE = Gauge(
    "parley_outbox_oldest_age_seconds",
    "Age of the oldest event that the broker does not have yet.",
    ["service"],
)
LOOP_RESTARTS = Counter(
    "parley_loop_restarts", "Times that a loop of a service failed and began anew.", ["service", "loop"]
)
BATCH_SECONDS = Histogram(
    "parley_batch_seconds",
    "Time from a batch's first record to its commit.",
    ["service"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

STRUCK_OUT = frozenset(
    {
        "text",
        "body",
        "secret",
        "token",
        "authorization",
        "password",
        "credentials",
        "verify_token",
        "message_text",
    }
)


def configure(service: str, level: str = "INFO") -> None:
    """Send this process's log to standard output, a JSON object a line."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            _strike_out,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(level=logging.WARNING, handlers=[_ToStructlog()], force=True)


def logger() -> structlog.typing.FilteringBoundLogger:
    """The log. Call with an event name and fields."""
    return cast(structlog.typing.FilteringBoundLogger, structlog.get_logger())


@contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Every line within carries these fields, for example ``case`` and ``thread``."""
    with structlog.contextvars.bound_contextvars(**fields):
        yield


def _strike_out(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for field in STRUCK_OUT.intersection(line):
        line[field] = "…"
    return line


class _ToStructlog(logging.Handler):
    """Lines of libraries, in the same shape: their logger, their level and their format string.

    The arguments stay out: a library may put a URL with a token, or a citizen's words, there.
    """

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        logger().log(record.levelno, "library.said", library=record.name, said=str(record.msg)[:200], error=kind)
