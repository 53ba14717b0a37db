"""How far answers came, as the API shows it: each answer with its measurements, medians by agency, and alarms.

Only what stands on the public record is counted, for its reach and for its time to answer alike, so that the two can
be set side by side. Medians are taken within one series, never across two.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters.store.record import BELOW, SHOWN, Position, place

Row = Any


@dataclass(frozen=True, slots=True)
class Span:
    """Answers of one agency (None for all that the caller may see), published from ``begins`` on and before
    ``ends``."""

    agency: str | None
    begins: datetime
    ends: datetime


async def answers(connection: AsyncConnection, span: Span, before: Position | None, most: int) -> list[Row]:
    """Answers, the newest first, each with ``asked_at``."""
    return list(await connection.execute(_ANSWERS, {**_asked(span), **place(before), "most": most}))


async def measurements(connection: AsyncConnection, publications: list[str]) -> dict[str, list[Row]]:
    """Measurements by publication, in the order of their hours."""
    found: dict[str, list[Row]] = {}
    for row in await connection.execute(_MEASUREMENTS, {"ids": publications}) if publications else ():
        found.setdefault(row.publication, []).append(row)
    return found


async def times(connection: AsyncConnection, span: Span) -> list[Row]:
    """For each agency how many answers, and the median of their seconds to answer."""
    return list(await connection.execute(_TIMES, _asked(span)))


async def medians(connection: AsyncConnection, span: Span) -> list[Row]:
    """For each agency, hour and series the medians of views and of parity."""
    return list(await connection.execute(_MEDIANS, _asked(span)))


async def alarms(connection: AsyncConnection, agency: str | None, before: str | None, most: int) -> list[Row]:
    """Alarms, the newest first."""
    return list(await connection.execute(_ALARMS, {"agency": agency, "before": before, "most": most}))


def _asked(span: Span) -> dict[str, Any]:
    return {"agency": span.agency, "begins": span.begins, "ends": span.ends}


_WITHIN = f"""
    {SHOWN} AND p.purpose = 'answer' AND p.published_at >= :begins AND p.published_at < :ends
    AND (CAST(:agency AS text) IS NULL OR p.agency = :agency)
"""
_FIRST_ASKED = """
    LEFT JOIN LATERAL (
        SELECT r.asked_at, r.asked_from FROM receipt AS r
        WHERE r.publication = p.id AND r.asked_at IS NOT NULL ORDER BY r.asked_at LIMIT 1
    ) AS asked ON true
"""
_ANSWERS = text(f"""
    SELECT p.id, p.agency, p.platform, p.account, p.url, p.published_at, asked.asked_at, asked.asked_from
    FROM publication AS p {_FIRST_ASKED}
    WHERE {_WITHIN}
      AND {BELOW}
    ORDER BY p.published_at DESC, p.id DESC LIMIT :most
""")  # noqa: S608 - constants of this package
_MEASUREMENTS = text("""
    SELECT * FROM reach_measurement WHERE publication = ANY (CAST(:ids AS text[])) ORDER BY publication, after_hours
""")
_TIMES = text(f"""
    SELECT p.agency, count(*) AS answers, count(asked.asked_at) AS timed,
           count(*) FILTER (WHERE asked.asked_from = 'routed') AS timed_from_routing,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM p.published_at - asked.asked_at)) AS seconds
    FROM publication AS p {_FIRST_ASKED}
    WHERE {_WITHIN} GROUP BY p.agency ORDER BY p.agency
""")  # noqa: S608 - constants of this package
_MEDIANS = text(f"""
    SELECT p.agency, m.after_hours, seen.series, count(*) AS measured, count(seen.answer) AS known,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY seen.answer) AS answer,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY seen.question) AS question,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY m.parity) AS parity
    FROM publication AS p JOIN reach_measurement AS m ON m.publication = p.id
    CROSS JOIN LATERAL (
        SELECT m.answer_series ->> 'views' AS series, CAST(m.answer ->> 'views' AS bigint) AS answer,
               CASE WHEN m.question_series ->> 'views' = m.answer_series ->> 'views'
                    THEN CAST(m.question ->> 'views' AS bigint) END AS question
    ) AS seen
    WHERE {_WITHIN} GROUP BY p.agency, m.after_hours, seen.series
    ORDER BY p.agency, m.after_hours, seen.series
""")  # noqa: S608 - constants of this package
_ALARMS = text("""
    SELECT a.*, p.platform, p.account, p.url, p.published_at
    FROM reach_alarm AS a JOIN publication AS p ON p.id = a.publication
    WHERE (CAST(:agency AS text) IS NULL OR a.agency = :agency) AND (CAST(:before AS text) IS NULL OR a.id < :before)
    ORDER BY a.id DESC LIMIT :most
""")
