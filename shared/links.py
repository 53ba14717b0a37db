"""Links in a text, as platforms find them: with ``https://`` before it or as a bare name, without the stop after it.

Source: twitter-text, whose patterns X and Mastodon use.
"""

import re
from collections.abc import Iterator

_LABEL = r"[^\W_](?:[\w-]*[^\W_])?"
_HOST = rf"(?P<names>(?:{_LABEL}\.)+)(?P<top>xn--[a-z0-9-]+|[^\W\d_]{{2,}}+)"
_LETTERS = r"a-z0-9\u00c0-\u024f\u0400-\u04ff"
_IN_PATH = rf"[{_LETTERS}!*';:=+,.$/%#\[\]\-\u2013_~@|&?]"
_PAIR = rf"\({_IN_PATH}*\)"
_PATH = rf"(?P<path>[/?#](?:(?:{_IN_PATH}|{_PAIR})*(?:[{_LETTERS}=_#/+\-]|{_PAIR}))?)?"
_LINK = re.compile(rf"(?<![\w@#$/.-])(?P<protocol>https?://)?{_HOST}(?::\d+)?(?!\w*@){_PATH}", re.IGNORECASE)


def found_in(text: str) -> Iterator[re.Match[str]]:
    """Each link with its groups ``protocol`` (None for a bare name), ``names``, ``top`` and ``path`` (None without)."""
    return _LINK.finditer(text)


def without_addressed(text: str) -> tuple[str, int]:
    """The text without its links that name a protocol, and how many these are."""
    addressed = 0

    def taken_out(link: re.Match[str]) -> str:
        nonlocal addressed
        addressed += link["protocol"] is not None
        return "" if link["protocol"] else link[0]

    return _LINK.sub(taken_out, text), addressed
