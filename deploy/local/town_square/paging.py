"""Paging as Mastodon does it: by id, newest first, in either direction.

`since_id` asks for the newest ones and may leave a gap; `min_id` asks for those that follow directly,
leaves none, and is what a poller has to use. Both answer newest first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from .store import Row, Store

_HIGHEST: Final = 2**63 - 1


def number(text: str | None) -> int | None:
    """Read an id; whatever could never have been one is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


@dataclass(frozen=True, slots=True)
class Paging:
    """Which piece of a list is asked for."""

    limit: int
    below: int
    above: int
    forwards: bool

    @classmethod
    def read(cls, query: QueryParams, usual: int, most: int) -> "Paging":
        """Read what a client asks for; a limit that is too high is lowered, as Mastodon does."""
        min_id = number(query.get("min_id"))
        return cls(
            limit=max(1, min(number(query.get("limit")) or usual, most)),
            below=number(query.get("max_id")) or _HIGHEST,
            above=min_id or number(query.get("since_id")) or 0,
            forwards=min_id is not None,
        )

    def rows(self, store: Store, newest_first: str, *parameters: object) -> list[Row]:
        """Run a query that ends in the two bounds, `ORDER BY … DESC` and the limit."""
        sql = newest_first.replace("DESC", "ASC") if self.forwards else newest_first
        found = store.rows(sql, (*parameters, self.above, self.below, self.limit))
        return found[::-1] if self.forwards else found

    def link(self, url: str, query: QueryParams, ids: list[int]) -> dict[str, str]:
        """Give the Link header that leads on from a piece: `next` to older ones, `prev` to newer."""
        if not ids:
            return {}
        kept = [(key, value) for key, value in query.multi_items() if key not in ("max_id", "min_id", "since_id")]
        older = _with(url, [*kept, ("max_id", str(ids[-1]))])
        newer = _with(url, [*kept, ("min_id", str(ids[0]))])
        return {"Link": f'<{older}>; rel="next", <{newer}>; rel="prev"'}


def _with(url: str, query: Iterable[tuple[str, str]]) -> str:
    return f"{url}?{urlencode(list(query))}"
