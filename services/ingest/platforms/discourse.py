"""Discourse: posts of a forum, told by a webhook that its administrator has set up.

Sources: Discourse's own code (``emit_web_hook_event.rb``, ``web_hook.rb``, ``web_hook_post_serializer.rb``,
``post_revisor.rb``, ``post_destroyer.rb``). What must stay true:

- Without a secret Discourse signs nothing, so that a body without a signature is refused. The content type may say
  ``application/x-www-form-urlencoded``: the body is JSON all the same.
- The event id is that of the delivery and new with each retry. A repeat is told by the post's id; an edit by version
  and text, because edits within five minutes keep the version. An edit of only the title or the tags comes as an edit.
- A topic is the conversation. Its id could be a post's, so a thread is ``t<topic id>``. ``reply_to_post_number`` counts
  within the topic and is no post's id: nobody is told which post is answered.
- A post that its author deletes first reads otherwise ("post deleted by author"), then is told as destroyed with
  ``user_deleted``. What is recovered stays deleted here. When a topic goes, only its first post is told as destroyed.
- ``account`` is the agency's username, whatever its case; its posts are echoes. People of the system have negative ids,
  and a ``post_type`` other than 1 is a note of the system or of the staff.
- ``raw`` is the Markdown as typed. What was uploaded stands in it by an ``upload://`` address.
- A hook that is not bound to categories or tags also tells the private messages between other people.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from services.ingest.domain import language
from services.ingest.domain.accounts import Account, SecretSet
from services.ingest.domain.entries import (
    ORIGINAL,
    UNKNOWN_AUTHOR,
    Echo,
    EditedComment,
    Entry,
    HiddenComment,
    Media,
    MediaKind,
    NewComment,
    Reading,
    RemovedComment,
    ShownComment,
    Unused,
)
from services.ingest.domain.refusals import BadSignature, Unreadable
from services.ingest.domain.text import clean, clean_name, identifier, required_identifier
from services.ingest.platforms.base import TOKEN, Headers, Platform, Says, Webhook
from services.ingest.platforms.html_text import to_text
from services.ingest.platforms.json_body import as_object, count, parse_object, timestamp

Post = Mapping[str, Any]

_SIGNATURE_HEADER = "x-discourse-event-signature"
_CREATED, _EDITED, _DESTROYED, _RECOVERED = "post_created", "post_edited", "post_destroyed", "post_recovered"
_UNUSED = frozenset({"ping", "topic", "user", "group", "category", "tag", "reviewable", "notification", "user_badge"})
_REGULAR = 1
_MOST_MEDIA = 30
# ![name|690x388](upload://…), ![name|video](upload://…), [name|attachment](upload://…)
_UPLOAD = re.compile(r"(!?)\[([^\[\]|\n]*)(?:\|([^\[\]\n]{0,64}))?\]\((upload://[\w.-]{1,128})\)")
_UPLOADED: Mapping[str, MediaKind] = {"video": "video", "audio": "audio", "attachment": "file"}


def authenticate(body: bytes, headers: Headers, secrets: Sequence[SecretSet], now: datetime) -> None:
    """Check ``X-Discourse-Event-Signature: sha256=<hex>``, an HMAC-SHA256 of the body under the hook's secret."""
    given = headers.get(_SIGNATURE_HEADER, "").encode()
    # Every live secret is tried, so that the time taken does not tell which one it was.
    matches = [hmac.compare_digest(_signature(body, generation["secret"]), given) for generation in secrets]
    if not any(matches):
        raise BadSignature


def read(body: bytes, headers: Headers, account: Account, now: datetime) -> Reading:
    """What happened to a post; raises ``Unreadable``."""
    envelope = parse_object(body)
    kind = headers.get("x-discourse-event-type", "")
    if kind != "post":
        return (Unused(account.account, kind if kind in _UNUSED else "event"),)
    return read_post(headers.get("x-discourse-event", ""), as_object(envelope.get("post"), "The post"), account, now)


def read_post(event: str, post: Post, account: Account, now: datetime) -> Reading:
    """What an event says of a post; raises ``Unreadable``."""
    native_id = required_identifier(post.get("id"), "The post has no id.")
    if useless := _useless(event, post, account):
        return (Unused(account.account, useless),)
    if event == _DESTROYED or post.get("user_deleted") is True or post.get("deleted_at") is not None:
        gone_since = timestamp(post.get("deleted_at")) or timestamp(post.get("updated_at")) or now
        return (RemovedComment(account.account, native_id, gone_since),)
    thread = f"t{required_identifier(post.get('topic_id'), 'The post has no topic.')}"
    if _is_ours(post, account):
        return (Echo(account.account, native_id, thread),)
    return tuple(_read_text(post, account, native_id, thread, now, edited=event == _EDITED))


def _useless(event: str, post: Post, account: Account) -> str | None:
    """As what an event is counted of which nothing is used; None for one that says something of a comment."""
    if event not in (_CREATED, _EDITED, _DESTROYED):
        return _RECOVERED if event == _RECOVERED else "post"
    author = post.get("user_id")
    if post.get("post_type", _REGULAR) != _REGULAR or (isinstance(author, int) and author < 0):
        return "system"
    # What becomes of our own reply changes nothing for the citizen's comment.
    return "own" if event != _CREATED and _is_ours(post, account) else None


def _is_ours(post: Post, account: Account) -> bool:
    username = post.get("username")
    return isinstance(username, str) and username.casefold() == account.account.casefold()


def _read_text(
    post: Post, account: Account, native_id: str, thread: str, now: datetime, *, edited: bool
) -> list[Entry]:
    """The text, and that it cannot be seen if the forum has hidden it after flags."""
    text = clean(_words(post))
    changed_at = timestamp(post.get("updated_at")) or now
    kind = EditedComment if edited else NewComment
    comment = kind(
        account=account.account,
        native_id=native_id,
        author_id=identifier(post.get("user_id")) or identifier(post.get("username")) or UNKNOWN_AUTHOR,
        text=text,
        sent_at=timestamp(post.get("created_at")) or changed_at,
        thread=thread,
        author_name=clean_name(post.get("name")) or clean_name(post.get("username")),
        author_handle=clean_name(post.get("username")),
        language=language.identify(text),
        media=_media(text),
        public=post.get("topic_archetype") != "private_message",
        reach=count(post.get("reads")),
        revision=_edit_key(post, text) if edited else ORIGINAL,
        edited_at=changed_at if edited else None,
    )
    if post.get("hidden") is True:
        return [comment, HiddenComment(account.account, native_id, changed_at)]
    # Nothing tells that a post can be seen again but that it is edited and not hidden.
    is_shown = edited and post.get("hidden") is False
    return [comment, ShownComment(account.account, native_id, changed_at)] if is_shown else [comment]


def _words(post: Post) -> str:
    """The Markdown as typed, or what is left of its HTML; raises ``Unreadable`` where there is neither."""
    raw, cooked = post.get("raw"), post.get("cooked")
    if isinstance(raw, str):
        return raw
    if isinstance(cooked, str):
        return to_text(cooked)
    raise Unreadable("The post has no text.")


def _media(text: str) -> tuple[Media, ...]:
    return tuple(_upload(*found.groups()) for found in islice(_UPLOAD.finditer(text), _MOST_MEDIA))


def _upload(shown: str, name: str, form: str | None, address: str) -> Media:
    kind = _UPLOADED.get(form or "", "image" if shown else "file")
    return Media(kind, native_id=address, name=clean_name(name))


def _edit_key(post: Post, text: str) -> str:
    return f"{count(post.get('version')) or '-'}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _signature(body: bytes, secret: str) -> bytes:
    return b"sha256=" + hmac.digest(secret.encode(), body, "sha256").hex().encode()


PLATFORM = Platform(
    name="discourse",
    says=Says(
        "post id; for an edit its version and text",
        edit=True,
        delete=True,
        message=True,
        health=("signatures", "silence"),
    ),
    # Discourse takes no shorter one.
    secrets={"secret": re.compile("[!-~]{12,1024}")},
    optional_secrets={"api_key": TOKEN},
    base_url="optional",
    webhook=Webhook(authenticate, read),
)
