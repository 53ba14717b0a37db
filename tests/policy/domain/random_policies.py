"""Random agencies, units and comments over a small vocabulary, so that rules and comments often meet.

The baseline under them is the real one with a few words for each kind.
"""

import functools
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from services.policy.adapters.policy_files import above
from services.policy.domain.comments import Comment, History
from services.policy.domain.composing.composition import Above
from services.policy.domain.policies import STAGES
from services.policy.domain.scales import DAMAGE_CLASSES, DAMAGES, LEVELS, SENSITIVITIES
from tests.policy.builders import NOW, document

AGENCYS = {"a1": "alder", "a2": "birch"}
OF_U = {"u1": "cedar", "u2": "damson"}
OF_V = {"v1": "elder"}
SAID = ["walnut", "yew"]
"""Words that rules may wait for, and nothing else means."""

KINDS = ["question", "complaint", "praise", "false_claim", "emergency", "spam", "abuse", "legal"]
CLOSED = ["court", "draft_law", "market", "person", "party"]
DISPOSITIONS = ["answer", "hold", "no_response", "let_stand", "monitor", "moderate", "escalate", "acknowledge"]
STEPS = {level: [{"level": each} for each in LEVELS[2 : LEVELS.index(level) + 1]] for level in LEVELS[2:]}


@functools.cache
def small_above() -> Above:
    """The baseline and the floor, with three English phrases for each kind and topic."""
    baseline = dict(above().baseline)
    for section in ("kinds", "topics"):
        baseline[section] = [_few_words(entry) for entry in baseline[section]]
    return Above(baseline, above().centre)


def _few_words(entry: dict[str, Any]) -> dict[str, Any]:
    few = {words: {"en": entry[words].get("en", [])[:3]} for words in ("phrases", "alone") if words in entry}
    return {**entry, **few}


def words_of_kinds() -> dict[str, str]:
    """A phrase for each kind that has one."""
    kinds = small_above().baseline["kinds"]
    return {entry["kind"]: entry["phrases"]["en"][0] for entry in kinds if entry.get("phrases", {}).get("en")}


def _some(values: Any, most: int = 2) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(list(values)), min_size=1, max_size=most, unique=True)


def damages() -> st.SearchStrategy[Any]:
    one = st.sampled_from(DAMAGES)
    return one | st.dictionaries(st.sampled_from(DAMAGE_CLASSES), one, max_size=2)


def conditions(topics: dict[str, str]) -> st.SearchStrategy[dict[str, Any]]:
    """Conditions of a rule that may name these topics."""
    at = st.sampled_from
    return st.fixed_dictionaries(
        {},
        optional={
            "kind": _some(KINDS),
            "not_kind": _some(KINDS),
            "topic": _some(topics),
            "any_topic": st.booleans(),
            "closed": _some(CLOSED),
            "competence": at(["elsewhere", "several"]),
            "phrase": st.just({"en": SAID[:1]}) | st.just({"en": SAID[1:]}),
            "private_data": st.booleans(),
            "public": st.booleans(),
            "unsure": st.booleans(),
            "turn_at_least": st.integers(1, 3),
            "budget_spent": st.booleans(),
            "drift": _some(["new_subject", "new_fact", "hostile", "press", "reach"]),
            "seen_by_at_least": st.integers(0, 50),
            "seen_by_at_most": st.integers(0, 50),
            "surge": st.booleans(),
            "sensitivity_at_least": at(SENSITIVITIES),
            "sensitivity_at_most": at(SENSITIVITIES),
            "damage_at_least": at(DAMAGES),
            "damage_at_most": at(DAMAGES),
            "undecided": st.booleans(),
            "line_fits": st.booleans(),
        },
    ).flatmap(_few)


def _few(conditions: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """At most three of them: a rule with twenty conditions never holds."""
    if len(conditions) <= 3:
        return st.just(conditions)
    return _some(conditions, 3).map(lambda kept: {name: conditions[name] for name in kept})


def findings() -> st.SearchStrategy[dict[str, Any]]:
    """What a rule finds."""
    at = st.sampled_from
    return st.fixed_dictionaries(
        {},
        optional={
            "disposition": at(DISPOSITIONS),
            "sensitivity": at(SENSITIVITIES),
            "damage": damages(),
            "level": at(LEVELS),
            "level_up": st.integers(0, 2),
            "spares_lines": st.booleans(),
            "signoffs": _some(["facts", "legal", "security"]),
            "approvals": st.integers(0, 3),
            "clock": at(["press", "l2", "service"]),
            "automatic": st.booleans(),
            "stop": st.booleans() | st.just("unless_question"),
        },
    )


def _rules(prefix: str, topics: dict[str, str], most: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    one = st.fixed_dictionaries({"stage": st.sampled_from(STAGES), "when": conditions(topics), "then": findings()})
    named = st.lists(one, max_size=most)
    return named.map(lambda rules: [{"id": f"{prefix}.{n}", "name": f"{prefix}.{n}", **r} for n, r in enumerate(rules)])


def _topic(name: str, word: str, *, may_be_foreign: bool) -> st.SearchStrategy[dict[str, Any]]:
    later = (NOW + timedelta(days=1)).isoformat()
    optional: dict[str, st.SearchStrategy[Any]] = {
        "sensitivity": st.sampled_from(SENSITIVITIES),
        "damage": damages(),
        "closed": st.sampled_from(CLOSED),
        "admitted": st.booleans(),
        "embargo_until": st.just(later),
    }
    if may_be_foreign:
        optional["agency"] = st.just("harbour")
    return st.fixed_dictionaries({"id": st.just(name), "phrases": st.just({"en": [word]})}, optional=optional)


def _topics(words: dict[str, str], *, may_be_foreign: bool) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.tuples(*(_topic(name, word, may_be_foreign=may_be_foreign) for name, word in words.items())).map(list)


def _lines(prefix: str, topics: dict[str, str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    one = st.fixed_dictionaries(
        {
            "topics": _some(topics),
            "kinds": _some(KINDS),
            "text": st.just({"en": "Cleared."}),
            "ceiling": st.fixed_dictionaries(
                {"sensitivity": st.sampled_from(SENSITIVITIES), "damage": st.sampled_from(DAMAGES)}
            ),
            "cleared_by": st.sampled_from(LEVELS).map(lambda level: {"officer": "comms", "post": "C", "level": level}),
            "cleared_at": st.just(NOW.isoformat()),
        }
    )
    return st.lists(one, max_size=2).map(lambda lines: [{"id": f"{prefix}-{n}", **li} for n, li in enumerate(lines)])


def agencies() -> st.SearchStrategy[dict[str, Any]]:
    """An agency's document: topics, rules, lines, scales that are no lower than the floor's, and a floor of its own."""
    floor = st.fixed_dictionaries(
        {},
        optional={
            "by_kind": st.dictionaries(st.sampled_from(KINDS), st.sampled_from(LEVELS), max_size=3),
            "by_closed": st.dictionaries(st.sampled_from(CLOSED), st.sampled_from(LEVELS), max_size=2),
        },
    )
    scales = st.tuples(st.sampled_from(LEVELS[1:5]), st.sampled_from(LEVELS[1:5])).map(_scales)
    return st.builds(
        document,
        topics=_topics(AGENCYS, may_be_foreign=True),
        rules=_rules("ours", AGENCYS, 5),
        lines=_lines("ours", AGENCYS),
        floor=floor,
        scales=scales,
    )


def _scales(least: tuple[str, str]) -> dict[str, Any]:
    given = small_above().baseline["scales"]
    return {
        scale: {value: max(level, at_least) for value, level in given[scale].items()}
        for scale, at_least in zip(("by_sensitivity", "by_damage"), least, strict=True)
    }


def units(name: str, words: dict[str, str]) -> st.SearchStrategy[dict[str, Any]]:
    """A unit's document. It may not have comments hidden by nobody."""
    rules = _rules(name, words, 4).map(lambda rules: [_seen_by_somebody(rule) for rule in rules])
    return st.fixed_dictionaries(
        {
            "agency": st.just("test-agency"),
            "unit": st.just(name),
            "topics": _topics(words, may_be_foreign=False),
            "rules": rules,
            "lines": _lines(name, words),
        }
    )


def _seen_by_somebody(rule: dict[str, Any]) -> dict[str, Any]:
    if rule["then"].get("disposition") != "moderate":
        return rule
    return {**rule, "then": {name: value for name, value in rule["then"].items() if name != "automatic"}}


def comments(*vocabularies: dict[str, str]) -> st.SearchStrategy[tuple[Comment, History]]:
    """Comments on some of these topics, of some kinds, in all kinds of circumstances."""
    subjects = [word for words in vocabularies for word in words.values()]
    kinds = words_of_kinds()
    words = st.tuples(
        st.lists(st.sampled_from(subjects), max_size=3),
        st.lists(st.sampled_from([kinds[kind] for kind in KINDS]), max_size=3),
        st.lists(st.sampled_from([*SAID, "077 123 4567", "court case", "Thank you", "?"]), max_size=2),
    ).map(lambda parts: ". ".join(word for part in parts for word in part) or "the blue bus")
    comment = st.builds(
        Comment,
        words,
        public=st.booleans(),
        reach=st.none() | st.integers(0, 60),
        followers=st.none() | st.sampled_from([0, 100_000]),
        echo=st.sampled_from([False, False, False, True]),
    )
    history = st.builds(
        History,
        turn=st.integers(1, 3),
        same_issue=st.sampled_from([1, 2, 50]),
        judged=st.none() | st.sampled_from(KINDS),
    )
    return st.tuples(comment, history)
