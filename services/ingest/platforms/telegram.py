"""Telegram: what people write to a bot, in its groups, under a channel's posts and to a business account.

Sources: Telegram, "Bot API" (Update, Message, BusinessMessagesDeleted, setWebhook), and the server that sends the
updates (tdlib/telegram-bot-api, ``Client.cpp`` and ``WebhookActor.cpp``). What must stay true:

- The token agreed in ``setWebhook`` comes back as it is, in a header; neither the body nor a time is signed. An update
  without a 2xx answer comes again for 24 hours and holds up its chat. A JSON body in a 2xx answer is a command of the
  bot: nothing of an update may ever stand there.
- ``message_id`` counts within one chat, so a message is named ``<chat id>:<message id>``. A chat of a connected
  business account bears the id of the bot's own chat with the same person, yet is another one: its messages are named
  ``<business connection id>:<chat id>:<message id>``. Chat ids have up to 52 bits, those of groups are negative.
- A private chat is one conversation. In a group it is the topic, else what hangs together by replies: there
  ``message_thread_id`` without ``is_topic_message`` is the root of a chain of replies, which under a channel's post is
  the post. Channels can be written to in private; each person has a topic there.
- A channel's post enters the discussion group as an automatic forward. It is no comment, and what answers it starts a
  thread. The pictures of an album are messages of their own.
- An edit is told by ``edit_date`` and text. A live location is edited every few seconds and says nothing new.
- Deletions are told of business chats only, without a time; those of all other messages never are.
- What the bot sends does not come back. What its business account sends does, whoever pressed the key: an echo. The
  account takes answers for 24 hours after the person's last message (BusinessBotRights, ``can_reply``).
- ``language_code`` is the language of a person's client, not of what they write, and Start sends ``/start`` for them.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from services.ingest.domain import language
from services.ingest.domain.accounts import Account, SecretSet
from services.ingest.domain.entries import (
    ORIGINAL,
    UNKNOWN_AUTHOR,
    Echo,
    EditedComment,
    Entry,
    Malformed,
    Media,
    NewComment,
    Reading,
    RemovedComment,
    Unused,
)
from services.ingest.domain.refusals import BadSignature, Unreadable
from services.ingest.domain.text import clean, clean_name, identifier, required_identifier
from services.ingest.platforms.base import Headers, Platform, Says, Webhook
from services.ingest.platforms.json_body import as_list, as_object, parse_object, unix_seconds
from services.ingest.platforms.telegram_content import media_of, words_of

Message = Mapping[str, Any]

_HEADER = "x-telegram-bot-api-secret-token"
_NEW = ("message", "business_message")
_EDITED = ("edited_message", "edited_business_message")
_DELETED = "deleted_business_messages"
_UNUSED = frozenset({
    "channel_post", "edited_channel_post", "guest_message", "business_connection", "message_reaction",
    "message_reaction_count", "inline_query", "chosen_inline_result", "callback_query", "shipping_query",
    "pre_checkout_query", "purchased_paid_media", "poll", "poll_answer", "my_chat_member", "chat_member",
    "chat_join_request", "chat_boost", "removed_chat_boost", "managed_bot",
})  # fmt: skip
_CHATS = ("private", "group", "supergroup")
_START = re.compile(r"/start(?: [\w-]{1,64})?")
_BUSINESS_WINDOW = timedelta(hours=24)


class Chat(NamedTuple):
    """Where a message stands. ``name`` is the chat's id, behind that of the business connection that shows it."""

    id: str
    name: str
    kind: str
    public: bool
    of_business: bool

    def within(self, value: object) -> str:
        """The name of a message, topic or album of this chat."""
        return f"{self.name}:{required_identifier(value, 'A message has no id.')}"


def authenticate(body: bytes, headers: Headers, secrets: Sequence[SecretSet], now: datetime) -> None:
    """Compare ``X-Telegram-Bot-Api-Secret-Token`` with the token that was given to ``setWebhook``."""
    given = headers.get(_HEADER, "").encode()
    # Every live secret is tried, so that the time taken does not tell which one it was.
    matches = [hmac.compare_digest(generation["secret_token"].encode(), given) for generation in secrets]
    if not any(matches):
        raise BadSignature


def read(body: bytes, headers: Headers, account: Account, now: datetime) -> Reading:
    """The one thing that an update says, or all the messages that it takes away; raises ``Unreadable``."""
    update = parse_object(body)
    required_identifier(update.get("update_id"), "The update has no id.")
    for kind in (*_NEW, *_EDITED):
        if kind in update:
            return (_read_message(as_object(update[kind], "The message"), account, now, edited=kind in _EDITED),)
    if _DELETED in update:
        return _read_deletions(as_object(update[_DELETED], "The deletion"), account, now)
    return (Unused(account.account, next((kind for kind in update if kind in _UNUSED), "update")),)


def _read_deletions(deletion: Mapping[str, Any], account: Account, now: datetime) -> Reading:
    chat = _chat(deletion)
    entries: list[Entry] = []
    for message in as_list(deletion.get("message_ids"), "message_ids"):
        try:
            entries.append(RemovedComment(account.account, chat.within(message), now))
        except Unreadable as error:
            entries.append(Malformed(account.account, error.reason))
    return tuple(entries)


def _read_message(message: Message, account: Account, now: datetime, *, edited: bool) -> Entry:
    chat = _chat(message)
    native_id = chat.within(message.get("message_id"))
    thread, parent = _place(message, chat, native_id)
    if _is_ours(message, chat, account):
        # An edit of our own reply changes nothing for the citizen's comment.
        return Unused(account.account, "own") if edited else Echo(account.account, native_id, thread, parent)
    text, media = clean(words_of(message)), media_of(message)
    if useless := _useless(message, chat, text, media, edited=edited):
        return Unused(account.account, useless)
    author_id, author_name, author_handle = _author(message)
    sent_at = unix_seconds(message.get("date")) or now
    edited_at = unix_seconds(message.get("edit_date")) or sent_at
    kind = EditedComment if edited else NewComment
    return kind(
        account=account.account,
        native_id=native_id,
        author_id=author_id,
        text=text,
        sent_at=sent_at,
        thread=thread,
        parent=parent,
        author_name=author_name,
        author_handle=author_handle,
        language=language.identify(text),
        media=media,
        public=chat.public,
        visibility=chat.kind,
        window_ends_at=sent_at + _BUSINESS_WINDOW if chat.of_business else None,
        revision=_edit_key(edited_at, text) if edited else ORIGINAL,
        edited_at=edited_at if edited else None,
    )


def _chat(holder: Mapping[str, Any]) -> Chat:
    """The chat of a message or a deletion. Who knows a group's username can read along: it is public."""
    chat = as_object(holder.get("chat"), "The chat")
    chat_id = required_identifier(chat.get("id"), "A chat has no id.")
    kind = chat.get("type")
    if kind not in _CHATS:
        raise Unreadable("A chat is neither private nor a group.")
    connection = identifier(holder.get("business_connection_id"))
    name = f"{connection}:{chat_id}" if connection else chat_id
    public = kind != "private" and isinstance(chat.get("username"), str) and chat.get("is_direct_messages") is not True
    return Chat(chat_id, name, str(kind), public, connection is not None)


def _place(message: Message, chat: Chat, native_id: str) -> tuple[str | None, str | None]:
    """Thread and parent; no thread where it is the parent's."""
    parent = _parent(message, chat)
    if chat.kind == "private":
        return chat.name, parent
    if (topic := _topic(message)) is not None:
        return chat.within(topic), parent
    if parent is not None:
        return None, parent
    album = identifier(message.get("media_group_id"))
    return (native_id if album is None else chat.within(album)), None


def _parent(message: Message, chat: Chat) -> str | None:
    """The message that is answered, unless it is a post or what a topic begins with."""
    answered = message.get("reply_to_message")
    if not isinstance(answered, dict) or answered.get("is_automatic_forward") is True:
        return None
    return None if "forum_topic_created" in answered else chat.within(answered.get("message_id"))


def _topic(message: Message) -> object:
    """The topic of a forum, or of one person's private messages to a channel."""
    personal = message.get("direct_messages_topic")
    if isinstance(personal, dict):
        return personal.get("topic_id")
    # Of an answer outside a forum it only names the chain that the answer itself leads up to.
    is_chain = message.get("is_topic_message") is not True and "reply_to_message" in message
    return None if is_chain else message.get("message_thread_id")


def _is_ours(message: Message, chat: Chat, account: Account) -> bool:
    """Whether the bot wrote it, or the business account: whoever in a private chat is not the other person."""
    sender = message.get("from")
    sender_id = identifier(sender.get("id")) if isinstance(sender, dict) else None
    return sender_id == account.account or (chat.of_business and sender_id is not None and sender_id != chat.id)


def _useless(message: Message, chat: Chat, text: str, media: Sequence[Media], *, edited: bool) -> str | None:
    """As what a message is counted of which nothing is used; None for a comment."""
    if message.get("is_automatic_forward") is True:
        return "channel_post"
    if edited and "location" in message:
        return "live_location"
    if chat.kind == "private" and _START.fullmatch(text):
        return "start"
    return None if text or media else "content"


def _author(message: Message) -> tuple[str, str | None, str | None]:
    """Id, name and handle of a person, or of the group or channel in whose name somebody wrote."""
    chat, person = message.get("sender_chat"), message.get("from")
    author = chat if isinstance(chat, dict) else person if isinstance(person, dict) else {}
    names = (author.get("title"), author.get("first_name"), author.get("last_name"))
    name = clean_name(" ".join(part for part in names if isinstance(part, str)))
    return identifier(author.get("id")) or UNKNOWN_AUTHOR, name, clean_name(author.get("username"))


def _edit_key(edited_at: datetime, text: str) -> str:
    # Two edits can fall into one second.
    return f"{edited_at.timestamp():.0f}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


PLATFORM = Platform(
    name="telegram",
    says=Says(
        "chat and message id; for an edit its time and text",
        edit=True,
        delete=True,
        message=True,
        health=("signatures", "silence"),
    ),
    secrets={"secret_token": re.compile("[A-Za-z0-9_-]{1,256}")},
    webhook=Webhook(authenticate, read),
)
