"""The duty to put one response on one account, and what each attempt makes of it.

    pending ──send──▶ sending ──▶ published
       ▲                 │  ├───▶ failed
       │   (refused now) │  └───▶ unknown ──look──▶ published
       ├─────────────────┘           │ proved absent
       └─────────────────────────────┘ or a person says so

What must stay true: whatever may stand on the platform is ``unknown`` until something proves the contrary; only an
idempotent platform (same key, same reply) is asked again before that. A ``sending`` that nobody finished counts as
``unknown``. An ``unknown`` never fails by age alone. What is no answer is not sent once its comments have their answer:
what is being prepared, or came in, is old news then. A numbered thread is one duty: its next part goes out when the
one before stands, and what holds for a whole reply holds for each part. What is to be taken back is not sent any more.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from services.publisher.domain.tasks import Kind
from shared.events import Purpose
from shared.ids import PublicationId

State = Literal["pending", "sending", "published", "failed", "unknown", "retracted"]
OPEN: tuple[State, ...] = ("pending", "sending", "unknown")
"""The states in which something is still to be done."""

Aim = Purpose | Literal["correction"]
"""What a publication is for: what its response is for, or to put right another one."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What is to be said where, and what for: it does not change after it was written down. After ``valid_until`` it
    must not be sent any more.

    ``may_split`` allows a numbered thread where the platform does not take the text in one piece, and ``parts`` is then
    the wording in pieces; ``part`` counts from 1 in it: a channel is handed one part after the other as if each were a
    publication of its own. ``corrects`` is the publication that a correction puts right.
    ``subject_line`` is that of the letter that is answered; it goes back to its writer and nowhere else.
    """

    publication: PublicationId
    agency: str
    platform: str
    account: str
    thread: str
    response: str
    case: str
    comments: tuple[str, ...]
    reply_to: str
    text: str
    mention: str | None = None
    visibility: str | None = None
    public: bool = True
    language: str | None = None
    traceparent: str | None = None
    purpose: Aim = "answer"
    valid_until: datetime | None = None
    parts: tuple[str, ...] = ()
    part: int = 1
    may_split: bool = False
    corrects: PublicationId | None = None
    subject_line: str | None = None

    @property
    def key(self) -> str:
        """What names this post to platforms that recognise a repeated one."""
        return self.publication if self.part == 1 else f"{self.publication}.{self.part}"


@dataclass(frozen=True, slots=True)
class Release:
    """Under whose authority a response goes out, as its event said it; ``authorisations`` is a JSON array."""

    level: str
    digest: str
    policy_version: str
    authorisations: str
    approved_at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a publication has come.

    ``failures`` counts the tries in a row that brought nothing; it sets the next wait. ``resent`` counts how often it
    was sent again after a look had proved it absent. ``first_sent_at`` begins the time in which a platform knows our
    key again, ``sent_at`` the time after which an absent reply will not turn up any more. ``posted`` are the native
    ids of the parts that stand, of ``parts`` in all. ``retracting`` is why it is to be taken back.
    """

    state: State
    recorded_at: datetime
    attempts: int = 0
    failures: int = 0
    resent: int = 0
    first_sent_at: datetime | None = None
    sent_at: datetime | None = None
    reason: str | None = None
    needs_person: bool = False
    posted: tuple[str, ...] = ()
    parts: int = 1
    retracting: str | None = None

    @property
    def in_doubt(self) -> bool:
        """Whether the reply may stand although nobody saw it."""
        return self.state in ("sending", "unknown")


@dataclass(frozen=True, slots=True)
class Nature:
    """What a platform can do, and what it lets us rely on after an unknown outcome.

    ``idempotent_for`` is how long it answers the same key with the same reply, ``learns_key_late`` whether it knows a
    key only when the reply stands; ``absence_proves`` whether a reply that a look does not show is certainly not there.
    ``tasks`` are the changes it knows, ``edit_for`` and ``delete_for`` how long after publication it allows them (None:
    always). ``measures`` is whether posts have numbers, ``refreshes`` whether the credentials run out and can be
    renewed without a person. ``chains`` is whether the parts of a numbered thread answer one another; else each answers
    the comment.
    """

    idempotent_for: timedelta = timedelta(0)
    learns_key_late: bool = False
    can_look: bool = False
    absence_proves: bool = False
    tasks: frozenset[Kind] = frozenset()
    edit_for: timedelta | None = None
    delete_for: timedelta | None = None
    measures: bool = False
    refreshes: bool = False
    chains: bool = False


def part_of(publication: Publication, progress: Progress, nature: Nature) -> Publication:
    """What is to be sent now: the whole, or the next part of a numbered thread.

    Only the first part mentions whom it answers, unless nobody but the mentioned sees it.
    """
    if not publication.parts:
        return publication
    number = len(progress.posted) + 1
    return replace(
        publication,
        text=publication.parts[number - 1],
        part=number,
        reply_to=progress.posted[-1] if progress.posted and nature.chains else publication.reply_to,
        mention=publication.mention if number == 1 or not publication.public else None,
    )
