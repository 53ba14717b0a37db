"""Instagram: comments and private messages."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import ANY

import pytest

from services.ingest.domain.entries import (
    UNKNOWN_AUTHOR,
    Echo,
    Malformed,
    Media,
    NewComment,
    Reading,
    RemovedComment,
    Unused,
)
from services.ingest.domain.language import Language
from services.ingest.platforms import PLATFORMS, WEBHOOKS
from tests.ingest.platforms.door import Door
from tests.ingest.support import NOW, Ingest, account, payload

ACCOUNT = "17841405793187219"
PERSON = "1254459154682919"
COMMENT = "17921234567890123"


class TestDoor(Door):
    platform = "instagram"
    account = ACCOUNT

    @pytest.mark.asyncio
    async def test_a_deletion_of_what_never_came_keeps_the_late_original_from_waking(self, ingest: Ingest) -> None:
        """Instagram tells of the deletion of messages only, so that the original is ``message`` and not ``new``."""
        await self.deliver(ingest, "delete")
        await self.deliver(ingest, "message")
        ((status,),) = await ingest.rows("SELECT status FROM comment")
        assert status == "deleted"


def read(body: bytes) -> Reading:
    return WEBHOOKS["instagram"].read(body, {}, account("instagram", ACCOUNT), NOW)


def written(name: str) -> NewComment:
    (comment,) = read(payload("instagram", name))
    assert isinstance(comment, NewComment)
    return comment


def comments(*values: Any, field: str = "comments") -> bytes:
    """A delivery of these values of ``field``."""
    entry = {"id": ACCOUNT, "time": 1_795_336_200, "changes": [{"field": field, "value": value} for value in values]}
    return json.dumps({"object": "instagram", "entry": [entry]}).encode()


def test_a_comment_is_public_starts_its_thread_and_has_the_time_of_its_sending() -> None:
    assert written("new") == NewComment(
        account=ACCOUNT,
        native_id=COMMENT,
        author_id=PERSON,
        author_handle="nimal.perera",
        text="ගමන් බලපත්‍ර කාර්යාලය විවෘත වන්නේ කීයටද?",
        sent_at=datetime(2026, 11, 22, 8, 30, tzinfo=UTC),
        thread=COMMENT,
        language=Language("si", ANY),
    )


def test_a_reply_names_its_parent_and_leaves_the_thread_to_the_store() -> None:
    reply = written("reply")
    assert (reply.parent, reply.thread) == (COMMENT, None)


def test_a_comment_that_is_the_entry_itself_reads_the_same() -> None:
    comment = written("direct")
    assert (comment.native_id, comment.author_handle) == ("17921234567890127", "nimal.perera")
    assert comment.sent_at == datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def test_a_comment_on_a_live_video_is_a_comment() -> None:
    assert written("live").text == "Is the minister there? 👋"


def test_a_message_is_private_and_stands_in_the_thread_of_its_person() -> None:
    sent = datetime(2026, 11, 22, 8, 30, 0, 987_000, UTC)
    message = written("message")
    assert (message.public, message.thread, message.author_id) == (False, PERSON, PERSON)
    assert (message.sent_at, message.window_ends_at) == (sent, sent + timedelta(hours=24))
    assert len(message.native_id) > 128


def test_a_message_taken_back_is_gone() -> None:
    at = datetime(2026, 11, 22, 8, 31, 40, 987_000, UTC)
    assert read(payload("instagram", "delete")) == (
        RemovedComment(ACCOUNT, written("message").native_id, at, thread=PERSON),
    )


def test_edits_are_not_promised_because_instagram_does_not_tell_of_them() -> None:
    assert not PLATFORMS["instagram"].says.edit


def test_own_comments_are_echoes() -> None:
    assert read(payload("instagram", "echo")) == (Echo(ACCOUNT, "17921234567890131", None, COMMENT),)
    by_id = {"id": "1", "text": "x", "from": {"id": ACCOUNT}}
    assert read(comments(by_id)) == (Echo(ACCOUNT, "1", "1"),)


def test_a_second_id_of_its_author_makes_nobodys_comment_ours() -> None:
    citizen = {"id": "2", "text": "x", "from": {"id": "another", "self_ig_scoped_id": "3"}}
    (comment,) = read(comments(citizen))
    assert isinstance(comment, NewComment)


def test_own_messages_are_echoes_that_carry_our_publication_back() -> None:
    (echo,) = read(payload("instagram", "message-echo"))
    assert echo == Echo(ACCOUNT, ANY, thread=PERSON, publication="pub_019aa3f2c1e47c55a0f3b2d98e6f1a07")


def test_an_answer_to_a_story_answers_no_message() -> None:
    message = written("story-reply")
    assert (message.parent, message.thread) == (None, PERSON)
    assert [(media.kind, media.name) for media in message.media] == [("video", "Queue at the gate"), ("link", None)]
    assert all(isinstance(media, Media) and media.url for media in message.media)


def test_what_is_neither_comment_nor_message_is_counted_by_its_kind() -> None:
    kinds = [entry.kind for entry in read(payload("instagram", "unknown")) if isinstance(entry, Unused)]
    assert kinds == ["mention", "field", "read", "reaction", "message_edit", "unsupported"]


def test_an_author_who_is_withheld_is_unknown() -> None:
    (comment,) = read(comments({"id": "1", "text": "An older version"}))
    assert isinstance(comment, NewComment)
    assert (comment.author_id, comment.author_handle) == (UNKNOWN_AUTHOR, None)


def test_numbers_of_64_bits_keep_every_digit() -> None:
    comment = written("numeric-ids")
    assert (comment.account, comment.native_id, comment.parent) == (ACCOUNT, "17921234567890137", "17921234567890139")
    assert comment.author_id == "9007199254740993"


def test_each_entry_names_the_account_that_it_is_for() -> None:
    assert [entry.account for entry in read(payload("instagram", "two-accounts"))] == [ACCOUNT, "17841405793187221"]


def test_one_bad_comment_does_not_take_its_neighbours_along() -> None:
    good = {"id": "1", "text": "x"}
    bad = [{"text": "no id"}, {"id": "2", "text": 5}, {"id": {}, "text": "x"}, None, []]
    reading = read(comments(*bad, good))
    assert [type(entry) for entry in reading] == [Malformed] * len(bad) + [NewComment]


@pytest.mark.parametrize("when", [None, "soon", 1_795_336_200_000])
def test_without_a_time_in_seconds_a_comment_was_written_now(when: object) -> None:
    body = json.loads(payload("instagram", "new"))
    body["entry"][0]["time"] = when
    (comment,) = read(json.dumps(body).encode())
    assert isinstance(comment, NewComment)
    assert comment.sent_at == NOW
