"""The level is the maximum of everything that asks for one, and says so."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.policy.domain.deciding.findings import Findings, Minimum
from services.policy.domain.deciding.levels import Contribution, Needed, needed
from services.policy.domain.scales import DAMAGES, KINDS, LEVELS, SENSITIVITIES, Damage, Kind, Level, Sensitivity
from tests.policy.builders import a_policy

POLICY = a_policy()


def found(sensitivity: Sensitivity, damage: Damage, minimums: list[tuple[str, Level]] = [], **more: Any) -> Needed:  # noqa: B006
    asked = [Minimum(rule, level) for rule, level in minimums]
    findings = Findings(sensitivity=sensitivity, damage=damage, minimums=asked, ups=more.pop("ups", []))
    return needed(POLICY, findings, **more)


@given(
    st.sampled_from(SENSITIVITIES),
    st.sampled_from(DAMAGES),
    st.lists(st.tuples(st.just("r"), st.sampled_from(LEVELS))),
    st.lists(st.sampled_from(KINDS)),
)
def test_nothing_lowers_the_level(
    sensitivity: Sensitivity, damage: Damage, minimums: list[tuple[str, Level]], kinds: list[Kind]
) -> None:
    level = found(sensitivity, damage, minimums, kinds=kinds).level
    assert level >= POLICY.scales.by_sensitivity[sensitivity]
    assert level >= POLICY.scales.by_damage[damage]
    assert all(level >= least for _, least in minimums)
    assert all(level >= POLICY.floor.by_kind.get(kind, "L0") for kind in kinds)


def test_every_contribution_is_named() -> None:
    everything = found("S2", "D3", [("31", "L1")], kinds=["legal"], closed=["market"])
    assert everything.level == "L4"
    assert set(everything.contributions) == {
        Contribution("sensitivity", "S2", "L2"),
        Contribution("damage", "D3", "L3"),
        Contribution("rule", "31", "L1"),
        Contribution("floor", "D3", "L3"),
        Contribution("floor", "legal", "L3"),
        Contribution("floor", "market", "L4"),
    }


def test_going_up_ends_at_the_head() -> None:
    assert found("S3", "D0", ups=[("17", 1), ("20", 1)]).level == "L4"


def test_a_minimum_above_the_head_stays() -> None:
    assert found("S0", "D0", [("11", "L5")], ups=[("20", 1)]).level == "L5"
