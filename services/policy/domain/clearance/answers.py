"""Clear once, answer many: one answer for all who ask the same, and who of them it does not fit.

What is cleared is the texts, their limits and the rule by which members are taken, not each member. Whoever does not
fit goes the normal way; a doubt is enough.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from services.policy.domain.authority.mandates import Weight
from services.policy.domain.calendars import WorkingTime
from services.policy.domain.clearance.approvals import NothingToAnswer
from services.policy.domain.clearance.cases import Case, Turn
from services.policy.domain.clearance.submissions import LEAST, Need, Submission
from services.policy.domain.clocks.pauses import pause_at
from services.policy.domain.policies import Policy
from services.policy.domain.scales import Disposition, Kind
from services.policy.domain.triage.particulars import particulars_in
from services.policy.domain.triage.proper_names import is_in_capitals, names_of_most, proper_names
from services.policy.domain.variants import Variant, said_on, variants_in
from shared.clock import rfc3339

LONGEST_READ = 4000
"""A comment of more characters is read by a person, not looked through for what is personal in it."""

MOST_THREADS = 200
"""One clearance answers so many threads and no more."""

Misfit = Literal[
    "another_agency",
    "private_data",
    "personal",
    "too_long",
    "another_topic",
    "another_place",
    "another_kind",
    "another_language",
    "another_disposition",
    "hidden",
    "own_draft",
    "referred",
    "paused",
    "thread_moved_on",
    "above_clearance",
    "recused",
    "window_closed",
    "does_not_fit",
]
"""Why a case of the group is not answered with the others."""

_OF_THEIR_OWN: frozenset[Kind] = frozenset(
    {"emergency", "threat", "private_data", "spam", "abuse", "legal", "information_request", "press"}
)
"""Kinds of comments that are never answered in passing, whatever else they say."""

_NOT_ANSWERED_SO: frozenset[Disposition] = frozenset(
    {"transfer", "refer", "moderate", "escalate", "monitor", "let_stand", "no_response"}
)
"""Whoever is to be met otherwise than by an answer, as a journalist who is referred, is not answered with the rest."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is put up for a group: a text in each language, for at most ``threads`` threads and not after ``until``;
    ``variants`` stand in place of a text on one platform.

    A member is a case of which everything that waits belongs to these ``issues``, is of ``kind`` or of none that
    stands by itself, on these ``topics`` and no other, with nothing personal in it, and with no name of a place or the
    like but these ``names`` (in small letters) and those that the answer says on that platform.
    """

    texts: Mapping[str, str]
    threads: int
    until: datetime
    issues: tuple[str, ...]
    kind: Kind
    topics: tuple[str, ...]
    names: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()

    def content(self) -> dict[str, Any]:
        """The same as a submission keeps it."""
        return {
            "texts": dict(self.texts),
            # What has none keeps the digest that it would have if there were no variants.
            **({"variants": [each.model_dump() for each in self.variants]} if self.variants else {}),
            "limits": {"threads": self.threads, "until": rfc3339(self.until)},
            "members": {
                "issues": list(self.issues),
                "kind": self.kind,
                "topics": list(self.topics),
                "names": list(self.names),
                "personal": False,
            },
        }

    @classmethod
    def of(cls, submission: Submission) -> "Answer":
        """The answer that was put up."""
        content = submission.content
        limits, members = content["limits"], content["members"]
        return cls(
            texts=content["texts"],
            threads=limits["threads"],
            until=datetime.fromisoformat(limits["until"]),
            issues=tuple(members["issues"]),
            kind=members["kind"],
            topics=tuple(members["topics"]),
            names=tuple(members["names"]),
            variants=variants_in(content),
        )

    def for_the_names_of(self, group: Iterable[Case]) -> "Answer":
        """The same, for the names that most of a group say."""
        said = (turn.text[:LONGEST_READ] for case in group for turn in case.waiting if turn.issue in self.issues)
        return replace(self, names=tuple(sorted(names_of_most(said))))

    def said_on(self, platform: str, language: str) -> str | None:
        """What goes out on a platform in a language, or None where there is nothing in that."""
        return said_on(platform, language, self.texts, self.variants)

    def _names_on(self, platform: str) -> frozenset[str]:
        said = (self.said_on(platform, language) for language in self.texts)
        return frozenset(self.names).union(*(proper_names(text) for text in said if text))

    def is_embargoed(self, policy: Policy, now: datetime) -> bool:
        """Whether nothing may be said on one of its topics yet."""
        ends = [topic.embargo_until for topic in policy.topics if topic.id in self.topics]
        return any(until is not None and now < until for until in ends)

    def misfit(self, case: Case, agency: str, working: WorkingTime, now: datetime) -> Misfit | None:
        """Why a case with a waiting comment of the group is none of its members, or None."""
        waiting = case.waiting
        if case.thread.agency != agency:
            return "another_agency"
        if case.draft is not None and case.draft.state == "open":
            return "own_draft"
        if case.casework.referral is not None:
            return "referred"
        if pause_at(case.pauses, now, working) is not None:
            return "paused"
        if any(turn.issue not in self.issues for turn in waiting) or not _is_head(case, waiting):
            return "thread_moved_on"
        if len({turn.decision.language for turn in waiting}) > 1:
            return "another_language"
        return next(
            (reason for turn in waiting if (reason := self._misfit(turn, case.thread.platform)) is not None), None
        )

    def _misfit(self, turn: Turn, platform: str) -> Misfit | None:
        decision = turn.decision
        if turn.hidden:
            return "hidden"
        if decision.masked:
            return "private_data"
        if len(turn.text) > LONGEST_READ:
            return "too_long"
        if particulars_in(turn.text):
            return "personal"
        if not set(decision.topics) <= set(self.topics):
            return "another_topic"
        # In capitals a place looks like any other word.
        if is_in_capitals(turn.text) or not proper_names(turn.text) <= self._names_on(platform):
            return "another_place"
        if decision.kind != self.kind and decision.kind in _OF_THEIR_OWN:
            return "another_kind"
        if decision.language not in self.texts:
            return "another_language"
        return "another_disposition" if decision.disposition in _NOT_ANSWERED_SO else None


def need_of(answer: Answer, members: Iterable[Case]) -> Need:
    """What clearing an answer asks for: the heaviest of what its members do. Raises NothingToAnswer without any."""
    several = [case for case in members if case.standing is not None]
    standings = [case.standing for case in several if case.standing is not None]
    if not standings:
        raise NothingToAnswer
    return Need(
        Weight(
            max(standing.sensitivity for standing in standings),
            max(standing.damage for standing in standings),
            tuple(sorted(answer.topics)),
        ),
        least=max(LEAST, *(standing.level for standing in standings), *(case.least_level for case in several)),
        signoffs=tuple(dict.fromkeys(signoff for standing in standings for signoff in standing.signoffs)),
        approvals=max(1, *(standing.approvals for standing in standings)),
    )


def exceeds(case: Case, cleared: Submission) -> bool:
    """Whether a case asks for more than what was put up is cleared for."""
    standing, need = case.standing, cleared.need
    assert standing is not None
    approvals = sum(step.kind == "approval" for step in cleared.steps)
    vouched = {step.specialism for step in cleared.steps}
    return (
        max(standing.level, case.least_level) > cleared.level
        or standing.sensitivity > need.weight.sensitivity
        or standing.damage > need.weight.damage
        or standing.approvals > approvals
        or not vouched.issuperset(standing.signoffs)
    )


def _is_head(case: Case, waiting: list[Turn]) -> bool:
    """Whether nothing was said in the thread after the newest comment that waits."""
    return bool(waiting) and case.head == (waiting[-1].comment, waiting[-1].revision)
