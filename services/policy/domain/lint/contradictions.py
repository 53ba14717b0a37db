"""Conditions of one rule that cannot hold together, whatever the policy around it says."""

from collections.abc import Callable
from typing import Any

from services.policy.domain.policies import Rule
from services.policy.domain.when import When

_ON_A_TOPIC: tuple[tuple[str, Any], ...] = (
    ("topic", ()),
    ("closed", ()),
    ("competence", None),
    ("embargoed", None),
    ("admitted", None),
    ("line_fits", None),
)


def contradiction(rule: Rule) -> str | None:
    """Why no comment can meet the rule, in words; None where one might."""
    return next((sentence for is_so, sentence in _CONTRADICTIONS if is_so(rule.when)), None)


def _needs_topic(when: When) -> bool:
    return any(getattr(when, name) not in (nothing, False) for name, nothing in _ON_A_TOPIC)


def _crossed(least: Any, most: Any) -> bool:
    return least is not None and most is not None and least > most


_CONTRADICTIONS: tuple[tuple[Callable[[When], bool], str], ...] = (
    (lambda when: bool(when.kind) and set(when.kind) <= set(when.not_kind), "it excludes every kind that it asks for"),
    (
        lambda when: bool(when.topic) and set(when.topic) <= set(when.not_topic),
        "it excludes every topic that it asks for",
    ),
    (lambda when: when.any_topic is False and _needs_topic(when), "it asks for a topic and for none"),
    (lambda when: _crossed(when.seen_by_at_least, when.seen_by_at_most), "it asks for more readers than it permits"),
    (
        lambda when: _crossed(when.sensitivity_at_least, when.sensitivity_at_most),
        "it asks for more sensitivity than it permits",
    ),
    (lambda when: _crossed(when.damage_at_least, when.damage_at_most), "it asks for more damage than it permits"),
    (lambda when: bool(when.damage_class) and when.damage_at_most == "D0", "it asks for damage and permits none"),
    (
        lambda when: when.undecided is False and when.line_fits is True,
        "a line fits only while nothing is decided, and it asks for both",
    ),
    (lambda when: when.embargoed is True and when.line_fits is True, "no line fits under embargo"),
    (
        lambda when: when.private_data is not None and bool(when.private_data) and when.line_fits is True,
        "no line fits a comment with private data",
    ),
)
