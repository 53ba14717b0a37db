"""Deliveries as the API shows them, and the ones that a person causes: tests, challenges and replays."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.domain import messages
from shared.ids import new_id

Row = Any
MOST_AT_ONCE = 10_000


@dataclass(frozen=True)
class Filter:
    """Which deliveries are listed; ``before`` is the position that the page begins below."""

    subscription: str
    state: str | None = None
    before: int | None = None
    limit: int = 50


@dataclass(frozen=True)
class Again:
    """Which deliveries are made again, by their own or their messages' ids; whatever is None does not limit them.
    ``after`` is the position that was reached before."""

    ids: list[str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    failed_only: bool = False
    after: int | None = None


async def page(connection: AsyncConnection, wanted: Filter) -> list[Row]:
    """The newest first; one more than ``limit`` where there is another page."""
    return list(await connection.execute(_PAGE, {**vars(wanted), "limit": wanted.limit + 1}))


async def by_id(connection: AsyncConnection, delivery: str) -> Row | None:
    """One delivery as far as the caller may see it."""
    return (await connection.execute(_BY_ID, {"id": delivery})).one_or_none()


async def attempts(connection: AsyncConnection, delivery: str) -> list[Row]:
    """The attempts on a delivery, oldest first, the newest hundred."""
    return list(await connection.execute(_ATTEMPTS, {"id": delivery}))


async def send_again(connection: AsyncConnection, subscription: str, again: Again) -> tuple[int, int | None]:
    """Have deliveries that ended made once more from the beginning of the schedule, under the ids they had: how many,
    and the position to go on after where there may be more. Whoever asks has locked the subscription, so that nothing
    is made again by two at once."""
    names = {"subscription": subscription, "most": MOST_AT_ONCE, **vars(again)}
    positions = (await connection.execute(_AGAIN, names)).scalars().all()
    return len(positions), max(positions) if len(positions) == MOST_AT_ONCE else None


async def test(connection: AsyncConnection, agency: str, subscription: str) -> str:
    """A delivery that only shows that deliveries arrive; its id."""
    return await _alone(connection, agency, subscription, messages.TEST, "test", {"subscription": subscription})


async def challenge(connection: AsyncConnection, agency: str, subscription: str) -> str:
    """Ask an address to prove that it wants to be told; earlier challenges count no more."""
    await withdraw_challenges(connection, subscription)
    said = {"subscription": subscription, "challenge": secrets.token_urlsafe(32)}
    return await _alone(connection, agency, subscription, messages.VERIFICATION, "verification", said)


async def withdraw_challenges(connection: AsyncConnection, subscription: str) -> None:
    """Nothing is asked of this address any more."""
    await connection.execute(_NO_LONGER, {"subscription": subscription})


async def _alone(
    connection: AsyncConnection, agency: str, subscription: str, type: str, kind: str, said: dict[str, Any]
) -> str:
    delivery = new_id("dlv")
    names = {
        "message": new_id("evt"),
        "agency": agency,
        "type": type,
        "subscription": subscription,
        "data": json.dumps(said),
        "delivery": delivery,
        "kind": kind,
    }
    await connection.execute(_ALONE, names)
    return delivery


_SHOWN = "d.*, m.type, m.subject, m.sequence"
_PAGE = text(f"""
    SELECT {_SHOWN} FROM delivery AS d JOIN message AS m ON m.id = d.message
    WHERE d.subscription = :subscription AND (CAST(:state AS text) IS NULL OR d.state = :state)
      AND (CAST(:before AS bigint) IS NULL OR d.position < :before)
    ORDER BY d.position DESC LIMIT :limit
""")  # noqa: S608 - a constant of this module
_BY_ID = text(f"SELECT {_SHOWN} FROM delivery AS d JOIN message AS m ON m.id = d.message WHERE d.id = :id")  # noqa: S608
_ATTEMPTS = text("""
    SELECT * FROM (
        SELECT started_at, ended_at, outcome, status, excerpt FROM delivery_attempt
        WHERE delivery = :id ORDER BY started_at DESC LIMIT 100
    ) AS newest ORDER BY started_at
""")
_AGAIN = text("""
    WITH chosen AS (
        SELECT id, row_number() OVER (ORDER BY position) AS place FROM delivery
        WHERE subscription = :subscription AND kind = 'event'
          AND state IN ('delivered', 'exhausted', 'disabled', 'cancelled')
          AND (NOT :failed_only OR state <> 'delivered')
          AND (CAST(:ids AS text[]) IS NULL OR id = ANY (CAST(:ids AS text[])) OR message = ANY (CAST(:ids AS text[])))
          AND (CAST(:since AS timestamptz) IS NULL OR recorded_at >= :since)
          AND (CAST(:until AS timestamptz) IS NULL OR recorded_at <= :until)
          AND (CAST(:after AS bigint) IS NULL OR position > :after)
        ORDER BY position LIMIT :most
    )
    UPDATE delivery AS d SET
        state = 'waiting', failures = 0, settled_at = NULL,
        due_at = statement_timestamp() + make_interval(secs => chosen.place * 0.000001)
    FROM chosen WHERE d.id = chosen.id RETURNING d.position
""")
_NO_LONGER = text("""
    UPDATE delivery SET state = 'cancelled', due_at = NULL, lease_token = NULL, settled_at = statement_timestamp()
    WHERE subscription = :subscription AND kind = 'verification' AND state IN ('waiting', 'sending')
""")
_ALONE = text("""
    WITH told AS (
        INSERT INTO message (id, agency, type, subject, sequence, at, data)
        VALUES (:message, :agency, :type, :subscription, 1, statement_timestamp(), :data)
    )
    INSERT INTO delivery (id, agency, subscription, message, kind, due_at)
    VALUES (:delivery, :agency, :subscription, :message, :kind, statement_timestamp())
""")
