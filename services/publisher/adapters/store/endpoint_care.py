"""Endpoints that fail: warned of, disabled, opened again; and what is forgotten after its time.

What must stay true: what an endpoint was not told while it was disabled is kept for thirty days and can be replayed;
whoever owns it finds a notice with the subscription, and the audit trail says the same.
"""

import json
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters.callback_tables import TO_DO
from services.publisher.domain.subscriptions import Failing, Patience, must_disable, warnings_due
from shared import audit
from shared.audit import Entry
from shared.clock import rfc3339
from shared.database import EVERY_AGENCY, Database

ACTOR = "parley:publisher"
MOST_NOTICES = 20
KEPT_DAYS = 30
CALLBACKS_KEPT_DAYS = 400
"""How long it is remembered where a comment's reply is told: it may be corrected long after."""


async def look_after(database: Database, patience: Patience) -> None:
    """Warn of endpoints that fail, and disable those that did nothing else for too long."""
    async with database.begin(EVERY_AGENCY) as connection:
        rows = (await connection.execute(_FAILING)).all()
        for row in rows:
            failing = Failing(row.failing_since, row.last_failed_at, row.failures, row.warned)
            if must_disable(failing, row.now, patience):
                await disable(connection, row.id, "failing")
                continue
            due = warnings_due(failing, row.now, patience)
            if due:
                hours = [after.total_seconds() / 3600 for after in due]
                said = {"failing_since": rfc3339(row.failing_since), "hours": hours[-1], "failures": row.failures}
                await _note(connection, row, "failing", said, warned=len(due))
        for statement in _SWEEPS:
            await connection.execute(statement)


async def disable(connection: AsyncConnection, subscription: str, reason: str, version: int | None = None) -> None:
    """Send nothing more to an endpoint; what waits for it is kept for a replay. Only at ``version`` if one is named."""
    row = (await connection.execute(_DISABLE, {"id": subscription, "reason": reason, "version": version})).one_or_none()
    if row is not None:
        await connection.execute(_DISABLE_DELIVERIES, {"id": subscription})
        await _note(connection, row, "disabled", {"reason": reason})


async def gone(connection: AsyncConnection, subscription: str, version: int, delivery: str) -> None:
    """The address that a delivery went to is gone. Where its owner has named another since ``version``, that says
    nothing of it, and the delivery goes there."""
    await disable(connection, subscription, "gone", version)
    names = {"id": subscription, "version": version, "delivery": delivery}
    await connection.execute(_TRY_THE_NEW_ADDRESS, names)


async def verified(connection: AsyncConnection, subscription: str, version: int) -> None:
    """An address echoed its challenge: what was held back for it goes out."""
    row = (await connection.execute(_VERIFY, {"id": subscription, "version": version})).one_or_none()
    if row is not None:
        await connection.execute(_RELEASE, {"id": subscription})
        await audit.append(connection, [_entry(row, "verified", {})], row.now)


async def _note(connection: AsyncConnection, row: Any, kind: str, said: dict[str, Any], *, warned: int = 0) -> None:
    notice = json.dumps({"kind": kind, "at": rfc3339(row.now), **said})
    await connection.execute(_NOTE, {"id": row.id, "notice": notice, "warned": warned, "most": MOST_NOTICES})
    await audit.append(connection, [_entry(row, kind, said)], row.now)


def _entry(row: Any, what: str, said: dict[str, Any]) -> Entry:
    return Entry(agency=row.agency, actor=ACTOR, action=f"subscription.{what}", subject=row.id, details=said)


async def tidy(database: Database, *, kept_days: float = KEPT_DAYS) -> None:
    """Forget what ended long ago, and give up what nobody could be told for as long."""
    async with database.begin(EVERY_AGENCY) as connection:
        for statement in _TIDY:
            await connection.execute(statement, {"days": kept_days, "callback_days": CALLBACKS_KEPT_DAYS})


_FAILING = text("""
    SELECT id, agency, failing_since, last_failed_at, failures, warned, statement_timestamp() AS now FROM subscription
    WHERE failing_since IS NOT NULL AND status = 'enabled' AND deleted_at IS NULL
    ORDER BY agency, id FOR UPDATE SKIP LOCKED
""")
_DISABLE = text("""
    UPDATE subscription SET status = 'disabled', disabled_reason = :reason, resting_until = NULL
    WHERE id = :id AND status <> 'disabled' AND deleted_at IS NULL
      AND (CAST(:version AS int) IS NULL OR version = :version)
    RETURNING id, agency, statement_timestamp() AS now
""")
_DISABLE_DELIVERIES = text(f"""
    UPDATE delivery SET state = 'disabled', due_at = NULL, lease_token = NULL, settled_at = statement_timestamp()
    WHERE subscription = :id AND {TO_DO} AND kind = 'event'
""")  # noqa: S608 - a constant of this package
_TRY_THE_NEW_ADDRESS = text("""
    UPDATE delivery AS d SET
        state = 'waiting', settled_at = NULL, due_at = CASE s.status WHEN 'enabled' THEN statement_timestamp() END
    FROM subscription AS s
    WHERE s.id = :id AND s.version <> :version AND s.status <> 'disabled' AND s.deleted_at IS NULL
      AND d.id = :delivery AND d.state = 'disabled'
""")
_VERIFY = text("""
    UPDATE subscription SET status = 'enabled' WHERE id = :id AND version = :version AND status = 'unverified'
    RETURNING id, agency, statement_timestamp() AS now
""")
_RELEASE = text(f"""
    UPDATE delivery SET due_at = statement_timestamp() WHERE subscription = :id AND {TO_DO} AND due_at IS NULL
""")  # noqa: S608 - a constant of this package
_NOTE = text("""
    UPDATE subscription SET warned = warned + :warned, notices = (
        SELECT coalesce(jsonb_agg(notice ORDER BY place), '[]') FROM (
            SELECT notice, place FROM jsonb_array_elements(notices || jsonb_build_array(CAST(:notice AS jsonb)))
                WITH ORDINALITY AS all_of (notice, place) ORDER BY place DESC LIMIT :most
        ) AS kept)
    WHERE id = :id
""")
# Events that were told in the moment in which their subscription changed.
_SWEEPS = (
    text(f"""
        UPDATE delivery AS d SET state = 'disabled', due_at = NULL, lease_token = NULL,
            settled_at = statement_timestamp()
        FROM subscription AS s WHERE s.status = 'disabled' AND d.subscription = s.id AND d.{TO_DO} AND d.kind = 'event'
    """),  # noqa: S608 - a constant of this package
    text(f"""
        UPDATE delivery AS d SET state = 'cancelled', due_at = NULL, lease_token = NULL,
            settled_at = statement_timestamp()
        FROM subscription AS s WHERE s.deleted_at IS NOT NULL AND d.subscription = s.id AND d.{TO_DO}
    """),  # noqa: S608 - a constant of this package
    text(f"""
        UPDATE delivery AS d SET due_at = statement_timestamp() FROM subscription AS s
        WHERE s.status = 'enabled' AND d.subscription = s.id AND d.{TO_DO} AND d.due_at IS NULL
    """),  # noqa: S608 - a constant of this package
)
_OLD = "recorded_at < clock_timestamp() - make_interval(secs => :days * 86400)"
_TIDY = (
    text(f"""
        UPDATE delivery SET state = 'exhausted', due_at = NULL, lease_token = NULL, settled_at = statement_timestamp()
        WHERE id IN (SELECT id FROM delivery WHERE {_OLD} AND {TO_DO} LIMIT 5000)
    """),  # noqa: S608 - a constant of this package
    text(f"""
        WITH gone AS (
            DELETE FROM delivery
            WHERE id IN (SELECT id FROM delivery WHERE {_OLD} AND NOT ({TO_DO}) ORDER BY recorded_at LIMIT 5000)
            RETURNING id
        )
        DELETE FROM delivery_attempt USING gone WHERE delivery_attempt.delivery = gone.id
    """),  # noqa: S608 - a constant of this package
    text(f"""
        DELETE FROM message WHERE id IN (
            SELECT m.id FROM message AS m WHERE m.{_OLD}
            AND NOT EXISTS (SELECT FROM delivery AS d WHERE d.message = m.id) ORDER BY m.recorded_at LIMIT 5000)
    """),  # noqa: S608 - a constant of this package
    text("DELETE FROM signing_key WHERE expires_at < clock_timestamp()"),
    text("""
        DELETE FROM comment_callback
        WHERE recorded_at < clock_timestamp() - make_interval(secs => :callback_days * 86400)
    """),
    text("""
        DELETE FROM subscription WHERE deleted_at < clock_timestamp() - make_interval(secs => :days * 86400)
    """),
)
