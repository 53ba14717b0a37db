"""Forgetting: what nobody will ask for again is taken away in small bites, beside the work and never in its way."""

import asyncio
from datetime import datetime

from sqlalchemy import text

from services.policy.domain.same_issue.issues import KEPT_ALONE
from shared.clock import Clock
from shared.database import EVERY_AGENCY, Database

SWEEP_SECONDS = 30.0
BITE = 5000
"""Rows that one transaction takes away."""


async def sweep(database: Database, clock: Clock) -> None:
    """Forget issues once in a while; runs until cancelled."""
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        await forget_issues(database, clock())


async def forget_issues(database: Database, now: datetime, bite: int = BITE) -> None:
    """Take away the issues whose time is over, and keys that lead to nothing any more, ``bite`` at a time."""
    for statement, before in ((_KEYS, now - KEPT_ALONE), (_ISSUES, now)):
        taken = bite
        while taken == bite:
            async with database.begin(EVERY_AGENCY) as connection:
                taken = (await connection.execute(statement, {"before": before, "bite": bite})).rowcount


_KEYS = text("""
    DELETE FROM issue_key WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM issue_key WHERE ends_at < CAST(:before AS timestamptz)
        LIMIT :bite FOR UPDATE SKIP LOCKED))
""")
_ISSUES = text("""
    DELETE FROM issue WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM issue WHERE forget_at < CAST(:before AS timestamptz)
        LIMIT :bite FOR UPDATE SKIP LOCKED))
""")
