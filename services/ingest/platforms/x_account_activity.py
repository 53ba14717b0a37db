"""X's older payload family, the Account Activity API: lists of v1.1 posts and of messages under ``for_user_id``.

Sources: X developer documentation, "Account Activity API" (introduction, quickstart; announced to end), "Data
dictionary" of v1.1, "Message Create Object"; the announcement of ``tweet_delete_events``. What must stay true:

- ``id`` is a 64-bit number and ``id_str`` the same as text: the text is taken.
- A post over 140 characters comes ``truncated``; its words, names and pictures are in ``extended_tweet``.
- Times are words (``Mon Jan 05 10:00:03 +0000 2026``) in posts, milliseconds as text everywhere else.
- No conversation is named. ``edit_history`` tells the versions of a post.
- Everything about the account comes, its own posts and reposts too. Deletions are announced for whatever posts were
  delivered, while the list of activities names only those by the user: others' are taken if they come.
- A consent taken back names its user in ``user_event`` alone.
- ``direct_message_events`` is in the newer family the same, but for users that stand under ``data``.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial

from services.ingest.domain.entries import Echo, Entry, NewComment, RemovedComment, Revoked, Unused
from services.ingest.domain.moments import plausible
from services.ingest.domain.text import identifier
from services.ingest.platforms.json_body import as_object, unix_milliseconds
from services.ingest.platforms.x_parts import (
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
from services.ingest.platforms.x_posts import Post, entry_of, plain, spoken

REVOKED = "permission_revoked"
_REVOKED_DETAIL = "The account's user took the app's access away on X; authorise the app again."
_WRITTEN_TIME = "%a %b %d %H:%M:%S %z %Y"
_UNUSED: Mapping[str, str] = {
    "favorite_events": "like",
    "follow_events": "follow",
    "block_events": "block",
    "mute_events": "mute",
    "direct_message_indicate_typing_events": "typing",
    "direct_message_mark_read_events": "read",
}


def read_activity(envelope: Part, now: datetime) -> Iterator[Entry]:
    """Everything that a body with ``for_user_id`` says, in its order; raises ``Unreadable`` where that is no id."""
    account = needed(envelope["for_user_id"], "The user")
    for name, value in envelope.items():
        if name == "direct_message_events":
            yield from read_messages(envelope, account, now)
        elif name in _READERS:
            yield from each(value, name, account, partial(_READERS[name], account, now))
        elif name.endswith("_events"):
            yield Unused(account, _UNUSED.get(name, "event"))


def read_user_event(value: object, account: str) -> Entry:
    """A ``user_event``, which is a consent taken back; ``account`` is whose webhook it came to."""
    event = as_object(value, "user_event")
    if "revoke" not in event:
        return Unused(account, "event")
    return revocation(part(part(event, "revoke"), "source").get("user_id"), account)


def revocation(user: object, account: str) -> Revoked:
    """The consent of ``user`` is gone; of ``account`` where the body names nobody."""
    return Revoked(identifier(user) or account, REVOKED, _REVOKED_DETAIL)


def read_messages(envelope: Part, account: str, now: datetime) -> Iterator[Entry]:
    """The ``direct_message_events`` of either family, with the people in ``users``."""
    name = "direct_message_events"
    return each(envelope.get(name), name, account, partial(_read_message, part(envelope, "users"), account, now))


def removal(native_id: object, author: object, at: datetime, account: str) -> Entry:
    """A post is gone; if it was our own, no comment is."""
    comment = needed(native_id, "A deleted post")
    return Unused(account, "own") if identifier(author) == account else RemovedComment(account, comment, at)


def _read_post(account: str, now: datetime, tweet: Part) -> Entry:
    if part(tweet, "retweeted_status"):
        return Unused(account, "repost")
    native_id = _id_of(tweet, "A post")
    user = as_object(tweet.get("user"), "A post's user")
    whole = part(tweet, "extended_tweet") or tweet
    post = Post(
        id=native_id,
        first=_first_version(tweet) or native_id,
        author=person(_id_of(user, "A post's user"), user),
        text=written(whole),
        sent_at=_written_time(tweet.get("created_at")) or now,
        answers=identifier(tweet.get("in_reply_to_status_id_str") or tweet.get("in_reply_to_status_id")),
        answers_to=identifier(tweet.get("in_reply_to_user_id_str") or tweet.get("in_reply_to_user_id")),
        said_language=tweet.get("lang"),
        own_names=own_names(whole, account) or own_names(tweet, account),
        media=media_of(_pictures(whole) or _pictures(tweet)),
    )
    return entry_of(post, account)


def _first_version(tweet: Part) -> str | None:
    history, ids = part(tweet, "edit_history"), tweet.get("edit_history_tweet_ids")
    oldest = ids[0] if isinstance(ids, list) and ids else None
    return identifier(history.get("initial_tweet_id") or oldest)


def _read_removal(account: str, now: datetime, event: Part) -> Entry:
    status = as_object(event.get("status"), "A deletion's status")
    return removal(status.get("id"), status.get("user_id"), _milliseconds(event.get("timestamp_ms")) or now, account)


def _read_message(users: Part, account: str, now: datetime, event: Part) -> Entry:
    if event.get("type", "message_create") != "message_create":
        return Unused(account, "message")
    native_id = needed(event.get("id"), "A message")
    created = as_object(event.get("message_create"), "message_create")
    sender = needed(created.get("sender_id"), "A message's sender")
    if sender == account:
        return Echo(account, native_id, identifier(part(created, "target").get("recipient_id")))
    data = as_object(created.get("message_data"), "message_data")
    user = part(users, sender)
    author = person(sender, part(user, "data") or user)
    text = plain(written(data))
    return NewComment(
        account=account,
        native_id=native_id,
        author_id=sender,
        text=text,
        sent_at=_milliseconds(event.get("created_timestamp")) or now,
        thread=sender,
        author_name=author.name,
        author_handle=author.handle,
        author_followers=author.followers,
        language=spoken(text),
        media=media_of(members([part(data, "attachment").get("media")])),
        public=False,
    )


def _id_of(value: Part, name: str) -> str:
    return needed(value.get("id_str") or value.get("id"), name)


def _pictures(tweet: Part) -> list[Part]:
    """All pictures; ``entities`` has only the first of them."""
    return members((part(tweet, "extended_entities") or part(tweet, "entities")).get("media"))


def _written_time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return plausible(datetime.strptime(value, _WRITTEN_TIME))
    except (ValueError, OverflowError):
        return None


def _milliseconds(value: object) -> datetime | None:
    return unix_milliseconds(value)


_READERS: Mapping[str, Callable[[str, datetime, Part], Entry]] = {
    "tweet_create_events": _read_post,
    "tweet_delete_events": _read_removal,
}
