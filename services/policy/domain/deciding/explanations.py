"""Why a decision came out as it did, for reading: by officers at a case, by policy owners at a trial or a replay.

Each rule says what its conditions saw and what it set; a rule that failed says on what.
"""

from collections.abc import Iterator
from typing import Any

from services.policy.domain.clearance.cleared_lines import ClearedLine
from services.policy.domain.deciding.findings import Findings, Situation
from services.policy.domain.deciding.levels import Needed
from services.policy.domain.deciding.rules import RuleBook
from services.policy.domain.scales import Level


def explained(
    situation: Situation, findings: Findings, required: Needed, level: Level, by_line: bool
) -> dict[str, Any]:
    """The explanation that a decision keeps: words, rules that matched or nearly did, level and line."""
    seen, line = situation.seen, findings.line
    return {
        "words": list(seen.words),
        "language": seen.language,
        "kinds": sorted(seen.kinds),
        "confidence": seen.confidence,
        "classifier": seen.classifier,
        "unsure": seen.unsure,
        "damages": dict(findings.damages),
        "rules": [
            {"id": rule.id, "name": rule.name, "saw": saw, "found": rule.findings} for rule, saw in findings.matched
        ],
        "nearly": [{"id": rule.id, "name": rule.name, "missing": [missing]} for rule, missing in findings.nearly],
        "level": {
            "needed": required.level,
            "result": level,
            "because": [
                {"source": each.source, "value": each.value, "level": each.level} for each in required.contributions
            ],
        },
        "line": {
            "used": line.id if line is not None and by_line else None,
            **({"version": line.version} if isinstance(line, ClearedLine) and by_line else {}),
            "doubts": {name: list(doubts) for name, doubts in findings.doubts.items()},
        },
    }


def full_trace(book: RuleBook, situation: Situation, findings: Findings) -> Iterator[dict[str, Any]]:
    """Every rule in order, with what it looked at; ``read`` is false where an earlier rule had ended the reading."""
    matched = {rule.id for rule, _ in findings.matched}
    for rule, was_read, saw, failed in book.read_all(situation, findings):
        yield {
            "id": rule.id,
            "name": rule.name,
            "stage": rule.stage,
            "layer": rule.layer,
            "matched": rule.id in matched,
            "read": was_read,
            "missing": list(failed),
            "saw": saw,
            "found": rule.findings,
        }
