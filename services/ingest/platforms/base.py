"""What a platform's file offers: one value, ``PLATFORM``, made of pure functions and facts."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from services.ingest.domain.accounts import Account, SecretSet
from services.ingest.domain.entries import Reading
from services.ingest.domain.refusals import BadHandshake
from services.ingest.domain.single_use import SingleUse

Headers = Mapping[str, str]
"""Header fields by lower-case name."""

Query = Mapping[str, str]
"""Parameters of a request's address, decoded."""

SecretShapes = Mapping[str, re.Pattern[str]]
TOKEN = re.compile("[!-~]{1,1024}")
"""What most secrets look like: printable, without spaces."""

MEBIBYTE = 1 << 20

Health = Literal["signatures", "silence", "token", "permission"]
"""How an account's trouble shows: bad signatures in a row, nothing heard, a dead token, a right taken away."""


@dataclass(frozen=True, slots=True)
class Says:
    """What a platform tells us of, for whoever asks what Parley can do there. ``dedup`` names what tells repeats."""

    dedup: str
    new: bool = True
    reply: bool = True
    edit: bool = False
    delete: bool = False
    message: bool = False
    health: tuple[Health, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a handshake: a body for 200."""

    body: str
    content_type: str = "text/plain; charset=utf-8"


def refuse_handshake(query: Query, account: Account) -> Answer:
    """The handshake of platforms that ask nothing beforehand."""
    raise BadHandshake


def whole(body: bytes) -> bytes:
    """What is kept of a body where it is small: all of it."""
    return body


@dataclass(frozen=True, slots=True)
class Webhook:
    """How a platform pushes.

    ``authenticate(body, headers, secrets, now)`` returns if the raw body comes from one who knows one of the live
    secrets; raises ``BadSignature`` or ``StaleSignature``. ``read(body, headers, account, now)`` is all that an
    authentic body says; raises ``Unreadable``. ``handshake(query, account)`` answers the platform's question whether
    we are there; raises ``BadHandshake``. ``cut(body)`` is what is kept of a body (mail without its attachments).
    ``once(body, headers)`` is there where the proof does not cover the body: it says of an authentic body what makes
    its proof good for this one only.
    """

    authenticate: Callable[[bytes, Headers, Sequence[SecretSet], datetime], None]
    read: Callable[[bytes, Headers, Account, datetime], Reading]
    handshake: Callable[[Query, Account], Answer] = refuse_handshake
    most_bytes: int = MEBIBYTE
    cut: Callable[[bytes], bytes] = whole
    once: Callable[[bytes, Headers], SingleUse] | None = None


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform: which secrets an account must have and may have (each with what it looks like), whether an account
    must say on which server it lives, how it pushes (None where it does not), and whether it is asked."""

    name: str
    says: Says
    secrets: SecretShapes = field(default_factory=dict)
    optional_secrets: SecretShapes = field(default_factory=dict)
    base_url: Literal["needed", "optional", "unused"] = "unused"
    webhook: Webhook | None = None
    polled: bool = False
