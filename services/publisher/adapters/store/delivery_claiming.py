"""Claiming deliveries: one statement that takes what is due and stamps it with a lease.

What must stay true: each subscription is asked for its own share, through an index, so that one endpoint's backlog
neither hides nor slows the others; one that rests is passed over, one in trouble is probed with a single delivery; of
an ordered one only the oldest open delivery is taken. An event goes to nobody but an endpoint that is enabled, however
its delivery came to be due. A row that was being sent when its lease ended comes back, and that attempt is logged as
lost. Time is the database's.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from services.publisher.adapters.callback_secrets import CallbackVault
from services.publisher.adapters.callback_tables import TO_DO
from services.publisher.adapters.store.signing_keys import LIVE
from services.publisher.callback_ports import Claim, Credentials, Endpoint
from services.publisher.domain.messages import body_of
from services.publisher.domain.signing import Key
from shared import telemetry
from shared.database import Database
from shared.secrets import WrongKey


async def claim(
    database: Database,
    vault: CallbackVault,
    *,
    room: int,
    room_of: Mapping[str, int],
    each: int,
    lease_seconds: float,
) -> Sequence[Claim]:
    """At most ``room`` deliveries, ``each`` a subscription unless ``room_of`` says otherwise, leased for so long."""
    token = uuid.uuid4()
    rows = await database.run(CLAIM, list(room_of), list(room_of.values()), each, room, token, lease_seconds)
    if not rows:
        return []
    endpoints, closed = await _endpoints(database, vault, list({row["subscription"] for row in rows}))
    bodies: dict[str, bytes] = {}
    claims = []
    for row in rows:
        if row["kind"] == "event" and row["subscription"] in closed:
            continue  # closed, or given another address, since it was claimed: it waits for its lease to end
        endpoint = endpoints[row["subscription"]]
        message = row["message"]
        if message not in bodies:
            bodies[message] = _body(row)
        claims.append(
            Claim(
                row["id"],
                row["agency"],
                message,
                row["kind"],
                bodies[message],
                row["failures"],
                token,
                row["claimed_at"],
                endpoint if row["url"] is None else _elsewhere(endpoint, row["url"]),
            )
        )
    return claims


def _body(row: Any) -> bytes:
    return body_of(row["message"], row["type"], row["at"], row["agency"], row["subject"], row["sequence"], row["data"])


def _elsewhere(endpoint: Endpoint, url: str) -> Endpoint:
    return Endpoint(
        endpoint.subscription,
        url,
        endpoint.version,
        endpoint.verification,
        endpoint.keys,
        endpoint.credentials,
        endpoint.is_callback,
    )


async def _endpoints(
    database: Database, vault: CallbackVault, subscriptions: list[str]
) -> tuple[dict[str, Endpoint], set[str]]:
    """The endpoints of subscriptions, and which of these get no events at this moment."""
    keys: dict[str, list[Key]] = {}
    for row in await database.run(_KEYS, subscriptions):
        key = vault.open_key(row["subscription"], bytes(row["sealed"]))
        if key is not None:
            keys.setdefault(row["subscription"], []).append(key)
    found, closed = {}, set()
    for row in await database.run(_ENDPOINTS, subscriptions):
        subscription = row["id"]
        if row["status"] != "enabled":
            closed.add(subscription)
        sealed = None if row["sealed"] is None else bytes(row["sealed"])
        try:
            credentials = vault.open_credentials(subscription, sealed)
        except WrongKey:
            # Without its keys nothing can be sent, so the deliveries fail and are tried again; never unauthenticated.
            telemetry.logger().error("subscription.unreadable", subscription=subscription)
            credentials = Credentials()
            keys.pop(subscription, None)
        found[subscription] = Endpoint(
            subscription,
            row["url"] or "",
            row["version"],
            row["verification"],
            tuple(keys.get(subscription, ())),
            credentials,
            row["kind"] == "callback",
        )
    return found, closed


# An array of candidates first, and the locks on those: so that an ordered subscription is asked for its oldest
# delivery and any other for its due ones, each through an index of its own; one that is told nothing now has no order
# to keep, and its backlog is not gone through. What ended has no due_at, so the locks need
# not ask for the state again: that would lead the planner through every open delivery of everybody for each
# subscription. For the same reason the oldest is not asked for by a plain due_at.
CLAIM = f"""
    WITH ready AS (
        SELECT due.id, due.agency, due.was, due.old_token, due.was_sent_at
        FROM (
            SELECT id, ordered, troubles, status FROM subscription
            WHERE deleted_at IS NULL AND (resting_until IS NULL OR resting_until <= statement_timestamp())
            ORDER BY random()
        ) AS s
        LEFT JOIN unnest($1::text[], $2::int[]) AS busy (id, room) ON busy.id = s.id
        CROSS JOIN LATERAL (
            SELECT d.id, d.agency, d.state AS was, d.lease_token AS old_token, d.sent_at AS was_sent_at FROM delivery d
            WHERE d.due_at <= statement_timestamp()
              AND d.id = ANY (CASE WHEN s.ordered AND s.status = 'enabled' THEN ARRAY(
                SELECT o.id FROM delivery o WHERE o.subscription = s.id AND o.{TO_DO}
                ORDER BY o.position LIMIT least(coalesce(busy.room, 1), 1)
            ) ELSE ARRAY(
                SELECT o.id FROM delivery o
                WHERE o.subscription = s.id AND o.{TO_DO} AND o.due_at <= statement_timestamp()
                  AND (o.kind <> 'event' OR s.status = 'enabled')
                ORDER BY o.due_at LIMIT least(coalesce(busy.room, $3), CASE WHEN s.troubles > 0 THEN 1 END)
            ) END)
            FOR UPDATE SKIP LOCKED
        ) AS due
        LIMIT $4
    ), taken AS (
        UPDATE delivery AS d SET
            state = 'sending', lease_token = $5, sent_at = statement_timestamp(),
            due_at = statement_timestamp() + make_interval(secs => $6)
        FROM ready WHERE d.id = ready.id
        RETURNING d.id, d.agency, d.subscription, d.message, d.kind, d.url, d.failures
    ), lost AS (
        INSERT INTO delivery_attempt (delivery, lease, agency, started_at, ended_at, outcome)
        SELECT id, old_token, agency, was_sent_at, statement_timestamp(), 'lost' FROM ready WHERE was = 'sending'
        ON CONFLICT DO NOTHING
    )
    SELECT taken.*, m.type, m.at, m.subject, m.sequence, m.data, statement_timestamp() AS claimed_at
    FROM taken JOIN message AS m ON m.id = taken.message
"""  # noqa: S608 - a constant of this package
_KEYS = f"""
    SELECT subscription, sealed FROM signing_key WHERE subscription = ANY ($1::text[]) AND {LIVE} ORDER BY id DESC
"""  # noqa: S608 - a constant of this package
_ENDPOINTS = "SELECT id, kind, status, url, version, verification, sealed FROM subscription WHERE id = ANY ($1::text[])"
