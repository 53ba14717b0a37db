"""What a feed has given that is written by now, so that an overlap is not written again with every poll.

Lists that begin with the newest are read down to below where the last look began, because what is new may stand there.
What is given twice does no harm, but locks rows for nothing. That something is written is seen in the cursor: each page
with news has one of its own, and the next page is asked for with it only once it is stored. A restart forgets all of
this, and then a little is given again.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable

from services.ingest.domain.entries import Entry, Malformed, Reading, Unused, Written
from shared.ids import AccountId

MOST_REMEMBERED = 5_000

Key = tuple[str, ...]


class Given:
    """The memory of one feed, for all of its accounts."""

    def __init__(self) -> None:
        self._written: defaultdict[AccountId, OrderedDict[Key, None]] = defaultdict(OrderedDict)
        self._offered: dict[AccountId, tuple[str, Reading]] = {}

    def offer(self, account: AccountId, cursor: str, reading: Reading) -> None:
        """Note that ``reading`` was given with ``cursor``, which no other page has."""
        self._offered[account] = (cursor, reading)

    def confirm(self, account: AccountId, cursor: str | None) -> Reading:
        """What was offered last, if ``cursor`` says that it is written; nothing otherwise."""
        offered, reading = self._offered.pop(account, (None, ()))
        if offered is None or offered != cursor:
            return ()
        self.remember(account, reading)
        return reading

    def remember(self, account: AccountId, reading: Iterable[Entry]) -> None:
        """Note that ``reading`` is written."""
        written = self._written[account]
        for entry in reading:
            written[_key(entry)] = None
            written.move_to_end(_key(entry))
        while len(written) > MOST_REMEMBERED:
            written.popitem(last=False)

    def news(self, account: AccountId, reading: Iterable[Entry]) -> Reading:
        """``reading`` without what is written and without what nobody keeps."""
        written = self._written[account]
        return tuple(entry for entry in reading if not isinstance(entry, Unused) and _key(entry) not in written)


def _key(entry: Entry) -> Key:
    if isinstance(entry, Written):
        return "text", entry.native_id, entry.revision
    # What cannot be read has no id: its reason has to do, so that a poll does not set it aside again and again.
    named = entry.reason if isinstance(entry, Malformed) else getattr(entry, "native_id", "")
    return type(entry).__name__, str(named)
