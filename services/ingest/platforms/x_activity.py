"""X's newer payload family, the X Activity API: one event a body, around v2 posts; and the page of posts that name us.

Sources: X developer documentation, "X Activity API" (introduction, event payloads), "Edit Posts", "Data dictionary"
of v2, "User mentions timeline". What must stay true:

- ``event_uuid`` tells deliveries apart, not comments: one post may fire two events (a reply that also names us).
- ``includes`` may be empty, and has users and posts under ``data`` in some events, bare in others.
- ``post.reply.create`` fires for direct answers to our posts only, ``post.mention.create`` for names in the text.
- ``post.create`` and ``post.delete`` are about the posts of the user subscribed to: what others delete is not told.
- A long post is cut short in ``text``; ``note_tweet`` has all of it.
- ``dm.*`` carries the messages of the older family. ``chat.*`` is encrypted, and only counted.
- ``oauth.revoke`` may come without a filter; its payload names the user.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import Entry, Malformed, Reading, Unused
from services.ingest.domain.refusals import Unreadable
from services.ingest.domain.text import identifier
from services.ingest.platforms.json_body import as_list, as_object, count, timestamp
from services.ingest.platforms.x_account_activity import read_messages, removal, revocation
from services.ingest.platforms.x_parts import (
    NOTHING,
    Part,
    each,
    media_of,
    members,
    needed,
    own_names,
    part,
    person,
    written,
)
from services.ingest.platforms.x_posts import Post, entry_of

_POSTS = frozenset({"post.create", "post.reply.create", "post.mention.create", "post.quote.create"})
_MESSAGES = frozenset({"dm.received", "dm.sent"})
_UNUSED: Mapping[str, str] = {
    "post.repost.create": "repost",
    "like.create": "like",
    "follow.follow": "follow",
    "follow.unfollow": "follow",
    "block.block": "block",
    "block.unblock": "block",
    "mute.mute": "mute",
    "mute.unmute": "mute",
    "dm.indicate_typing": "typing",
    "dm.read": "read",
    "chat.received": "chat",
    "chat.sent": "chat",
    "chat.conversation_join": "chat",
}


@dataclass(frozen=True, slots=True)
class _Includes:
    """What a body tells beside its posts: people by id, pictures by key, the first versions of other posts by id."""

    users: Mapping[str, Part]
    pictures: Mapping[str, Part]
    firsts: Mapping[str, str]

    def first(self, value: object) -> str | None:
        """The first version of a post: people answer whichever version they saw."""
        native_id = identifier(value)
        return None if native_id is None else self.firsts.get(native_id, native_id)


def read_event(value: object, account: Account, now: datetime) -> Iterator[Entry]:
    """What one event says; raises ``Unreadable`` where it is none."""
    event = as_object(value, "data")
    kind = event.get("event_type")
    if not isinstance(kind, str):
        raise Unreadable("The event has no type.")
    addressed = identifier(part(event, "filter").get("user_id")) or account.account
    try:
        yield from _read_payload(kind, event, addressed, now)
    except Unreadable as error:
        yield Malformed(addressed, error.reason)


def read_mentions(value: object, account: Account, now: datetime) -> Reading:
    """The posts on a page of ``GET /2/users/:id/mentions``, oldest first; raises ``Unreadable``.

    Asked for with the expansions ``author_id``, ``attachments.media_keys`` and ``referenced_tweets.id`` and with the
    fields that are read here. Where nothing is new the page has only ``meta``.
    """
    page = as_object(value, "The page")
    if "data" not in page and "meta" not in page:
        raise Unreadable("The page has neither posts nor meta.")
    posts = as_list(page.get("data", []), "The page's data")
    read = partial(_read_post, _included(page), account.account, now)
    return tuple(each(posts[::-1], "data", account.account, read))


def _read_payload(kind: str, event: Part, account: str, now: datetime) -> Iterator[Entry]:
    payload = part(event, "payload")
    if kind in _POSTS:
        # Only direct answers to our own posts are told as replies, whether or not the post says whom it answers.
        answered = account if kind == "post.reply.create" else None
        yield _read_post(_included(event), account, now, payload, answered)
    elif kind in _MESSAGES:
        yield from read_messages(payload, account, now)
    elif kind == "post.delete":
        yield removal(payload.get("id"), payload.get("author_id"), now, account)
    elif kind == "oauth.revoke":
        yield revocation(payload.get("user_id"), account)
    else:
        yield Unused(account, _UNUSED.get(kind, "event"))


def _read_post(includes: _Includes, account: str, now: datetime, post: Part, answered: str | None = None) -> Entry:
    referenced = {str(one.get("type")): one.get("id") for one in members(post.get("referenced_tweets"))}
    if "retweeted" in referenced:
        return Unused(account, "repost")
    native_id = needed(post.get("id"), "A post")
    author = needed(post.get("author_id"), "A post's author")
    whole = part(post, "note_tweet") or post
    return entry_of(
        Post(
            id=native_id,
            first=_first_version(post) or native_id,
            author=person(author, includes.users.get(author, NOTHING)),
            text=written(whole),
            sent_at=timestamp(post.get("created_at")) or now,
            answers=includes.first(post.get("in_reply_to_tweet_id") or referenced.get("replied_to")),
            answers_to=identifier(post.get("in_reply_to_user_id")) or answered,
            conversation=includes.first(post.get("conversation_id")),
            said_language=post.get("lang"),
            own_names=own_names(whole, account) or own_names(post, account),
            media=media_of(_pictures(post, includes)),
            reach=count(part(post, "public_metrics").get("impression_count")),
        ),
        account,
    )


def _included(body: Part) -> _Includes:
    includes = part(body, "includes")
    users, tweets = _by("id", includes.get("users")), _by("id", includes.get("tweets"))
    firsts = {native_id: first for native_id, tweet in tweets.items() if (first := _first_version(tweet))}
    return _Includes(users, _by("media_key", includes.get("media")), firsts)


def _by(key: str, value: object) -> dict[str, Part]:
    items = [part(item, "data") or item for item in members(value)]
    return {item[key]: item for item in items if isinstance(item.get(key), str)}


def _first_version(post: Part) -> str | None:
    history = post.get("edit_history_tweet_ids")
    return identifier(history[0]) if isinstance(history, list) and history else None


def _pictures(post: Part, includes: _Includes) -> list[Part]:
    """What is attached; of what the body does not describe, its key alone."""
    keys = part(post, "attachments").get("media_keys")
    known = [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else []
    return [includes.pictures.get(key, {"media_key": key}) for key in known]
