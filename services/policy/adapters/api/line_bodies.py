"""How lines are posted and read: their shapes, and what in them does not hold under a policy."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import Field

from services.policy.adapters.api.authority_desk import AgencyName, Moment, Strict
from services.policy.adapters.api.submission_desk import submission_body
from services.policy.domain.clearance.submissions import Submission
from services.policy.domain.composing.references import dangling_in, ill_fitting_in
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.parts import Id, Language
from services.policy.domain.policies import LinePurpose, Phrase, Policy, Wording
from services.policy.domain.scales import Damage, Kind, Sensitivity
from services.policy.domain.variants import MOST_VARIANTS, Variant
from services.policy.ports import FactsGate
from shared.problems import Problem


class PreconditionsIn(Strict):
    """What must be true at the moment in which the line is used."""

    from_: Moment | None = Field(None, alias="from")
    until: Moment | None = None
    public_only: bool = False
    in_crisis: bool = Field(False, description="it goes out while a crisis lasts")
    unless: dict[Language, list[Phrase]] = Field({}, description="words of comments that ask for more than it says")


class CeilingIn(Strict):
    """Up to what it may be used."""

    sensitivity: Sensitivity
    damage: Damage


class WordingIn(Strict):
    """What a line says, and about what. A variant goes out in place of the text of its language on one platform."""

    purpose: LinePurpose = "answer"
    text: dict[Language, Annotated[str, Field(min_length=1, max_length=5000, pattern=r"\S")]] = Field(min_length=1)
    variants: list[Variant] = Field([], max_length=MOST_VARIANTS)
    topics: list[Id] = Field([], max_length=200)
    kinds: list[Kind] = Field(["question"], min_length=1)
    preconditions: PreconditionsIn = PreconditionsIn()
    ceiling: CeilingIn


class LineIn(WordingIn):
    """A new line."""

    id: Id
    agency: AgencyName


def line_body(versions: Sequence[Submission], policy: PolicyInForce | None, facts: FactsGate) -> dict[str, Any]:
    """A line as it reads: the newest words, which version is in effect, why that says nothing if the policy of today
    keeps it from speaking, and every version with its steps and what its languages do not say alike."""
    newest = versions[-1]
    in_effect = next((each for each in versions if each.state == "cleared"), None)
    return {
        "agency": newest.agency,
        **newest.content,
        "variants": newest.content.get("variants", []),
        "version": newest.number,
        "state": newest.state,
        "in_effect": in_effect and in_effect.number,
        "silent_because": list(_silence(in_effect, policy.policy)) if in_effect and policy else [],
        "versions": [
            {
                "version": each.number,
                **submission_body(each),
                "text": each.texts,
                "variants": each.content.get("variants", []),
                "differences": [differing._asdict() for differing in facts.differences(each.wordings)],
            }
            for each in versions
        ],
    }


def _silence(cleared: Submission, policy: Policy) -> Iterator[str]:
    if any(line.id == cleared.subject for line in policy.lines):
        yield "the policy has a line of this id"
    yield from (sentence for _, sentence in dangling_in(Wording.model_validate(cleared.content, strict=False), policy))


def wording_of(posted: WordingIn, line: str, policy: Policy) -> Wording:
    """The words, where every name in them holds. Raises ``Problem`` 422 with each field at fault."""
    said = posted.model_dump(exclude={"agency"}, by_alias=True)
    if posted.purpose == "answer" and not posted.topics:
        raise _invalid([("topics", "a line that answers names the topics that it speaks on")])
    wording = Wording.model_validate({**said, "id": line}, strict=False)
    if faults := [*dangling_in(wording, policy), *ill_fitting_in(wording, policy)]:
        raise _invalid(faults)
    return wording


def _invalid(faults: Sequence[tuple[str, str]]) -> Problem:
    errors = [{"pointer": "/" + field.replace(".", "/"), "detail": sentence} for field, sentence in faults]
    return Problem(422, "invalid-line", "The line cannot be taken", errors=errors)
