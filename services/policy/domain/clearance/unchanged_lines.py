"""Whether a draft says what was cleared beforehand, and nothing else: the very words of a line of the policy.

Some mandates are good for no other draft. One character more, another language, or a line whose time is over, and a
person has to look who may decide on the subject itself.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from services.policy.domain.policies import Line


def cleared_texts(lines: Iterable[Line], now: datetime) -> Iterator[tuple[str, str]]:
    """Language and wording of every line that may be used at ``now``."""
    for line in lines:
        begins, ends = line.preconditions.from_, line.preconditions.until
        if (begins is None or begins <= now) and (ends is None or now < ends):
            yield from line.text.items()


def is_unchanged_line(text: str, language: str | None, lines: Iterable[Line], now: datetime) -> bool:
    """Whether ``text`` is exactly the wording of a line in ``language``, whatever its region."""
    primary = (language or "").partition("-")[0].lower()
    return any(known == (primary, text) for known in cleared_texts(lines, now))
