"""Jetstream: everything that is written on the network, as it is written, and which of it concerns an account.

Source: Jetstream, README. What must stay true:

- It cannot be asked for mentions: every post of the network comes by, and is looked at.
- An event is a claim of the server that we asked; nothing is signed. It may come twice, so nothing may depend on its
  coming once.
- ``time_us`` is the server's clock in microseconds, and the cursor from which it repeats. It keeps about 36 hours and
  begins silently later if asked for more.
- A deletion names an address and nothing else; an update has the whole record, but not what it replaces.
- An event names its author by DID only: handle and name have to be asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from services.ingest.domain.entries import Entry, RemovedComment
from services.ingest.domain.refusals import Unreadable
from services.ingest.domain.text import identifier
from services.ingest.platforms.bluesky_posts import COLLECTION, Post, edited_entry, named, new_entry, post_uri, repo_of
from services.ingest.platforms.json_body import as_object, parse_object

Operation = Literal["create", "update", "delete"]

_OPERATIONS: Mapping[str, Operation] = {"create": "create", "update": "update", "delete": "delete"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PostEvent:
    """Something that happened to a post. ``record`` is empty for a deletion, ``cid`` too."""

    operation: Operation
    uri: str
    time_us: int
    cid: str = ""
    record: Mapping[str, Any] | None = None

    @property
    def at(self) -> datetime:
        """When the server saw it."""
        return _EPOCH + timedelta(microseconds=self.time_us)

    @property
    def author(self) -> str:
        """Who wrote the post."""
        return repo_of(self.uri)

    @property
    def concerns(self) -> frozenset[str]:
        """The DIDs whom the record names: mentioned, answered or quoted."""
        return named(self.record) if self.record is not None else frozenset()


@dataclass(frozen=True, slots=True)
class Frame:
    """One event of the stream: its place there, and what happened to a post (None for all other events)."""

    time_us: int
    event: PostEvent | None


def read_frame(frame: bytes) -> Frame:
    """What one frame of the stream says; raises ``Unreadable``."""
    content = parse_object(frame)
    time_us = content.get("time_us")
    if type(time_us) is not int or not 0 <= time_us < 1 << 53:
        raise Unreadable("An event has no time.")
    if content.get("kind") != "commit":
        return Frame(time_us, None)
    commit = as_object(content.get("commit"), "A commit")
    operation = _OPERATIONS.get(str(commit.get("operation")))
    if commit.get("collection") != COLLECTION or operation is None:
        return Frame(time_us, None)
    uri = post_uri(f"at://{content.get('did')}/{COLLECTION}/{commit.get('rkey')}")
    if operation == "delete":
        return Frame(time_us, PostEvent(operation, uri, time_us))
    record = as_object(commit.get("record"), "A commit's record")
    return Frame(time_us, PostEvent(operation, uri, time_us, identifier(commit.get("cid")) or "", record))


def entry_of(event: PostEvent, account: str) -> Entry:
    """What ``event`` means to ``account``, whom it concerns or who has the post; raises ``Unreadable``.

    The author is named by DID only.
    """
    if event.operation == "delete" or event.record is None:
        return RemovedComment(account, event.uri, event.at)
    post = Post(event.uri, event.author, event.cid, event.record, event.at)
    return new_entry(post, account) if event.operation == "create" else edited_entry(post, account)
