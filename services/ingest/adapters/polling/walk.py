"""Reading a list that begins with the newest, over many requests, without a hole.

A walk begins at the top of the list and goes down, page by page, to where the last walk began. Until it has arrived
there, only the pages that are still to be asked move; the mark moves when the walk is over. So a walk that is
interrupted (a limit, a restart) goes on where it stopped, and what was said meanwhile is above its top: the next
walk's. The state is the cursor of the feed.

Keys order what was said: ids that only grow, or microseconds since 1970.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Walk:
    """How far a list has been read: all up to ``mark``. ``top`` and ``pending`` are set while a walk is under way:
    the newest key of its first page, and the pages that it still has to ask, in order."""

    mark: int | None = None
    top: int | None = None
    pending: tuple[str, ...] = ()

    @staticmethod
    def parse(cursor: str | None) -> "Walk":
        """The walk that a cursor stands for; a cursor that is none begins anew, which only repeats."""
        try:
            stored = json.loads(cursor) if cursor else {}
            return Walk(stored.get("mark"), stored.get("top"), tuple(stored.get("pending", ())))
        except (ValueError, AttributeError, TypeError):
            return Walk()

    @property
    def cursor(self) -> str | None:
        """The walk as it is stored; None where nothing has been read yet."""
        stored = {"mark": self.mark, "top": self.top, "pending": list(self.pending)}
        said = {name: value for name, value in stored.items() if value not in (None, [])}
        return json.dumps(said) if said else None

    @property
    def begun_anew(self) -> str:
        """The cursor of a walk that begins again at the top, because the pages that it was to ask are no good."""
        return Walk(mark=self.mark).cursor or "{}"

    @property
    def page(self) -> str | None:
        """The page to ask now; None for the top of the list, where a new walk begins."""
        return self.pending[0] if self.pending else None

    def after(self, keys: Iterable[int], pages: Sequence[str] = ()) -> "Walk":
        """The walk once ``page`` is read: its items had ``keys``, and it leads to ``pages``, which are asked first.

        First, so that few are pending at any time: what lies under a page is read before the page after it. Name no
        pages where all items of the next one would be at or below ``mark``: there the walk has arrived.
        """
        # Of the first page only: what a later one has above the top was said since, perhaps elsewhere as well.
        top = self.top if self.pending else max(keys, default=None)
        top = self.mark if top is None else max(top, self.mark or top)
        pending = (*pages, *self.pending[1:])
        return replace(self, top=top, pending=pending) if pending else Walk(mark=top)


def microseconds(moment: datetime) -> int:
    """The key of what was said at ``moment``."""
    return (moment - _EPOCH) // timedelta(microseconds=1)
