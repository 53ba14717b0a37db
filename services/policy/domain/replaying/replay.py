"""A replay: what another policy would have decided for comments that were decided before.

The old side is what was decided, under whatever version was in force then. The new side is decided from what was known
then: the same words, history and moment, the classifier, the holders of posts and the working hours of that day.
Nothing else goes in, so the policy that decided decides alike, and the same comments give the same result.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from services.policy.domain.adoption.standing import Roster
from services.policy.domain.calendars import WorkingTime
from services.policy.domain.comments import Comment, History
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.deciding.outcomes import Outcome, Terms
from services.policy.domain.deciding.routing import owner
from services.policy.domain.policies import Policy
from services.policy.domain.replaying.consequences import consequence
from services.policy.domain.triage.classification import Classifier
from shared.clock import rfc3339

_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Decided:
    """A comment that was decided: what went in (``words``, ``history``, ``at``) and the ``decision`` as stored.

    ``case`` and ``turn`` say where it stands; a comment out of a file stands in no case.
    """

    comment: str
    case: str | None
    turn: int
    received_at: datetime
    language: str | None
    words: Comment
    history: History
    at: datetime
    decision: Mapping[str, Any]

    @property
    def version(self) -> str:
        """The policy that decided."""
        return str(self.decision["policy_version"])

    @property
    def classifier(self) -> str | None:
        """What said of what kind the comment is; None where that was not written down yet."""
        name: str | None = self.decision["explanation"].get("classifier")
        return name


class Item(NamedTuple):
    """One comment under both policies. ``changed`` names the fields that differ; none: it would have gone alike."""

    comment: str
    case: str | None
    turn: int
    received_at: datetime
    language: str | None
    old: Outcome
    new: Outcome
    changed: tuple[str, ...]
    consequence: int

    def body(self) -> dict[str, Any]:
        """The same, fit for JSON."""
        sides = {"old": self.old.body(), "new": self.new.body()}
        return {**self._asdict(), "received_at": rfc3339(self.received_at), **sides}


class _Then(NamedTuple):
    """The policy with those who held its posts then, and the hours in which they worked."""

    policy: Policy
    working: WorkingTime


class Replay:
    """A policy, ready to decide anew what was decided before.

    ``rosters`` are those on record since when, the oldest first. The first one stands for the time before it as well;
    where there is none, the policy's own holders and hours do. ``classifiers`` and ``versions`` (terms of policies) are
    what decisions name; one that is unknown is made up for by the policy's own. More may be put into both before
    decisions that name them come.
    """

    def __init__(
        self,
        policy: PolicyInForce,
        rosters: Iterable[tuple[datetime, Roster]] = (),
        classifiers: Mapping[str, Classifier] = {},
        versions: Mapping[str, Terms] = {},
    ) -> None:
        said = policy.policy
        own = Roster(officers=said.officers, calendar=said.calendar)
        known = list(rosters) or [(_EVER, own)]
        self._since = [since for since, _ in known]
        self._thens = [_then(said, roster) for _, roster in known]
        self._policy = policy
        self._classifiers = classifiers
        self._sorting: dict[str | None, PolicyInForce] = {}
        self._terms = Terms.of(said)
        self._versions = versions

    def item(self, decided: Decided) -> Item:
        """One comment, as it was decided and as it would be."""
        then = self._thens[max(bisect_right(self._since, decided.at) - 1, 0)]
        made = self._sorted_as_then(decided).decide(decided.words, decided.history, decided.at)
        earlier = self._versions.get(decided.version, self._terms)
        old = earlier.outcome_of(decided.decision, decided.received_at, then.working)
        new = self._terms.outcome(made, decided.received_at, then.working)
        new = new._replace(owner=owner(then.policy, made.topics, made.level, decided.at))
        return Item(
            decided.comment,
            decided.case,
            decided.turn,
            decided.received_at,
            decided.language,
            old,
            new,
            _changed(old, new),
            consequence(old, new),
        )

    def _sorted_as_then(self, decided: Decided) -> PolicyInForce:
        """The policy, with the classifier that sorted a comment then."""
        known = self._sorting.get(decided.classifier)
        if known is None:
            classifier = self._classifiers.get(decided.classifier or "")
            known = self._policy if classifier is None else self._policy.with_classifier(classifier)
            self._sorting[decided.classifier] = known
        return known


def _then(policy: Policy, roster: Roster) -> _Then:
    held = policy.model_copy(update={"officers": roster.officers, "calendar": roster.calendar})
    return _Then(held, WorkingTime(roster.calendar))


def _changed(old: Outcome, new: Outcome) -> tuple[str, ...]:
    if old == new:
        return ()
    return tuple(name for name, was, would_be in zip(Outcome._fields, old, new, strict=True) if was != would_be)
