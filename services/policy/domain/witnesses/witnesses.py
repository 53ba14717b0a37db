"""Comments that bear witness: made to meet a rule or touch a subject, and decided to prove that they do.

What is claimed of a policy is claimed with a comment that anybody can decide again. A comment is put together from the
traits that a policy knows, and only what the decision confirms is believed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, product

from services.policy.domain.comments import Comment, History
from services.policy.domain.deciding.decisions import Decision, PolicyInForce
from services.policy.domain.policies import Policy, Rule
from services.policy.domain.scales import Kind
from services.policy.domain.witnesses.meeting import ways_to_meet
from services.policy.domain.witnesses.traits import Trait, Traits, Ways, together
from services.policy.domain.witnesses.wording import Wording

_MIXTURES = 40
"""Of the ways to meet several conditions, how many are tried together in each language."""
_OF_SEVERAL = 10
"""The same where several rules and topics are wanted at once: most of them cannot be had together."""
_FILLERS = {"si": "නිල් බස් එක", "ta": "நீல பேருந்து"}
_FILLER = "the blue bus"


@dataclass(frozen=True, slots=True)
class Witness:
    """A comment with what went before it, and what is decided for it at ``now``."""

    comment: Comment
    history: History
    now: datetime
    decision: Decision

    def is_on(self, *topics: str) -> bool:
        """Whether the comment touches all of these."""
        return set(topics) <= set(self.decision.topics)

    def meets(self, *rules: Rule) -> bool:
        """Whether all of these rules decide on the comment."""
        return {rule.id for rule in rules} <= set(self.decision.rules)


Wanted = Callable[[Witness], bool]


class Witnesses:
    """Makes comments under one policy, decided at ``now`` unless a condition asks for another time."""

    def __init__(self, policy: PolicyInForce, now: datetime) -> None:
        self.in_force = policy
        self.now = now
        self._wording = Wording(policy)
        self._meeting: dict[tuple[tuple[str, ...], tuple[str, ...]], Witness | None] = {}
        self._languages = tuple(dict.fromkeys((policy.policy.default_language, *policy.policy.languages)))

    @property
    def policy(self) -> Policy:
        """The policy that is borne witness to."""
        return self.in_force.policy

    def meeting(self, *rules: Rule, topics: Sequence[str] = ()) -> Witness | None:
        """A comment on all of ``topics`` on which all these rules decide."""
        key = (tuple(rule.id for rule in rules), tuple(topics))
        if key not in self._meeting:
            most = _MIXTURES if len(rules) + len(topics) == 1 else _OF_SEVERAL
            made = self.made(rules=rules, topics=topics, in_each_language=most)
            found = (each for each in made if each.is_on(*topics) and each.meets(*rules))
            self._meeting[key] = next(found, None)
        return self._meeting[key]

    def unmet(self, rule: Rule) -> list[str]:
        """The conditions of ``rule`` that nothing in the policy can meet."""
        return [name for name, ways in ways_to_meet(rule, self._traits(self._languages[0])).items() if not ways]

    def find(
        self, wanted: Wanted, *, rules: Sequence[Rule] = (), topics: Sequence[str] = (), kinds: Sequence[Kind] = ()
    ) -> Witness | None:
        """A comment on all of ``topics``, of all ``kinds``, that meets ``rules``, and is decided as ``wanted``."""
        made = self.made(rules=rules, topics=topics, kinds=kinds)
        return next((each for each in made if wanted(each)), None)

    def made(
        self,
        *,
        rules: Sequence[Rule] = (),
        topics: Sequence[str] = (),
        kinds: Sequence[Kind] = (),
        in_each_language: int = _MIXTURES,
    ) -> Iterator[Witness]:
        """Comments that are given what leads to all these topics, kinds and rules, and may well lead elsewhere."""
        tried: set[tuple[Comment, History, datetime]] = set()
        for language in self._languages:
            at = self._traits(language)
            ways: list[Ways] = [at.on([at.policy.topic(topic)]) for topic in topics]
            ways += [at.of_kind(kind) for kind in kinds]
            for rule in rules:
                ways += ways_to_meet(rule, at).values()
            for mixture in islice(product(*ways), in_each_language):
                asked = self._asked(together(mixture), language)
                if asked not in tried:
                    tried.add(asked)
                    yield Witness(*asked, self.in_force.decide(*asked))

    def say(self, *texts: str) -> Witness:
        """A comment of these words, whatever it is decided to be."""
        return self._decided(Trait(texts), self._languages[0])

    def _decided(self, trait: Trait, language: str) -> Witness:
        asked = self._asked(trait, language)
        return Witness(*asked, self.in_force.decide(*asked))

    def _asked(self, trait: Trait, language: str) -> tuple[Comment, History, datetime]:
        about, now = dict(trait.about), trait.now or self.now
        words = list(trait.words)
        spoken = about.get("language") or language
        if spoken in _FILLERS and not any(_is_written_in(spoken, text) for text in words):
            words.append(_FILLERS[spoken])
            about.pop("language", None)
        if trait.days:
            about["sent_at"] = now - timedelta(days=trait.days)
        return Comment(". ".join(words) or _FILLER, **about), History(**trait.before), now

    def _traits(self, language: str) -> Traits:
        return Traits(self.policy, self._wording, self.now, language)


def _is_written_in(language: str, text: str) -> bool:
    begins = {"si": "\u0d80", "ta": "\u0b80"}[language]
    return any(begins <= char <= chr(ord(begins) + 0x7F) for char in text)
