"""One entry on its way into the tables."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import Echo, Kept, RemovedComment, Written
from services.ingest.ports import Arrival
from shared.events import Event
from shared.ids import CommentId, new_id

Place = tuple[str, str]
"""An account's id and a native id there."""

Announcement = tuple[Event, str | None]
"""An event to stage, with the trace that it belongs to."""


@dataclass(slots=True)
class Item:
    """An entry with its thread, and the id that its comment gets if it is new.

    While a batch is written, ``filed`` becomes the comment that the entry is about, and ``changed`` whether it
    changed anything.
    """

    arrival: Arrival
    account: Account
    entry: Kept
    thread: str
    comment: CommentId
    filed: str | None = None
    changed: bool = False

    @property
    def place(self) -> Place:
        """Where the comment stands: unique, and the same for each of its revisions."""
        return self.account.id, self.entry.native_id


def items_of(arrival: Arrival, inherited: Mapping[Place, str]) -> list[Item]:
    """What ``arrival`` brings, entry by entry; ``inherited`` are the threads that only the store knows."""
    items = []
    for account, entry in arrival.kept:
        thread = entry.thread if isinstance(entry, Written | Echo | RemovedComment) else None
        thread = thread or inherited.get((account.id, entry.native_id)) or entry.native_id
        given = entry.comment if isinstance(entry, Written) else None
        items.append(Item(arrival, account, entry, thread, given or CommentId(new_id("cmt"))))
    return items
