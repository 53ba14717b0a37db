"""Viber: signatures, and what each event says."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from services.ingest.domain.entries import ORIGINAL, Media, NewComment, Reading, Undelivered, Unused
from services.ingest.domain.language import Language
from services.ingest.domain.refusals import BadSignature, Unreadable
from services.ingest.platforms import viber
from tests.ingest.platforms.door import Door
from tests.ingest.platforms.garbled import reads_whatever_comes
from tests.ingest.support import NOW, SECRETS, Ingest, account, payload

BOT = "pa:75346594275468546724"
NIMAL = "01234567890A4fKz+Q/b=="


class TestDoor(Door):
    platform = "viber"
    account = BOT

    @pytest.mark.asyncio
    async def test_what_one_person_writes_is_one_conversation(self, ingest: Ingest) -> None:
        for name in ("new", "picture", "message"):
            await self.deliver(ingest, name)
        rows = await ingest.rows("SELECT native_id, thread FROM comment ORDER BY native_id")
        assert rows == [
            ("4912661846655238145", NIMAL),
            ("4912661846655238147", "09876543210B=="),
            ("4912661846655238149", NIMAL),
        ]


def read(event: Any) -> Reading:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    return viber.read(body, {}, account("viber", BOT), NOW)


def one(event: Any) -> Any:
    (entry,) = read(event)
    return entry


def event(message: Any, **fields: Any) -> dict[str, Any]:
    """A person's message; ``fields`` replace what is around it."""
    around = {"event": "message", "timestamp": 1_795_336_200_123, "message_token": 7, "sender": {"id": NIMAL}}
    return {**around, "message": message, **fields}


def test_the_signature_is_the_bare_hex_of_the_bytes_on_the_wire() -> None:
    body = payload("viber", "new")
    digest = hmac.new(SECRETS["viber"]["auth_token"].encode(), body, hashlib.sha256).hexdigest()
    viber.authenticate(body, {"x-viber-content-signature": digest}, (SECRETS["viber"],), NOW)
    for bad in (digest.upper(), f"sha256={digest}", digest[:-1], f" {digest}"):
        with pytest.raises(BadSignature):
            viber.authenticate(body, {"x-viber-content-signature": bad}, (SECRETS["viber"],), NOW)
    with pytest.raises(BadSignature):
        viber.authenticate(body, {}, (SECRETS["viber"],), NOW)


def test_a_message_is_private_and_keeps_every_digit_of_its_token() -> None:
    assert read(payload("viber", "new")) == (
        NewComment(
            account=BOT,
            native_id="4912661846655238145",
            author_id=NIMAL,
            author_name="Nimal Perera",
            text="ගමන් බලපත්‍ර කාර්යාලය විවෘත වන්නේ කීයටද?",
            language=Language("si", 1.0),
            sent_at=datetime(2026, 11, 22, 8, 30, 0, 123_000, tzinfo=UTC),
            thread=NIMAL,
            public=False,
            revision=ORIGINAL,
        ),
    )


def test_the_language_of_the_phone_is_not_that_of_the_text() -> None:
    assert one(event({"type": "text", "text": "42"}, sender={"id": NIMAL, "language": "de"})).language is None


def test_a_token_may_be_written_as_text() -> None:
    assert one(event({"type": "text", "text": "x"}, message_token="912661846655238145")).native_id == (
        "912661846655238145"
    )


def test_a_picture_says_what_stands_under_it() -> None:
    comment = one(payload("viber", "picture"))
    assert comment.text == "The queue at seven this morning."
    ((kind, url, _, name, _),) = comment.media
    assert (kind, name) == ("image", "queue.jpg")
    assert url.startswith("https://dl-media.viber.com/5/media/2/short/any/sig/image/0x0/9f1c/queue.jpg?Expires=")


@pytest.mark.parametrize(
    ("message", "media"),
    [
        ({"type": "video", "media": "https://v/1.mp4", "size": 5, "duration": 9}, Media("video", "https://v/1.mp4")),
        (
            {"type": "file", "media": "https://v/form.pdf", "file_name": "form.pdf"},
            Media("file", "https://v/form.pdf", name="form.pdf"),
        ),
        ({"type": "sticker", "sticker_id": 46105}, Media("sticker", native_id="46105")),
        ({"type": "url", "media": "https://town.example/form"}, Media("link", "https://town.example/form")),
        ({"type": "contact", "contact": {"name": "Nimal", "phone_number": "+94"}}, Media("contact", name="Nimal")),
        (
            {"type": "location", "location": {"lat": 6.9271, "lon": 79.8612}},
            Media("location", "geo:6.927100,79.861200"),
        ),
        ({"type": "location", "location": {"lat": 1e300, "lon": None}}, Media("location")),
        ({"type": "picture", "media": "x" * 5_000}, Media("image")),
        ({"type": "picture", "media": ["x"]}, Media("image")),
    ],
)
def test_what_was_attached_is_kept_without_words(message: dict[str, Any], media: Media) -> None:
    comment = one(event(message))
    assert (comment.text, comment.media) == ("", (media,))


@pytest.mark.parametrize(
    "kind",
    [
        "webhook",
        "subscribed",
        "unsubscribed",
        "conversation_started",
        "delivered",
        "seen",
        "action",
        "client_status",
    ],
)
def test_what_is_not_used_is_counted_by_its_event(kind: str) -> None:
    assert read({"event": kind, "timestamp": 1, "message_token": 1, "user_id": NIMAL}) == (Unused(BOT, kind),)


def test_a_message_that_did_not_arrive_is_known_by_its_token() -> None:
    body = json.loads(payload("viber", "undelivered"))
    at = datetime(2026, 11, 22, 8, 32, 10, tzinfo=UTC)
    told = Undelivered(BOT, "4912661846655238145", None, "rejected", "Viber: failure description", at)
    assert read(body) == (told,)
    assert read({**body, "desc": 7, "timestamp": "soon"}) == (replace(told, detail="Viber: failed", at=NOW),)
    with pytest.raises(Unreadable):
        read({**body, "message_token": None})


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"event": "whatever comes"}, "event"),
        ({"event": ""}, "event"),
        (event({"type": "text"}), "content"),
        (event({"type": "text", "text": ""}), "content"),
        (event({"type": "what will be"}), "content"),
        (event({"type": []}), "content"),
    ],
)
def test_what_nobody_knows_is_counted_under_a_fixed_word(body: Any, kind: str) -> None:
    assert read(body) == (Unused(BOT, kind),)


def test_words_of_a_type_that_nobody_knows_are_a_comment() -> None:
    assert one(event({"type": "what will be", "text": "When?"})).text == "When?"


@pytest.mark.parametrize("moment", [None, "soon", 10**400, float("inf"), True, [1]])
def test_a_message_without_a_readable_time_came_now(moment: Any) -> None:
    assert one(event({"type": "text", "text": "x"}, timestamp=moment)).sent_at == NOW


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"event": None},
        {"event": ["message"]},
        {"event": "message"},
        event("x"),
        event(None),
        event({"type": "text", "text": 5}),
        event({"type": "text", "text": "x"}, sender=None),
        event({"type": "text", "text": "x"}, sender={}),
        event({"type": "text", "text": "x"}, sender={"id": 1.5}),
        event({"type": "text", "text": "x"}, message_token=None),
        event({"type": "text", "text": "x"}, message_token=4.9e18),
        event({"type": "location"}),
        event({"type": "contact", "contact": "x"}),
        event({"type": "sticker", "sticker_id": {}}),
    ],
)
def test_what_is_not_as_described_is_unreadable(body: Any) -> None:
    with pytest.raises(Unreadable):
        read(body)


@pytest.mark.parametrize("name", ["new", "picture", "message", "unknown"])
def test_any_value_in_any_place_is_read_or_unreadable(name: str) -> None:
    assert reads_whatever_comes(read, payload("viber", name))


@pytest.mark.parametrize(
    "message",
    [
        {"type": "location", "location": {"lat": 6.9, "lon": 79.8}},
        {"type": "contact", "contact": {"name": "Nimal"}},
        {"type": "sticker", "sticker_id": 46105, "media": "https://v/46105.png"},
    ],
)
def test_any_value_in_any_attachment_is_read_or_unreadable(message: dict[str, Any]) -> None:
    assert reads_whatever_comes(read, json.dumps(event(message)).encode())
