"""What a draft stands on, and what it comes to there.

An adoption holds the documents of the whole agency: its own and its units'. A draft takes the place of one of them;
the others stay as they stand. So what two persons adopt is the whole policy as it will be read, and not a change to
something that may have moved on meanwhile.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from services.policy.domain.composing.composition import Above, Document, InvalidPolicy, compose
from services.policy.domain.parts import Part
from services.policy.domain.policies import BESIDE, Policy
from services.policy.domain.roster import Calendar, Officer

_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class Documents(NamedTuple):
    """An agency's document and those of its units, as they were written."""

    agency: Document
    units: tuple[Document, ...] = ()

    def of(self, unit: str | None) -> Document | None:
        """The document of a unit, or of the agency for None."""
        if unit is None:
            return self.agency
        return next((document for document in self.units if document.get("unit") == unit), None)

    def names_of(self, unit: str) -> frozenset[str]:
        """By what names a unit is known here; none for one that is not."""
        document = self.of(unit)
        return frozenset() if document is None else frozenset({unit, str(document.get("name") or unit)})

    def unit_of(self, subject: str) -> str | None:
        """The unit whose document gives a person their post, if one does."""
        listing = [document for document in self.units if subject in _by_subject(document)]
        return str(listing[0].get("unit")) if listing else None

    def says_the_same(self, other: "Documents") -> bool:
        """Whether both say the same of a policy; officers and calendar are kept beside it."""
        return self._without_posts() == other._without_posts()

    def _without_posts(self) -> str:
        units = sorted(self.units, key=lambda unit: str(unit.get("unit")))
        said = [{key: part for key, part in each.items() if key not in BESIDE} for each in (self.agency, *units)]
        return _CANONICAL.encode(said)

    def replaced(self, unit: str | None, document: Document) -> "Documents":
        """With another document in the place of one, or added to them.

        Officers and calendar are kept where the new document does not speak of them: to leave out who holds which
        post does not dismiss anybody.
        """
        before = self.of(unit) or {}
        kept = {section: before[section] for section in BESIDE if section in before}
        after = {**kept, **document}
        if unit is None:
            return Documents(after, self.units)
        others = [each for each in self.units if each.get("unit") != unit]
        return Documents(self.agency, tuple(sorted([*others, after], key=lambda each: str(each.get("unit")))))


@dataclass(frozen=True, slots=True)
class Standing:
    """The newest adoption of an agency, which the next one stands on. It may be yet to come into force.

    ``draft`` is what two persons adopted; None for the files of a deployment.
    """

    version: str
    effective_from: datetime
    adopted_at: datetime
    documents: Documents
    draft: str | None = None

    @property
    def place(self) -> tuple[datetime, datetime]:
        """Where it stands among the agency's adoptions; no two are in the same place."""
        return self.effective_from, self.adopted_at


class Roster(Part):
    """Who holds which post, and when the agency works."""

    officers: tuple[Officer, ...] = ()
    calendar: Calendar = Calendar()


@dataclass(frozen=True, slots=True)
class Composed:
    """A document in the place of ``before``, over what it stands on: a version, None for an agency's first policy."""

    policy: Policy
    documents: Documents
    before: Document
    after: Document
    stands_on: str | None
    content: str
    """SHA-256 (hex) of the documents and of the policy that they make."""

    def digest(self, draft: str, edition: int) -> str:
        """What a person adopts: this edition of this draft, and the whole policy that it makes. 64 hex digits."""
        return hashlib.sha256(f"{draft} {edition} {self.content}".encode()).hexdigest()

    def roster(self, known: Roster | None) -> Roster:
        """The roster once this is adopted: what the document changes of it is changed, nothing else."""
        made = self.policy
        if known is None:
            return Roster(officers=made.officers, calendar=made.calendar)
        then, now = _by_subject(self.before), _by_subject(self.after)
        officers = {officer.subject: officer for officer in known.officers if officer.subject not in then.keys() - now}
        officers |= {each.subject: each for each in made.officers if now.get(each.subject) != then.get(each.subject)}
        moved = "calendar" in self.after and self.after["calendar"] != self.before.get("calendar")
        return Roster(officers=tuple(officers.values()), calendar=made.calendar if moved else known.calendar)

    def seated(self, known: Roster | None) -> Policy:
        """The policy with the roster that it will have beside it."""
        parts = {name: getattr(self.policy, name) for name in Policy.model_fields}
        return Policy.model_construct(**{**parts, **dict(self.roster(known))})


def composed(agency: str, unit: str | None, document: Document, standing: Standing | None, above: Above) -> Composed:
    """The policy of ``agency`` with ``document`` as its own (``unit`` None) or as a unit's. Raises InvalidPolicy."""
    if faults := _misplaced(agency, unit, document):
        raise InvalidPolicy(faults)
    if standing is not None:
        documents = standing.documents.replaced(unit, document)
    elif unit is None:
        documents = Documents(document)
    else:
        raise InvalidPolicy([("unit", f"{agency} has no policy that a unit could add to")])
    before = (standing.documents.of(unit) if standing else None) or {}
    policy = compose(documents.agency, above, documents.units)
    return Composed(
        policy=policy,
        documents=documents,
        before=before,
        after=documents.of(unit) or {},
        stands_on=standing.version if standing else None,
        content=hashlib.sha256(_CANONICAL.encode([*documents, policy.version, policy.digest]).encode()).hexdigest(),
    )


def _misplaced(agency: str, unit: str | None, document: Document) -> list[tuple[str, str]]:
    faults = []
    if document.get("agency") != agency:
        faults.append(("agency", f"the document is not {agency}'s"))
    if document.get("unit") != unit:
        faults.append(("unit", "the document is not this unit's" if unit else "the document is a unit's"))
    return faults


def _by_subject(document: Document) -> dict[str, Any]:
    listed: Iterable[Any] = document.get("officers") or ()
    return {officer["subject"]: officer for officer in listed}
