"""Events about cases: sent by policy."""

from pydantic import AwareDatetime

from shared.events.base import Conversation, Disposition, Level


class CaseEvent(Conversation):
    """An event about a case. ``comments`` are the ids of the comments that it concerns."""

    case: str
    comments: tuple[str, ...]

    @property
    def subject(self) -> str:
        return self.case


class CaseOpened(CaseEvent):
    """A thread became an agency's business."""

    opened_at: AwareDatetime


class CaseRouted(CaseEvent):
    """The agency's policy decided what a comment needs and who may release an answer.

    ``received_at`` is when the comment came in, ``due_at`` when it is to be answered; None where nothing is, and from
    a policy of before these were told.
    """

    disposition: Disposition
    level: Level
    sensitivity: str
    damage: str
    rules: tuple[str, ...]
    policy_version: str
    routed_at: AwareDatetime
    received_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = None


class CaseEscalated(CaseEvent):
    """A case went up, or somebody above was told of it.

    ``reason`` is ``escalate`` or ``called_in`` where the post named here has it from now on, ``to_head`` where that
    post was told in time, ``to_centre`` where the centre's duty officer was because nobody above in the agency is
    there, ``cannot_fit`` where who acts for the head was told that the path to an answer is longer than
    its time, ``disagreement`` and ``refused_twice`` where it has to decide between officers,
    ``break_glass`` where one authority released an answer alone, and ``review_overdue`` where nobody has reviewed that
    in time.
    ``owner`` is whose business the case is now, ``due_at`` when it is to be answered; None where its clock is stopped.
    """

    reason: str
    level: Level
    post: str
    owner: str
    due_at: AwareDatetime | None = None
    escalated_at: AwareDatetime


class CaseClosed(CaseEvent):
    """A case ended without an answer to these comments; to none where it was ``transferred``, and another agency opens
    a case for them."""

    disposition: Disposition
    reason: str
    closed_at: AwareDatetime
