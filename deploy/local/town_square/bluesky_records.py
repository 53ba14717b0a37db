"""What an account may write into its Bluesky repository, and how it asks for it.

Sources: lexicons com.atproto.repo.putRecord and app.bsky.feed.post.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request

from .bluesky_ids import POSTS, cid_of, is_tid
from .bluesky_posts import Post, Record
from .bluesky_sessions import XrpcError
from .writing import graphemes

MOST_GRAPHEMES: Final = 300
MOST_BYTES: Final = 3000

_NOT_SAID: Final = object()


@dataclass(frozen=True, slots=True)
class Write:
    """A call that changes a repository. ``swap`` tells three things apart: not said, null, and a CID."""

    repo: str
    key: str | None
    record: Any
    swap: object

    def may_replace(self, before: Post | None, record: Record) -> bool:
        """Tell whether what is there is what the caller believes; writing the same again is always allowed."""
        if self.swap is _NOT_SAID or (before and before.cid == cid_of(record)):
            return True
        return self.swap == (before.cid if before else None)


async def read_json(request: Request) -> Mapping[str, Any]:
    """Read the body as a JSON object."""
    try:
        content = json.loads(await request.body())
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise XrpcError(400, "InvalidRequest", "Request body is not a JSON object")
    return content


def read_write(content: Mapping[str, Any]) -> Write:
    """Read what shall be written where; only posts are kept here."""
    key = content.get("rkey")
    if content.get("collection") != POSTS:
        raise XrpcError(400, "InvalidRequest", "This square keeps posts only")
    if key is not None and not (isinstance(key, str) and is_tid(key)):
        raise XrpcError(400, "InvalidRequest", f"Invalid record key: {key!r} is not a TID")
    return Write(str(content.get("repo")), key, content.get("record"), content.get("swapRecord", _NOT_SAID))


def checked(record: object) -> Record:
    """Give the record if it is a post as the lexicon describes one."""
    if not isinstance(record, dict):
        raise _invalid("must be an object")
    text, reply = record.get("text"), record.get("reply")
    if record.get("$type") != POSTS:
        raise _invalid(f"$type must be {POSTS}")
    if not isinstance(text, str) or not isinstance(record.get("createdAt"), str):
        raise _invalid("must have the properties text and createdAt")
    if len(text.encode()) > MOST_BYTES:
        raise _invalid(f"text must not be longer than {MOST_BYTES} characters")
    if graphemes(text) > MOST_GRAPHEMES:
        raise _invalid(f"text must not be longer than {MOST_GRAPHEMES} graphemes")
    if reply is not None and not _is_reply(reply):
        raise _invalid("reply must have root and parent, each with uri and cid")
    return record


def _is_reply(reply: object) -> bool:
    if not isinstance(reply, dict):
        return False
    refs = [reply.get("root"), reply.get("parent")]
    return all(isinstance(ref, dict) and all(isinstance(ref.get(each), str) for each in ("uri", "cid")) for ref in refs)


def _invalid(words: str) -> XrpcError:
    return XrpcError(400, "InvalidRequest", f"Invalid {POSTS} record: Record {words}")
