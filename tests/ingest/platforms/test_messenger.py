"""Messenger: private messages to a Page."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import ANY

import pytest

from services.ingest.domain.entries import (
    Echo,
    EditedComment,
    Elsewhere,
    Malformed,
    Media,
    NewComment,
    Reading,
    RemovedComment,
    Revoked,
    Unused,
)
from services.ingest.domain.language import Language
from services.ingest.platforms import WEBHOOKS
from tests.ingest.platforms.door import Door
from tests.ingest.support import NOW, PAGE, account, payload

PSID = "7254899741216339"
PUBLICATION = "pub_019aa3f2c1e47c55a0f3b2d98e6f1a07"


class TestDoor(Door):
    platform = "messenger"
    account = PAGE


def read(body: bytes) -> Reading:
    return WEBHOOKS["messenger"].read(body, {}, account("messenger"), NOW)


def events(*found: dict[str, Any], listed: str = "messaging", time: int = 1_795_336_200_456) -> bytes:
    """A delivery of these events."""
    entry = {"id": PAGE, "time": time, listed: list(found)}
    return json.dumps({"object": "page", "entry": [entry]}, separators=(",", ":")).encode()


def event(**content: Any) -> dict[str, Any]:
    """One event by the person; ``content`` adds or replaces."""
    return {"sender": {"id": PSID}, "recipient": {"id": PAGE}, "timestamp": 1_795_336_200_123, **content}


def message(**content: Any) -> dict[str, Any]:
    """A message by the person."""
    return event(message={"mid": "m_1", "text": "When do you open?", **content})


def edit(**content: Any) -> EditedComment:
    (found,) = read(events(event(message_edit={"mid": "m_1", "text": "And then?", **content})))
    assert isinstance(found, EditedComment)
    return found


def test_a_message_is_private_and_stands_in_the_thread_of_its_person() -> None:
    sent = datetime(2026, 11, 22, 8, 30, 0, 123_000, UTC)
    (comment,) = read(payload("messenger", "new"))
    assert comment == NewComment(
        account=PAGE,
        native_id=ANY,
        author_id=PSID,
        text="ගමන් බලපත්‍ර කාර්යාලය විවෘත වන්නේ කීයටද?",
        sent_at=sent,
        thread=PSID,
        language=Language("si", ANY),
        public=False,
        window_ends_at=sent + timedelta(hours=24),
    )


def test_a_reply_names_the_message_that_it_answers() -> None:
    (original,), (reply,) = read(payload("messenger", "new")), read(payload("messenger", "reply"))
    assert isinstance(original, NewComment)
    assert isinstance(reply, NewComment)
    assert (reply.parent, reply.thread) == (original.native_id, PSID)


def test_an_edit_is_told_by_its_number() -> None:
    (original,), (first,) = read(payload("messenger", "new")), read(payload("messenger", "edit"))
    assert isinstance(original, NewComment)
    assert isinstance(first, EditedComment)
    assert (first.native_id, first.thread, first.author_id) == (original.native_id, PSID, PSID)
    assert first.edited_at == datetime(2026, 11, 22, 8, 31, 30, 999_000, UTC)
    assert not first.public
    assert edit(num_edit=1).revision == edit(num_edit="1").revision != edit(num_edit=2).revision


def test_an_edit_without_a_number_is_told_by_its_time_and_its_text() -> None:
    assert edit().revision == edit().revision
    assert len({edit().revision, edit(text="And when?").revision, edit(num_edit=1).revision}) == 3


def test_an_edit_without_number_and_time_is_the_same_however_often_it_is_sent() -> None:
    untimed = event(timestamp=None, message_edit={"mid": "m_1", "text": "x"})
    (first,), (retry,) = read(events(untimed, time=1_000)), read(events(untimed, time=2_000))
    assert isinstance(first, EditedComment)
    assert isinstance(retry, EditedComment)
    assert first.revision == retry.revision


def test_a_deletion_names_the_message_and_its_thread() -> None:
    (original,), (gone,) = read(payload("messenger", "new")), read(payload("messenger", "delete"))
    assert isinstance(original, NewComment)
    assert gone == RemovedComment(
        PAGE, original.native_id, datetime(2026, 11, 22, 8, 31, 40, 501_000, UTC), thread=PSID
    )


def test_an_echo_carries_our_publication_back() -> None:
    (echo,) = read(payload("messenger", "echo"))
    assert echo == Echo(PAGE, ANY, thread=PSID, publication=PUBLICATION)


def test_an_echo_in_the_order_of_older_documentation_is_of_the_same_thread() -> None:
    (echo,) = read(events(message(is_echo=True)))
    assert echo == Echo(PAGE, "m_1", thread=PSID)


@pytest.mark.parametrize("metadata", ['{"campaign":"autumn"}', "pub_\x00", "pub_" + "0" * 1_000, 5, None])
def test_what_another_app_notes_with_its_message_is_no_publication_of_ours(metadata: object) -> None:
    assert read(events(message(is_echo=True, metadata=metadata))) == (Echo(PAGE, "m_1", thread=PSID),)


def test_what_the_page_sends_is_never_a_comment_even_unmarked() -> None:
    own = {"sender": {"id": int(PAGE)}, "recipient": {"id": PSID}}
    assert read(events(message() | own)) == (Echo(PAGE, "m_1", thread=PSID),)
    assert read(events(message(is_deleted=True) | own)) == (Unused(PAGE, "own"),)
    assert read(events(event(message_edit={"mid": "m_1", "text": "x"}) | own)) == (Unused(PAGE, "own"),)


def test_messages_of_threads_that_another_app_controls_are_taken_in() -> None:
    heard, answered = read(payload("messenger", "standby"))
    assert isinstance(heard, NewComment)
    assert answered == Echo(PAGE, ANY, thread=PSID)


def test_numbers_of_64_bits_keep_every_digit() -> None:
    (comment,) = read(payload("messenger", "numeric-ids"))
    assert isinstance(comment, NewComment)
    assert (comment.account, comment.author_id) == ("9007199254740995", "18446744073709551615")


def test_attachments_are_media_and_a_sticker_that_comes_twice_is_one() -> None:
    files, place, sticker, link = read(payload("messenger", "attachments"))
    assert isinstance(files, NewComment)
    assert [media.kind for media in files.media] == ["image", "video", "audio", "file"]
    assert (files.text, files.language) == ("", None)
    assert isinstance(place, NewComment)
    assert place.media == (Media("location", "geo:6.934400,79.842800", name="Nimal's Location"),)
    assert isinstance(sticker, NewComment)
    assert sticker.media == (Media("sticker", "https://scontent.xx.fbcdn.net/v/t39.1997-6/thumb.png"),)
    assert isinstance(link, NewComment)
    assert link.media == (Media("link", "https://town.example/roads", name="Road works"),)


@pytest.mark.parametrize(
    ("attachment", "media"),
    [
        ({"type": "fallback"}, Media("link")),
        ({"type": "reel", "payload": {"url": "https://r.example"}}, Media("video", "https://r.example")),
        ({"type": "post", "payload": {"url": "https://p.example"}}, Media("link", "https://p.example")),
        ({"type": ["image"], "payload": {"url": 5}}, Media("link")),
        ({"type": "location", "url": "https://m.example"}, Media("location", "https://m.example")),
    ],
)
def test_what_is_attached_in_another_way_is_at_least_a_link(attachment: dict[str, Any], media: Media) -> None:
    (comment,) = read(events(message(attachments=[5, attachment])))
    assert isinstance(comment, NewComment)
    assert comment.media == (media,)


def test_a_message_has_no_more_media_than_a_person_can_send() -> None:
    many = [{"type": "image", "payload": {"url": f"https://i.example/{number}"}} for number in range(200)]
    (comment,) = read(events(message(attachments=many)))
    assert isinstance(comment, NewComment)
    assert len(comment.media) == 30


def test_a_quick_reply_is_what_stands_on_it() -> None:
    (comment,) = read(payload("messenger", "quick-reply"))
    assert isinstance(comment, NewComment)
    assert comment.text == "Saturday"


def test_other_events_are_counted_by_their_kind() -> None:
    kinds = [entry.kind for entry in read(payload("messenger", "unknown")) if isinstance(entry, Unused)]
    assert kinds == [
        "delivery", "read", "reaction", "postback", "referral", "optin", "pass_thread_control", "event",
    ]  # fmt: skip
    assert read(events(event(request_thread_control={}))) == (Unused(PAGE, "request_thread_control"),)
    assert read(events(message(is_unsupported=True, text=None))) == (Unused(PAGE, "unsupported"),)


def test_comments_of_the_feed_are_not_messages() -> None:
    assert read(payload("facebook", "new")) == (Elsewhere(PAGE, "facebook"),)


def test_a_block_is_a_right_taken_away() -> None:
    revoked, unblocked = read(payload("messenger", "blocked"))
    assert revoked == Revoked(PAGE, "policy_enforcement", "The Page sends messages that people report as spam.")
    assert unblocked == Unused(PAGE, "policy_enforcement")


def test_each_entry_names_the_page_that_it_is_for() -> None:
    assert [entry.account for entry in read(payload("messenger", "two-pages"))] == [PAGE, "220000000000003"]


def test_one_bad_event_does_not_take_its_neighbours_along() -> None:
    bad: list[dict[str, Any]] = [
        {"message": {"mid": "m_2", "text": "from nobody"}},
        message(mid=None),
        message(text=5),
        message(attachments={}),
        event(message=[]),
        event(message_edit={"text": "of nothing"}),
        event(message_edit=7),
        event(policy_enforcement=7),
    ]
    reading = read(events(*bad, message()))
    assert [type(entry) for entry in reading] == [Malformed] * len(bad) + [NewComment]


@pytest.mark.parametrize("when", ["soon", None, 1e300, 10**400])
def test_a_time_that_is_none_falls_back_to_that_of_sending(when: object) -> None:
    (comment,) = read(events(message() | {"timestamp": when}))
    assert isinstance(comment, NewComment)
    assert comment.sent_at == datetime(2026, 11, 22, 8, 30, 0, 456_000, UTC)
