"""Lines in effect beside the policies: read by every replica when they change, held by whoever releases by one."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Set

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.store.submissions import submission_of
from services.policy.domain.clearance.cleared_lines import ClearedLine
from services.policy.domain.clearance.lines import cleared_line
from shared import telemetry
from shared.events import ResponseApproved

Used = tuple[str, str, int]
"""An agency, one of its lines, and the version."""


async def in_effect(connection: AsyncConnection) -> dict[str, str]:
    """What is in effect in each agency that has such lines, as one name that changes with it."""
    return {row.agency: row.name for row in await connection.execute(_IN_EFFECT)}


async def of(connection: AsyncConnection, agencies: Collection[str]) -> dict[str, list[ClearedLine]]:
    """The lines in effect of these agencies. One that this release cannot read is told of, and left out."""
    found: dict[str, list[ClearedLine]] = defaultdict(list)
    if not agencies:
        return found
    for row in await connection.execute(_OF, {"agencies": sorted(agencies)}):
        try:
            found[row.agency].append(cleared_line(submission_of(row)))
        except ValueError:  # of another shape than this release knows
            telemetry.logger().error("line.unreadable", agency=row.agency, line=row.subject, version=row.number)
    return found


def used_by(responses: Iterable[ResponseApproved]) -> set[Used]:
    """The lines cleared beside a policy by which these responses go out."""
    return {
        (response.agency, given.line, given.line_version)
        for response in responses
        for given in response.authorisations
        if given.line is not None and given.line_version is not None
    }


async def gone(connection: AsyncConnection, used: Set[Used]) -> set[Used]:
    """Those of these lines that are no longer in effect; the others stay so until the transaction ends."""
    if not used:
        return set()
    ordered = sorted(used)
    agencies, lines, versions = (list(each) for each in zip(*ordered, strict=True))
    found = await connection.execute(_HOLD, {"agencies": agencies, "lines": lines, "versions": versions})
    return set(used - {(row.agency, row.subject, row.number) for row in found})


_IN_EFFECT = text("""
    SELECT agency, md5(string_agg(id, ' ' ORDER BY id)) AS name FROM submission
    WHERE matter = 'line' AND state = 'cleared' GROUP BY agency
""")
_OF = text("""
    SELECT * FROM submission
    WHERE agency = ANY (CAST(:agencies AS text[])) AND matter = 'line' AND state = 'cleared' ORDER BY agency, subject
""")
_HOLD = text("""
    SELECT agency, subject, number FROM submission
    WHERE matter = 'line' AND state = 'cleared' AND (agency, subject, number) IN (
        SELECT * FROM unnest(CAST(:agencies AS text[]), CAST(:lines AS text[]), CAST(:versions AS int[])))
    ORDER BY id FOR SHARE
""")
