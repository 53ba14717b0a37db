"""Backlogs of thousands of duties, inserted in bulk, and what a statement reads to claim from beside them."""

import json
from typing import Any

from sqlalchemy import TextClause, text

from shared.database import EVERY_AGENCY, Database


async def run(database: Database, statement: str, **names: Any) -> None:
    """One statement, committed."""
    async with database.begin(EVERY_AGENCY) as connection:
        await connection.execute(text(statement), names)


async def accounts(database: Database, *names: str, platform: str = "facebook", troubles: int = 0) -> None:
    """Accounts of the passport office that are known by these names."""
    await run(database, _ACCOUNTS, platform=platform, accounts=list(names), troubles=troubles)


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


async def callbacks(database: Database, name: str, count: int, *, ordered: bool = False, due: bool = True) -> None:
    """A subscription and so many messages that it has not been told of; not ``due`` until its address is verified."""
    await run(database, _SUBSCRIPTION, id=name, ordered=ordered)
    await run(database, _MESSAGES, id=name, count=count)
    await run(database, _DELIVERIES, id=name, count=count, due=due)


async def blocks_read(database: Database, statement: TextClause, **names: Any) -> int:
    """How many blocks of tables and indexes a statement reads; what it changes is undone."""
    explained = text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.text}")
    async with database.begin(EVERY_AGENCY) as connection:
        found = (await connection.execute(explained, names)).scalar_one()
        await connection.rollback()
    return _blocks(found)


async def blocks_of(database: Database, statement: str, *values: Any) -> int:
    """The same for a statement with ``$1``, ``$2`` …; what it changes stays."""
    (row,) = await database.run(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", *values)
    return _blocks(row[0])


def _blocks(found: Any) -> int:
    plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


_ACCOUNTS = """
    INSERT INTO account (id, agency, platform, account, troubles)
    SELECT 'acc_' || CAST(:platform AS text) || '_' || name, 'passports', :platform, name, :troubles
    FROM unnest(CAST(:accounts AS text[])) AS name
"""
_REPLIES = """
    INSERT INTO publication (id, agency, platform, account, thread, response, case_id, comments, reply_to, text,
                             public, release, due_at)
    SELECT 'pub_' || CAST(:kind AS text) || '_' || i, 'passports', :platform, :account,
           coalesce(CAST(:thread AS text), 't' || i),
           'rsp_' || CAST(:kind AS text) || '_' || i, 'case_1', ARRAY['cmt_1'],
           't' || i, 'We are open.', true, '{}', clock_timestamp()
    FROM generate_series(1, CAST(:count AS int)) AS i
"""
_TASKS = """
    INSERT INTO task (id, agency, platform, account, thread, kind, native_id, reason, case_id, ordered_by, comment,
                      release, due_at)
    SELECT 'tsk_' || CAST(:account AS text) || '_' || i, 'passports', :platform, :account, 't' || i, 'hide',
           CAST(:account AS text) || '_' || i, 'spam', 'case_1',
           'mod_' || CAST(:account AS text) || '_' || i, 'cmt_' || i, '{}', clock_timestamp()
    FROM generate_series(1, CAST(:count AS int)) AS i
"""
_SUBSCRIPTION = """
    INSERT INTO subscription (id, agency, client, url, ordered)
    VALUES (:id, 'passports', 'portal', 'https://portal.example/hook', :ordered)
"""
_MESSAGES = """
    INSERT INTO message (id, agency, type, subject, sequence, at, data)
    SELECT CAST(:id AS text) || 'msg_' || i, 'passports', 'response.published', 'case_1', i, clock_timestamp(), '{}'
    FROM generate_series(1, CAST(:count AS int)) AS i
"""
_DELIVERIES = """
    INSERT INTO delivery (id, agency, subscription, message, due_at)
    SELECT CAST(:id AS text) || 'dlv_' || i, 'passports', :id, CAST(:id AS text) || 'msg_' || i,
           CASE WHEN :due THEN clock_timestamp() END
    FROM generate_series(1, CAST(:count AS int)) AS i
"""
