"""What a replay comes to: totals with what they foretell, the differences that matter most, and a digest of it all.

Taken up item by item, so that a hundred thousand comments need no more room than those that are kept.
"""

import hashlib
import json
import math
from bisect import insort
from collections import Counter
from typing import Any

from services.policy.domain.replaying.replay import Decided, Item
from services.policy.domain.triage.private_data import masked

MOST_CONSEQUENTIAL = 20
MOST_KEPT = 10_000
"""Changed items that are kept one by one; the rest are in the totals only."""
LONGEST_EXCERPT = 80

_Z = 1.959963984540054
"""The normal quantile of a 95 % interval."""
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class Totals:
    """What changed in all. Pairs count the old side and the new one."""

    def __init__(self) -> None:
        self.comments = 0
        self.changed = 0
        self._fields: Counter[str] = Counter()
        self._levels: Counter[tuple[str, str]] = Counter()
        self._pairs = {name: [0, 0] for name in ("released_by_line", "approvals", "step_minutes", "breaches")}

    def take(self, item: Item) -> None:
        """Count one item."""
        self.comments += 1
        self.changed += bool(item.changed)
        self._fields.update(item.changed)
        self._levels[item.old.level, item.new.level] += 1
        for side, outcome in enumerate((item.old, item.new)):
            self._pairs["released_by_line"][side] += outcome.line is not None
            self._pairs["approvals"][side] += outcome.approvals
            self._pairs["step_minutes"][side] += outcome.steps_take
            self._pairs["breaches"][side] += outcome.breach

    def body(self) -> dict[str, Any]:
        """The totals, fit for JSON. ``share_changed``: with the 95 % interval in which that of comments to come lies
        if they are like these."""
        low, high = wilson(self.changed, self.comments)
        share = round(self.changed / self.comments, 4) if self.comments else None
        levels: dict[str, dict[str, int]] = {}
        for (old, new), count in sorted(self._levels.items()):
            levels.setdefault(old, {})[new] = count
        return {
            "comments": self.comments,
            "changed": self.changed,
            "share_changed": {"share": share, "low": round(low, 4), "high": round(high, 4)},
            "by_field": dict(sorted(self._fields.items())),
            "levels": levels,
            **{name: {"old": old, "new": new} for name, (old, new) in self._pairs.items()},
        }


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval for a share of which ``hits`` among ``of`` were seen; of nothing, everything may be."""
    if of == 0:
        return 0.0, 1.0
    share, weight = hits / of, _Z * _Z / of
    middle = share + weight / 2
    spread = _Z * math.sqrt(share * (1 - share) / of + weight / (4 * of))
    low, high = (middle - spread) / (1 + weight), (middle + spread) / (1 + weight)
    return max(low, 0.0) if hits else 0.0, min(high, 1.0) if hits < of else 1.0


class Results:
    """Everything that a replay finds, in the order of the comments."""

    def __init__(self, most_kept: int = MOST_KEPT) -> None:
        self.totals = Totals()
        self.items: list[dict[str, Any]] = []
        self._most_kept = most_kept
        self._worst: list[tuple[tuple[int, str, str, int], Item, str]] = []
        self._hash = hashlib.sha256()

    def take(self, item: Item, decided: Decided) -> None:
        """Take up what was found for one comment."""
        body = item.body()
        self.totals.take(item)
        self._hash.update(_CANONICAL.encode(body).encode("utf-8", "surrogatepass"))
        self._hash.update(b"\n")
        if not item.changed:
            return
        if len(self.items) < self._most_kept:
            self.items.append(body)
        place = (-item.consequence, item.comment, item.case or "", item.turn)
        insort(self._worst, (place, item, decided.words.text), key=lambda known: known[0])
        del self._worst[MOST_CONSEQUENTIAL:]

    @property
    def consequential(self) -> list[tuple[Item, str]]:
        """The gravest differences, the gravest first and then by comment, each with the text of its comment."""
        return [(item, text) for _, item, text in self._worst]

    def summary(self) -> dict[str, Any]:
        """Totals, the gravest differences and the digest, fit for JSON; no citizen's words are in it."""
        totals = self.totals.body()
        return {
            "totals": totals,
            "consequential": [item.body() for item, _ in self.consequential],
            "items_kept": len(self.items),
            "hash": self._digest(totals),
        }

    def _digest(self, totals: dict[str, Any]) -> str:
        whole = self._hash.copy()
        whole.update(_CANONICAL.encode(totals).encode())
        return whole.hexdigest()


def excerpt(text: str) -> str:
    """The beginning of a comment on one line, with private data covered."""
    shown = " ".join(masked(text).split())
    return shown if len(shown) <= LONGEST_EXCERPT else shown[: LONGEST_EXCERPT - 1] + "…"
