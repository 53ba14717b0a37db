"""Timers that are due all at once: whether each goes off once, and what that does to intake meanwhile.

Cases are stored whose clocks near their breach at a rate of a hundred thousand a minute; webhooks are taken in beside
them as fast as they come, and before that as well, by the same system with all its services running.
"""

import asyncio
import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from services.policy.adapters.store.rows import decision_json
from services.policy.domain.comments import Comment, History
from tests.bench.comments import Comments
from tests.bench.flow import Stuck
from tests.bench.intake import Rounds, accepted_a_second
from tests.bench.system import System
from tests.policy.builders import sample

AGENCY = "passports"
A_MINUTE = 100_000
STORING = timedelta(seconds=15)
"""From storing the first case to the first timer."""
PATIENCE_SECONDS = 180.0


@dataclass(frozen=True)
class Timers:
    """How many were due at that rate, and were done with ``late_seconds`` after the last was due; webhooks accepted a
    second before and meanwhile."""

    count: int
    late_seconds: float
    before: float
    beside: float

    @property
    def intake_ratio(self) -> float:
        return self.beside / self.before


async def run_timers(system: System, count: int, rounds: Rounds) -> Timers:
    """Let so many go off. Raises ``Stuck`` where one went off twice or not at all."""
    comments = Comments(system.page)
    before = statistics.median([await accepted_a_second(system.page, comments, rounds) for _ in range(rounds.count)])
    connection = await asyncpg.connect(system.database_url)
    try:
        first = datetime.now(UTC) + STORING
        last = first + timedelta(minutes=count / A_MINUTE)
        await _store(connection, count, first, last)
        await asyncio.sleep(max(0.0, (first - datetime.now(UTC)).total_seconds()))
        beside = [await accepted_a_second(system.page, comments, rounds)]
        while datetime.now(UTC) < last:
            beside.append(await accepted_a_second(system.page, comments, rounds))
        done = await _all_gone_off(connection, count)
    finally:
        await connection.close()
    return Timers(count, max(0.0, (done - last).total_seconds()), before, statistics.median(beside))


async def _store(connection: asyncpg.Connection, count: int, first: datetime, last: datetime) -> None:
    policy = sample(AGENCY)
    decision = policy.decide(Comment("Still waiting, terrible service", "mastodon", "citizen"), History(), first)
    step = (last - first) / count
    await connection.execute(_CASES, AGENCY, count, first, policy.time.version)
    await connection.execute(_TURNS, AGENCY, count, first, step, decision_json(decision))
    await connection.execute(_TIMERS, AGENCY, count, first, step)


async def _all_gone_off(connection: asyncpg.Connection, count: int) -> datetime:
    """When the last of them went off."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if not await connection.fetchval(_LEFT):
            break
        await asyncio.sleep(0.5)
    noted, cases, done = await connection.fetchrow(_NOTED)
    if (noted, cases) != (count, count):
        raise Stuck(f"of {count:,} timers {cases:,} went off, {noted:,} times in all")
    return done  # type: ignore[no-any-return]


_CASES = """
    INSERT INTO policy."case" (id, agency, platform, account, thread, state, disposition, level, sensitivity, damage,
                               owner, clock, signoffs, head_comment, head_revision, turn_count, drafts_written,
                               opened_at, since, calendar)
    SELECT 'case_bench' || i, $1, 'mastodon', 'bench', 'timer-' || i, 'open', 'restore', 'L1', 'S0', 'D1', 'Desk',
           'service', '[]', 'cmt_bench' || i, 1, 1, 0, $3, $3, $4
    FROM generate_series(1, $2::int) AS i
"""
_TURNS = """
    INSERT INTO policy.turn (case_id, number, agency, comment, revision, native_id, author_id, text, language, public,
                             hidden, sent_at, received_at, state, decision, deadlines)
    SELECT 'case_bench' || i, 1, $1, 'cmt_bench' || i, 1, 'n-' || i, 'citizen', 'Still waiting', 'en', true, false,
           $3, $3, 'waiting', $5::text::json,
           json_build_object('near_breach', to_char(($3::timestamptz + i * $4::interval) AT TIME ZONE 'UTC',
                                                    'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'),
                             'answer', '2099-01-01T00:00:00+00:00')
    FROM generate_series(1, $2::int) AS i
"""
_TIMERS = """
    INSERT INTO policy.timer (case_id, kind, agency, turn, due_at)
    SELECT 'case_bench' || i, 'near_breach', $1, 1, $3::timestamptz + i * $4::interval
    FROM generate_series(1, $2::int) AS i
"""
_LEFT = """
    SELECT EXISTS (SELECT 1 FROM policy.timer
                   WHERE case_id LIKE 'case_bench%' AND kind = 'near_breach' AND fired_at IS NULL)
"""
_NOTED = """
    SELECT count(*), count(DISTINCT subject), max(at) FROM policy.audit
    WHERE action = 'clock.near_breach' AND subject LIKE 'case_bench%'
"""
