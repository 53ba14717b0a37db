"""What a delivery says, in Parley's words: the closed union that every platform's ``read`` returns.

Native ids are strings. Every entry names the account that it is addressed to, because one delivery may carry
entries for several.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from services.ingest.domain.language import Language
from shared.ids import CommentId

ORIGINAL = "original"
"""The revision key of a text as first written."""

UNKNOWN_AUTHOR = "unknown"
"""The author id where the platform withholds who wrote (Facebook without ``pages_read_user_engagement``)."""


MediaKind = Literal["image", "video", "audio", "file", "sticker", "location", "contact", "link"]


class Media(NamedTuple):
    """Something that came with a text. ``native_id`` is what the platform gives it out for, where it has no address."""

    kind: MediaKind
    url: str | None = None
    native_id: str | None = None
    name: str | None = None
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A text by a person. ``thread`` is None where only the store knows the parent's thread.

    ``revision`` tells two texts under one native id apart: the same key is the same text, delivered again.
    ``edited_at`` orders edits: the platform's time of this text, None for the text as first written. All times are UTC.
    ``public`` is False for private messages; ``visibility`` is the platform's own word for it. ``window_ends_at`` is
    when the platform stops taking an answer, ``reach`` how many had seen it by then, where the platform tells.
    ``answers_us`` marks a direct answer to something of our own: under a post of ours, which may be older than the
    account is here, it begins a thread. ``callback`` is where the sender wants to hear of the reply (our own API
    only), ``comment`` the id that it must get here because it has no other. ``subject_line`` is that of a letter.
    """

    account: str
    native_id: str
    author_id: str
    text: str
    sent_at: datetime
    thread: str | None = None
    parent: str | None = None
    author_name: str | None = None
    author_handle: str | None = None
    author_followers: int | None = None
    language: Language | None = None
    media: tuple[Media, ...] = ()
    public: bool = True
    visibility: str | None = None
    window_ends_at: datetime | None = None
    reach: int | None = None
    answers_us: bool = False
    revision: str = ORIGINAL
    edited_at: datetime | None = None
    callback: str | None = None
    comment: CommentId | None = None
    subject_line: str | None = None


@dataclass(frozen=True, slots=True)
class NewComment(Written):
    """A person wrote something."""


@dataclass(frozen=True, slots=True)
class EditedComment(Written):
    """A comment reads otherwise now."""


@dataclass(frozen=True, slots=True)
class RemovedComment:
    """A comment is gone from its platform since ``at``."""

    account: str
    native_id: str
    at: datetime
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class HiddenComment:
    """A comment is out of sight since ``at``, but kept."""

    account: str
    native_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ShownComment:
    """A hidden comment can be seen again since ``at``."""

    account: str
    native_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Echo:
    """Something that the agency's own account wrote, coming back: linked, never answered.

    ``publication`` is the id of ours that the platform carries back (Messenger's ``metadata``), where it does.
    """

    account: str
    native_id: str
    thread: str | None = None
    parent: str | None = None
    publication: str | None = None
    answers_us: bool = False


@dataclass(frozen=True, slots=True)
class Revoked:
    """The platform tells that the account has lost a right. ``reason`` is for machines, ``detail`` for people."""

    account: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A part of a body that is another platform's: the body is read again as that one's, for its own account.

    One app of Meta's has one webhook for a Page's feed and its messages.
    """

    account: str
    platform: str


@dataclass(frozen=True, slots=True)
class Unused:
    """Something that Parley does not work with (a like, a post, an edit of an own reply). ``kind`` is for counting."""

    account: str
    kind: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """One part of a readable body that is not as documented: its neighbours are taken in, the body is set aside."""

    account: str
    reason: str


Kept = NewComment | EditedComment | RemovedComment | HiddenComment | ShownComment | Echo
NotKept = Revoked | Elsewhere | Unused | Malformed
Entry = Kept | NotKept
Reading = tuple[Entry, ...]
"""All that one body says, in its order."""
