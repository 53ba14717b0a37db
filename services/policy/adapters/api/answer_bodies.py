"""How answers for many are posted and read."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from services.policy.adapters.api.authority_desk import Moment, Strict
from services.policy.adapters.api.submission_desk import AtHand, submission_body
from services.policy.answering_many import Member
from services.policy.domain.clearance.answers import MOST_THREADS, Answer
from services.policy.domain.clearance.submissions import Submission
from services.policy.domain.parts import Language
from services.policy.domain.variants import MOST_VARIANTS, Variant, without_place
from services.policy.ports import FactsGate
from shared.clock import rfc3339
from shared.problems import Problem

LONGEST = timedelta(days=30)

Text = Annotated[str, Field(min_length=1, max_length=5000, pattern=r"\S")]


class LimitsIn(Strict):
    """For how many threads at most, and up to when."""

    threads: int = Field(MOST_THREADS, ge=1, le=MOST_THREADS)
    until: Moment


class AnswerIn(Strict):
    """One answer for all who raise the issue: a text in each language in which it shall go out.

    A variant is what goes out in place of that text on one platform: shorter for X, longer for e-mail.
    """

    texts: dict[Language, Text] = Field(min_length=1)
    variants: list[Variant] = Field([], max_length=MOST_VARIANTS)
    limits: LimitsIn


def refuse_invalid(posted: AnswerIn, at: AtHand) -> None:
    """Raise ``Problem`` 422 with each field that does not fit the agency and the moment."""
    errors = [
        {"pointer": f"/texts/{language}", "detail": f"{language} is not a language of this agency"}
        for language in sorted(set(posted.texts) - set(at.policy.policy.languages))
    ]
    errors += [
        {"pointer": f"/variants/{place}", "detail": sentence}
        for place, sentence in without_place(posted.variants, posted.texts)
    ]
    if posted.limits.until <= at.now:
        errors.append({"pointer": "/limits/until", "detail": "this time is over"})
    elif posted.limits.until > at.now + LONGEST:
        errors.append({"pointer": "/limits/until", "detail": f"an answer stands {LONGEST.days} days at most"})
    if errors:
        raise Problem(422, "invalid-answer", "The answer cannot be taken", errors=errors)


def member_body(member: Member) -> dict[str, Any]:
    """What became of one case."""
    return {"case": member.case, "response": member.response, "reason": member.reason}


def answer_body(submission: Submission, facts: FactsGate) -> dict[str, Any]:
    """An answer as it reads, and what keeps it from being cleared."""
    answer = Answer.of(submission)
    return {
        "issue": submission.subject,
        "number": submission.number,
        "texts": dict(answer.texts),
        "variants": [each.model_dump() for each in answer.variants],
        "limits": {"threads": answer.threads, "until": rfc3339(answer.until)},
        "rule": submission.content["members"],
        "differences": [each._asdict() for each in facts.differences(submission.wordings)],
        **submission_body(submission),
    }
