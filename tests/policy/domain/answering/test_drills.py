"""Which released answers would have waited: told by a matching, and by replaying every way in which they could go."""

from datetime import timedelta
from itertools import permutations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.policy.domain.answering.drills import Released, at_moments, waited
from services.policy.domain.answering.paths import team_at
from services.policy.domain.authority.mandates import Weight
from services.policy.domain.authority.presence import Leave, Presence
from services.policy.domain.clearance.approvals import Consent, Draft, Refusal, Step
from services.policy.domain.clearance.deciders import Decider, approval_step, signoff_step
from tests.policy.domain.answering.building import MONDAY, PEOPLE, agency, presence

POLICY = agency()
HOUR = timedelta(hours=1)
NAMES = [each["subject"] for each in PEOPLE]
LEVELS = {each["subject"]: each["level"] for each in PEOPLE}
WEIGHT = Weight("S2", "D1", ("fees",), "mastodon")


def released(author: str, *consents: tuple[str, str], specialism: Any = None) -> Released:
    """A draft whose steps, by level, were taken by these."""
    steps = [Step("approval", level, None, Consent(who, who, LEVELS[who], MONDAY, "0" * 64)) for level, who in consents]
    if specialism:
        taken = Consent(specialism[1], specialism[1], LEVELS[specialism[1]], MONDAY, "0" * 64)
        steps.append(Step("signoff", "L1", specialism[0], taken))
    return Released("case_1", 1, author, MONDAY, MONDAY, tuple(steps), WEIGHT)


def waits(given: Released, *absent: str, there: Presence | None = None) -> bool:
    then = at_moments([(MONDAY - HOUR, there or presence(POLICY))])
    return bool(list(waited([given], frozenset(absent), then)))


def test_what_another_who_was_there_could_have_released_would_not_have_waited() -> None:
    answer = released("desk", ("L2", "comms"), ("L3", "deputy"))
    assert not waits(answer, "deputy")
    assert waits(answer, "deputy", "head")
    assert not waits(answer, "desk-2")


def test_the_author_does_not_make_up_for_who_is_away_and_an_absent_author_needs_another() -> None:
    answer = released("head", ("L2", "comms"), ("L3", "deputy"))
    assert waits(answer, "deputy")
    assert not waits(answer, "head")
    assert waits(answer, *(each for each in NAMES if each not in ("comms", "deputy")))


def test_who_was_on_leave_then_could_not_have_helped() -> None:
    answer = released("desk", ("L3", "deputy"))
    away = Leave("lve_1", "test-agency", "head", MONDAY - HOUR, MONDAY + HOUR, "head", MONDAY - HOUR)
    assert waits(answer, "deputy", there=presence(POLICY, away))


def could_go(answer: Released, absent: frozenset[str], there: Presence) -> bool:
    """Every way of giving the steps to those who were there, each step taken as an officer takes it."""
    left = there.without(absent)
    team = team_at(left, MONDAY)
    authors = [answer.author] if answer.author not in absent else list(team)
    deciders = {each: Decider(each, held) for each, held in team.items()}
    for author in authors:
        for order in permutations([each for each in deciders if each != author], len(answer.steps)):
            if all_taken(answer, author, order, deciders):
                return True
    return False


def all_taken(answer: Released, author: str, order: Any, deciders: dict[str, Decider]) -> bool:
    for step, person in zip(answer.steps, order, strict=True):
        open_step = Step(step.kind, step.level, step.specialism)
        draft = Draft(1, 1, author, "", None, "", "", (open_step,), "open", MONDAY, weight=answer.weight)
        try:
            if step.specialism is None:
                approval_step(draft, deciders[person])
            else:
                signoff_step(draft, deciders[person], step.specialism)
        except Refusal:
            return False
    return True


ways = st.permutations(NAMES).flatmap(
    lambda order: st.builds(
        lambda levels, with_facts: (order, levels, with_facts),
        st.lists(st.sampled_from(["L1", "L2", "L3"]), min_size=1, max_size=3),
        st.booleans(),
    )
)


@settings(max_examples=150, deadline=None)
@given(ways, st.sets(st.sampled_from(NAMES), max_size=4), st.sets(st.sampled_from(NAMES), max_size=2))
def test_a_drill_is_a_replay_with_those_persons_removed(way: Any, absent: set[str], on_leave: set[str]) -> None:
    order, levels, with_facts = way
    author, rest = order[0], [each for each in order[1:] if each not in on_leave]
    able = {level: [each for each in rest if LEVELS[each] >= level] for level in levels}
    consents: list[tuple[str, str]] = []
    for level in levels:
        left = [each for each in able[level] if each not in [who for _, who in consents]]
        if left:
            consents.append((level, left[0]))
    facts = "comms" in rest and with_facts and "comms" not in [who for _, who in consents]
    if not consents or author in on_leave:
        return
    leaves = [Leave("l", "test-agency", each, MONDAY - HOUR, MONDAY + HOUR, each, MONDAY) for each in on_leave]
    there = presence(POLICY, *leaves)
    answer = released(author, *consents, specialism=("facts", "comms") if facts else None)
    concerned = bool(answer.hands & absent)
    assert waits(answer, *absent, there=there) == (concerned and not could_go(answer, frozenset(absent), there))
