"""What posts and messages look like to X's clients.

Sources: X developer documentation, "Data dictionary" of v2, "Metrics", "Direct Messages lookup". Text comes with ``&``,
``<`` and ``>`` escaped, each link as ``https://t.co/…``, and a reply begins with the name of who is answered.
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any, Final

from .clock import rfc3339
from .x_posts import Post, XPosts

_LINK: Final = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,:;!?')\]]")
_LINK_WEIGHT: Final = 23
_LIGHT: Final = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247), (0x1F1E6, 0x1F1FF))
"""What weighs 1; of a flag each of the two letters."""
_JOINER: Final = "\u200d"
_SHADES: Final = re.compile("[\ufe0f\U0001f3fb-\U0001f3ff]")
"""What only changes the emoji before it."""
_USUAL: Final = ("id", "text", "edit_history_tweet_ids")


def weight(text: str) -> int:
    """Count as X does: a link as 23, an emoji as 2 whatever it is joined from, other signs by their scripts."""
    rest, links = _LINK.subn("", unicodedata.normalize("NFC", text))
    counted, joined = links * _LINK_WEIGHT, False
    for sign in rest:
        if sign == _JOINER:
            joined = True
        elif joined:
            joined = False
        elif not _SHADES.fullmatch(sign):
            counted += 1 if _is_light(ord(sign)) else 2
    return counted


def _is_light(code: int) -> bool:
    return any(first <= code <= last for first, last in _LIGHT)


def shown_post(post: Post, posts: XPosts, numbers: Mapping[str, int]) -> dict[str, Any]:
    """Describe a post; ``numbers`` are told of it, answers are counted."""
    text, entities = _written(post.text)
    shown: dict[str, Any] = {
        "id": str(post.id),
        "text": f"@{_name_of(post.parent)} {text}" if post.parent else text,
        "edit_history_tweet_ids": [str(post.id)],
        "author_id": post.account,
        "conversation_id": post.parent or str(post.id),
        "created_at": rfc3339(post.created_at),
        "public_metrics": {
            "retweet_count": 0,
            "reply_count": posts.count_under(post.id),
            "like_count": 0,
            "quote_count": 0,
            "bookmark_count": 0,
            "impression_count": 0,
            **numbers,
        },
    }
    if post.parent:
        shown["referenced_tweets"] = [{"type": "replied_to", "id": post.parent}]
    return shown | ({"entities": entities} if entities else {})


def with_fields(shown: Mapping[str, Any], wanted: Collection[str]) -> dict[str, Any]:
    """What of a post was asked for, and what always comes."""
    return {name: value for name, value in shown.items() if name in wanted or name in _USUAL}


def shown_message(message: Post) -> dict[str, Any]:
    """Describe a private message."""
    text, entities = _written(message.text)
    event = {
        "id": str(message.id),
        "event_type": "MessageCreate",
        "text": text,
        "sender_id": message.account,
        "created_at": rfc3339(message.created_at),
    }
    return event | ({"entities": entities} if entities else {})


def conversation_of(message: Post) -> str:
    """Name a conversation of two as X does: both ids, the smaller first."""
    assert message.receiver is not None
    return "-".join(sorted((message.account, message.receiver), key=lambda user: (len(user), user)))


def _written(text: str) -> tuple[str, dict[str, Any]]:
    links = dict.fromkeys(link[0] for link in _LINK.finditer(text))
    urls = [(link, "https://t.co/" + hashlib.sha256(link.encode()).hexdigest()[:10]) for link in links]
    for written, short in urls:
        text = text.replace(written, short)
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped, {"urls": [{"url": short, "expanded_url": written} for written, short in urls]} if urls else {}


def _name_of(parent: str) -> str:
    """The name of who wrote a post, which nobody knows here, so that it is made from the id."""
    return f"citizen{parent[-6:]}"
