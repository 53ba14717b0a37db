"""How long things took, counted by the database: in minutes on the wall and in the agency's working minutes.

The calendar goes into the question as its stretches, with what was worked before each, so that the working minutes up
to a moment are one search in an array, and between two moments a difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.domain.calendars import WorkingTime

LONGEST_LOOKED_BACK = timedelta(days=366)
"""Working minutes are counted from so long before the span that is asked for."""


@dataclass(frozen=True)
class Span:
    """Whose times, and when what took them ended."""

    agency: str
    working: WorkingTime
    since: datetime
    until: datetime

    def values(self) -> dict[str, Any]:
        """The span as a question takes it."""
        stretches = list(self.working.stretches(self.since - LONGEST_LOOKED_BACK, self.until))
        worked, before = 0.0, []
        for each in stretches:
            before.append(worked)
            worked += (each.end - each.start) / timedelta(minutes=1)
        return {
            "agency": self.agency,
            "since": self.since,
            "until": self.until,
            "starts": [each.start for each in stretches],
            "ends": [each.end for each in stretches],
            "before": before,
        }


async def steps(connection: AsyncConnection, span: Span) -> Sequence[Any]:
    """Medians and 90th percentiles by level and step; each is a pair of them."""
    return (await connection.execute(_STEPS, span.values())).all()


async def answers(connection: AsyncConnection, span: Span) -> Sequence[Any]:
    """Times of what officers answered, by level and clock, and how many kept to their target."""
    return (await connection.execute(_ANSWERS, span.values())).all()


async def waiting(connection: AsyncConnection, agency: str, now: datetime) -> Sequence[Any]:
    """What waits now, by level and the step that it waits for: a text to be written, or a consent."""
    return (await connection.execute(_WAITING, {"agency": agency, "now": now})).all()


async def usual(connection: AsyncConnection, span: Span, fewest: int) -> Sequence[Any]:
    """90th percentiles of what was measured ``fewest`` times or more: by the kind of step, and by the officer who took
    steps; of each row one of the two is named."""
    return (await connection.execute(_USUAL, {**span.values(), "fewest": fewest})).all()


_CALENDAR = """
    WITH calendar AS MATERIALIZED (
        SELECT CAST(:starts AS timestamptz[]) AS starts, CAST(:ends AS timestamptz[]) AS ends,
               CAST(:before AS float[]) AS before)
"""


def _worked(since: str, until: str) -> str:
    """Working minutes between two moments, in SQL."""
    return f"({_worked_by(until)} - {_worked_by(since)})"


def _worked_by(moment: str) -> str:
    place = f"width_bucket({moment}, c.starts)"
    stretch = f"least({moment}, c.ends[{place}]) - c.starts[{place}]"
    return f"coalesce(c.before[{place}] + extract(epoch FROM {stretch}) / 60, 0)"


def _passed(since: str, until: str) -> str:
    """Minutes between two moments, in SQL."""
    return f"extract(epoch FROM {until} - {since}) / 60"


def _percentiles(minutes: str) -> str:
    return f"percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY {minutes})"


_IN_SPAN = "agency = :agency AND {ended} >= :since AND {ended} < :until"
_STEPS = text(f"""
    {_CALENDAR}
    SELECT level, kind, specialism, step_level, count(*) AS taken,
           {_percentiles("worked")} AS worked, {_percentiles("passed")} AS passed
    FROM (SELECT s.*, {_worked("s.began_at", "s.ended_at")} AS worked, {_passed("s.began_at", "s.ended_at")} AS passed
          FROM step_time AS s CROSS JOIN calendar AS c
          WHERE s.{_IN_SPAN.format(ended="s.ended_at")} AND s.kind <> 'lapse') AS measured
    GROUP BY level, kind, specialism, step_level ORDER BY level, kind, step_level NULLS FIRST, specialism NULLS FIRST
""")  # noqa: S608 - constants of this module
_USUAL = text(f"""
    {_CALENDAR}
    SELECT kind, specialism, step_level, officer,
           percentile_cont(0.9) WITHIN GROUP (ORDER BY worked) AS worked,
           percentile_cont(0.9) WITHIN GROUP (ORDER BY passed) AS passed
    FROM (SELECT s.*, {_worked("s.began_at", "s.ended_at")} AS worked, {_passed("s.began_at", "s.ended_at")} AS passed
          FROM step_time AS s CROSS JOIN calendar AS c
          WHERE s.{_IN_SPAN.format(ended="s.ended_at")} AND s.kind IN ('approval', 'signoff')) AS measured
    GROUP BY GROUPING SETS ((kind, specialism, step_level), (officer)) HAVING count(*) >= :fewest
""")  # noqa: S608 - constants of this module
_ANSWERS = text(f"""
    {_CALENDAR}
    SELECT level, clock, count(*) AS answered, count(*) FILTER (WHERE first) AS threads,
           count(*) FILTER (WHERE due_at IS NOT NULL) AS timed,
           count(*) FILTER (WHERE answered_at <= due_at) AS within_target,
           {_percentiles("acknowledged_in")} AS acknowledged_worked,
           {_percentiles(_passed("received_at", "acknowledged_at"))} AS acknowledged_passed,
           {_percentiles("answered_in")} FILTER (WHERE first) AS first_worked,
           {_percentiles(_passed("received_at", "answered_at"))} FILTER (WHERE first) AS first_passed,
           {_percentiles("answered_in")} AS answered_worked,
           {_percentiles(_passed("received_at", "answered_at"))} AS answered_passed
    FROM (SELECT a.*, {_worked("a.received_at", "a.acknowledged_at")} AS acknowledged_in,
                 {_worked("a.received_at", "a.answered_at")} AS answered_in
          FROM answer_time AS a CROSS JOIN calendar AS c
          WHERE a.{_IN_SPAN.format(ended="a.answered_at")}) AS measured
    GROUP BY level, clock ORDER BY level, clock
""")  # noqa: S608 - constants of this module
_WAITING = text("""
    SELECT level, kind, specialism, step_level, count(*) AS cases, min(since) AS since,
           count(*) FILTER (WHERE due_at <= :now) AS overdue
    FROM (
        SELECT c.level, 'draft' AS kind, NULL AS specialism, NULL AS step_level, c.since, c.due_at
        FROM "case" AS c WHERE c.agency = :agency AND c.state = 'open'
        UNION ALL
        SELECT c.level, s ->> 'kind', s ->> 'specialism', s ->> 'level', d.written_at, c.due_at
        FROM "case" AS c JOIN draft AS d ON d.case_id = c.id AND d.state = 'open'
        CROSS JOIN LATERAL json_array_elements(d.steps) AS s
        WHERE c.agency = :agency AND c.state = 'awaiting_clearance' AND s ->> 'taken' IS NULL
    ) AS waits
    GROUP BY level, kind, specialism, step_level ORDER BY level, kind, step_level NULLS FIRST, specialism NULLS FIRST
""")
