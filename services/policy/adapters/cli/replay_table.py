"""What a replay found, as a policy owner reads it: the sums first, then the gravest differences."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.policy.domain.replaying.replay_results import Results, excerpt
from services.policy.domain.scales import LEVELS

_SUMS = {
    "released_by_line": "released by a line",
    "approvals": "approvals",
    "step_minutes": "officers' minutes",
    "breaches": "clocks too short",
}


def table(version: str, results: Results) -> Iterator[str]:
    """The lines of the report. ``version`` is that of the policy that was tried."""
    summary = results.summary()
    totals = summary["totals"]
    changed = f"{totals['changed']:,} of {totals['comments']:,} comments"
    yield f"{version}: {changed} would have gone otherwise{_share(totals)}"
    yield ""
    yield f"  {'':<20}{'before':>12}{'after':>12}"
    for name, words in _SUMS.items():
        pair = totals[name]
        yield f"  {words:<20}{pair['old']:>12,}{pair['new']:>12,}"
    yield ""
    if totals["changed"]:
        fields = ", ".join(f"{name} {count:,}" for name, count in totals["by_field"].items())
        yield f"  changed: {fields}"
        yield ""
        yield from _levels(totals["levels"])
        yield f"  the {len(results.consequential)} gravest differences"
        for item, text in results.consequential:
            yield item_line(item.body())
            yield f"        {excerpt(text)}"
        yield ""
    yield f"  hash {summary['hash']}"


def item_line(item: Mapping[str, Any]) -> str:
    """One comment under both policies, on one line; ``item`` is the body of an ``Item``."""
    old, new = item["old"], item["new"]
    rules = f"rules {_names(old['rules'])} → {_names(new['rules'])}"
    return f"  {item['consequence']:>5} {item['comment']}  {_short(old)} → {_short(new)}  {rules}"


def _share(totals: dict[str, Any]) -> str:
    share = totals["share_changed"]
    if share["share"] is None:
        return ""
    return f" ({share['share']:.1%}; of those to come {share['low']:.1%} to {share['high']:.1%})"


def _levels(levels: dict[str, dict[str, int]]) -> Iterator[str]:
    yield "  " + f"{'level, before ↓ after →':<24}" + "".join(f"{level:>9}" for level in LEVELS)
    for old, counts in levels.items():
        yield "  " + f"{old:>24}" + "".join(f"{counts.get(level, 0) or '·':>9}" for level in LEVELS)
    yield ""


def _short(outcome: Mapping[str, Any]) -> str:
    signoffs = "".join(f"+{each}" for each in outcome["signoffs"])
    by = f" by {outcome['line']}" if outcome["line"] else ""
    return f"{outcome['level']}{signoffs} {outcome['disposition']}{by}, {outcome['answer_within']} min"


def _names(rules: Sequence[str]) -> str:
    return ",".join(rules) or "none"
