"""Events about comments: sent by ingest."""

from pydantic import AwareDatetime, Field

from shared.events.base import Conversation, Value


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
    how many had seen it when it came; None where the platform does not tell. ``callback`` is where the client of
    our own API who brought it wants to hear of the reply; said once, when the comment comes. ``subject_line`` is that
    of a letter, on one line.
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
    callback: str | None = None
    subject_line: str | None = None
    sent_at: AwareDatetime
    received_at: AwareDatetime


class CommentReceived(CommentText):
    """A citizen wrote something to an agency."""


class CommentEdited(CommentText):
    """A comment reads otherwise now, or was hidden or shown again."""


class CommentDeleted(CommentEvent):
    """A comment is gone from its platform."""

    deleted_at: AwareDatetime
