"""What of a comment is compared with what others say, and the keys under which alike comments meet.

Words are compared as a set: order, case, punctuation, emoji, stretched letters, links and names called do not count,
and private data counts by its kind only. Numbers are words like any other, so that two people with two bill numbers
may have one complaint. Comments with the very same words meet under one key; those of similarity s meet under one of
four more, each of three MinHashes, with probability 1 - (1 - s³)⁴: 0.62 at 0.6, 0.81 at 0.7, 0.94 at 0.8, 0.995 at
0.9. Whoever meets under a key is compared word by word: a key alone joins nothing.

Words of two languages cannot be compared. There the policy's own vocabulary interprets: comments on the same subjects
of this agency, with the same numbers in them, that ask or that do not ask, are on one subject.
"""

import functools
import re
import unicodedata
import zlib
from collections.abc import Collection
from hashlib import blake2b
from typing import NamedTuple

from services.policy.domain.comments import Comment
from services.policy.domain.policies import Policy
from services.policy.domain.scales import Kind
from services.policy.domain.triage.phrases import normalised
from services.policy.domain.triage.private_data import masked
from services.policy.domain.triage.sorting import Sorted

FEWEST_WORDS = 3
"""Different words; less ("thanks", "me too") is said about anything."""

MOST_WORDS = 64
"""Of a longer comment those with the smallest hashes stand for all; similarity is an estimate then."""

_OF_A_MATTER: frozenset[Kind] = frozenset(
    {"complaint", "question", "suggestion", "mistaken_fact", "false_claim", "emergency", "other"}
)
"""Kinds whose subjects say what a comment is about; praise and anger have many reasons."""

_WORTH_READING = 4000
_63_BITS = (1 << 63) - 1
_SPREAD = 0x9E3779B97F4A7C15
_POINTS = tuple(n << 28 ^ zlib.crc32(b"point %d" % n) >> 4 for n in range(12))
"""Points far apart among the hashes, the same in every process. The word nearest to a point (by exclusive or) is one
that two comments share as often as their words are alike, as with any MinHash, and one operation a word finds it."""


class Subject(NamedTuple):
    """What a comment is about, whatever its language: a number for it, its key in this language and in the others."""

    number: int
    here: int
    elsewhere: tuple[int, ...]


class Likeness(NamedTuple):
    """A comment as others are compared with it; ``words`` are hashes of 32 bits, keys have 63.

    ``sketch`` says roughly which words they are. Under ``same`` stand the very same words, under ``near`` some like
    them. ``subject`` is None where nothing is known that could be said in another language.
    """

    kind: Kind
    topics: tuple[str, ...]
    language: str
    words: frozenset[int]
    sketch: int
    same: int
    near: tuple[int, ...]
    subject: Subject | None

    @property
    def keys(self) -> tuple[int, ...]:
        """Wherever something may be known that matters here."""
        found = (self.same, *self.near)
        return found if self.subject is None else (*found, self.subject.here, *self.subject.elsewhere)


def likeness(comment: Comment, seen: Sorted, policy: Policy) -> Likeness | None:
    """How ``comment`` is compared; None where it says too little, or is our own."""
    if comment.echo:
        return None
    text = comment.text[:_WORTH_READING]
    words, numbers, same, near = _read(masked(text) if seen.private else text)
    if len(words) < FEWEST_WORDS:
        return None
    topics = tuple(name for name in seen.topics if policy.topic(name).agency in (None, policy.agency))
    interpreted = topics and seen.kind in _OF_A_MATTER and policy.same_issue.across_languages
    return Likeness(
        kind=seen.kind,
        topics=topics,
        language=seen.language,
        words=words,
        sketch=sketch_of(words),
        same=same,
        near=near,
        subject=_subject(seen.kind, topics, numbers, policy.languages, seen.language) if interpreted else None,
    )


def similarity(some: frozenset[int], others: frozenset[int]) -> float:
    """Jaccard's similarity of two sets of words, 0 to 1."""
    union = some | others
    if len(union) > MOST_WORDS:
        union = frozenset(sorted(union)[:MOST_WORDS])
    return len(some & others & union) / len(union)


def words_in(text: str) -> frozenset[int]:
    """The hashes of a comment's different words, as they are compared."""
    return _read(masked(text[:_WORTH_READING]))[0]


def sketch_of(words: Collection[int]) -> int:
    """63 bits, one set for each word: comments that are alike have most of theirs in common."""
    sketch = 0
    for word in words:
        sketch |= 1 << word % 63
    return sketch


def same_key(words: Collection[int]) -> int:
    """The key of this very set of words; keys of this sort are odd, all others even."""
    return _digest(*map(str, sorted(words))) | 1


def near_keys(words: Collection[int]) -> tuple[int, ...]:
    """The keys that sets like this one are likely to share: each of the words nearest to three points."""
    near = [min(map(point.__xor__, words)) for point in _POINTS]
    found = zip(near[0::3], near[1::3], near[2::3], strict=True)
    return tuple([((one * _SPREAD ^ two) * _SPREAD ^ three) & _63_BITS & ~1 for one, two, three in found])


@functools.lru_cache(maxsize=2048)
def _read(text: str) -> tuple[frozenset[int], tuple[str, ...], int, tuple[int, ...]]:
    """Words, numbers and keys. What many people write at once is read once."""
    plain = _plain(text)
    words = frozenset([zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in plain.split()])
    if len(words) < FEWEST_WORDS:
        return words, (), 0, ()
    if len(words) > MOST_WORDS:
        words = frozenset(sorted(words)[:MOST_WORDS])
    return words, tuple(sorted(set(_NUMBER.findall(plain)))), same_key(words), near_keys(words)


def _plain(text: str) -> str:
    text = normalised(text)
    if "/" in text or "@" in text or "www." in text:
        text = _CALLED.sub(" ", text)
    return _STRETCHED.sub(r"\1", text.translate(_LETTERS))


@functools.lru_cache(maxsize=2048)
def _subject(
    kind: Kind, topics: tuple[str, ...], numbers: tuple[str, ...], languages: tuple[str, ...], own: str
) -> Subject:
    number = _digest("asks" if kind == "question" else "says", *topics, "", *numbers)
    others = [_digest(str(number), language) for language in languages if language != own]
    return Subject(number, _digest(str(number), own), tuple(others))


def _digest(*parts: str) -> int:
    """63 bits, even."""
    digest = blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") & _63_BITS & ~1


_CALLED = re.compile(r"(?:https?://|www\.)\S+|(?<![a-z0-9.-])[a-z0-9.-]{1,253}\.[a-z]{2,24}/\S*|@[^\s@]+")
_STRETCHED = re.compile(r"(\D)\1+")
_NUMBER = re.compile(r"\d+")


class _Letters(dict[int, int | None]):
    """For ``str.translate``, learned as it goes: letters, their marks and digits stay, the rest parts words."""

    def __missing__(self, code: int) -> int | None:
        category = unicodedata.category(chr(code))
        kept: int | None = code if category[0] in "LMN" else ord(" ")
        if code == ord("'") or category == "Me" or 0xFE00 <= code <= 0xFE0F:
            kept = None  # an apostrophe within a word; what only says how a sign is drawn
        self[code] = kept
        return kept


_LETTERS = _Letters()
