"""Whether a cleared line may answer a comment by itself.

A line speaks under the authority of whoever cleared it, so every condition under which it was cleared must be seen to
hold; one doubt, and a person answers. The doubts are sentences, because the explanation shows them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from services.policy.domain.policies import Line, Policy
from services.policy.domain.scales import Damage, Level, Sensitivity
from services.policy.domain.triage.sorting import Sorted
from shared.wordings import Reply


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a line: the comment as sorted, what answering it would need, and on which platform, where its
    author is reached by ``handle``."""

    seen: Sorted
    public: bool
    sensitivity: Sensitivity
    damage: Damage
    level: Level
    crisis: bool
    now: datetime
    platform: str
    handle: str | None


@dataclass(frozen=True, slots=True)
class Fit:
    """The line that fits, or none; ``doubts`` by the id of each line that was looked at."""

    line: Line | None
    doubts: dict[str, tuple[str, ...]]


class LineIndex:
    """A policy's lines that answer and those cleared beside it, by the topics that they speak on."""

    def __init__(self, policy: Policy, beside: Iterable[Line] = ()) -> None:
        self._policy = policy
        self._lines = (*policy.lines, *beside)
        self._by_topic: dict[str, list[int]] = defaultdict(list)
        for place, line in enumerate(self._lines):
            for topic in line.topics if line.purpose == "answer" else ():
                self._by_topic[topic].append(place)

    def fitting(self, asked: Asked) -> Fit:
        """The first line of the policy on a topic of the comment that leaves no doubt."""
        doubts: dict[str, tuple[str, ...]] = {}
        for place in sorted({place for topic in asked.seen.topics for place in self._by_topic.get(topic, ())}):
            line = self._lines[place]
            against = tuple(doubts_of(line, asked, self._policy))
            if not against:
                return Fit(line, doubts)
            doubts[line.id] = against
        return Fit(None, doubts)


def doubts_of(line: Line, asked: Asked, policy: Policy) -> Iterator[str]:
    """Why a line is not for this comment now, whatever its purpose."""
    seen, conditions = asked.seen, line.preconditions
    if foreign := [kind for kind in sorted(seen.kinds) if kind not in line.kinds]:
        yield f"it does not answer: {', '.join(foreign)}"
    if line.topics and not set(line.topics) & set(seen.topics):
        yield "the comment is not about its topics"
    if others := [topic for topic in seen.topics if _is_beside(topic, line, policy)]:
        yield f"the comment is also about: {', '.join(others)}"
    if asked.sensitivity > line.ceiling.sensitivity or asked.damage > line.ceiling.damage:
        yield f"{asked.sensitivity}/{asked.damage} is above its ceiling"
    if any((until := policy.topic(topic).embargo_until) and asked.now < until for topic in seen.topics):
        yield "a topic of the comment is under embargo"
    if asked.level > line.cleared_by.level:
        yield f"{asked.level} is needed and it was cleared on {line.cleared_by.level}"
    if (text := line.said_on(asked.platform, seen.language)) is None:
        yield f"it has no text in {seen.language}"
    elif _reply(text, asked).misfit(policy.replies.split):
        yield f"it does not fit on {asked.platform}"
    if seen.private:
        yield "the comment holds private data"
    if ("unless", line.id) in seen.conditions:
        yield "the comment asks for more than it says"
    if asked.crisis and not conditions.in_crisis:
        yield "it is not of the crisis pack"
    if conditions.public_only and not asked.public:
        yield "it is for public comments only"
    if conditions.from_ is not None and asked.now < conditions.from_:
        yield "its time has not come"
    if conditions.until is not None and asked.now >= conditions.until:
        yield "its time is over"


def _reply(text: str, asked: Asked) -> Reply:
    return Reply(asked.platform, text, asked.handle, public=asked.public)


def _is_beside(topic: str, line: Line, policy: Policy) -> bool:
    """Whether a topic of the comment asks for more than the line says; a line without topics is for every subject."""
    if not line.topics or topic in line.topics:
        return False
    about = max(policy.topic(known).sensitivity for known in line.topics)
    other = policy.topic(topic)
    return other.closed is not None or other.agency is not None or other.sensitivity >= about
