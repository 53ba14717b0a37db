"""Arrivals whose proof is good for one body only: the first body uses it up.

Another body under the same proof is refused, and nothing of it is written; the same one again is a repeat like any
other. The proofs stand in the transaction of what they let in, and are unique across all agencies and processes:
whoever carries a proof off may come to another account's door with it. They are forgotten once they are too old.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.adapters.store import arrivals
from services.ingest.domain.refusals import ReusedSignature
from services.ingest.ports import Arrival, Filed

Use = tuple[str, str]
"""A platform, and what it signed."""


async def write(connection: AsyncConnection, group: Sequence[Arrival]) -> list[Filed | ReusedSignature]:
    """Write those of ``group`` whose proof is theirs, in the caller's transaction; what became of each, in order."""
    digests = await _use(connection, group)
    good = [one for one in group if one.once is not None and digests[_key(one)] == one.once.digest]
    filed = dict(zip((one.id for one in good), await arrivals.write(connection, good), strict=True))
    return [filed.get(one.id) or ReusedSignature() for one in group]


def _key(arrival: Arrival) -> Use:
    assert arrival.once is not None, "only an arrival with such a proof takes this way"
    return arrival.account.platform, arrival.once.token


async def _use(connection: AsyncConnection, group: Sequence[Arrival]) -> Mapping[Use, bytes]:
    """The digest of the body that each proof was used for, which may have been used just now."""
    first: dict[Use, Arrival] = {}
    for arrival in group:
        first.setdefault(_key(arrival), arrival)
    # The same order in every transaction, so that two of them cannot wait for each other.
    uses = [
        (*key, first[key].account.agency, one.digest, one.until) for key in sorted(first) if (one := first[key].once)
    ]
    await connection.execute(_FORGET)
    rows = await connection.execute(_USE, dict(zip(_NAMES, map(list, zip(*uses, strict=True)), strict=True)))
    return {(row.platform, row.token): bytes(row.digest) for row in rows}


_NAMES = ("platforms", "tokens", "agencies", "digests", "ends")
_FORGET = text("""
    DELETE FROM used_token WHERE (platform, token) IN (
        SELECT platform, token FROM used_token WHERE until < clock_timestamp()
        ORDER BY until LIMIT 1000 FOR UPDATE SKIP LOCKED)
""")
# The row that was there first stays as it is, and is the answer.
_USE = text("""
    INSERT INTO used_token (platform, token, agency, digest, until)
    SELECT * FROM unnest(
        CAST(:platforms AS text[]), CAST(:tokens AS text[]), CAST(:agencies AS text[]), CAST(:digests AS bytea[]),
        CAST(:ends AS timestamptz[]))
    ON CONFLICT (platform, token) DO UPDATE SET until = used_token.until
    RETURNING platform, token, digest
""")
