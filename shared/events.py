"""The contract between the services: every event that travels over Kafka.

An event is a frozen value. On the wire it is a CloudEvent 1.0 in binary mode (``shared.cloudevents``): the value is
the JSON of the model, the attributes are headers, the key is the thread, so that everything about one conversation
keeps its order.

Rules for changing one: a new field has a default; nothing is renamed, removed or narrowed. What breaks a reader is a
new ``VERSION``, read beside the old one until the old one's retention is over.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Level = Literal["L0", "L1", "L2", "L3", "L4", "L5"]
Disposition = Literal[
    "no_response",
    "let_stand",
    "monitor",
    "acknowledge",
    "hold",
    "correct_facts",
    "restore",
    "answer",
    "refer",
    "transfer",
    "moderate",
    "escalate",
]
Purpose = Literal["answer", "holding", "acknowledgement", "closing"]
"""What a response is for. Only an ``answer`` answers: after a ``holding`` reply or an ``acknowledgement`` the citizen
waits on."""

Platform = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,31}$")]


class Value(BaseModel):
    """A frozen part of an event; unknown fields of a newer producer are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Value):
    """What every event says: whose it is, and what it is about."""

    VERSION: ClassVar[int] = 1

    agency: str

    @property
    def key(self) -> str:
        """Kafka key: events with the same key keep their order."""
        raise AssertionError(f"{type(self).__name__} names no key")

    @property
    def subject(self) -> str:
        """The id of the thing that the event is about (CloudEvents ``subject``)."""
        raise AssertionError(f"{type(self).__name__} names no subject")


class Author(Value):
    """Who wrote a comment, as the platform names them.

    ``handle`` is what a reply must mention to reach them (Mastodon ``acct``), where the platform works so.
    ``followers`` is how many follow them, where the platform tells.
    """

    id: str
    name: str | None = None
    handle: str | None = None
    followers: int | None = None


class Media(Value):
    """Something that came with a text. ``id`` is what the platform gives it out for, where it has no address."""

    kind: str
    url: str | None = None
    id: str | None = None
    name: str | None = None
    content_type: str | None = None


class Conversation(Event):
    """An event of one thread: the platform conversation on one account of an agency.

    ``thread`` is the platform's own id of its root. The key joins it with platform and account, because two
    platforms may use the same id.
    """

    platform: Platform
    account: str
    thread: str

    @property
    def key(self) -> str:
        return f"{self.platform}:{self.account}:{self.thread}"


class CommentEvent(Conversation):
    """An event about one comment. ``revision`` counts from 1, the text as first written."""

    comment: str
    native_id: str
    revision: int = Field(ge=1)

    @property
    def subject(self) -> str:
        return self.comment


class CommentText(CommentEvent):
    """A comment with its text at one revision.

    ``language`` is a BCP 47 tag, ``language_confidence`` from 0 to 1. ``visibility`` is the platform's word for who may
    see it (Mastodon); a reply is never wider. ``window_ends_at`` is when the platform stops taking an answer, ``reach``
    how many had seen it when it came; None where the platform does not tell.
    """

    parent: str | None = None
    author: Author
    text: str
    language: str | None = None
    language_confidence: float | None = None
    media: tuple[Media, ...] = ()
    window_ends_at: AwareDatetime | None = None
    reach: int | None = None
    public: bool = True
    visibility: str | None = None
    hidden: bool = False
    sent_at: AwareDatetime
    received_at: AwareDatetime


class CommentReceived(CommentText):
    """A citizen wrote something to an agency."""


class CommentEdited(CommentText):
    """A comment reads otherwise now, or was hidden or shown again."""


class CommentDeleted(CommentEvent):
    """A comment is gone from its platform."""

    deleted_at: AwareDatetime


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
    """The agency's policy decided what a comment needs and who may release an answer."""

    disposition: Disposition
    level: Level
    sensitivity: str
    damage: str
    rules: tuple[str, ...]
    policy_version: str
    routed_at: AwareDatetime


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
    What is no answer by its ``purpose`` leaves its comments waiting.
    comment that is answered, ``mention`` the handle that notifies its author. ``clearance`` names the one clearance
    by which several responses go out, where it was given apart from their cases.
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

    @property
    def subject(self) -> str:
        return self.response


class PublicationEvent(Conversation):
    """An event about the duty to put one response on one account; ``purpose`` is that of the response."""

    publication: str
    response: str
    case: str
    comments: tuple[str, ...]
    purpose: Purpose = "answer"

    @property
    def subject(self) -> str:
        return self.publication


class ResponsePublished(PublicationEvent):
    """A response stands on its platform. ``native_id`` is the platform's id of the reply."""

    native_id: str
    text: str
    language: str | None = None
    published_at: AwareDatetime


class PublicationFailed(PublicationEvent):
    """A response will not appear. ``reason`` is ``not_possible`` where it can no longer be answered at all."""

    reason: str
    detail: str | None = None
    failed_at: AwareDatetime


class AccountEvent(Event):
    """An event about an agency's presence on a platform; ``account`` is the platform's own id."""

    account_id: str
    platform: Platform
    account: str

    @property
    def key(self) -> str:
        return self.account_id

    @property
    def subject(self) -> str:
        return self.account_id


class AccountConnected(AccountEvent):
    """An account takes part from now on."""

    name: str
    connected_at: AwareDatetime


class AccountDegraded(AccountEvent):
    """An account does not work as it should. ``reason`` is for machines, ``detail`` for people."""

    reason: str
    detail: str
    degraded_at: AwareDatetime


class AccountRestored(AccountEvent):
    """An account works again."""

    restored_at: AwareDatetime


class AccountDisabled(AccountEvent):
    """An account takes no part any more, until it is connected again."""

    disabled_at: AwareDatetime


class MessageDied(Event):
    """A record could not be handled; the dead letter in the service's Postgres has its bytes."""

    dead_letter: str
    source: str
    partition: int | None = None
    offset: int | None = None
    code: str
    reason: str

    @property
    def key(self) -> str:
        return self.dead_letter

    @property
    def subject(self) -> str:
        return self.dead_letter


EventType = type[Event]

EVENTS: dict[str, EventType] = {
    event.__name__: event
    for event in (
        CommentReceived,
        CommentEdited,
        CommentDeleted,
        CaseOpened,
        CaseRouted,
        CaseEscalated,
        CaseClosed,
        ResponseApproved,
        ResponsePublished,
        PublicationFailed,
        AccountConnected,
        AccountDegraded,
        AccountRestored,
        AccountDisabled,
        MessageDied,
    )
}
"""Every event by its type name, as ``ce_type`` spells it."""
