"""One comment through its revisions, in whatever order the platform tells of them.

The text as first written is revision 1; each newer text is one more than the highest. An edit that overtakes its
original makes the comment at revision 2, and the original then only enters the history. An edit older than what is
known does the same. A removal of what never came leaves a tombstone (revision 0), so that the late original does
not wake it.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from services.ingest.domain.entries import (
    ORIGINAL,
    EditedComment,
    HiddenComment,
    NewComment,
    RemovedComment,
    ShownComment,
)

TOMBSTONE = 0
FIRST_REVISION = 1
EDITED_BEFORE_SEEN = 2

Change = NewComment | EditedComment | RemovedComment | HiddenComment | ShownComment


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a comment: its newest text, and the keys of all texts ever seen.

    ``hidden_at`` is the platform's time of the last hide or unhide.
    """

    revision: int
    key: str
    keys: frozenset[str]
    edited_at: datetime | None
    text: str
    hidden: bool = False
    hidden_at: datetime | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Edited:
    """The comment reads otherwise now: announced."""

    known: Known


@dataclass(frozen=True, slots=True)
class Seen:
    """The comment was hidden or shown: announced with its text unchanged."""

    known: Known


@dataclass(frozen=True, slots=True)
class Deleted:
    """The comment is gone: announced."""

    known: Known


@dataclass(frozen=True, slots=True)
class Late:
    """A text that is no longer the newest: kept in the history, not announced. ``revision`` is None between two."""

    known: Known
    revision: int | None


@dataclass(frozen=True, slots=True)
class Nothing:
    """Known already."""


Outcome = Edited | Seen | Deleted | Late | Nothing


def born_revision(change: NewComment | EditedComment | RemovedComment) -> int:
    """The revision at which a comment enters that was not known before."""
    match change:
        case NewComment():
            return FIRST_REVISION
        case EditedComment():
            return EDITED_BEFORE_SEEN
        case RemovedComment():
            return TOMBSTONE


def fold(known: Known, change: Change) -> Outcome:
    """What ``change`` means for a comment of which ``known`` is known."""
    match change:
        case NewComment() | EditedComment():
            return _fold_text(known, change)
        case RemovedComment():
            return Nothing() if known.deleted else Deleted(replace(known, deleted=True))
        case HiddenComment():
            return _fold_visibility(known, True, change.at)
        case ShownComment():
            return _fold_visibility(known, False, change.at)


def _fold_text(known: Known, change: NewComment | EditedComment) -> Outcome:
    if change.revision in known.keys:
        return Nothing()
    remembered = replace(known, keys=known.keys | {change.revision})
    if known.deleted or not _is_newer(known, change):
        return Late(remembered, FIRST_REVISION if change.revision == ORIGINAL else None)
    return Edited(
        replace(
            remembered,
            revision=known.revision + 1,
            key=change.revision,
            edited_at=change.edited_at,
            text=change.text,
        )
    )


def _is_newer(known: Known, change: NewComment | EditedComment) -> bool:
    if change.edited_at is None:
        return False
    # Platforms that count in whole seconds give two edits one time: the one that arrives later wins.
    return known.edited_at is None or change.edited_at >= known.edited_at


def _fold_visibility(known: Known, hidden: bool, at: datetime) -> Outcome:
    if known.deleted or known.hidden == hidden:
        return Nothing()
    if known.hidden_at is not None and at < known.hidden_at:
        return Nothing()  # a late repeat of a hide that has been taken back since
    return Seen(replace(known, hidden=hidden, hidden_at=at))
