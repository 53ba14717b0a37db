"""Where drafts of policies are worked on: looked at, composed aside, and changed if nothing moved meanwhile.

To compose takes long where a policy is great, so no transaction is open and no other request waits while it is done.
What was looked at is then locked and compared: if the draft or what it stands on is another one by now, it is all
looked at again. Whoever adopts at the same moment comes one after the other, and the second one sees the first.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters import succession
from services.policy.adapters.api.posted_documents import Posted
from services.policy.adapters.common_classifier import common_classifier
from services.policy.adapters.store import adoptions, policy_drafts
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.authoring import Desk, Done
from services.policy.domain.adoption.authorship import OPEN, Adoption, PolicyDraft, acting
from services.policy.domain.adoption.standing import Composed, Roster, Standing, composed
from services.policy.domain.composing.composition import Above, InvalidPolicy
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.differences import Difference, differences
from services.policy.domain.lint import Hole, lint
from services.policy.domain.policies import Policy
from services.policy.ports import Act
from shared.auth import Caller
from shared.clock import Clock
from shared.database import Database
from shared.ids import new_id
from shared.problems import not_found, unavailable

TRIES = 4
"""How often a draft is looked at when others keep changing what it stands on."""

T = TypeVar("T")


class MovedOn(Exception):
    """The draft, or what it stands on, is not what was looked at."""


@dataclass(frozen=True)
class Sight:
    """A draft as it was looked at. ``made`` is what it comes to, or why to nothing; None where that is settled.

    ``roster`` is who holds which post now. ``holes`` are what lint finds and ``changes`` what differs from what it
    stands on, if it was looked at closely.
    """

    draft: PolicyDraft
    standing: Standing | None
    roster: Roster | None
    made: Composed | InvalidPolicy | None = None
    replays: Sequence[Any] = ()
    holes: tuple[Hole, ...] = ()
    changes: Sequence[Difference] = ()


class PolicyDesk:
    """Drafts, and what they stand on."""

    def __init__(self, database: Database, policies: PolicyShelf, between: Above, clock: Clock) -> None:
        self.database, self._policies, self._above, self._clock = database, policies, between, clock
        self._linting = asyncio.Lock()

    async def look(self, caller: Caller, draft_id: str) -> Sight:
        """A draft with all that belongs to it. Raises ``Problem`` 404."""
        async with self.database.begin(caller.scope) as connection:
            draft = await policy_drafts.find(connection, draft_id)
            if draft is None or not caller.may_see(draft.agency):
                raise not_found("policy")
            standing = await adoptions.standing(connection, draft.agency)
            roster = await adoptions.roster_at(connection, draft.agency, self._clock())
            replays = await policy_drafts.replays_of(connection, draft_id)
        return Sight(draft, standing, roster, await self._made(draft, standing), replays)

    async def look_closely(self, caller: Caller, draft_id: str) -> Sight:
        """The same, with what lint finds in what the draft comes to, and what that changes."""
        sight = await self.look(caller, draft_id)
        if not isinstance(sight.made, Composed):
            return sight
        now, before = await self.comparable(caller, sight.draft.agency, sight.made, sight.made.stands_on)
        return replace(sight, holes=await self.holes(now), changes=await self.changes(before, now))

    async def comparable(
        self, caller: Caller, agency: str, made: Composed, version: str | None
    ) -> tuple[Policy, Policy | None]:
        """What a draft comes to and a version to hold beside it, each with those who hold its posts then.

        Raises ``Problem`` 404.
        """
        async with self.database.begin(caller.scope) as connection:
            roster = await adoptions.newest_roster(connection, agency)
        return made.seated(roster), None if version is None else await self.version(caller, agency, version)

    async def version(self, caller: Caller, agency: str, version: str) -> Policy | None:
        """A version of an agency's policy; None for one that this release cannot read. Raises ``Problem`` 404."""
        async with self.database.begin(caller.scope) as connection:
            row = await adoptions.version(connection, agency, version)
        if row is None:
            raise not_found("policy")
        try:
            return await asyncio.to_thread(adoptions.policy_of, row)
        except ValidationError:
            return None

    async def changes(self, before: Policy | None, now: Policy) -> Sequence[Difference]:
        """What differs between two policies; nothing where there is none to compare with."""
        return () if before is None else await asyncio.to_thread(differences, before, now)

    async def holes(self, policy: Policy) -> tuple[Hole, ...]:
        """What lint finds in a policy; one policy at a time, because it takes a second or more."""
        async with self._linting:
            return await asyncio.to_thread(lint, policy, self._clock(), common_classifier())

    async def begin(self, caller: Caller, agency: str, unit: str | None, posted: Posted, note: str | None) -> Sight:
        """A new draft of ``caller``'s, which may yet be refused. Raises InvalidPolicy."""
        unit, now = unit or posted.document.get("unit"), self._clock()
        draft = PolicyDraft(new_id("pol"), agency, unit, posted.document, caller.subject, now, now, note)
        async with self.database.begin([agency]) as connection:
            standing = await adoptions.standing(connection, agency)
            roster = await adoptions.roster_at(connection, agency, now)
        return await self.made_of(posted, Sight(draft, standing, roster))

    async def made_of(self, posted: Posted, sight: Sight) -> Sight:
        """The same sight, with what the posted document would make of the draft. Raises InvalidPolicy."""
        try:
            made = await self._compose(replace(sight.draft, document=posted.document), sight.standing)
        except InvalidPolicy as invalid:
            raise posted.placed(invalid) from None
        return replace(sight, made=made)

    def at_hand(self, caller: Caller, sight: Sight) -> Desk:
        """What a caller has before them, in the post that they hold now. Raises NoPost."""
        now = self._clock()
        for_all = caller.agencies is None
        person = acting(caller.subject, sight.roster, sight.standing, now, for_all_agencies=for_all)
        errors = [hole.as_json() for hole in sight.holes if hole.severity == "error"]
        return Desk(person, sight.draft, sight.standing, sight.made, now, errors)

    async def settle(
        self, connection: AsyncConnection, caller: Caller, sight: Sight, deed: Callable[[Desk], Done]
    ) -> Done:
        """Do something with a draft as it was looked at. Raises MovedOn, a Refusal."""
        draft = sight.draft
        await adoptions.lock(connection, draft.agency)
        place = None if sight.standing is None else sight.standing.place
        if await policy_drafts.find(connection, draft.id, lock=True) != draft:
            raise MovedOn
        if await adoptions.newest(connection, draft.agency) != place:
            raise MovedOn
        desk = self.at_hand(caller, sight)
        done = deed(desk)
        await self.keep(connection, done, sight, desk.now)
        return done

    async def keep(self, connection: AsyncConnection, done: Done, sight: Sight, now: datetime) -> None:
        """Write what came of an act at ``now``, and put it on record."""
        acts = list(done.acts)
        if not acts:
            return
        await policy_drafts.put(connection, done.draft)
        if done.adoption is not None and isinstance(sight.made, Composed):
            await adoptions.put(connection, done.adoption, sight.made.policy)
            acts += await _seat(connection, done.adoption, sight.made)
            acts += await succession.superseded(connection, now)
        if done.draft.state == "withdrawn":
            await adoptions.call_off(connection, done.draft.agency, [done.draft.id])
        await succession.record(connection, acts, now)

    async def follow(self) -> None:
        """Decide by what was adopted, here at once and elsewhere soon."""
        await succession.refresh(self.database, self._policies, self._clock())

    async def _made(self, draft: PolicyDraft, standing: Standing | None) -> Composed | InvalidPolicy | None:
        if draft.state not in OPEN:
            return None
        try:
            return await self._compose(draft, standing)
        except InvalidPolicy as invalid:
            return invalid

    async def _compose(self, draft: PolicyDraft, standing: Standing | None) -> Composed:
        return await asyncio.to_thread(_composed, draft, standing, self._above)


async def again_if_moved(look: Callable[[], Awaitable[Sight]], settle: Callable[[Sight], Awaitable[T]]) -> T:
    """``settle`` what ``look`` sees, and look again whenever it moved in between. Raises ``Problem`` 503 in the end."""
    for _ in range(TRIES):
        sight = await look()
        with contextlib.suppress(MovedOn):
            return await settle(sight)
    raise unavailable()


def _composed(draft: PolicyDraft, standing: Standing | None, between: Above) -> Composed:
    made = composed(draft.agency, draft.unit, draft.document, standing, between)
    try:
        PolicyInForce(made.policy)
    except ValueError as unfit:
        raise InvalidPolicy([("", str(unfit))]) from None
    return made


async def _seat(connection: AsyncConnection, adoption: Adoption, made: Composed) -> list[Act]:
    """Let the posts be held, and the hours be worked, as the adopted document says."""
    known = await adoptions.newest_roster(connection, adoption.agency)
    roster = made.roster(known)
    if roster == known:
        return []
    by, since = adoption.adopted_by[-1], adoption.effective_from
    return [await succession.seat(connection, adoption.agency, roster, since, by, adoption.draft)]
