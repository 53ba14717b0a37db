"""What policy releases: responses, what puts them right, and moderation."""

from typing import Literal

from pydantic import AwareDatetime, Field

from shared.events.base import Conversation, Level, Purpose, Value


class BehalfOf(Value):
    """Whose power a delegate used: the delegator, and the post that it belongs to."""

    officer: str
    post: str


class Authorisation(Value):
    """One person's consent, or the standing authority of whoever cleared a line beforehand.

    ``instrument`` is the delegation or the acting appointment that it was given under, ``on_behalf_of`` the delegator.
    ``break_glass``: one authority released it alone, in danger to life.
    ``line_version`` is the version of a line that was cleared beside the policy.
    """

    kind: Literal["approval", "signoff", "standing", "break_glass"]
    officer: str
    post: str
    level: Level
    at: AwareDatetime
    line: str | None = None
    on_behalf_of: BehalfOf | None = None
    instrument: str | None = None
    line_version: int | None = None


class ResponseApproved(Conversation):
    """A text may go out: exactly this one, in this thread, under these authorisations.

    ``digest`` is the SHA-256 (hex) that the approvals were given for. ``reply_to`` is the platform's id of the
    comment that is answered, ``mention`` the handle that notifies its author. After ``valid_until`` it must not go out.
    ``account_agency`` is whose account it goes out on, where the citizen asked another agency than that which answers.
    What is no answer by its ``purpose`` leaves its comments waiting. ``clearance`` names the one clearance by which
    several responses go out, where it was given apart from their cases. ``may_split`` allows a numbered thread where
    the platform does not take the text in one piece. ``subject_line`` is that of the letter that is answered: its
    writer's own words, for nobody but ``mention``.
    """

    response: str
    case: str
    comments: tuple[str, ...]
    reply_to: str
    mention: str | None = None
    visibility: str | None = None
    public: bool = True
    text: str
    language: str | None = None
    level: Level
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    policy_version: str
    authorisations: tuple[Authorisation, ...] = Field(min_length=1)
    approved_at: AwareDatetime
    valid_until: AwareDatetime | None = None
    account_agency: str | None = None
    purpose: Purpose = "answer"
    clearance: str | None = None
    may_split: bool = False
    subject_line: str | None = None

    @property
    def subject(self) -> str:
        return self.response


class PuttingRight(Conversation):
    """A released response is to be put right, under these authorisations and for this reason."""

    response: str
    case: str
    reason: str
    level: Level
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    policy_version: str
    authorisations: tuple[Authorisation, ...] = Field(min_length=1)
    account_agency: str | None = None

    @property
    def subject(self) -> str:
        return self.response


class ResponseCorrected(PuttingRight):
    """A released response is to read otherwise: edited where the platform can, else a correction follows it.

    ``correction`` is the id of the correcting response, ``text`` its whole approved text, which says what was wrong.
    """

    correction: str
    text: str
    language: str | None = None
    corrected_at: AwareDatetime


class ResponseRetracted(PuttingRight):
    """A released response is to be taken back: not sent if it still waits, deleted where the platform can."""

    retraction: str
    retracted_at: AwareDatetime


ModerationAction = Literal["hide", "show", "remove"]
"""What may be done with a citizen's comment: out of sight, in sight again, taken away for good."""


class ModerationOrdered(Conversation):
    """A citizen's comment is to be hidden, shown again or removed; what it says is captured first.

    ``native_id`` is the platform's id of the comment, ``rule`` the house rule that it offends. ``text`` and ``author``
    are as the case knew them when it was ordered.
    """

    order: str
    case: str
    comment: str
    native_id: str
    action: ModerationAction
    reason: str
    rule: str | None = None
    text: str
    author: str
    level: Level
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    policy_version: str
    authorisations: tuple[Authorisation, ...] = Field(min_length=1)
    ordered_at: AwareDatetime

    @property
    def subject(self) -> str:
        return self.order
