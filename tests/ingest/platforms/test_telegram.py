"""Telegram: the token, and what each update says."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import ANY

import pytest

from services.ingest.domain.entries import (
    ORIGINAL,
    UNKNOWN_AUTHOR,
    Echo,
    EditedComment,
    Malformed,
    Media,
    NewComment,
    Reading,
    RemovedComment,
    Unused,
)
from services.ingest.domain.language import Language
from services.ingest.domain.refusals import BadSignature, Unreadable
from services.ingest.platforms import telegram
from tests.ingest.platforms.door import Door
from tests.ingest.platforms.garbled import reads_whatever_comes
from tests.ingest.support import NOW, Ingest, account, payload

BOT = "7123456789"
GROUP = "-1002147483649"
KAMALA = "6123456791"
BUSINESS_CHAT = f"Q5mXKFYxIVHmDAAA9kB3uQ_w-JE:{KAMALA}"
TOKEN = {"secret_token": "Telegram-Secret_1"}


class TestDoor(Door):
    platform = "telegram"
    account = BOT

    @pytest.mark.asyncio
    async def test_a_deletion_of_what_never_came_keeps_the_late_original_from_waking(self, ingest: Ingest) -> None:
        """Telegram tells of deletions in business chats alone."""
        await self.deliver(ingest, "delete")
        await self.deliver(ingest, "business")
        rows = await ingest.rows("SELECT native_id, status FROM comment ORDER BY native_id")
        assert rows == [(f"{BUSINESS_CHAT}:57", "deleted"), (f"{BUSINESS_CHAT}:59", "deleted")]

    @pytest.mark.asyncio
    async def test_one_person_can_write_to_the_bot_and_to_the_business_account(self, ingest: Ingest) -> None:
        for name in ("message", "business", "echo"):
            await self.deliver(ingest, name)
        rows = await ingest.rows("SELECT native_id, thread FROM comment ORDER BY native_id")
        assert rows == [(f"{KAMALA}:57", KAMALA), (f"{BUSINESS_CHAT}:57", BUSINESS_CHAT)]
        ((echo,),) = await ingest.rows("SELECT thread FROM echo")
        assert echo == BUSINESS_CHAT

    @pytest.mark.asyncio
    async def test_what_would_command_the_bot_is_never_answered(self, ingest: Ingest) -> None:
        command = message(text="x") | {"method": "sendMessage", "chat_id": KAMALA}
        answer = await self.post(ingest, json.dumps(command).encode())
        assert (answer.status_code, answer.content) == (200, b"")


def read(update: Any) -> Reading:
    body = update if isinstance(update, bytes) else json.dumps(update).encode()
    return telegram.read(body, {}, account("telegram", BOT), NOW)


def recorded(name: str) -> Any:
    (entry,) = read(payload("telegram", name))
    return entry


def message(kind: str = "message", **fields: Any) -> dict[str, Any]:
    """An update with one message in Kamala's private chat; ``author`` is its ``from``, None leaves a field out."""
    value: dict[str, Any] = {
        "message_id": 57,
        "from": {"id": int(KAMALA), "is_bot": False, "first_name": "Kamala"},
        "chat": {"id": int(KAMALA), "first_name": "Kamala", "type": "private"},
        "date": 1_795_336_200,
    }
    if "author" in fields:
        fields["from"] = fields.pop("author")
    value.update(fields)
    return {"update_id": 1, kind: {name: content for name, content in value.items() if content is not None}}


def chat(kind: str = "supergroup", **fields: Any) -> dict[str, Any]:
    return {"id": int(GROUP), "type": kind, **fields}


def one(update: Any) -> Any:
    (entry,) = read(update)
    return entry


@pytest.mark.parametrize("given", ["", "telegram-secret_1", "Telegram-Secret_1 ", "Telegram-Secret_1\xe9", "සිංහල"])
def test_only_the_token_itself_opens(given: str) -> None:
    with pytest.raises(BadSignature):
        telegram.authenticate(b"{}", {"x-telegram-bot-api-secret-token": given}, (TOKEN,), NOW)


def test_a_message_in_a_public_group_starts_a_thread() -> None:
    assert recorded("new") == NewComment(
        account=BOT,
        native_id=f"{GROUP}:1201",
        author_id="4503599627370495",
        author_name="Nimal Perera",
        author_handle="nimalp",
        text="ගමන් බලපත්‍ර කාර්යාලය විවෘත වන්නේ කීයටද?",
        language=Language("si", 1.0),
        sent_at=datetime(2026, 11, 22, 8, 30, tzinfo=UTC),
        thread=f"{GROUP}:1201",
        public=True,
        visibility="supergroup",
        revision=ORIGINAL,
    )


def test_a_reply_leaves_its_thread_to_the_store_although_telegram_names_a_message_thread() -> None:
    reply = recorded("reply")
    assert (reply.thread, reply.parent) == (None, f"{GROUP}:1201")


def test_an_edit_is_told_by_its_time_and_its_text() -> None:
    edit = recorded("edit")
    assert isinstance(edit, EditedComment)
    assert edit.native_id == f"{GROUP}:1201"
    assert edit.edited_at == datetime(2026, 11, 22, 8, 30, 40, tzinfo=UTC)
    keys = {
        one(message("edited_message", edit_date=at, text=text)).revision
        for at, text in ((5, "a"), (5, "a"), (5, "b"), (6, "a"))
    }
    assert len(keys) == 3


def test_an_edit_without_a_time_is_as_old_as_its_message() -> None:
    edit = one(message("edited_message", text="x"))
    assert edit.edited_at == edit.sent_at


def test_a_private_chat_is_one_private_conversation() -> None:
    private = recorded("message")
    assert (private.native_id, private.thread, private.parent) == (f"{KAMALA}:57", KAMALA, None)
    assert (private.public, private.visibility, private.window_ends_at) == (False, "private", None)
    assert private.language == Language("ta", 1.0)
    answered = one(message(text="x", reply_to_message={"message_id": 56, "chat": {"id": int(KAMALA)}}))
    assert (answered.thread, answered.parent) == (KAMALA, f"{KAMALA}:56")


def test_a_business_chat_is_another_than_the_bots_own_and_closes_after_a_day() -> None:
    comment = recorded("business")
    assert (comment.native_id, comment.thread) == (f"{BUSINESS_CHAT}:57", BUSINESS_CHAT)
    assert comment.window_ends_at == comment.sent_at + timedelta(hours=24)
    assert comment.public is False
    assert recorded("business-edit").native_id == comment.native_id


def test_what_the_business_account_writes_is_an_echo() -> None:
    assert recorded("echo") == Echo(BOT, f"{BUSINESS_CHAT}:58", BUSINESS_CHAT, f"{BUSINESS_CHAT}:57")
    edited = json.loads(payload("telegram", "echo"))
    edited["edited_business_message"] = edited.pop("business_message")
    assert read(edited) == (Unused(BOT, "own"),)


def test_what_the_bot_itself_wrote_is_an_echo() -> None:
    own = message(author={"id": int(BOT), "is_bot": True}, text="Good morning")
    assert read(own) == (Echo(BOT, f"{KAMALA}:57", KAMALA),)


def test_every_message_of_a_deletion_goes_and_one_bad_id_takes_no_other_along() -> None:
    assert read(payload("telegram", "delete")) == (
        RemovedComment(BOT, f"{BUSINESS_CHAT}:57", NOW),
        RemovedComment(BOT, f"{BUSINESS_CHAT}:59", NOW),
    )
    deletion = json.loads(payload("telegram", "delete"))
    deletion["deleted_business_messages"]["message_ids"] = [57, {}, None, 59]
    assert [type(entry) for entry in read(deletion)] == [RemovedComment, Malformed, Malformed, RemovedComment]


def test_a_comment_under_a_channels_post_starts_a_thread_of_its_own() -> None:
    comment = recorded("channel-comment")
    assert (comment.native_id, comment.thread, comment.parent) == ("-1001999888777:311", "-1001999888777:311", None)
    assert comment.public is False


def test_a_channels_post_in_its_discussion_group_is_no_comment() -> None:
    assert recorded("channel-post") == Unused(BOT, "channel_post")


def test_a_topic_is_a_thread_and_its_first_message_no_parent() -> None:
    comment = recorded("topic")
    assert (comment.thread, comment.parent) == ("-1001777666555:17", None)
    answer = message(
        chat=chat(), message_thread_id=17, is_topic_message=True, reply_to_message={"message_id": 88}, text="x"
    )
    assert (one(answer).thread, one(answer).parent) == (f"{GROUP}:17", f"{GROUP}:88")


def test_private_messages_to_a_channel_are_private_and_apart_by_person() -> None:
    to_channel = chat(is_direct_messages=True, username="passports_news")
    comment = one(message(chat=to_channel, direct_messages_topic={"topic_id": int(KAMALA)}, text="x"))
    assert (comment.thread, comment.public) == (f"{GROUP}:{KAMALA}", False)


def test_an_album_is_one_thread() -> None:
    first, second = (one(message(message_id=at, chat=chat(), media_group_id="138", photo=[{}])) for at in (1, 2))
    assert first.thread == second.thread == f"{GROUP}:138"
    assert first.native_id != second.native_id


@pytest.mark.parametrize(
    ("where", "public"),
    [
        (chat(username="town"), True),
        (chat("group", username="town"), True),
        (chat(), False),
        (chat("group"), False),
        (chat(username=7), False),
        ({"id": 5, "type": "private", "username": "kamala"}, False),
    ],
)
def test_only_a_group_with_a_username_is_public(where: dict[str, Any], public: bool) -> None:
    assert one(message(chat=where, text="x")).public is public


def test_a_photo_is_its_largest_size_and_says_its_caption() -> None:
    comment = recorded("photo")
    assert comment.text == "The queue at seven this morning."
    assert comment.media == (Media("image", native_id="AgACAgUAAxkBAAIxZz"),)


@pytest.mark.parametrize(
    ("content", "media"),
    [
        ({"voice": {"file_id": "A", "mime_type": "audio/ogg"}}, Media("audio", None, "A", None, "audio/ogg")),
        ({"audio": {"file_id": "A", "file_name": "a.mp3"}}, Media("audio", None, "A", "a.mp3")),
        ({"video": {"file_id": "A"}}, Media("video", None, "A")),
        ({"video_note": {"file_id": "A"}}, Media("video", None, "A")),
        ({"animation": {"file_id": "A"}, "document": {"file_id": "B"}}, Media("video", None, "A")),
        (
            {"document": {"file_id": "A", "file_name": "form.pdf", "mime_type": "application/pdf"}},
            Media("file", None, "A", "form.pdf", "application/pdf"),
        ),
        ({"sticker": {"file_id": "A", "emoji": "🙏"}}, Media("sticker", None, "A")),
        ({"contact": {"first_name": "Nimal", "phone_number": "+94770000000"}}, Media("contact", name="Nimal")),
        ({"location": {"latitude": 6.9271, "longitude": 79.8612}}, Media("location", "geo:6.927100,79.861200")),
        (
            {"location": {"latitude": 6.9, "longitude": 79.8}, "venue": {"title": "Passport Office"}},
            Media("location", "geo:6.900000,79.800000", name="Passport Office"),
        ),
        ({"location": {"latitude": 91, "longitude": 79.8}}, Media("location")),
        ({"location": {"latitude": True, "longitude": "x"}}, Media("location")),
    ],
)
def test_what_was_attached_is_kept_without_words(content: dict[str, Any], media: Media) -> None:
    comment = one(message(**content))
    assert (comment.text, comment.media, comment.language) == ("", (media,), None)


@pytest.mark.parametrize(
    ("update", "kind"),
    [
        ({"update_id": 1, "channel_post": {"message_id": 1}}, "channel_post"),
        ({"update_id": 1, "edited_channel_post": {}}, "edited_channel_post"),
        ({"update_id": 1, "message_reaction": {}}, "message_reaction"),
        ({"update_id": 1, "callback_query": 5}, "callback_query"),
        ({"update_id": 1, "what will be": {}}, "update"),
        ({"update_id": 1}, "update"),
        (message(text="/start"), "start"),
        (message(text="/start from-the-door_7"), "start"),
        (message(new_chat_members=[{"id": 1}]), "content"),
        (message(photo=[]), "content"),
        (message(text="\x00"), "content"),
        (message("edited_message", location={"latitude": 6.9, "longitude": 79.8, "live_period": 60}), "live_location"),
    ],
)
def test_what_is_not_used_is_counted_under_a_fixed_word(update: dict[str, Any], kind: str) -> None:
    assert read(update) == (Unused(BOT, kind),)


def test_start_with_words_of_a_person_is_a_comment() -> None:
    assert one(message(text="/start When do you open?")).text == "/start When do you open?"


def test_who_writes_in_the_name_of_a_group_is_named_as_the_group() -> None:
    fake = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    comment = one(message(chat=chat(), author=fake, sender_chat=chat(title="Town", username="town"), text="x"))
    assert (comment.author_id, comment.author_name, comment.author_handle) == (GROUP, "Town", "town")


def test_who_is_not_named_stays_unknown() -> None:
    assert one(message(author=None, text="x")).author_id == UNKNOWN_AUTHOR


def test_the_language_of_the_client_is_not_that_of_the_text() -> None:
    author = {"id": int(KAMALA), "first_name": "Kamala", "language_code": "de"}
    assert one(message(author=author, text="when?")).language == Language("en", ANY)
    assert one(message(author=author, text="42")).language is None


@pytest.mark.parametrize("date", [None, "x", True, 10**400, float("inf"), -(10**18), [1]])
def test_a_message_without_a_readable_time_came_now(date: Any) -> None:
    assert one(message(date=date, text="x")).sent_at == NOW


@pytest.mark.parametrize(
    "update",
    [
        [],
        {},
        {"message": {"message_id": 1}},
        {"update_id": None},
        {"update_id": 1, "message": []},
        {"update_id": 1, "deleted_business_messages": {"chat": {"id": 1, "type": "private"}}},
        message(message_id=None),
        message(message_id=1.5),
        message(chat=None),
        message(chat={"type": "private"}),
        message(chat={"id": 1, "type": []}),
        message(chat={"id": 1, "type": "channel"}, text="x"),
        message(text=5),
        message(caption=["x"]),
        message(voice="x"),
        message(author={"id": {}}, text="x"),
        message(text="x", reply_to_message={}),
        message("business_message", business_connection_id=[], text="x"),
    ],
)
def test_what_is_not_as_described_is_unreadable(update: Any) -> None:
    with pytest.raises(Unreadable):
        read(update)


@pytest.mark.parametrize(
    "name", ["new", "reply", "edit", "message", "business", "delete", "echo", "photo", "topic", "channel-comment"]
)
def test_any_value_in_any_place_is_read_or_unreadable(name: str) -> None:
    assert reads_whatever_comes(read, payload("telegram", name))
