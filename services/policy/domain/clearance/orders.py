"""Orders: what is to be done about something that stands on a platform already.

A citizen's comment is hidden, shown again or removed; a released response is put right, or taken back. An order is a
submission about one case: it binds what its approvers saw, so that a comment which reads otherwise meanwhile has to be
looked at again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from services.policy.domain.authority.mandates import Weight
from services.policy.domain.clearance import lengths
from services.policy.domain.clearance.approvals import Refusal
from services.policy.domain.clearance.cases import Case, Turn
from services.policy.domain.clearance.clearing import BY_A_PERSON
from services.policy.domain.clearance.submissions import Matter, Need, Submission
from services.policy.domain.clocks.carrying import carried_since
from services.policy.domain.deciding.decisions import Decision
from services.policy.domain.policies import Rule
from services.policy.domain.scales import Level
from shared.events import ModerationAction, Purpose
from shared.ids import new_id

OrderMatter = Literal["moderation", "correction", "retraction"]

ORDERS: tuple[Matter, ...] = ("moderation", "correction", "retraction")
"""The matters of submissions that are orders."""

# A correction is itself a response: it is known by such an id wherever it stands.
_PREFIXES: Mapping[OrderMatter, str] = {"moderation": "ord", "correction": "resp", "retraction": "ord"}

ResponseState = Literal["approved", "published", "failed", "retracted"]
_STANDING: tuple[ResponseState, ...] = ("approved", "published")
"""It stands on its platform, or will; what is put right before it went out gives way to its correction."""

Result = Literal["done", "not_possible", "failed"]


class CommentGone(Refusal):
    """The comment is no longer there, so nothing can be done with it."""


class AnothersAccount(Refusal):
    """The comment came with a transfer: the agency on whose account it stands moderates it."""


class NotStanding(Refusal):
    """The response does not stand on its platform."""

    def __init__(self, state: ResponseState | Literal["retracting"]) -> None:
        super().__init__(f"The response is {state}.")
        self.state = state


class NoAnswer(Refusal):
    """Only an answer is put right; what merely keeps somebody waiting is taken back."""


class SaysTheSame(Refusal):
    """The correction says what the response says already."""


@dataclass(frozen=True, slots=True)
class OnRecord:
    """A released response as the record has it."""

    id: str
    case: str
    comments: tuple[str, ...]
    text: str
    language: str | None
    level: Level
    state: ResponseState
    purpose: Purpose = "answer"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for an order, why and when; ``number`` counts the case's orders of that matter from 1."""

    author: str
    reason: str
    number: int
    at: datetime


def moderation(case: Case, comment: str, action: ModerationAction, rule: str | None, asked: Asked) -> Submission:
    """That a comment is to be hidden, shown or removed, with what it says captured. Raises CommentGone,
    AnothersAccount.

    On the account of an agency that transferred the case, that agency moderates what it had before it. What it never
    saw, because it was written since, is moderated by the one that answers it there.
    """
    turn = case.turn_of(comment)
    if turn is None or turn.state == "deleted":
        raise CommentGone
    if case.asked is not None and _came_with_the_case(turn):
        raise AnothersAccount
    said = {"comment": comment, "native_id": turn.native_id, "action": action, "rule": rule, **_captured(turn)}
    return _order("moderation", case, comment, said, _need_of(case, [turn]), asked)


def by_the_policy(case: Case, turn: Turn, rule: Rule, author: str, now: datetime) -> Submission | None:
    """That a comment is hidden which the policy says needs nobody further: cleared by that. None where it cannot be
    hidden, or somebody else's house rules hold."""
    if case.asked is not None or turn.hidden or not turn.public:
        return None
    reason = f"Rule {rule.id} of the policy: {rule.name}"
    asked = Asked(author, reason, 1, now)
    order = moderation(case, turn.comment, "hide", rule.name, asked)
    need = replace(order.need, least=turn.decision.level)
    version = turn.decision.policy_version
    return replace(order, need=need, level=need.least, state="cleared", cleared_at=now).sealed(version)


def correction(case: Case, response: OnRecord, text: str, language: str | None, asked: Asked) -> Submission:
    """That a response is to read otherwise, on the level that it was released on and as its comments ask now. What it
    said stays on record beside it. Raises NotStanding, NoAnswer, SaysTheSame,
    DoesNotFit."""
    if response.state not in _STANDING:
        raise NotStanding(response.state)
    if response.purpose not in ("answer", "closing"):
        raise NoAnswer
    if text == response.text:
        raise SaysTheSame
    turns = _turns_of(case, response)
    # Whatever the policy lets answers do, a correction may be a thread: that it is said matters more.
    if turns and (misfit := lengths.misfit(case.thread.platform, text, turns, split=True)) is not None:
        raise lengths.DoesNotFit([misfit], split=True)
    said = {**_original(response), "text": text, "language": language or response.language}
    need = _need_of(case, turns)
    need = replace(need, least=max(need.least, response.level))
    return _order("correction", case, response.id, said, need, asked)


def retraction(case: Case, response: OnRecord, asked: Asked) -> Submission:
    """That a response is to be taken back, by one authority on its level or above. Raises NotStanding."""
    if response.state not in _STANDING:
        raise NotStanding(response.state)
    weight = _need_of(case, _turns_of(case, response)).weight
    need = Need(weight, least=max(BY_A_PERSON, response.level))
    return _order("retraction", case, response.id, _original(response), need, asked)


def renewed(order: Submission, case: Case) -> Submission:
    """An open order about a comment as it reads now: where that is otherwise, it is to be consented to anew. It has no
    digest then until it is bound."""
    if order.state != "open" or order.matter != "moderation":
        return order
    turn = case.turn_of(order.subject)
    if turn is None or (turn.revision == order.content["revision"] and turn.text == order.content["text"]):
        return order
    need = _need_of(case, [turn])
    least = max(need.least, order.need.least)
    return replace(
        order, content={**order.content, **_captured(turn)}, need=replace(need, least=least), digest="", steps=()
    )


def lifted_to(order: Submission, level: Level) -> Submission:
    """The same on a higher level at least, where officers disagree. It has no digest until it is bound."""
    return replace(order, need=replace(order.need, least=level), digest="", steps=())


def met(order: Submission, result: Result, at: datetime, by: str, **told: object) -> Submission:
    """A cleared order with what came of it."""
    outcome = {"result": result, **{name: value for name, value in told.items() if value is not None}}
    return replace(order.ended("ended", at, by, order.reason), outcome=outcome)


def is_taken_back(orders: Sequence[Submission], response: str) -> bool:
    """Whether a response goes, or has gone, with all that corrects it, because somebody has decided so."""
    retractions = [each for each in orders if (each.matter, each.subject) == ("retraction", response)]
    return any(each.state == "cleared" or (each.outcome or {}).get("result") == "done" for each in retractions)


def heir_of(orders: Sequence[Submission], response: str) -> Submission | None:
    """The correction that takes the place of a response which goes: the latest that is under way, or stands by itself
    as a reply. None where the response is taken back as a whole."""
    if is_taken_back(orders, response):
        return None
    corrections = [each for each in orders if (each.matter, each.subject) == ("correction", response)]
    standing = [each for each in corrections if each.state == "cleared" or (each.outcome or {}).get("how") == "reply"]
    return standing[-1] if standing else None


def taken_out(decision: Decision, order: Submission, state: str) -> Decision:
    """The decision on a comment that was hidden or removed, with the house rule and what it was before."""
    known: Mapping[str, Any] = decision.explanation.get("moderation") or {}
    before = known.get("before") or {"state": state, "disposition": decision.disposition}
    told = {
        "order": order.id,
        "action": order.content["action"],
        "rule": order.content["rule"],
        "reason": order.content["reason"],
        "before": before,
    }
    return decision._replace(disposition="moderate", explanation={**decision.explanation, "moderation": told})


def brought_back(decision: Decision) -> tuple[Decision, str] | None:
    """The decision on a comment as it was before it was hidden, and the state of its turn then; None if it was not."""
    known = decision.explanation.get("moderation")
    if known is None:
        return None
    explanation = {name: said for name, said in decision.explanation.items() if name != "moderation"}
    before = known["before"]
    return decision._replace(disposition=before["disposition"], explanation=explanation), before["state"]


def waits_once_shown(decision: Decision) -> Decision | None:
    """The decision on a comment that is out of sight and would wait again: it does so once it is shown. None for one
    in sight."""
    known = decision.explanation.get("moderation")
    if known is None:
        return None
    told = {**known, "before": {**known["before"], "state": "waiting"}}
    return decision._replace(explanation={**decision.explanation, "moderation": told})


def as_it_reads(response: OnRecord, orders: Sequence[Submission]) -> OnRecord:
    """A response with the words that stand there now: those of its latest correction, if there was one."""
    done = [
        each
        for each in orders
        if each.matter == "correction" and each.subject == response.id and (each.outcome or {}).get("result") == "done"
    ]
    if not done:
        return response
    latest = max(done, key=lambda each: (each.ended_at or each.written_at, each.number)).content
    return replace(response, text=latest["text"], language=latest["language"])


def _order(
    matter: OrderMatter, case: Case, subject: str, said: Mapping[str, Any], need: Need, asked: Asked
) -> Submission:
    return Submission(
        id=new_id(_PREFIXES[matter]),
        agency=case.thread.agency,
        matter=matter,
        subject=subject,
        number=asked.number,
        author=asked.author,
        content={**said, "platform": case.thread.platform, "account": case.thread.account, "reason": asked.reason},
        need=need,
        level=need.least,
        policy_version="",
        digest="",
        steps=(),
        state="open",
        written_at=asked.at,
        case=case.id,
    )


def _came_with_the_case(turn: Turn) -> bool:
    """Whether a transfer brought it, as it reads now, so that the agency before knows it as well."""
    return turn.state == "brought" or carried_since(turn.decision.times or {}) is not None


def _captured(turn: Turn) -> dict[str, Any]:
    return {"revision": turn.revision, "text": turn.text, "author": turn.author.id}


def _original(response: OnRecord) -> dict[str, Any]:
    return {
        "response": response.id,
        "comments": list(response.comments),
        "original": {"text": response.text, "language": response.language},
    }


def _turns_of(case: Case, response: OnRecord) -> list[Turn]:
    found = [case.turn_of(comment) for comment in response.comments]
    return [turn for turn in found if turn is not None]


def _need_of(case: Case, turns: Sequence[Turn]) -> Need:
    """What deciding about these turns asks for; of no turn that is known, the most."""
    decisions = [turn.decision for turn in turns]
    if not decisions:
        return Need(Weight("S4", "D4", (), case.thread.platform), least=max(BY_A_PERSON, case.least_level))
    return Need(
        Weight(
            max(each.sensitivity for each in decisions),
            max(each.damage for each in decisions),
            tuple(sorted({topic for each in decisions for topic in each.topics})),
            case.thread.platform,
        ),
        least=max(BY_A_PERSON, case.least_level, *(each.level for each in decisions)),
        signoffs=tuple(dict.fromkeys(signoff for each in decisions for signoff in each.signoffs)),
        approvals=max(each.approvals for each in decisions),
    )
