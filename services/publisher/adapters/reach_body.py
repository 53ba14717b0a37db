"""How reach reads in the API: as JSON, and as a table that a spreadsheet opens.

A number that nobody knows is null in JSON, with the reason beside it, and ``unknown`` in the table: never 0.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.publisher.domain.reach import REMEDIES
from shared.clock import rfc3339

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection")."""

COLUMNS = (
    "agency",
    "publication",
    "platform",
    "account",
    "published_at",
    "seconds_to_answer",
    "asked_from",
    "after_hours",
    "measured_at",
    "answer_views",
    "question_views",
    "parity",
    "series",
    "broken",
    "url",
)
UNKNOWN = "unknown"


def answer_body(row: Any, measured: Sequence[Any]) -> dict[str, Any]:
    """One answer with what was measured."""
    return {
        "publication": row.id,
        "agency": row.agency,
        "platform": row.platform,
        "account": row.account,
        "url": row.url,
        "published_at": rfc3339(row.published_at),
        "seconds_to_answer": seconds_to_answer(row),
        "asked_from": row.asked_from,
        "measurements": [measurement_body(one) for one in measured],
    }


def seconds_to_answer(row: Any) -> float | None:
    """From the question to its answer; None where nobody told when it was asked."""
    return None if row.asked_at is None else max((row.published_at - row.asked_at).total_seconds(), 0.0)


def measurement_body(row: Any) -> dict[str, Any]:
    """One measurement, by the hour that it was due for."""
    return {
        "after_hours": row.after_hours,
        "measured_at": rfc3339(row.measured_at),
        "answer": {"views": row.answer.get("views"), **row.answer},
        "question": {"views": row.question.get("views"), **row.question},
        "series": {"answer": row.answer_series, "question": row.question_series},
        "unknown": {"answer": row.answer_unknown, "question": row.question_unknown},
        "broken": list(row.broken),
        "parity": row.parity,
    }


def agencies_body(times: Iterable[Any], medians: Sequence[Any]) -> list[dict[str, Any]]:
    """Each agency's median time to answer beside the medians of its reach."""
    return [
        {
            "agency": row.agency,
            "answers": row.answers,
            "time_to_answer": {
                "median_seconds": row.seconds,
                "answers": row.timed,
                "of_these_from_routing": row.timed_from_routing,
            },
            "reach": [_median(one) for one in medians if one.agency == row.agency],
        }
        for row in times
    ]


def _median(row: Any) -> dict[str, Any]:
    return {
        "after_hours": row.after_hours,
        "metric": "views",
        "series": row.series,
        "measured": row.measured,
        "known": row.known,
        "answer_median": row.answer,
        "question_median": row.question,
        "parity_median": row.parity,
    }


def alarm_body(row: Any) -> dict[str, Any]:
    """An alarm with what may be done about it."""
    return {
        "id": row.id,
        "agency": row.agency,
        "publication": row.publication,
        "platform": row.platform,
        "account": row.account,
        "url": row.url,
        "published_at": rfc3339(row.published_at),
        "after_hours": row.after_hours,
        "metric": "views",
        "answer": row.answer,
        "question": row.question,
        "parity": row.parity,
        "share": row.share,
        "remedies": [{"remedy": name, "proposal": REMEDIES.get(name, name)} for name in row.remedies],
        "raised_at": rfc3339(row.raised_at),
    }


def table(rows: Iterable[Any], measured: Mapping[str, Sequence[Any]]) -> str:
    """A line for each measurement of each answer; one for an answer that was never measured."""
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    for row in rows:
        for one in measured.get(row.id) or [None]:
            lines.writerow([cell(value) for value in _line(row, one)])
    return written.getvalue()


def _line(row: Any, measured: Any | None) -> list[Any]:
    about = [row.agency, row.id, row.platform, row.account, rfc3339(row.published_at)]
    about += [seconds_to_answer(row), row.asked_from or UNKNOWN]
    if measured is None:
        return [*about, "", "", None, None, None, "", "", row.url or ""]
    return [
        *about,
        measured.after_hours,
        rfc3339(measured.measured_at),
        measured.answer.get("views"),
        measured.question.get("views"),
        measured.parity,
        measured.answer_series.get("views", ""),
        " ".join(measured.broken),
        row.url or "",
    ]


def cell(value: Any) -> str:
    """A value as a spreadsheet may have it: nothing in it is ever reckoned."""
    if value is None:
        return UNKNOWN
    words = str(value)
    return f"'{words}" if words.startswith(FORMULA) else words
