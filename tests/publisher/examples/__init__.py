"""One reply on each platform, against the town square's stand-in: what the matrix of platform × fault is run over.

A module is named as its platform and holds ``EXAMPLE``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import httpx

from services.publisher.domain.publications import Publication

End = Literal["published", "asked", "failed", "parked"]
"""``published``: it stands there once. ``asked``: nobody can see whether it does, so a person is asked and it is never
sent again. ``failed``: ``not_possible``. ``parked``: it waits for new credentials."""


@dataclass(frozen=True)
class Example:
    """How to reply on a platform of the square.

    ``account`` is the account as ``PUT /accounts`` of the square takes it, without its token; ``path`` what comes after
    the square's address in ``base_url``; ``a_reply`` is given a client of the square and the account's id: it makes
    what has to be there first and builds the publication.
    """

    account: Mapping[str, str]
    path: str
    a_reply: Callable[[httpx.Client, str], Publication]
    ends: Mapping[str, End]
    token: str = "a-token-of-the-account"
    secrets: Mapping[str, str] = field(default_factory=dict)
