"""What stands before an officer's eyes: the parts of it, and the digest that a consent is given for.

A consent vouches for some of the parts: who approves answers for all of them, a specialist for those of their subject.
When a part changes, exactly the consents that vouched for it lapse. The digest that officers send covers every part, so
that a press of a button never concerns anything but what was on the screen.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

from services.policy.domain.scales import Damage, Sensitivity, Specialism
from shared.clock import rfc3339

_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))

Part = Literal["text", "media", "statements", "thread_head", "account", "policy_version", "window", "weight"]

PARTS: tuple[Part, ...] = (
    "text",
    "media",
    "statements",
    "thread_head",
    "account",
    "policy_version",
    "window",
    "weight",
)

_OF_SPECIALISTS: Mapping[Specialism, tuple[Part, ...]] = {
    "facts": ("text", "media", "statements", "thread_head"),
    "legal": ("text", "media", "statements", "thread_head", "account"),
    "security": ("text", "media", "thread_head", "account"),
}


def vouched_for(specialism: Specialism | None) -> tuple[Part, ...]:
    """The parts that a consent answers for: a specialist's some, an approval all."""
    return PARTS if specialism is None else _OF_SPECIALISTS[specialism]


@dataclass(frozen=True)
class Seen:
    """What an approval is given for.

    ``head`` is the newest comment (and its revision) that bears on the answer, ``answers`` are those that it answers,
    ``reply_to`` is the platform's id of the newest of them; ``visibility`` and ``public`` say who will see the reply;
    ``statements`` are cited approved facts with the version in force, None for one that is not;
    ``valid_until`` ends the window. Media have their place and are empty so far.
    """

    text: str
    language: str | None
    head: tuple[str, int]
    platform: str
    account: str
    reply_to: str
    policy_version: str
    sensitivity: Sensitivity
    damage: Damage
    answers: tuple[tuple[str, int], ...] = ()
    visibility: str | None = None
    public: bool = True
    statements: tuple[tuple[str, str | None], ...] = ()
    valid_until: datetime | None = None

    @cached_property
    def parts(self) -> Mapping[Part, object]:
        """Every part, fit for JSON."""
        return {
            "text": {"text": self.text, "language": self.language},
            "media": [],
            "statements": [{"statement": name, "version": version} for name, version in self.statements],
            "thread_head": {
                "comment": self.head[0],
                "revision": self.head[1],
                "reply_to": self.reply_to,
                "answers": [list(each) for each in self.answers],
            },
            "account": {
                "platform": self.platform,
                "account": self.account,
                "visibility": self.visibility,
                "public": self.public,
            },
            "policy_version": self.policy_version,
            "window": self.valid_until and rfc3339(self.valid_until),
            "weight": {"sensitivity": self.sensitivity, "damage": self.damage},
        }

    def digest(self) -> str:
        """SHA-256 (64 lower-case hex) over every part in canonical JSON."""
        return self.digest_of(PARTS)

    def digest_of(self, parts: Iterable[Part]) -> str:
        """The same over some of the parts."""
        content = {part: self.parts[part] for part in parts}
        return hashlib.sha256(_CANONICAL.encode(content).encode()).hexdigest()
