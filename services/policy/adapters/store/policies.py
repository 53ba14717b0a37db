"""The shelf: each agency's policy in force, compiled, in memory.

Deciding reads from it without waiting. It follows what is adopted in Postgres: within a second or two every replica
decides by a new version, and until then by the one before, whose name the decision bears. A draft bound to the
version before is bound anew when somebody approves it.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.policy.adapters import metrics
from services.policy.adapters.common_classifier import common_classifier
from services.policy.adapters.store import adoptions, cleared_lines
from services.policy.adapters.store.adoptions import InForce
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.policies import Policy
from services.policy.domain.triage.classification import Classifier
from shared.database import EVERY_AGENCY, Database
from shared.errors import Dead


class UnreadablePolicy(Exception):
    """Adopted policies that this release cannot read: nobody decides by one, nor by another in its place."""

    def __init__(self, found: Sequence[InForce]) -> None:
        versions = ", ".join(each.version for each in found)
        super().__init__(f"{versions} cannot be read by this release; adopt another")
        self.agencies = frozenset(each.agency for each in found)


class PolicyShelf:
    """The policies in force, by agency. Implements the ``Policies`` port.

    ``policies`` are there from the beginning, for work without a database; ``refresh`` puts what was adopted in their
    place.
    """

    def __init__(self, policies: Iterable[PolicyInForce] = ()) -> None:
        self._by_agency = {each.policy.agency: each for each in policies}
        self._in_force: dict[str, InForce] = {}
        self._unreadable: dict[str, InForce] = {}
        self._classifiers: dict[str, Classifier] = {}
        self._lines: dict[str, str] = {}
        self._changing = asyncio.Lock()

    def of(self, agency: str) -> PolicyInForce:
        policy = self._by_agency.get(agency)
        if policy is None:
            raise Dead("unknown_agency", f"no policy is in force for {agency}")
        return policy

    def find(self, agency: str) -> PolicyInForce | None:
        """The agency's policy, or None."""
        return self._by_agency.get(agency)

    def all(self) -> list[Policy]:
        """Every policy in force, by agency."""
        return [self._by_agency[agency].policy for agency in sorted(self._by_agency)]

    async def at(self, database: Database, agency: str, time: datetime) -> PolicyInForce | None:
        """The policy that was in force at ``time``, with the roster of then; None before the first."""
        async with database.begin([agency]) as connection:
            row = await adoptions.at(connection, agency, time)
        return None if row is None else await self._compiled(row)

    async def use(self, classifiers: Mapping[str, Classifier]) -> None:
        """Let these agencies' comments be sorted by these classifiers from now on."""
        async with self._changing:
            self._classifiers |= classifiers
            for agency in classifiers.keys() & self._by_agency:
                self._by_agency[agency] = self._by_agency[agency].with_classifier(classifiers[agency])

    async def refresh(self, database: Database, now: datetime) -> list[str]:
        """Put in force what was adopted meanwhile, and what was to begin by ``now``; the agencies concerned. Lines
        that were cleared or withdrawn beside the policies are followed at the same look.

        Raises UnreadablePolicy, once for each, when all others are in force. Where such a policy has given way to none
        that was in force, nothing decides for its agency: what stands in a file is not what was adopted.
        """
        async with self._changing:
            async with database.begin(EVERY_AGENCY) as connection:
                found = await adoptions.in_force(connection, now)
                changed = [each for each in found if each not in self._known(each.agency)]
                adopted = await adoptions.policies_of(connection, changed) if changed else {}
                in_effect = await cleared_lines.in_effect(connection)
                moved = {name for name in {*in_effect, *self._lines} if in_effect.get(name) != self._lines.get(name)}
                moved |= {each.agency for each in changed} & in_effect.keys()
                beside = await cleared_lines.of(connection, moved)
            unreadable = []
            for each in changed:
                try:
                    self._by_agency[each.agency] = await self._compiled(adopted[each.agency])
                except ValueError:  # it has not the shape of a policy, or cannot be made ready to decide
                    unreadable.append(each)
                    self._unreadable[each.agency] = each
                    if each.agency not in self._in_force:
                        self._by_agency.pop(each.agency, None)
                else:
                    self._in_force[each.agency] = each
            self._unreadable = {each.agency: each for each in found if each == self._unreadable.get(each.agency)}
            for agency in moved & self._by_agency.keys():
                self._by_agency[agency] = self._by_agency[agency].with_lines(beside[agency])
            self._lines = {agency: name for agency, name in in_effect.items() if agency in self._by_agency}
            metrics.UNREADABLE.set(len(self._unreadable))
        if unreadable:
            raise UnreadablePolicy(unreadable)
        return [each.agency for each in changed]

    def _known(self, agency: str) -> tuple[InForce | None, InForce | None]:
        return self._in_force.get(agency), self._unreadable.get(agency)

    async def _compiled(self, row: Any) -> PolicyInForce:
        # In a thread, because a great policy takes long and every other request waits for this loop.
        return await asyncio.to_thread(_compiled, row, self.find(row.agency), self._classifiers.get(row.agency))


def _compiled(row: Any, known: PolicyInForce | None, classifier: Classifier | None) -> PolicyInForce:
    """A version ready to decide: ``known`` where it is that, as at start, when the files were compiled already."""
    policy = adoptions.policy_of(row)
    used = classifier or common_classifier()
    if known is not None and known.policy.version == policy.version and known.policy == policy:
        return known.with_classifier(used).with_lines(())
    return PolicyInForce(policy, used)
