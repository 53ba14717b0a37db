"""Whatever agencies and units write: the floor holds, units only add, and none of them reaches into another."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.policy.domain.comments import Comment, History
from services.policy.domain.composing.composition import compose
from services.policy.domain.deciding.decisions import Decision, PolicyInForce
from services.policy.domain.deciding.layers import fills_a_gap
from services.policy.domain.lint import lint
from services.policy.domain.policies import Policy
from services.policy.domain.scales import Level
from tests.policy.builders import NOW
from tests.policy.domain.lint.planting import confirm
from tests.policy.domain.random_policies import AGENCYS, OF_U, OF_V, agencies, comments, small_above, units

Asked = tuple[Comment, History]
some = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def in_force(agency: dict[str, Any], *of_units: dict[str, Any]) -> PolicyInForce:
    return PolicyInForce(compose(agency, small_above(), of_units))


def without_rules(unit: dict[str, Any]) -> dict[str, Any]:
    return {**unit, "rules": []}


def needed(decision: Decision) -> Level:
    level: Level = decision.explanation["level"]["needed"]
    return level


def asked_by_the_floor(decision: Decision, policy: Policy) -> list[Level]:
    floor = policy.floor
    closed = [policy.topic(name).closed for name in decision.topics]
    return [
        "L0",
        floor.by_sensitivity.get(decision.sensitivity, "L0"),
        floor.by_damage.get(decision.damage, "L0"),
        *(floor.by_kind.get(kind, "L0") for kind in decision.explanation["kinds"]),
        *(floor.by_closed[each] for each in closed if each in floor.by_closed),
    ]


def what_is_decided(decision: Decision) -> dict[str, Any]:
    """All but the version, and what was read by the way: words, and rules that nearly held."""
    decided = decision._asdict()
    del decided["policy_version"], decided["explanation"]
    return {**decided, "kinds": decision.explanation["kinds"], "needed": needed(decision)}


@some
@given(agencies(), units("u", OF_U), units("v", OF_V), st.lists(comments(AGENCYS, OF_U, OF_V), min_size=1, max_size=8))
def test_no_comment_is_decided_below_the_floor(
    agency: dict[str, Any], u: dict[str, Any], v: dict[str, Any], asked: list[Asked]
) -> None:
    policy = in_force(agency, u, v)
    for comment, history in asked:
        decision = policy.decide(comment, history, NOW)
        least = max(asked_by_the_floor(decision, policy.policy))
        assert needed(decision) >= least
        if comment.echo and decision.disposition == "no_response":
            continue  # our own words ask for nobody
        standing = decision.level if decision.line is None else policy.line(decision.line).cleared_by.level
        assert standing >= least
        assert len(list(policy.trace(comment, history, NOW))) == len(policy.policy.rules)


@some
@given(agencies(), units("u", OF_U), st.lists(comments(AGENCYS, OF_U), min_size=1, max_size=8))
def test_a_units_rules_only_add_to_what_its_agency_asks_for(
    agency: dict[str, Any], u: dict[str, Any], asked: list[Asked]
) -> None:
    whole, without = in_force(agency, u), in_force(agency, without_rules(u))
    filling = {rule.id for rule in without.policy.rules if fills_a_gap(rule)}
    for comment, history in asked:
        alone, joined = (policy.decide(comment, history, NOW) for policy in (without, whole))
        if filling.isdisjoint(alone.rules):
            assert needed(joined) >= needed(alone)
            assert joined.sensitivity >= alone.sensitivity
            assert joined.damage >= alone.damage
            assert set(alone.signoffs) <= set(joined.signoffs)
        assert set(alone.rules) - filling <= set(joined.rules)


@some
@given(agencies(), units("u", OF_U), st.lists(comments(AGENCYS, OF_U), min_size=1, max_size=8))
def test_what_an_agency_has_looked_into_no_unit_lets_rest(
    agency: dict[str, Any], u: dict[str, Any], asked: list[Asked]
) -> None:
    whole, without = in_force(agency, u), in_force(agency, without_rules(u))
    filling = {rule.id for rule in without.policy.rules if fills_a_gap(rule)}
    for comment, history in asked:
        alone, joined = (policy.decide(comment, history, NOW) for policy in (without, whole))
        if alone.disposition in ("escalate", "moderate") and filling.isdisjoint(alone.rules):
            assert joined.disposition not in ("no_response", "let_stand", "monitor")


@some
@given(agencies(), units("u", OF_U), st.lists(comments(AGENCYS), min_size=1, max_size=8))
def test_a_comment_on_none_of_a_units_topics_is_decided_as_if_there_were_no_unit(
    agency: dict[str, Any], u: dict[str, Any], asked: list[Asked]
) -> None:
    whole, without = in_force(agency, u), in_force(agency)
    for comment, history in asked:
        joined = whole.decide(comment, history, NOW)
        assert not any(name.startswith("u.") for name in joined.rules)
        assert what_is_decided(joined) == what_is_decided(without.decide(comment, history, NOW))


@some
@given(agencies(), units("u", OF_U), units("v", OF_V), st.lists(comments(AGENCYS, OF_U), min_size=1, max_size=8))
def test_a_unit_does_not_reach_into_its_siblings_comments(
    agency: dict[str, Any], u: dict[str, Any], v: dict[str, Any], asked: list[Asked]
) -> None:
    both, alone = in_force(agency, u, v), in_force(agency, u)
    for comment, history in asked:
        joined = both.decide(comment, history, NOW)
        assert what_is_decided(joined) == what_is_decided(alone.decide(comment, history, NOW))


@some
@given(agencies(), units("u", OF_U), units("v", OF_V), st.lists(comments(OF_U, OF_V), min_size=1, max_size=8))
def test_where_two_units_meet_each_asks_for_what_it_would_alone(
    agency: dict[str, Any], u: dict[str, Any], v: dict[str, Any], asked: list[Asked]
) -> None:
    both, alone = in_force(agency, u, v), in_force(agency, u, without_rules(v))
    filling = {rule.id for rule in both.policy.rules if fills_a_gap(rule)}
    for comment, history in asked:
        joined, one = (policy.decide(comment, history, NOW) for policy in (both, alone))
        assert set(one.rules) - filling <= set(joined.rules)
        if filling.isdisjoint(one.rules):
            assert needed(joined) >= needed(one)


@settings(some, max_examples=10)
@given(agencies(), units("u", OF_U))
def test_every_error_of_lint_is_confirmed_by_its_example(agency: dict[str, Any], u: dict[str, Any]) -> None:
    policy = in_force(agency, u)
    for hole in lint(policy.policy, NOW):
        assert hole.example is not None or hole.severity == "warning"
        if hole.example is not None:
            confirm(hole, policy)
