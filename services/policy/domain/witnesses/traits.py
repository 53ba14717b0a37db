"""Traits that a comment may be given: words in its text, circumstances, what went before it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from services.policy.domain.policies import Policy, Topic
from services.policy.domain.scales import Kind
from services.policy.domain.triage.private_data import PrivateData
from services.policy.domain.witnesses.wording import Wording

AT_MOST = 4
"""Ways to come by a trait that are worth trying."""

PRIVATE: Mapping[PrivateData, str] = {
    "phone": "077 123 4567",
    "email": "someone@example.org",
    "nic": "901234567V",
    "passport": "N1234567",
    "card": "4111 1111 1111 1111",
    "iban": "GB82 WEST 1234 5698 7654 32",
}


class Trait(NamedTuple):
    """``words`` that stand in the text, fields ``about`` the comment, fields of what went ``before``, the time at which
    it is decided, and how many ``days`` old it is then."""

    words: tuple[str, ...] = ()
    about: Mapping[str, Any] = {}
    before: Mapping[str, Any] = {}
    now: datetime | None = None
    days: int = 0


NONE = Trait()
Ways = list[Trait]


def together(traits: Iterable[Trait]) -> Trait:
    """Several as one; where two speak of the same the later stands."""
    words: dict[str, None] = {}
    about: dict[str, Any] = {}
    before: dict[str, Any] = {}
    now, days = None, 0
    for each in traits:
        words |= dict.fromkeys(each.words)
        about |= each.about
        before |= each.before
        now, days = each.now or now, max(days, each.days)
    return Trait(tuple(words), about, before, now, days)


class Traits(NamedTuple):
    """The traits that a policy knows at a moment, worded as far as may be in one language."""

    policy: Policy
    wording: Wording
    now: datetime
    language: str

    def of_kind(self, kind: Kind) -> Ways:
        """Ways to be of that kind."""
        if kind == "other":
            return [NONE]
        if kind == "private_data":
            return [Trait((text,)) for text in islice(PRIVATE.values(), 2)]
        return [Trait((text,)) for text in self.wording.of("kind", kind, self.language)]

    def on(self, topics: Iterable[Topic]) -> Ways:
        """Ways to be on one of these topics."""
        return [
            Trait((text,))
            for topic in islice(topics, AT_MOST)
            for text in self.wording.of("topic", topic.id, self.language)[:2]
        ]
