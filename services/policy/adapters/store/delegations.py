"""Delegation instruments in Postgres. What was granted is never changed; a lapse is written once, and stays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.store import rows
from services.policy.domain.authority.instruments import DelegationInstrument, Lapse
from services.policy.domain.roster import Ceiling

_SAME = (
    "id",
    "agency",
    "delegator",
    "delegator_post",
    "delegate",
    "delegate_post",
    "held_post",
    "level",
    "number_a_day",
    "sub_delegation",
    "cleared_lines_only",
    "parent",
    "granted_at",
    "revoked_by",
    "revocation_reason",
)


@dataclass(frozen=True)
class Filter:
    """Which delegations are asked for. ``delegate`` is a person or a post; ``lapsed`` those that have lapsed by
    ``standing_at`` though it is not written yet; ``after`` the id of the last one seen."""

    agencies: Sequence[str]
    delegate: str | None = None
    delegator: str | None = None
    standing_at: datetime | None = None
    lapsed: Sequence[str] = ()
    after: str | None = None
    limit: int = 50


async def put(connection: AsyncConnection, given: DelegationInstrument) -> None:
    """Keep a new delegation."""
    await connection.execute(
        _PUT,
        {
            **{name: getattr(given, name) for name in _SAME},
            "sensitivity": given.ceiling.sensitivity,
            "damage": given.ceiling.damage,
            "topics": rows.as_json(given.topics),
            "platforms": rows.as_json(given.platforms),
            "specialisms": rows.as_json(given.specialisms),
            "begins_at": given.from_,
            "ends_at": given.until,
        },
    )


async def write_lapses(connection: AsyncConnection, lapsed: Iterable[DelegationInstrument]) -> None:
    """Put lapses on record. Whoever calls holds these delegations."""
    for each in lapsed:
        assert each.lapse is not None
        about = {"id": each.id, "revoked_by": each.revoked_by, "revocation_reason": each.revocation_reason}
        await connection.execute(_LAPSE, {**about, "at": each.lapse.at, "cause": each.lapse.cause})


async def find(connection: AsyncConnection, id_: str) -> DelegationInstrument | None:
    """A delegation, whatever became of it."""
    row = (await connection.execute(_FIND, {"id": id_})).one_or_none()
    return None if row is None else delegation_of(row)


async def list_of(connection: AsyncConnection, asked: Filter) -> list[DelegationInstrument]:
    """Delegations, the newest first."""
    values = {**vars(asked), "agencies": list(asked.agencies), "lapsed": list(asked.lapsed)}
    return [delegation_of(row) for row in await connection.execute(_LIST, values)]


def delegation_of(row: Any) -> DelegationInstrument:
    return DelegationInstrument(
        **{name: getattr(row, name) for name in _SAME},
        ceiling=Ceiling(sensitivity=row.sensitivity, damage=row.damage),
        from_=row.begins_at,
        until=row.ends_at,
        topics=tuple(rows.from_json(row.topics)),
        platforms=tuple(rows.from_json(row.platforms)),
        specialisms=tuple(rows.from_json(row.specialisms)),
        lapse=None if row.lapsed_at is None else Lapse(row.lapsed_at, row.cause),
    )


_PUT = text("""
    INSERT INTO delegation (id, agency, delegator, delegator_post, delegate, delegate_post, held_post, level,
                            sensitivity, damage, topics, platforms, specialisms, number_a_day, sub_delegation,
                            cleared_lines_only, parent, begins_at, ends_at, granted_at, revoked_by, revocation_reason)
    VALUES (:id, :agency, :delegator, :delegator_post, :delegate, :delegate_post, :held_post, :level, :sensitivity,
            :damage, CAST(:topics AS json), CAST(:platforms AS json), CAST(:specialisms AS json), :number_a_day,
            :sub_delegation, :cleared_lines_only, :parent, :begins_at, :ends_at, :granted_at, :revoked_by,
            :revocation_reason)
""")
_LAPSE = text("""
    UPDATE delegation
    SET lapsed_at = :at, cause = :cause, revoked_by = :revoked_by, revocation_reason = :revocation_reason
    WHERE id = :id AND lapsed_at IS NULL
""")
_FIND = text("SELECT * FROM delegation WHERE id = :id")
_LIST = text("""
    SELECT * FROM delegation
    WHERE agency = ANY (CAST(:agencies AS text[]))
        AND (CAST(:delegate AS text) IS NULL OR :delegate IN (delegate, delegate_post))
        AND (CAST(:delegator AS text) IS NULL OR delegator = :delegator)
        AND (CAST(:standing_at AS timestamptz) IS NULL OR (
            greatest(begins_at, granted_at) <= :standing_at
            AND least(lapsed_at, ends_at) > :standing_at
            AND id <> ALL (CAST(:lapsed AS text[]))))
        AND (CAST(:after AS text) IS NULL OR id < :after)
    ORDER BY id DESC LIMIT :limit
""")
