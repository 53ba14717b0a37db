"""Backlogs of thousands of duties, inserted in bulk, and what a statement reads to claim from beside them."""

import json
from typing import Any

from sqlalchemy import TextClause, text

from shared.database import EVERY_AGENCY, Database

TROUBLED = "now() + interval '1 hour'"


async def run(database: Database, statement: str, **names: Any) -> None:
    """One statement, committed."""
    async with database.begin(EVERY_AGENCY) as connection:
        await connection.execute(text(statement), names)


async def an_account(database: Database, name: str, platform: str = "facebook", troubles: int = 0) -> None:
    """An account of the passport office that is known as ``name``."""
    await run(database, _ACCOUNT, id=f"acc_{platform}_{name}", platform=platform, account=name, troubles=troubles)


async def replies(
    database: Database, name: str, count: int, *, platform: str = "facebook", thread: str | None = None
) -> None:
    """So many due replies on one account: each in a thread of its own, or all in ``thread``."""
    kind = f"{platform}_{name}_{thread}"
    names = {"platform": platform, "account": name, "count": count, "kind": kind, "thread": thread}
    await run(database, _REPLIES, **names)


async def moderations(database: Database, name: str, count: int, platform: str = "facebook") -> None:
    """So many comments to hide on one account."""
    await run(database, _TASKS, platform=platform, account=name, count=count)


async def blocks_read(database: Database, statement: TextClause, **names: Any) -> int:
    """How many blocks of tables and indexes a statement reads; what it changes is undone."""
    explained = text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.text}")
    async with database.begin(EVERY_AGENCY) as connection:
        found = (await connection.execute(explained, names)).scalar_one()
        await connection.rollback()
    plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


_ACCOUNT = """
    INSERT INTO account (id, agency, platform, account, troubles)
    VALUES (:id, 'passports', :platform, :account, :troubles)
"""
_REPLIES = """
    INSERT INTO publication (id, agency, platform, account, thread, response, case_id, comments, reply_to, text,
                             public, release, due_at)
    SELECT 'pub_' || CAST(:kind AS text) || i, 'passports', :platform, :account,
           coalesce(CAST(:thread AS text), 't' || i), 'rsp_' || CAST(:kind AS text) || i, 'case_1', ARRAY['cmt_1'],
           't' || i, 'We are open.', true, '{}', clock_timestamp()
    FROM generate_series(1, CAST(:count AS int)) AS i
"""
_TASKS = """
    INSERT INTO task (id, agency, platform, account, thread, kind, native_id, reason, case_id, ordered_by, comment,
                      release, due_at)
    SELECT 'tsk_' || CAST(:account AS text) || i, 'passports', :platform, :account, 't' || i, 'hide',
           CAST(:account AS text) || '_' || i, 'spam', 'case_1', 'mod_' || CAST(:account AS text) || i, 'cmt_' || i,
           '{}', clock_timestamp()
    FROM generate_series(1, CAST(:count AS int)) AS i
"""
