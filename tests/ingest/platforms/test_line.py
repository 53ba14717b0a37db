"""LINE: messages from people, groups and rooms; edits in groups; messages taken back."""

import json
from datetime import UTC, datetime
from typing import Any
from unittest.mock import ANY

import pytest

from services.ingest.domain.entries import (
    ORIGINAL,
    UNKNOWN_AUTHOR,
    EditedComment,
    Malformed,
    Media,
    NewComment,
    Reading,
    RemovedComment,
    Unused,
    Written,
)
from services.ingest.domain.language import Language
from services.ingest.domain.refusals import BadHandshake, Unreadable
from services.ingest.platforms import WEBHOOKS, line
from tests.ingest.platforms.door import Door
from tests.ingest.platforms.garbled import reads_whatever_comes
from tests.ingest.support import NOW, PAYLOADS, Ingest, account, payload

BOT = "U8e742f61d673b39c7fff3cecb7536ef0"
NIMAL = "U4af4980629f1b2c3d4e5f60718293a4b"
KAMALA = "U0c229f96f3c53d8b9a0e1f2d3c4b5a69"
GROUP = "Ca56f94637cc4347f90a25382909b24b9"
NEW = "588120334561280001"


class TestDoor(Door):
    platform = "line"
    account = BOT

    @pytest.mark.asyncio
    async def test_an_event_that_is_delivered_again_is_one_comment(self, ingest: Ingest) -> None:
        await self.deliver(ingest, "new")
        again = payload("line", "new").replace(b'"isRedelivery":false', b'"isRedelivery":true')
        assert (await self.post(ingest, again)).status_code == 200
        assert await ingest.count("comment") == 1

    @pytest.mark.asyncio
    async def test_of_edits_in_any_order_the_latest_stays(self, ingest: Ingest) -> None:
        for number, (words, at) in enumerate((("third", 3), ("second", 2), ("third", 3))):
            edit = event("messageEdited", message=text("1", words), at=at, webhookEventId=words)
            assert (await self.post(ingest, body(edit))).status_code == 200, number
        ((found, revisions),) = await ingest.rows(
            "SELECT text, (SELECT count(*) FROM comment_revision) AS revisions FROM comment"
        )
        assert (found, revisions) == ("third", 1)

    @pytest.mark.asyncio
    async def test_one_person_has_one_thread_and_each_group_its_own(self, ingest: Ingest) -> None:
        await self.deliver(ingest, "message")
        await self.deliver(ingest, "chats")
        rows = await ingest.rows("SELECT thread FROM comment")
        assert sorted({row.thread for row in rows}) == sorted({NIMAL, GROUP, "Ra8dbf4673c4c812cd491258042226c99"})
        assert len(rows) == 4


def read(sent: bytes) -> Reading:
    return line.read(sent, {}, account("line", BOT), NOW)


def recorded(name: str) -> Reading:
    return read(payload("line", name))


def text(native_id: str, words: str = "When do you open?", **more: Any) -> dict[str, Any]:
    return {"type": "text", "id": native_id, "text": words, "quoteToken": "q", **more}


def event(kind: str = "message", *, at: object = 1_795_336_200_123, **more: Any) -> dict[str, Any]:
    """An event in a chat with one person; ``at`` is in milliseconds."""
    base = {
        "type": kind,
        "mode": "active",
        "timestamp": at,
        "source": {"type": "user", "userId": NIMAL},
        "webhookEventId": "01KAN8F2TVJ4E8Y6N3QX7R5W1A",
        "deliveryContext": {"isRedelivery": False},
    }
    return base | more


def body(*events: Any) -> bytes:
    return json.dumps({"destination": BOT, "events": list(events)}, ensure_ascii=False).encode()


def only(reading: Reading) -> Written:
    (entry,) = reading
    assert isinstance(entry, Written), entry
    return entry


# -- what a message says


def test_a_message_in_a_group_says_who_what_and_when() -> None:
    assert recorded("new") == (
        NewComment(
            account=BOT,
            native_id=NEW,
            author_id=NIMAL,
            text="ගමන් බලපත්‍ර කාර්යාලය විවෘත වන්නේ කීයටද? 🙏",
            language=Language("si", ANY),
            sent_at=datetime(2026, 11, 22, 8, 25, 7, 412_000, UTC),
            thread=GROUP,
            public=False,
            visibility="group",
            revision=ORIGINAL,
        ),
    )


def test_a_message_of_one_person_stands_with_that_person() -> None:
    message = only(recorded("message"))
    assert (message.thread, message.author_id, message.visibility) == (NIMAL, NIMAL, "user")
    assert (message.public, message.window_ends_at) == (False, None)


def test_a_quoted_message_is_what_is_answered() -> None:
    reply = only(recorded("reply"))
    assert (reply.parent, reply.thread, reply.author_id) == (NEW, GROUP, KAMALA)


def test_an_edit_is_told_by_its_event_and_ordered_by_its_time() -> None:
    edit = only(recorded("edit"))
    assert isinstance(edit, EditedComment)
    assert (edit.native_id, edit.revision) == (NEW, "01KAN8KHS7A3P6W9F1JYB5DQ2M")
    assert edit.edited_at == datetime(2026, 11, 22, 8, 27, 30, 5_000, UTC)


def test_a_message_taken_back_is_removed() -> None:
    at = datetime(2026, 11, 22, 8, 40, 0, 593_000, UTC)
    assert recorded("delete") == (RemovedComment(BOT, NEW, at, GROUP),)


def test_a_room_a_nameless_member_and_a_chat_on_standby_are_all_heard() -> None:
    room, nameless, standby = (only((entry,)) for entry in recorded("chats"))
    assert (room.thread, room.visibility, room.author_id) == ("Ra8dbf4673c4c812cd491258042226c99", "room", KAMALA)
    assert (nameless.thread, nameless.author_id) == (GROUP, UNKNOWN_AUTHOR)
    assert (standby.thread, standby.text) == (NIMAL, "Is anybody there?")


def test_what_came_with_a_message_is_named() -> None:
    comments = [only((entry,)) for entry in recorded("attachments")]
    assert [one.media for one in comments] == [
        (Media("image", None, "588120334561280021"),),
        (Media("video", "https://videos.example/original.mp4", "588120334561280023"),),
        (Media("audio", None, "588120334561280025"),),
        (Media("file", None, "588120334561280027", "அறிக்கை.pdf"),),
        (Media("location", "geo:7.293611,80.641389", name="Kandy Office"),),
        (Media("sticker", None, "52002738"),),
    ]
    assert [one.text for one in comments] == ["", "", "", "", "", "ස්තූතියි"]


@pytest.mark.parametrize(
    ("place", "media"),
    [
        ({"latitude": 91, "longitude": 0, "address": "nowhere"}, Media("location", name="nowhere")),
        ({"latitude": "7", "longitude": 80}, Media("location")),
        ({"latitude": True, "longitude": 80}, Media("location")),
        ({"latitude": float("nan"), "longitude": 80}, Media("location")),
        ({"latitude": -7, "longitude": 1e-7}, Media("location", "geo:-7.000000,0.000000")),
    ],
)
def test_a_place_that_is_none_has_no_address(place: dict[str, object], media: Media) -> None:
    message = {"type": "location", "id": "1", **place}
    assert only(read(body(event(message=message)))).media == (media,)


def test_ids_are_text_to_the_last_digit() -> None:
    assert only(read(body(event(message=text("18446744073709551615"))))).native_id == "18446744073709551615"
    assert b'"id":9007199254740993' in (sent := body(event(message=text(9007199254740993))).replace(b": ", b":"))  # type: ignore[arg-type]
    assert only(read(sent)).native_id == "9007199254740993"


def test_the_time_is_in_milliseconds() -> None:
    assert only(read(body(event(message=text("1"))))).sent_at == datetime(2026, 11, 22, 8, 30, 0, 123_000, UTC)


@pytest.mark.parametrize("when", [None, "soon", True, 1e300, 10**400, []])
def test_a_time_that_is_none_falls_back_to_now(when: object) -> None:
    assert only(read(body(event(message=text("1"), at=when)))).sent_at == NOW
    gone = event("unsend", unsend={"messageId": "1"}, at=when)
    assert read(body(gone)) == (RemovedComment(BOT, "1", NOW, NIMAL),)


# -- bodies


def test_the_verification_of_the_address_says_nothing() -> None:
    assert recorded("empty") == ()


@pytest.mark.parametrize("sent", [b'{"events":[]}', b'{"destination":"","events":[]}'])
def test_a_body_without_a_destination_is_for_the_account_that_it_came_to(sent: bytes) -> None:
    assert read(sent) == ()


def test_there_is_no_question_to_answer() -> None:
    with pytest.raises(BadHandshake):
        WEBHOOKS["line"].handshake({"crc_token": "1"}, account("line", BOT))


def test_entries_are_for_the_destination() -> None:
    other = payload("line", "new").replace(BOT.encode(), b"U" + b"0" * 32)
    assert only(read(other)).account == "U" + "0" * 32


def test_other_events_are_counted_by_fixed_words() -> None:
    assert recorded("unknown") == (Unused(BOT, "follow"), Unused(BOT, "unfollow"), Unused(BOT, "event"))
    assert read(body(event("accountLink", source=None))) == (Unused(BOT, "event"),)
    assert read(body(event(message={"type": "hologram", "id": "1"}))) == (Unused(BOT, "message"),)


@pytest.mark.parametrize(
    "bad",
    [
        None,
        event(),
        event(message={"type": "text", "text": "no id"}),
        event(message={"type": "text", "id": "1"}),
        event(message={"type": "sticker", "id": "1", "text": 5}),
        event(message=text("1"), source={"type": "planet", "planetId": "P1"}),
        event(message=text("1"), source={"type": "group", "userId": NIMAL}),
        event(message=text("1"), source=None),
        event("messageEdited", message=text("1"), webhookEventId=None),
        event("unsend"),
        event("unsend", unsend={}),
    ],
)
def test_one_bad_event_does_not_take_its_neighbours_along(bad: object) -> None:
    malformed, good = read(body(bad, event(message=text("2"))))
    assert isinstance(malformed, Malformed)
    assert isinstance(good, NewComment)


@pytest.mark.parametrize(
    "sent",
    [
        b"{}",
        b"[]",
        b'{"destination":"U1"}',
        b'{"destination":"U1","events":{}}',
        b'{"destination":{},"events":[]}',
    ],
)
def test_a_body_that_is_not_lines_is_unreadable(sent: bytes) -> None:
    with pytest.raises(Unreadable):
        read(sent)


@pytest.mark.parametrize("name", sorted(path.stem for path in (PAYLOADS / "line").glob("*.json")))
def test_no_value_in_any_place_breaks_reading(name: str) -> None:
    assert reads_whatever_comes(read, payload("line", name))
