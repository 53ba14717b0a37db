"""What is left of a clock, divided among steps; and lawful ways out, which never lose a step."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.policy.domain.authority.mandates import Mandate, OnBehalfOf, Weight
from services.policy.domain.clocks.budgets import (
    Circle,
    Pace,
    ShorterPath,
    Stages,
    budget,
    may_take,
    needed,
    shorter_path,
)
from services.policy.domain.policies import StepRule
from services.policy.domain.roster import Ceiling
from services.policy.domain.scales import DAMAGES, LEVELS, SENSITIVITIES

L2, L3, L4 = (StepRule(level=level) for level in LEVELS[2:5])
LEGAL = StepRule(kind="signoff", level="L1", specialism="legal")
ROUTINE = Weight("S1", "D1")
MARKET = Weight("S4", "D4")
TWO_HOURS = Pace({("approval", level, None): 120 for level in LEVELS})
FOUR_HOURS = 240


def held(subject: str, level: Any, **about: Any) -> Mandate:
    return Mandate(**{"subject": subject, "post": subject.title(), "level": level, "basis": "post", **about})


def delegated(subject: str, level: Any, **about: Any) -> Mandate:
    behalf = OnBehalfOf("head", "Head")
    return held(subject, level, basis="delegation", instrument=f"del_{subject}", on_behalf_of=behalf, **about)


POSTS = (held("comms", "L2"), held("division", "L3"), held("head", "L4"))


def shorter(stages: Stages, remaining: int, pace: Pace, *mandates: Mandate, **about: Any) -> ShorterPath | None:
    return shorter_path(stages, remaining, pace, 10, Circle(mandates, **{"weight": ROUTINE, **about}))


def test_three_steps_of_two_hours_each_do_not_fit_into_four_hours_one_after_the_other() -> None:
    stages: Stages = ((L2,), (L3,), (L4,))
    found = budget(stages, FOUR_HOURS, TWO_HOURS, 10)
    assert (found.fits, found.needs, found.remaining) == (False, 360, 240)
    assert [(each.minutes, each.share) for each in found.steps] == [(120, 80)] * 3
    assert shorter(stages, FOUR_HOURS, TWO_HOURS, *POSTS) == ShorterPath("parallel", 120, True)


def test_steps_that_may_be_taken_at_once_need_the_slowest_of_them() -> None:
    found = budget(((L2, L3, L4),), FOUR_HOURS, TWO_HOURS, 10)
    assert (found.fits, found.needs, [each.share for each in found.steps]) == (True, 120, [240] * 3)


def test_a_slower_step_gets_the_greater_share() -> None:
    pace = Pace({("approval", "L2", None): 20, ("approval", "L3", None): 100})
    assert [each.share for each in budget(((L2,), (L3,)), 240, pace, 10).steps] == [40, 200]


def test_what_was_not_measured_takes_what_the_policy_says() -> None:
    assert needed(((L2, LEGAL), (L3,)), Pace({("approval", "L3", None): 50}), 15) == 65


def test_the_next_delegate_comes_before_whoever_stands_above() -> None:
    pace = Pace({("approval", "L2", None): 120}, {"desk": 20, "division": 5})
    found = shorter(((L2,),), 60, pace, *POSTS, delegated("desk", "L2"))
    assert found is not None
    (stand_in,) = found.stand_ins
    assert (found.kind, found.needs, found.in_parallel) == ("delegate", 20, False)
    assert (stand_in.subject, stand_in.instrument, stand_in.minutes) == ("desk", "del_desk", 20)


def test_without_a_delegate_the_authority_above_takes_the_step() -> None:
    found = shorter(((L2,),), 60, Pace({("approval", "L2", None): 120}), *POSTS)
    assert found is not None
    assert (found.kind, [each.subject for each in found.stand_ins]) == ("duty_authority", ["division"])


def test_whoever_is_needed_for_another_step_takes_no_second_one() -> None:
    pace = Pace({("approval", "L2", None): 120, ("approval", "L3", None): 5})
    assert shorter(((L2, L3),), 60, pace, held("comms", "L2"), held("division", "L3")) is None
    found = shorter(((L2, L3),), 60, pace, *POSTS)
    assert found is not None
    assert [each.subject for each in found.stand_ins] == ["head"]


def test_who_wrote_the_draft_is_no_way_out() -> None:
    pace = Pace({("approval", "L2", None): 120})
    assert shorter(((L2,),), 60, pace, *POSTS, without=frozenset(("division", "head"))) is None


def test_a_delegate_whose_ceiling_is_too_low_is_no_way_out() -> None:
    pace = Pace({("approval", "L4", None): 600})
    low = delegated("deputy", "L4", ceiling=Ceiling(sensitivity="S3", damage="D3"))
    assert shorter(((L2, L3, L4),), 60, pace, *POSTS, low, weight=MARKET) is None
    for_the_day = delegated("deputy", "L4")
    found = shorter(((L2, L3, L4),), 60, pace, *POSTS, for_the_day, weight=MARKET)
    assert found is not None
    assert [(each.step, each.subject) for each in found.stand_ins] == [(L4, "deputy")]


def test_a_step_for_certain_posts_is_taken_by_one_of_them_or_their_delegate() -> None:
    pace = Pace({("approval", "L2", None): 120})
    named = StepRule(level="L2", posts=("Comms", "Head"))
    found = shorter(((named,),), 60, pace, *POSTS)
    assert found is not None
    assert [each.subject for each in found.stand_ins] == ["head"]


def test_where_all_are_too_slow_there_is_no_way_out() -> None:
    slow = Pace({("approval", level, None): 600 for level in LEVELS}, {each.subject: 600 for each in POSTS})
    assert shorter(((L2, L3, L4),), 60, slow, *POSTS) is None
    assert shorter(((L2,), (L3,), (L4,)), 0, Pace(), *POSTS) is None


steps = st.one_of(
    st.builds(StepRule, level=st.sampled_from(LEVELS[1:5])),
    st.builds(
        StepRule,
        kind=st.just("signoff"),
        level=st.sampled_from(LEVELS[1:4]),
        specialism=st.sampled_from(["facts", "legal"]),
    ),
)
paths = st.lists(st.lists(steps, min_size=1, max_size=3).map(tuple), min_size=1, max_size=3).map(tuple)
minutes = st.integers(0, 600)
mandates = st.lists(
    st.builds(
        Mandate,
        subject=st.sampled_from("abcdefgh"),
        post=st.just("Post"),
        level=st.sampled_from(LEVELS[1:5]),
        basis=st.sampled_from(["post", "acting", "delegation"]),
        specialisms=st.sampled_from([(), ("facts",), ("legal", "facts")]),
        topics=st.sampled_from([(), ("rates",), ("hours",)]),
        ceiling=st.builds(Ceiling, sensitivity=st.sampled_from(SENSITIVITIES[2:]), damage=st.sampled_from(DAMAGES[2:])),
    ),
    max_size=10,
)
paces = st.builds(
    Pace,
    st.dictionaries(st.tuples(st.just("approval"), st.sampled_from(LEVELS), st.none()), minutes, max_size=5),
    st.dictionaries(st.sampled_from("abcdefgh"), minutes, max_size=5),
)
weights = st.builds(
    Weight, st.sampled_from(SENSITIVITIES), st.sampled_from(DAMAGES), st.sampled_from([(), ("rates",)]), st.just("rest")
)


@given(paths, minutes, paces, mandates, weights)
def test_whatever_is_late_no_step_is_lost_and_each_is_another_persons_of_lawful_power(
    path: Stages, remaining: int, pace: Pace, known: list[Mandate], weight: Weight
) -> None:
    asked = [step for stage in path for step in stage]
    found = budget(path, remaining, pace, 10)
    assert [each.step for each in found.steps] == asked
    way_out = shorter_path(path, remaining, pace, 10, Circle(known, weight))
    if way_out is None:
        return
    assert way_out.needs <= remaining
    replaced = [each.step for each in way_out.stand_ins]
    left = list(asked)
    for step in replaced:
        left.remove(step)
    takers = [each.subject for each in way_out.stand_ins]
    assert len(set(takers)) == len(takers)
    for each in way_out.stand_ins:
        assert any(may_take(mandate, each.step, weight) for mandate in known if mandate.subject == each.subject)
    assert all(pace.of(step, 10) <= remaining for step in left)


@given(paths, minutes, paces)
def test_a_path_needs_at_least_its_slowest_step_and_at_most_all_of_them(
    path: Stages, remaining: int, pace: Pace
) -> None:
    each = [pace.of(step, 10) for stage in path for step in stage]
    assert max(each) <= needed(path, pace, 10) <= sum(each)
    assert needed((tuple(step for stage in path for step in stage),), pace, 10) == max(each)
    assert all(step.share <= remaining for step in budget(path, remaining, pace, 10).steps)
