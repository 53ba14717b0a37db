"""A replay: nothing changes under the policy that decided, and only what a draft touches changes under a draft."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy.domain.adoption.standing import Roster
from services.policy.domain.comments import Comment, History
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.deciding.outcomes import Outcome, Terms
from services.policy.domain.replaying.consequences import consequence
from services.policy.domain.replaying.replay import Decided, Item, Replay
from services.policy.domain.replaying.replay_results import (
    LONGEST_EXCERPT,
    MOST_CONSEQUENTIAL,
    Results,
    excerpt,
    wilson,
)
from services.policy.domain.roster import Calendar, Officer
from services.policy.domain.triage.classification import Cues, Verdict
from tests.policy.builders import NOW, bare, in_force

HOURS = "What time do you open on Saturday?"
TEXTS = (
    HOURS,
    "I am still waiting, terrible service",
    "Thank you, well done!",
    "You dogs, I will sue you",
    "Call me on 071 234 5678",
    "The bridge is closed again, I am still waiting",
    "There is a gas leak",
    "ස්තුතියි",
    "உங்கள் சேவை மோசம்",
    "click here to earn money",
    "nonsense",
)
A_RULE = {"id": "test.bridge", "name": "Bridges", "when": {"phrase": {"en": ["bridge"]}}, "then": {"level": "L3"}}


def past(
    text: str,
    policy: PolicyInForce | None = None,
    *,
    comment: str = "cmt_1",
    at: datetime = NOW,
    history: History = History(),
    **about: Any,
) -> Decided:
    """A comment as it was decided by ``policy``."""
    words = Comment(text, **about)
    made = (policy or bare()).decide(words, history, at)
    return Decided(comment, "case_1", 1, at, made.language, words, history, at, made._asdict())


def five_hundred() -> list[Decided]:
    """Comments of all sorts, each under other circumstances."""
    about = itertools.product((1, 2, 3, 4, 5), (None, 0, 50_000), ("mastodon", "facebook"), (True, False), TEXTS)
    return [
        past(
            text,
            comment=f"cmt_{number:04}",
            at=NOW + timedelta(minutes=number),
            history=History(turn=turn, same_issue=number % 15 + 1, earlier_kinds=("question",) if turn > 2 else ()),
            platform=platform,
            public=public,
            reach=reach,
        )
        for number, (turn, reach, platform, public, text) in zip(range(500), about, strict=False)
    ]


def replayed(policy: PolicyInForce, comments: Iterable[Decided], **known: Any) -> Results:
    replay, results = Replay(policy, **known), Results()
    for decided in comments:
        results.take(replay.item(decided), decided)
    return results


def test_the_policy_that_decided_decides_alike() -> None:
    summary = replayed(bare(), five_hundred()).summary()
    assert summary["totals"]["comments"] == 500
    assert (summary["totals"]["changed"], summary["totals"]["by_field"], summary["consequential"]) == (0, {}, [])


def test_one_more_rule_changes_exactly_what_it_matches() -> None:
    comments = five_hundred()
    changed = {item["comment"] for item in replayed(in_force(rules=[A_RULE]), comments).items}
    assert changed == {each.comment for each in comments if "bridge" in each.words.text}
    assert changed


def test_the_same_comments_give_the_same_hash() -> None:
    draft, comments = in_force(rules=[A_RULE]), five_hundred()
    first = replayed(draft, comments).summary()
    assert replayed(in_force(rules=[A_RULE]), five_hundred()).summary() == first
    assert replayed(draft, comments[1:]).summary()["hash"] != first["hash"]
    assert replayed(draft, [comments[1], comments[0], *comments[2:]]).summary()["hash"] != first["hash"]
    assert replayed(bare(), comments).summary()["hash"] != first["hash"]


def test_the_old_side_is_what_was_decided_whatever_the_policy_says_now() -> None:
    draft = in_force(rules=[A_RULE])
    item = Replay(bare()).item(past("The bridge is closed", draft))
    assert ("test.bridge" in item.old.rules, "test.bridge" in item.new.rules) == (True, False)
    assert (item.old.level, item.new.level) == ("L3", past("The bridge is closed").decision["level"])


def test_periods_are_those_of_the_moment() -> None:
    crisis = in_force(
        periods=[{"kind": "crisis", "from": "2026-11-22T00:00:00Z", "until": "2026-11-23T00:00:00Z"}],
        rules=[{"id": "c", "name": "Crisis", "when": {"period": "crisis"}, "then": {"level": "L4"}}],
    )
    then, later = past(HOURS, at=datetime(2026, 11, 22, 12, tzinfo=UTC)), past(HOURS, at=NOW)
    assert Replay(crisis).item(then).new.level == "L4"
    assert Replay(crisis).item(later).changed == ()


def roster(post: str, **calendar: Any) -> Roster:
    officers = (Officer(subject="desk", post=post, level="L1"),)
    return Roster(officers=officers, calendar=Calendar.model_validate(calendar))


def test_posts_are_held_by_those_who_held_them_then() -> None:
    day = timedelta(days=1)
    rosters = [(NOW - 2 * day, roster("First")), (NOW, roster("Second"))]
    replay = Replay(bare(), rosters)
    moments = (NOW - 3 * day, NOW - day, NOW, NOW + day)
    owners = [replay.item(past("I am still waiting", at=moment)).new.owner for moment in moments]
    assert owners == ["First", "First", "Second", "Second"]


def test_an_answer_is_due_in_the_working_hours_of_then() -> None:
    eight = ({"days": (1, 2, 3, 4, 5), "from": "08:00", "to": "16:00"},)
    replay = Replay(bare(), [(NOW, roster("Desk", time_zone="Asia/Colombo", hours=eight))])
    friday = datetime.fromisoformat("2026-11-27T15:00:00+05:30")
    item = replay.item(past("I am still waiting", at=friday))
    assert item.old.answer_within == 240
    assert item.old.due_at == item.new.due_at == datetime.fromisoformat("2026-11-30T11:00:00+05:30")


def test_a_clock_that_never_stops_is_due_in_the_night() -> None:
    night = datetime(2026, 11, 28, 22, tzinfo=UTC)
    item = Replay(bare()).item(past("There is a gas leak", at=night))
    assert item.new.due_at == night + timedelta(minutes=item.new.answer_within)


class Suspicious:
    """A classifier to whom everything is a threat."""

    version = "suspicious"

    def classify(self, cues: Cues) -> Verdict:
        return Verdict(frozenset({"threat"}), 0.9)


def test_a_comment_is_sorted_by_the_classifier_that_sorted_it_then() -> None:
    then, by_words = past("nonsense", bare().with_classifier(Suspicious())), past("nonsense")
    replay = Replay(bare(), classifiers={"suspicious": Suspicious()})
    assert [replay.item(each).changed for each in (then, by_words)] == [(), ()]
    assert "rules" in Replay(bare()).item(then).changed


def test_another_version_is_measured_by_its_own_terms() -> None:
    decided, terms = past("I am still waiting"), Terms.of(bare().policy)
    known = {decided.version: terms._replace(step_minutes=300)}
    item = Replay(bare(), versions=known).item(decided)
    assert (item.old.steps_take, item.old.breach) == (300, True)
    assert (item.new.steps_take, item.new.breach) == (10, False)
    assert item.changed == ("steps_take", "breach")


def test_terms_read_alike_from_a_policy_and_from_what_is_kept_of_it() -> None:
    policy = in_force(step_minutes=7).policy
    assert Terms.of_content(policy.model_dump(mode="json", by_alias=True)) == Terms.of(policy)


OUTCOME = Outcome(
    rules=("31",),
    disposition="answer",
    level="L2",
    approvals=1,
    signoffs=("facts",),
    clock="l2",
    answer_within=240,
    line=None,
    owner="Desk",
    due_at=None,
    steps_take=20,
    breach=False,
)
BY_LINE = OUTCOME._replace(level="L0", line="hours", approvals=0, signoffs=())


def test_what_is_alike_is_of_no_consequence() -> None:
    assert consequence(OUTCOME, OUTCOME) == 0
    assert consequence(OUTCOME, OUTCOME._replace(rules=("30",))) > 0


@pytest.mark.parametrize(
    "looser",
    [
        BY_LINE,
        OUTCOME._replace(level="L1"),
        OUTCOME._replace(signoffs=()),
        OUTCOME._replace(approvals=0),
        OUTCOME._replace(disposition="let_stand"),
        OUTCOME._replace(disposition="moderate"),
        OUTCOME._replace(answer_within=480),
        OUTCOME._replace(breach=True),
    ],
    ids=["released", "level", "signoff", "approval", "silence", "hidden", "clock", "breach"],
)
def test_loosening_stands_above_tightening_of_the_same_size(looser: Outcome) -> None:
    assert consequence(OUTCOME, looser) > consequence(looser, OUTCOME) > 0


def test_the_gravest_are_those_that_nobody_sees() -> None:
    """Each of these is graver than the next."""
    changes = [
        (OUTCOME, BY_LINE),
        (OUTCOME, OUTCOME._replace(disposition="no_response")),
        (OUTCOME._replace(level="L4"), OUTCOME),
        (OUTCOME._replace(level="L4"), OUTCOME._replace(level="L3")),
        (OUTCOME, OUTCOME._replace(level="L1")),
        (OUTCOME, OUTCOME._replace(signoffs=())),
        (OUTCOME, OUTCOME._replace(approvals=0)),
        (OUTCOME, OUTCOME._replace(disposition="refer")),
        (OUTCOME, OUTCOME._replace(answer_within=960)),
        (OUTCOME, OUTCOME._replace(answer_within=480)),
        (OUTCOME, OUTCOME._replace(owner="Somebody else")),
        (OUTCOME, OUTCOME._replace(rules=("30",))),
    ]
    graveness = [consequence(old, new) for old, new in changes]
    assert graveness == sorted(graveness, reverse=True)
    assert len(set(graveness)) == len(graveness)


def item(new: Outcome, comment: str = "cmt_1", old: Outcome = OUTCOME) -> Item:
    changed = tuple(name for name in Outcome._fields if getattr(old, name) != getattr(new, name))
    return Item(comment, "case_1", 1, NOW, "en", old, new, changed, consequence(old, new))


def taken(items: Iterable[Item], most_kept: int = 1000, text: str = HOURS) -> Results:
    results = Results(most_kept)
    for each in items:
        results.take(each, replace(past(text), comment=each.comment))
    return results


def test_totals_count_both_sides() -> None:
    totals = taken([item(BY_LINE), item(OUTCOME), item(OUTCOME._replace(breach=True, approvals=3))]).totals.body()
    assert (totals["comments"], totals["changed"]) == (3, 2)
    assert totals["by_field"] == {"approvals": 2, "breach": 1, "level": 1, "line": 1, "signoffs": 1}
    assert totals["levels"] == {"L2": {"L0": 1, "L2": 2}}
    assert totals["released_by_line"] == {"old": 0, "new": 1}
    assert totals["approvals"] == {"old": 3, "new": 4}
    assert totals["breaches"] == {"old": 0, "new": 1}
    assert totals["share_changed"] == {"share": 0.6667, "low": 0.2077, "high": 0.9385}


def test_the_gravest_come_first_and_then_by_comment() -> None:
    loosened = [item(BY_LINE, f"cmt_{number:02}") for number in reversed(range(15))]
    others = [item(OUTCOME._replace(owner="Else"), f"cmt_{number:02}") for number in reversed(range(15, 30))]
    gravest = [each.comment for each, _ in taken([*others, *loosened]).consequential]
    assert gravest == [f"cmt_{number:02}" for number in range(MOST_CONSEQUENTIAL)]


def test_no_more_items_are_kept_than_there_is_room_for() -> None:
    results = taken([item(BY_LINE, f"cmt_{number}") for number in range(5)], most_kept=2)
    assert [each["comment"] for each in results.items] == ["cmt_0", "cmt_1"]
    assert (results.summary()["items_kept"], results.totals.changed) == (2, 5)


def test_what_is_not_kept_counts_for_the_hash_all_the_same() -> None:
    items = [item(BY_LINE, f"cmt_{number}") for number in range(5)]
    assert taken(items, most_kept=2).summary()["hash"] == taken(items).summary()["hash"]


def test_a_result_holds_no_words_of_citizens() -> None:
    results = taken([item(BY_LINE)], text="My secret is the word xyzzy")
    assert "xyzzy" not in str((results.summary(), results.items))
    assert results.consequential[0][1] == "My secret is the word xyzzy"


def test_an_excerpt_is_short_and_covers_private_data() -> None:
    long = "My number is\n071 234 5678 " + "and so on " * 50
    assert excerpt(long).startswith("My number is [phone] and so on")
    assert len(excerpt(long)) == LONGEST_EXCERPT
    assert excerpt("short") == "short"


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 0, 0.0, 1.0), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (10, 100, 0.0552, 0.1744), (1, 2, 0.0945, 0.9055)],
)
def test_shares_come_with_wilsons_interval(hits: int, of: int, low: float, high: float) -> None:
    assert [round(end, 4) for end in wilson(hits, of)] == [low, high]


@given(st.integers(1, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_holds_the_share(seen: tuple[int, int]) -> None:
    low, high = wilson(*seen)
    assert 0 <= low <= seen[0] / seen[1] <= high <= 1


def test_items_are_fit_for_json() -> None:
    body = item(BY_LINE._replace(due_at=NOW)).body()
    assert (body["received_at"], body["new"]["due_at"]) == ("2026-11-23T04:30:00.000Z", "2026-11-23T04:30:00.000Z")
    assert (body["old"]["level"], body["new"]["line"], body["changed"][0]) == ("L2", "hours", "level")


def policies() -> Iterable[tuple[str, Callable[[], PolicyInForce]]]:
    yield "stricter", lambda: in_force(scales={"by_sensitivity": {f"S{n}": "L4" for n in range(5)}})
    yield "slower", lambda: in_force(clocks={"service": {"answer": 480}})


@pytest.mark.parametrize("make", [make for _, make in policies()], ids=[name for name, _ in policies()])
def test_every_difference_is_of_some_consequence(make: Callable[[], PolicyInForce]) -> None:
    items = replayed(make(), five_hundred()).items
    assert items
    assert all(each["consequence"] > 0 and each["changed"] for each in items)
