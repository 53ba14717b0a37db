"""What comes into force without a person at the moment: files at start, and adopted drafts when their time has come.

The files of a deployment's folder are adopted whenever they say something else than those it adopted last. Where they
say the same, and only the baseline of a new release or the centre's floor makes another policy of them, they are
adopted over files; what two persons adopted stays in force, and the log tells that it stands over what was. Several
replicas that start together adopt once; of two deployments with different files the one that starts later stands. An
agency whose file is gone keeps the policy that it has.

Officers and calendar stand beside: when only they differ there is no new version, only a new roster.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy import authoring
from services.policy.adapters.policy_files import Loaded
from services.policy.adapters.store import adoptions, policy_drafts
from services.policy.adapters.store.policies import PolicyShelf, UnreadablePolicy
from services.policy.domain.adoption.authorship import Adoption, place_in_line
from services.policy.domain.adoption.standing import Roster
from services.policy.domain.policies import Policy
from services.policy.ports import PARLEY, Act
from shared import audit, telemetry
from shared.clock import Clock, rfc3339
from shared.database import EVERY_AGENCY, Database

LOOK_SECONDS = 1.0


async def adopt_files(database: Database, loaded: Iterable[Loaded], now: datetime) -> None:
    """Put in force what differs from the files adopted last."""
    for each in sorted(loaded, key=lambda one: one.policy.agency):
        async with database.begin(EVERY_AGENCY) as connection:
            await adoptions.lock(connection, each.policy.agency)
            acts = [*await _adopt(connection, each, now), *await _seat(connection, each.policy, now)]
            await record(connection, acts, now)


async def keep_up(database: Database, shelf: PolicyShelf, clock: Clock) -> None:
    """Follow what is adopted, for as long as the service runs."""
    while True:
        await refresh(database, shelf, clock())
        await asyncio.sleep(LOOK_SECONDS)


async def refresh(database: Database, shelf: PolicyShelf, now: datetime) -> None:
    """Put on the shelf what is in force now, and mark what has given way to it.

    A policy that cannot be read is told of, and hinders no other agency's.
    """
    try:
        changed = bool(await shelf.refresh(database, now))
    except UnreadablePolicy as unreadable:
        telemetry.logger().error("policy.unreadable", detail=str(unreadable))
        changed = True
    if changed:
        await _mark(database, now)


async def superseded(connection: AsyncConnection, now: datetime) -> list[Act]:
    """Mark the drafts that have given way by now; what goes on record."""
    return [
        Act(row.agency, PARLEY, "policy.superseded", row.id, details={"policy": row.version})
        for row in await policy_drafts.supersede(connection, now)
    ]


async def _mark(database: Database, now: datetime) -> None:
    async with database.begin(EVERY_AGENCY) as connection:
        await record(connection, await superseded(connection, now), now)


async def seat(
    connection: AsyncConnection,
    agency: str,
    roster: Roster,
    since: datetime,
    by: str = PARLEY,
    draft: str | None = None,
) -> Act:
    """Let the posts be held, and the hours be worked, as files or a draft say; what goes on record."""
    origin = "draft" if draft else "files"
    await adoptions.put_roster(connection, agency, roster, since, origin)
    details = {"origin": origin, **({"draft": draft} if draft else {}), "officers": len(roster.officers)}
    return Act(agency, by, "roster.changed", agency, details=details)


async def record(connection: AsyncConnection, acts: Sequence[Act], now: datetime) -> None:
    """Put acts on the audit trail."""
    entries = [
        audit.Entry(act.agency, act.actor, act.action, act.subject, act.on_behalf_of, act.details) for act in acts
    ]
    await audit.append(connection, entries, now)


async def _adopt(connection: AsyncConnection, loaded: Loaded, now: datetime) -> list[Act]:
    policy, documents = loaded.policy, loaded.documents
    version, said = await adoptions.newest_of_files(connection, policy.agency) or (None, None)
    if version == policy.version:
        return []
    standing = await adoptions.standing(connection, policy.agency)
    if standing is not None and standing.draft is not None and said is not None and said.says_the_same(documents):
        telemetry.logger().warning("policy.baseline_moved", agency=policy.agency, standing=standing.version)
        return []
    acts = await _unschedule(connection, policy, now)
    standing = await adoptions.standing(connection, policy.agency)
    effective_from, adopted_at = place_in_line(None, standing, now)
    adoption = Adoption(policy.agency, policy.version, effective_from, adoptions.DEPLOYMENT, adopted_at, documents)
    await adoptions.put(connection, adoption, policy)
    details = {"policy": policy.version, "origin": "files", "effective_from": rfc3339(effective_from)}
    if standing is not None:
        details["in_place_of"] = standing.version
    acts.append(Act(policy.agency, PARLEY, "policy.adopted", policy.version, details=details))
    return [*acts, *await superseded(connection, now)]


async def _seat(connection: AsyncConnection, policy: Policy, now: datetime) -> list[Act]:
    """Keep the files' officers and calendar if they are others than those of the files before."""
    roster = Roster(officers=policy.officers, calendar=policy.calendar)
    if await adoptions.newest_roster(connection, policy.agency, "files") == roster:
        return []
    acts = await _unschedule(connection, policy, now)
    return [*acts, await seat(connection, policy.agency, roster, now)]


async def _unschedule(connection: AsyncConnection, policy: Policy, now: datetime) -> list[Act]:
    """What was adopted for later would undo what the files change now: it goes back to those who adopt."""
    drafts = await policy_drafts.scheduled(connection, policy.agency, now)
    acts: list[Act] = []
    for draft in drafts:
        done = authoring.unscheduled(draft, policy.version, now)
        await policy_drafts.put(connection, done.draft)
        acts += done.acts
    await adoptions.call_off(connection, policy.agency, [draft.id for draft in drafts])
    return acts
