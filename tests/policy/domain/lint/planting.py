"""Policies with a hole planted in them, and the proof that an example falls into it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from services.policy.adapters.cli.trying import Given
from services.policy.domain.deciding.decisions import Decision, PolicyInForce
from services.policy.domain.lint import (
    Hole,
    authority,
    clocks,
    conflicts,
    floor,
    holders,
    kinds,
    owners,
    reachability,
    shadowing,
)
from services.policy.domain.policies import Policy
from services.policy.domain.witnesses.witnesses import Witnesses
from tests.policy.builders import NOW, a_policy

_CHECKS: dict[str, Callable[[Witnesses], Iterator[Hole]]] = {
    "below-floor": floor.holes,
    "floor-silenced": floor.holes,
    "subject-without-owner": owners.holes,
    "level-without-holder": holders.holes,
    "path-without-persons": holders.holes,
    "clock-too-short": clocks.holes,
    "clock-never-used": clocks.holes,
    "conflicting-dispositions": conflicts.holes,
    "rule-never-reached": reachability.holes,
    "kind-without-rule": kinds.holes,
    "line-without-authority": authority.holes,
    "phrase-in-two-voices": shadowing.holes,
    "phrase-of-two-agencies": shadowing.holes,
    "phrase-shadowed": shadowing.holes,
}


def found(code: str, policy: Policy | None = None, **sections: Any) -> dict[str, Hole]:
    """The holes of that code, by their paths; each has been tried."""
    in_force = PolicyInForce(policy or a_policy(**sections))
    holes = [hole for hole in _CHECKS[code](Witnesses(in_force, NOW)) if hole.code == code]
    for hole in holes:
        if hole.example is not None:
            confirm(hole, in_force)
    return {hole.path: hole for hole in holes}


def confirm(hole: Hole, policy: PolicyInForce) -> Decision:
    """Decide the example as `parley policy try` does, and see that it comes out as lint says."""
    assert hole.example is not None
    given = Given.model_validate_json(json.dumps(hole.example.comment))
    assert given.now is not None
    decision = policy.decide(given.comment(), given.history(), given.now)
    for name, value in hole.example.decided.items():
        decided = getattr(decision, name)
        assert (list(decided) if isinstance(value, list) else decided) == value, name
    return decision


def rule(rule_id: str, when: dict[str, Any], stage: str = "kind", **then: Any) -> dict[str, Any]:
    return {"id": rule_id, "name": rule_id, "stage": stage, "when": when, "then": then}


def topic(topic_id: str, *phrases: str, **about: Any) -> dict[str, Any]:
    return {"id": topic_id, "phrases": {"en": list(phrases or [f"{topic_id} things"])}, **about}


def post(subject: str, level: str, *specialisms: str, **about: Any) -> dict[str, Any]:
    return {"subject": subject, "post": subject.title(), "level": level, "specialisms": list(specialisms), **about}
