"""What lint finds: a hole, where it is, and a comment that falls into it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from services.policy.domain.comments import Comment, History
from services.policy.domain.witnesses.witnesses import Witness

Severity = Literal["error", "warning"]
Code = Literal[
    "below-floor",
    "floor-silenced",
    "subject-without-owner",
    "level-without-holder",
    "path-without-persons",
    "clock-too-short",
    "clock-never-used",
    "conflicting-dispositions",
    "rule-never-reached",
    "kind-without-rule",
    "line-without-authority",
    "phrase-in-two-voices",
    "phrase-of-two-agencies",
    "phrase-shadowed",
]

CODES: Mapping[Code, str] = {
    "below-floor": "A comment needs less than the centre's floor asks for.",
    "floor-silenced": "What the floor puts before a high level ends without anybody looking at it.",
    "subject-without-owner": "Nobody who stands for a subject may release what it needs.",
    "level-without-holder": "A level is asked for on which nobody stands.",
    "path-without-persons": "The steps of a path need more different persons than there are.",
    "clock-too-short": "The steps of a path take longer than its clock gives.",
    "clock-never-used": "No rule and no level goes by a clock.",
    "conflicting-dispositions": "Two rules hold together, and one wants an answer where the other wants silence.",
    "rule-never-reached": "No comment comes to a rule.",
    "kind-without-rule": "Comments of a kind fall through to the rule for what nothing fits.",
    "line-without-authority": "A line speaks on the authority of somebody who does not have it.",
    "phrase-in-two-voices": "A phrase contradicts itself: by it alone triage is unsure.",
    "phrase-of-two-agencies": "A phrase is two agencies' business at once.",
    "phrase-shadowed": "A phrase says nothing that another one does not say.",
}
"""Each code, which never changes its meaning, with a sentence."""


@dataclass(frozen=True, slots=True)
class Example:
    """A comment as ``parley policy try --file`` takes it, and what is decided for it."""

    comment: dict[str, Any]
    decided: dict[str, Any]

    @classmethod
    def of(cls, witness: Witness) -> Self:
        """The example that a witness gives."""
        decision = witness.decision
        decided = {
            "kind": decision.kind,
            "topics": list(decision.topics),
            "sensitivity": decision.sensitivity,
            "damage": decision.damage,
            "disposition": decision.disposition,
            "level": decision.level,
            "rules": list(decision.rules),
            "signoffs": list(decision.signoffs),
            "approvals": decision.approvals,
            "clock": decision.clock,
            "answer_within": decision.answer_within,
        }
        now = {"now": witness.now.isoformat()}
        return cls({**_comment(witness.comment), **_history(witness.history), **now}, decided)


@dataclass(frozen=True, slots=True)
class Hole:
    """One hole. ``path`` is its place in the policy, ``sentence`` says what is wrong to whoever wrote it."""

    code: Code
    severity: Severity
    path: str
    sentence: str
    example: Example | None = None

    def as_json(self) -> dict[str, Any]:
        """The hole, fit for JSON."""
        example = self.example
        return {
            "code": self.code,
            "severity": self.severity,
            "path": self.path,
            "sentence": self.sentence,
            "example": None if example is None else {"comment": example.comment, "decided": example.decided},
        }


def hole(code: Code, severity: Severity, path: str, sentence: str, witness: Witness | None = None) -> Hole:
    """A hole that ``witness`` shows."""
    return Hole(code, severity, path, sentence, None if witness is None else Example.of(witness))


def _comment(comment: Comment) -> dict[str, Any]:
    author = {"id": comment.author, "handle": comment.handle, "followers": comment.followers}
    said = {name: value for name, value in author.items() if value not in (None, "")}
    known = {
        "text": comment.text,
        "platform": comment.platform if comment.platform != "rest" else None,
        "language": comment.language,
        "author": said or None,
        "public": None if comment.public else False,
        "echo": comment.echo or None,
        "sent_at": comment.sent_at.isoformat() if comment.sent_at else None,
        "reach": comment.reach,
    }
    return {name: value for name, value in known.items() if value is not None}


def _history(history: History) -> dict[str, Any]:
    known = {
        "turn": history.turn if history.turn > 1 else None,
        "earlier_kinds": list(history.earlier_kinds) or None,
        "earlier_dispositions": list(history.earlier_dispositions) or None,
        "same_issue": history.same_issue if history.same_issue > 1 else None,
        "judged": history.judged,
        "earlier_topics": list(history.earlier_topics) or None,
        "reach_before": history.reach_before,
        "answered": history.answered or None,
        "ended": history.ended or None,
        "joined": history.joined or None,
        "recent_turn": history.recent_turn,
    }
    return {name: value for name, value in known.items() if value is not None}
