"""Values of a policy as a reader says them: times in hours, lists with commas, phrases by a few examples."""

from collections.abc import Iterable, Sequence
from typing import Any

from services.policy.domain.policies import Phrases

_EXAMPLES = 3
_LONGEST = 60


def minutes(value: int) -> str:
    """``4 hours``, or ``90 minutes`` where they are no full hours."""
    return counted(value // 60, "hour") if value % 60 == 0 else counted(value, "minute")


def minutes_instead(now: int, before: int) -> str:
    """``2 hours instead of 4``: the unit is not said twice."""
    same_unit = (now % 60 == 0) == (before % 60 == 0)
    return f"{minutes(now)} instead of {minutes(before).split(' ')[0] if same_unit else minutes(before)}"


def counted(number: int, thing: str) -> str:
    """``1 approval``, ``2 approvals``."""
    return f"{number:,} {thing}{'s' if number != 1 else ''}"


def several(values: Iterable[Any]) -> str:
    """``a, b and c``."""
    *first, last = [str(value) for value in values]
    return f"{', '.join(first)} and {last}" if first else last


def spaced(name: str) -> str:
    """The name of a field as words."""
    return name.rstrip("_").replace("_", " ")


def quoted(text: str) -> str:
    """A text in quotes, shortened."""
    return f'"{text}"' if len(text) <= _LONGEST else f'"{text[:_LONGEST].rstrip()}…"'


def value(of: Any) -> str:
    """Any value of a policy in a few words."""
    if of is None or of in ((), {}):
        return "none"
    if isinstance(of, bool):
        return "yes" if of else "no"
    if isinstance(of, dict):
        return several(f"{value(each)} for {key}" for key, each in of.items())
    if isinstance(of, (tuple, list)):
        return several(value(each) for each in of)
    return f"{of:g}" if isinstance(of, float) else str(of)


def instead(now: Any, before: Any) -> str:
    """``S3 instead of S2``, ``S3, where there was none``, ``none instead of S2``."""
    there_was = before is not None and before not in ((), {})
    return f"{value(now)} instead of {value(before)}" if there_was else f"{value(now)}, where there was none"


def phrases_besides(these: Phrases, others: Phrases) -> tuple[int, str]:
    """How many phrases ``these`` have that ``others`` have not, and some of them by language."""
    ours = {language: _besides(texts, others.get(language, ())) for language, texts in these.items()}
    examples = "; ".join(f"{language}: {some(texts)}" for language, texts in ours.items() if texts)
    return sum(map(len, ours.values())), examples


def some(texts: Sequence[str]) -> str:
    """The first of several texts."""
    return ", ".join(texts[:_EXAMPLES]) + " …" * (len(texts) > _EXAMPLES)


def _besides(texts: Sequence[str], known: Iterable[str]) -> list[str]:
    others = frozenset(known)
    return [text for text in texts if text not in others]
