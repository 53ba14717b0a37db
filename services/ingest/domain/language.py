"""The language of a text: first by its script, then by its small words, then by what the platform says.

Sinhala and Tamil have scripts of their own, and so have some others: there, counting letters is enough. Languages in
Latin letters are told by the words that every sentence of theirs has. Where neither says enough there is no language:
none is better than a wrong one, and policy has rules for it.

Every comment passes here, so it costs a few microseconds: two passes of a regular expression and a look into a
dictionary for each word, over the beginning of the text. A statistical model would tell more languages apart; the one
that was tried (py3langid) takes 100 MB and most of a second at each start for texts that hardly ever come.
"""

import re
from collections import Counter
from typing import NamedTuple

from services.ingest.domain.language_words import LANGUAGES, TAGS_OF


class Language(NamedTuple):
    """What a text is written in: a BCP 47 tag, and how sure that is (0 to 1)."""

    tag: str
    confidence: float


SURE = 0.6
"""From here on, what the text says outweighs what the platform says."""

SAID = 0.9
"""How sure a platform's word is: mostly it is the setting of somebody's app."""

_SAMPLE_CHARACTERS = 400
_MOSTLY = 0.6
_MOSTLY_OURS = 0.4
"""Sentences in Sinhala and Tamil borrow words and names in Latin letters; others borrow none in theirs."""

_LEAST_WORDS = 2
_LEAST_SHARE = 0.25
_LEAD = 0.6
"""The next language may have at most this share of the words that the first one has."""

_FEW_WORDS = 3
_LEAST_LETTERS = 4
_HARDLY_SURE = 0.5
"""Of a text of few words, one that no other language has and that is long enough to be no accident."""

_MOST_SURE = 0.95
_MOST_SURE_ROMANISED = 0.75
"""Spelling is free there, so one is never quite sure."""

_NO_PROSE = re.compile(r"https?://\S+|[@#]\w+")
_RUN = re.compile(
    "(?P<latn>[A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]+)"
    "|(?P<si>[\u0d80-\u0dff]+)|(?P<ta>[\u0b80-\u0bff]+)"
    "|(?P<dv>[\u0780-\u07bf]+)|(?P<he>[\u05d0-\u05ea]+)|(?P<th>[\u0e01-\u0e4e]+)|(?P<lo>[\u0e81-\u0ecd]+)"
    "|(?P<km>[\u1780-\u17d3]+)|(?P<ka>[\u10a0-\u10ff]+)|(?P<hy>[\u0531-\u0587]+)|(?P<el>[\u0370-\u03ff\u1f00-\u1fff]+)"
    "|(?P<ko>[\uac00-\ud7a3\u1100-\u11ff]+)|(?P<ja>[\u3041-\u30ff]+)|(?P<hani>[\u4e00-\u9fff\u3400-\u4dbf]+)"
    "|(?P<ml>[\u0d00-\u0d7f]+)|(?P<te>[\u0c00-\u0c7f]+)|(?P<kn>[\u0c80-\u0cff]+)|(?P<gu>[\u0a80-\u0aff]+)"
    "|(?P<pa>[\u0a00-\u0a7f]+)|(?P<or>[\u0b00-\u0b7f]+)|(?P<other>[^\\W\\d_]+)"
)
_OURS = {"si": re.compile("[\u0d80-\u0dff]+"), "ta": re.compile("[\u0b80-\u0bff]+")}
_SHARED = frozenset({"latn", "hani", "other"})
"""Scripts that many languages are written in (Arabic, Cyrillic and Devanagari are among the others)."""

_LATIN_LETTER = re.compile("[A-Za-z]")
_WORD = re.compile("[a-z\u00df-\u00f6\u00f8-\u024f]+(?:'[a-z]+)?")
_IN_LATIN_LETTERS = frozenset(tag for tag in LANGUAGES if "-" not in tag)
_NO_LANGUAGE = frozenset({"und", "zxx", "mul", "mis"})
_TAG = re.compile("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")


def identify(text: str, said: object = None) -> Language | None:
    """The language of ``text``, or None. ``said`` is the platform's word, believed where the text says little."""
    prose = text[:_SAMPLE_CHARACTERS]
    if "@" in prose or "#" in prose or "://" in prose:
        prose = _NO_PROSE.sub(" ", prose)
    script, share = _script(prose)
    if script is None:
        return None
    if script not in _SHARED:
        return Language(script, round(0.5 + share / 2, 2))
    read = _by_words(prose) if script == "latn" else None
    if read is not None and read.confidence >= SURE:
        return read
    return _believed(said, read, script) if isinstance(said, str) and is_tag(said) else read


def _script(prose: str) -> tuple[str | None, float]:
    """The script that most letters belong to, and their share; a script of one language by the tag of that one."""
    if prose.isascii():
        return ("latn", 1.0) if _LATIN_LETTER.search(prose) else (None, 0.0)
    for ours, runs in _OURS.items():
        # Most texts end here. Even with every other sign counted against it, it is mostly in this script.
        if sum(map(len, runs.findall(prose))) >= _MOSTLY * (len(prose) - prose.count(" ")):
            return ours, 1.0
    letters: Counter[str] = Counter()
    for run in _RUN.finditer(prose):
        letters[run.lastgroup or "other"] += run.end() - run.start()
    total = letters.total()
    if not total:
        return None, 0.0
    if letters["ja"]:
        letters["ja"] += letters.pop("hani", 0)
    ours = max("si", "ta", key=letters.__getitem__)
    most = ours if letters[ours] >= _MOSTLY_OURS * total else max(letters, key=letters.__getitem__)
    share = letters[most] / total
    return (most, share) if most in _SHARED or most == ours or share >= _MOSTLY else ("other", share)


def _by_words(prose: str) -> Language | None:
    """The language whose small words stand there, if it has enough of them and no other comes near."""
    words = _WORD.findall(prose.lower().replace("\u2019", "'"))
    standing: dict[str, list[str]] = {}
    for word in words:
        for tag in TAGS_OF.get(word, ()):
            standing.setdefault(tag, []).append(word)
    if not standing:
        return None
    tag = max(standing, key=lambda one: len(standing[one]))
    own = standing.pop(tag)
    if max(map(len, standing.values()), default=0) > _LEAD * len(own):
        return None
    share = len(own) / len(words)
    if len(set(own)) >= _LEAST_WORDS and share >= _LEAST_SHARE:
        most = _MOST_SURE_ROMANISED if "-" in tag else _MOST_SURE
        return Language(tag, round(min(0.35 + 0.4 * share + 0.05 * min(len(own), 6), most), 2))
    if not standing and len(words) <= _FEW_WORDS and max(map(len, own)) >= _LEAST_LETTERS:
        return Language(tag, _HARDLY_SURE)
    return None


def _believed(said: str, read: Language | None, script: str) -> Language | None:
    """What remains of the platform's word beside a text that says little itself."""
    primary = said.partition("-")[0].lower()
    if primary in _NO_LANGUAGE or "qaa" <= primary <= "qtz" or (script != "latn" and primary in _IN_LATIN_LETTERS):
        return read
    if read is not None and read.tag.partition("-")[0] == primary:
        return Language(max(read.tag, said, key=len), SAID)
    return Language(said, SAID)


def is_tag(value: str) -> bool:
    """Whether ``value`` has the shape of a BCP 47 language tag."""
    return _TAG.fullmatch(value) is not None
