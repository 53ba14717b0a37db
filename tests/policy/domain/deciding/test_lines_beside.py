"""Lines that were cleared beside a policy answer as its own do, and only where they fit it."""

from typing import Any

from services.policy.domain.authority.mandates import Weight
from services.policy.domain.clearance.approvals import Consent, Step
from services.policy.domain.clearance.cleared_lines import ClearedLine
from services.policy.domain.clearance.lines import cleared_line
from services.policy.domain.clearance.submissions import Need, Submission
from services.policy.domain.deciding.decisions import PolicyInForce
from tests.policy.builders import NOW, decided, in_force

ASKED = "What are the opening hours?"
HOURS = {
    "id": "hours", "text": {"en": "We are open."}, "topics": ["hours"],
    "ceiling": {"sensitivity": "S1", "damage": "D1"},
}  # fmt: skip


def a_policy(**sections: Any) -> PolicyInForce:
    return in_force(topics=[{"id": "hours", "phrases": {"en": ["opening hours"]}}], **sections)


def a_line(level: str = "L2", **changes: Any) -> ClearedLine:
    """A version that was cleared, by somebody who stands higher than was asked for."""
    steps = (Step("approval", level, None, Consent("head", "Head", "L4", NOW, "0" * 64)),)  # type: ignore[arg-type]
    content = {**HOURS, "kinds": ["question"], **changes}
    return cleared_line(
        Submission(
            id="sub_1", agency="test-agency", matter="line", subject=content["id"], number=3, author="desk",
            content=content, need=Need(Weight("S1", "D1")), level=level, policy_version="v", digest="0" * 64,  # type: ignore[arg-type]
            steps=steps, state="cleared", written_at=NOW, cleared_at=NOW,
        )
    )  # fmt: skip


def test_a_line_beside_the_policy_answers_and_is_named_with_its_version() -> None:
    policy = a_policy()
    assert decided(ASKED, policy).line is None
    decision = decided(ASKED, policy.with_lines([a_line()]))
    assert (decision.line, decision.level) == ("hours", "L0")
    assert decision.explanation["line"]["version"] == 3
    assert decision.policy_version == policy.policy.version
    assert decided(ASKED, policy.with_lines([a_line()]).with_lines([])).line is None


def test_it_speaks_on_the_level_on_which_it_was_cleared_not_on_that_of_whoever_did() -> None:
    assert a_line().cleared_by.level == "L2"
    rule = {"id": "hard", "name": "Hard", "when": {"topic": ["hours"]}, "then": {"level": "L3"}}
    assert decided(ASKED, a_policy(rules=[rule]).with_lines([a_line()])).line is None
    assert decided(ASKED, a_policy(rules=[rule]).with_lines([a_line("L3")])).line == "hours"


def test_a_line_whose_topic_the_policy_lacks_says_nothing() -> None:
    policy = a_policy().with_lines([a_line(topics=["hours", "moon"])])
    assert policy.lines == policy.policy.lines
    assert decided(ASKED, policy).line is None


def test_a_line_of_the_policy_keeps_its_id() -> None:
    own = {**HOURS, "cleared_by": {"officer": "comms", "post": "Communications", "level": "L2"},
           "cleared_at": "2026-11-02T09:00:00+05:30", "text": {"en": "The policy's words."}}  # fmt: skip
    policy = a_policy(lines=[own]).with_lines([a_line()])
    assert [line.text["en"] for line in policy.lines] == ["The policy's words."]


def test_another_classifier_leaves_the_lines_where_they_are() -> None:
    policy = a_policy().with_lines([a_line(preconditions={"unless": {"en": ["sunday"]}})])
    other = policy.with_classifier(policy.classifier)
    assert decided(ASKED, other).line == "hours"
    assert decided(f"{ASKED} On Sunday?", other).line is None
