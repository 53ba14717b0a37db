"""What every list of the Graph API has: items, each written at some time, and what leads to the next page.

Source: Meta, "Graph API: Paginated results". A last page has cursors too, but no ``next``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.ingest.domain.entries import Reading
from services.ingest.domain.refusals import Unreadable
from services.ingest.domain.text import identifier
from services.ingest.platforms.json_body import as_list, as_object, timestamp
from services.ingest.platforms.meta import Part


@dataclass(frozen=True, slots=True)
class Items:
    """A page of a list, in its order. ``after`` is the cursor of the next page, None on the last one."""

    items: Sequence[Any]
    after: str | None

    def reaches(self, since: datetime, name: str) -> bool:
        """Whether all of the page was written after ``since``, as its items say under ``name``."""
        return all((written_at(item, name) or since) >= since for item in self.items)


@dataclass(frozen=True, slots=True)
class Comments:
    """The comments of a page that were asked for, oldest first; ``after`` leads to the next page with such."""

    reading: Reading
    after: str | None


def read_items(value: object) -> Items:
    """A page of a list; raises ``Unreadable``."""
    page = as_object(value, "The page")
    return Items(as_list(page.get("data"), "data"), _after(page))


def between(items: Iterable[Any], name: str, since: datetime, until: datetime) -> list[Any]:
    """The items written between two moments, oldest first where they came newest first."""
    return [item for item in items if since <= (written_at(item, name) or until) <= until][::-1]


def written_at(item: object, name: str) -> datetime | None:
    """When an item was written; None where it does not say."""
    return timestamp(item.get(name)) if isinstance(item, dict) else None


def _after(page: Part) -> str | None:
    paging = page.get("paging")
    if not isinstance(paging, dict) or "next" not in paging:
        return None
    cursors = paging.get("cursors")
    after = identifier(cursors.get("after")) if isinstance(cursors, dict) else None
    if after is None:
        raise Unreadable("A page leads on without a cursor.")
    return after
