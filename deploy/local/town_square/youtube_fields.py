"""Partial responses, as Google's APIs give them: ``fields=kind,items(id,snippet(publishedAt))`` keeps nothing else.

Source: YouTube Data API, "Getting started", "The fields parameter". A path is written with ``/`` or with brackets,
``*`` means everything; what a selection names and is not there is left out without a word.
"""

import re
from typing import Any, Final

from .youtube_errors import YouTubeError, bad_request

_TOKEN: Final = re.compile(r"[A-Za-z0-9_*]+|[(),/]")

Selection = dict[str, "Selection"]
"""What to keep, by name; an empty selection below a name keeps all of it."""


def selected(content: Any, fields: str | None) -> Any:
    """Give what the ``fields`` of a call select; everything if they are not given."""
    return _kept(content, _parsed(fields)) if fields else content


def _kept(content: Any, selection: Selection) -> Any:
    if not selection:
        return content
    if isinstance(content, list):
        return [_kept(each, selection) for each in content]
    if not isinstance(content, dict):
        return content
    if "*" in selection:
        return {name: _kept(value, selection["*"]) for name, value in content.items()}
    return {name: _kept(content[name], below) for name, below in selection.items() if name in content}


def _parsed(fields: str) -> Selection:
    tokens = _TOKEN.findall(fields)
    if "".join(tokens) != fields:
        raise _invalid(fields)
    selection = _read(tokens, fields)
    if tokens:
        raise _invalid(fields)
    return selection


def _read(tokens: list[str], fields: str) -> Selection:
    """Read paths up to a closing bracket, which is left, or the end."""
    found: Selection = {}
    while True:
        below = _path(tokens, found, fields)
        if tokens[:1] == ["("]:
            tokens.pop(0)
            below.update(_read(tokens, fields))
            if tokens[:1] != [")"]:
                raise _invalid(fields)
            tokens.pop(0)
        if tokens[:1] != [","]:
            return found
        tokens.pop(0)


def _path(tokens: list[str], selection: Selection, fields: str) -> Selection:
    """Read names with ``/`` between them into a selection; give what is selected below the last one."""
    while True:
        if not tokens or tokens[0] in "(),/":
            raise _invalid(fields)
        selection = selection.setdefault(tokens.pop(0), {})
        if tokens[:1] != ["/"]:
            return selection
        tokens.pop(0)


def _invalid(fields: str) -> YouTubeError:
    return bad_request("invalidParameter", f"Invalid field selection {fields}")
