"""What a post on X is to Parley, in whichever payload family it came: one set of rules for both.

Sources: X developer documentation, "Edit Posts", "Conversation ID", "Data dictionary"; ISO 639-2. What must stay true:

- An edit is a new post with a new id that names all earlier ones, oldest first. A comment is known by the first of
  them, and each later id is the key of one edit. Replies to others cannot be edited on X.
- Text comes with ``&``, ``<`` and ``>`` escaped as in HTML. The names at the head of a reply are put there by X: our
  own is how people address us, not what they say.
- ``lang`` is X's guess, with codes for no language (``und``, ``zxx``, ``qme`` for a post of nothing but pictures).

The thread is decided here. ``conversation`` is the post at the root of everything, which may be the agency's own post
and then is no thread. One payload does not always tell who began a conversation, so:

- a post that answers nothing begins its own thread, and so does a quote;
- an answer to the very post that began the conversation has a thread of its own if that post is ours, and stands in
  the conversation's otherwise;
- a deeper answer takes the thread of what it answers, which the store knows. The conversation's id would throw all
  citizens under one post of ours into one thread; a parent that nobody knows at worst splits a strangers' talk;
- where no conversation is named (the older family), every answer takes the thread of what it answers.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from services.ingest.domain import language
from services.ingest.domain.entries import ORIGINAL, Echo, EditedComment, Entry, Media, NewComment
from services.ingest.domain.language import Language
from services.ingest.domain.text import clean
from services.ingest.platforms.x_parts import Person

_NAMES_AT_THE_HEAD = re.compile(r"(?:@\w{1,15}\s+)+")
_NO_LANGUAGE = re.compile("und|zxx|mul|mis|art|q[a-t][a-z]")
"""The codes of ISO 639-2 for no language in particular; ``qaa`` to ``qtz`` are left to whoever needs them."""


@dataclass(frozen=True, slots=True)
class Post:
    """One version of a post. ``first`` is the id of its first version, ``text`` is as X sends it.

    ``answers`` is the post that it replies to, ``answers_to`` who wrote that one, ``conversation`` the root, each None
    where there is none or the payload is silent. ``own_names`` are the handles by which the text names our account.
    """

    id: str
    first: str
    author: Person
    text: str
    sent_at: datetime
    answers: str | None = None
    answers_to: str | None = None
    conversation: str | None = None
    said_language: object = None
    own_names: frozenset[str] = frozenset()
    media: tuple[Media, ...] = ()
    reach: int | None = None


def entry_of(post: Post, account: str) -> Entry:
    """What ``post`` says to ``account``: a new comment, an edit of one, or an echo."""
    thread, parent = _place(post, account)
    if post.author.id == account:
        # Each version of our own is a post that people can answer, and known by its own id.
        return Echo(account, post.id, thread, parent, answers_us=post.answers_to == account)
    edited = post.id != post.first
    text = _without_address(plain(post.text), post.own_names)
    kind = EditedComment if edited else NewComment
    return kind(
        account=account,
        native_id=post.first,
        author_id=post.author.id,
        text=text,
        sent_at=post.sent_at,
        thread=thread,
        parent=parent,
        author_name=post.author.name,
        author_handle=post.author.handle,
        author_followers=post.author.followers,
        language=spoken(text, post.said_language),
        media=post.media,
        reach=post.reach,
        answers_us=post.answers_to == account,
        revision=post.id if edited else ORIGINAL,
        edited_at=post.sent_at if edited else None,
    )


def plain(text: str) -> str:
    """``text`` as it was written: X's escapes undone, the ampersand's last so that none is undone twice."""
    return clean(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


def spoken(text: str, said: object = None) -> Language | None:
    """The language of ``text``; ``said`` is X's guess, believed where it names a language."""
    guessed = isinstance(said, str) and not _NO_LANGUAGE.fullmatch(said)
    return language.identify(text, said if guessed else None)


def _place(post: Post, account: str) -> tuple[str | None, str | None]:
    """Thread and parent."""
    if post.answers is None:
        return post.first, None
    if post.answers != post.conversation or post.answers_to is None:
        return None, post.answers
    if post.answers_to == account:
        return post.first, None
    return post.conversation, post.answers


def _without_address(text: str, own_names: frozenset[str]) -> str:
    """``text`` without our own name among those at its head; the others stay."""
    head = _NAMES_AT_THE_HEAD.match(text)
    if head is None:
        return text
    others = [name for name in head.group().split() if name[1:].lower() not in own_names]
    return " ".join((*others, text[head.end() :]))
