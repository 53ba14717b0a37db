"""What a post on Bluesky is to Parley, wherever it was read: one set of rules for lists, single posts and streams.

Sources: atproto lexicons ``app.bsky.feed.post``, ``app.bsky.feed.defs`` and ``app.bsky.actor.defs``; atproto
specifications, "AT URI". What must stay true:

- A post is known by its address, ``at://<did>/app.bsky.feed.post/<key>``; its CID names one version of it. Whoever
  sees a post first sees some version: that one is the text as first written. Every other version is an edit, and its
  CID is the edit's key.
- A record says itself which conversation it is in, and at which post that began. If that post is ours, it is no
  thread: a direct answer to it begins one, and a deeper one stands where its parent stands.
- ``createdAt`` is what the author's client claims. Imported posts are years old on arrival, wrong clocks are ahead; a
  draft written offline is late by minutes. So it is believed up to a day before the platform saw the post, never after.
- Our own name at the head is how people address us, not what they say.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.ingest.domain import language
from services.ingest.domain.entries import ORIGINAL, Echo, EditedComment, Entry, NewComment, Unused
from services.ingest.domain.refusals import Unreadable
from services.ingest.domain.text import clean, clean_name, identifier
from services.ingest.platforms.bluesky_parts import embeds, media_of, mentions
from services.ingest.platforms.json_body import as_object, timestamp

COLLECTION = "app.bsky.feed.post"

MOST_DRAFT_AGE = timedelta(days=1)
"""An older claim is no draft, but an import or a wrong clock."""
_URI = re.compile(rf"at://did:[a-z]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._-]/{re.escape(COLLECTION)}/[A-Za-z0-9._:~-]+")


@dataclass(frozen=True, slots=True)
class Post:
    """One version of a post: its address and author, its CID, the record as written, and when the platform saw it."""

    uri: str
    author: str
    cid: str
    record: Mapping[str, Any]
    seen_at: datetime
    handle: str | None = None
    name: str | None = None


def post_view(view: Mapping[str, Any], now: datetime) -> Post:
    """A post as lists and ``getPosts`` show it; raises ``Unreadable``."""
    uri = post_uri(view.get("uri"))
    author = as_object(view.get("author"), "A post's author")
    cid = identifier(view.get("cid"))
    if cid is None:
        raise Unreadable("A post has no CID.")
    return Post(
        uri=uri,
        author=repo_of(uri),
        cid=cid,
        record=as_object(view.get("record"), "A post's record"),
        seen_at=timestamp(view.get("indexedAt")) or now,
        handle=clean_name(author.get("handle")),
        name=clean_name(author.get("displayName")),
    )


def new_entry(post: Post, account: str) -> Entry:
    """What ``post`` says to ``account`` if it is seen for the first time; raises ``Unreadable``."""
    return _entry(post, account, NewComment)


def edited_entry(post: Post, account: str) -> Entry:
    """What ``post`` says to ``account`` if it is another version of one that is known; raises ``Unreadable``."""
    return _entry(post, account, EditedComment)


def post_uri(value: object) -> str:
    """The address of a post, with the author's DID in it; raises ``Unreadable`` for anything else."""
    uri = identifier(value)
    if uri is None or not is_post(uri):
        raise Unreadable("A post has no address, or not one of a post.")
    return uri


def is_post(uri: str) -> bool:
    """Whether an address can be that of a post."""
    return _URI.fullmatch(uri) is not None


def repo_of(uri: str) -> str:
    """The DID of whoever wrote what lies at an address."""
    return uri.removeprefix("at://").partition("/")[0]


def named(record: Mapping[str, Any]) -> frozenset[str]:
    """The DIDs whom a record concerns: mentioned, answered (the parent or the root is theirs), or quoted."""
    found = {did for _, _, did in mentions(record)}
    reply = record.get("reply")
    refs = [reply.get("root"), reply.get("parent")] if isinstance(reply, dict) else []
    refs += [embed.get("record") for kind, embed in embeds(record) if kind == "app.bsky.embed.record"]
    uris = [ref.get("uri") for ref in refs if isinstance(ref, dict)]
    return frozenset(found | {repo_of(uri) for uri in uris if isinstance(uri, str) and uri.startswith("at://")})


def _entry(post: Post, account: str, kind: type[NewComment] | type[EditedComment]) -> Entry:
    thread, parent = _place(post, account)
    edited = kind is EditedComment
    if post.author == account:
        return (
            Unused(account, "own") if edited or "reply" not in post.record else Echo(account, post.uri, thread, parent)
        )
    text = _text(post.record, account)
    langs = post.record.get("langs")
    return kind(
        account=account,
        native_id=post.uri,
        author_id=post.author,
        text=text,
        sent_at=_sent_at(post),
        thread=thread,
        parent=parent,
        author_name=post.name,
        author_handle=post.handle,
        language=language.identify(text, langs[0] if isinstance(langs, list) and langs else None),
        media=media_of(post.record),
        revision=post.cid if edited else ORIGINAL,
        edited_at=post.seen_at if edited else None,
    )


def _place(post: Post, account: str) -> tuple[str | None, str | None]:
    """Thread and parent."""
    reply = post.record.get("reply")
    if reply is None:
        return post.uri, None
    root, parent = (_ref(reply, name) for name in ("root", "parent"))
    if repo_of(root) != account:
        return root, parent
    return (post.uri, None) if parent == root else (None, parent)


def _ref(reply: object, name: str) -> str:
    uri = identifier(as_object(as_object(reply, "A reply").get(name), f"A reply's {name}").get("uri"))
    if uri is None:
        raise Unreadable(f"A reply's {name} has no address.")
    return uri


def _sent_at(post: Post) -> datetime:
    claimed = timestamp(post.record.get("createdAt"))
    if claimed is not None and timedelta() <= post.seen_at - claimed <= MOST_DRAFT_AGE:
        return claimed
    return post.seen_at


def _text(record: Mapping[str, Any], account: str) -> str:
    text = record.get("text")
    if not isinstance(text, str):
        raise Unreadable("A post has no text.")
    written = text.encode("utf-8", "surrogatepass")
    for start, end in reversed(_own_names_at_the_head(written, record, account)):
        written = written[:start] + written[end:].lstrip()
    return clean(written.decode("utf-8", "ignore")).strip()


def _own_names_at_the_head(written: bytes, record: Mapping[str, Any], account: str) -> list[tuple[int, int]]:
    """Where our own name stands in the run of names that a text begins with."""
    found, reached = [], 0
    for start, end, did in sorted(mentions(record)):
        name = written[start:end]
        # Facets are whatever the author put there: only what reads like a name is one.
        if written[reached:start].strip() or not name.startswith(b"@") or len(name.split()) != 1:
            break
        reached = end
        if did == account:
            found.append((start, end))
    return found
