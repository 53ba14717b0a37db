"""WhatsApp: messages to a business phone number."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import ANY

import pytest

from services.ingest.domain.entries import (
    Echo,
    EditedComment,
    Malformed,
    Media,
    NewComment,
    Reading,
    RemovedComment,
    Undelivered,
    Unused,
)
from services.ingest.domain.language import Language
from services.ingest.platforms import WEBHOOKS
from tests.ingest.platforms.door import Door
from tests.ingest.support import NOW, account, payload

NUMBER = "106540352242923"
BUSINESS = "102290129340399"
PHONE = "94771234567"
USER = "LK.13491208655302741919"


class TestDoor(Door):
    platform = "whatsapp"
    account = NUMBER


def read(body: bytes) -> Reading:
    return WEBHOOKS["whatsapp"].read(body, {}, account("whatsapp", NUMBER), NOW)


def written(name: str) -> NewComment:
    (comment,) = read(payload("whatsapp", name))
    assert isinstance(comment, NewComment)
    return comment


def change(*messages: Any, contacts: Any = None, **value: Any) -> bytes:
    """A delivery of these messages, by these contacts."""
    told = {"metadata": {"phone_number_id": NUMBER}, "contacts": contacts, "messages": list(messages), **value}
    entry = {"id": BUSINESS, "changes": [{"field": "messages", "value": told}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}, separators=(",", ":")).encode()


def message(**fields: Any) -> dict[str, Any]:
    """One message; ``fields`` replace or add, None leaves out."""
    whole = {"from": PHONE, "id": "wamid.1", "timestamp": "1795336200", "type": "text", "text": {"body": "Hello"}}
    return {name: value for name, value in {**whole, **fields}.items() if value is not None}


def test_a_message_is_private_and_stands_in_the_thread_of_its_person() -> None:
    sent = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    assert written("new") == NewComment(
        account=NUMBER,
        native_id=ANY,
        author_id=USER,
        author_name="Nimal Perera",
        author_handle=PHONE,
        text="ගමන් බලපත්‍ර කාර්යාලය විවෘත වන්නේ කීයටද?",
        sent_at=sent,
        thread=USER,
        language=Language("si", ANY),
        public=False,
        window_ends_at=sent + timedelta(hours=24),
    )


def test_a_reply_names_the_message_that_it_answers() -> None:
    assert written("reply").parent == written("new").native_id


def test_a_message_that_was_only_passed_on_answers_none() -> None:
    (comment,) = read(change(message(context={"forwarded": True})))
    assert isinstance(comment, NewComment)
    assert comment.parent is None


def test_an_edit_names_its_original_and_is_told_by_its_own_id() -> None:
    (edit,) = read(payload("whatsapp", "edit"))
    assert isinstance(edit, EditedComment)
    assert edit.native_id == written("new").native_id != edit.revision
    assert edit.text == "When does the passport office open on Saturdays? 🕣"
    assert edit.edited_at == datetime(2026, 11, 22, 8, 31, 30, tzinfo=UTC)
    assert (edit.thread, edit.public) == (USER, False)


def test_an_edited_caption_keeps_its_picture() -> None:
    rewritten = {"context": {"id": "wamid.0"}, "type": "image", "image": {"caption": "New", "id": "7"}}
    edited = message(type="edit", edit={"original_message_id": "wamid.1", "message": rewritten}, id="wamid.2")
    (edit,) = read(change(edited))
    assert isinstance(edit, EditedComment)
    assert (edit.text, edit.media, edit.parent) == ("New", (Media("image", None, "7"),), "wamid.0")


def test_a_revocation_names_the_message_and_its_thread() -> None:
    at = datetime(2026, 11, 22, 8, 31, 40, tzinfo=UTC)
    assert read(payload("whatsapp", "delete")) == (RemovedComment(NUMBER, written("new").native_id, at, USER),)


def test_what_the_business_wrote_in_the_app_is_an_echo_and_its_edit_is_not_used() -> None:
    assert read(payload("whatsapp", "echo")) == (Echo(NUMBER, ANY, thread=USER), Unused(NUMBER, "own"))


def test_a_person_without_a_phone_number_is_known_by_the_user_id() -> None:
    comment = written("no-phone")
    assert (comment.author_id, comment.thread) == ("LK.13491208655302741921", "LK.13491208655302741921")
    assert (comment.author_name, comment.author_handle) == ("Kamala", "kamala.p")


def test_a_person_without_a_user_id_is_known_by_the_phone_number() -> None:
    comment = written("no-user-id")
    assert (comment.author_id, comment.thread, comment.author_handle) == ("94770000001",) * 3


def test_the_user_id_of_the_contact_serves_where_the_message_has_none() -> None:
    contact = {"wa_id": PHONE, "user_id": USER, "profile": {"name": "Nimal"}}
    for number in (PHONE, "94779999999"):
        (comment,) = read(change(message(**{"from": number}), contacts=[contact]))
        assert isinstance(comment, NewComment)
        assert (comment.author_id, comment.author_handle, comment.author_name) == (USER, number, "Nimal")


def test_nobody_gets_the_name_of_another_in_a_batch() -> None:
    contacts = [{"wa_id": PHONE, "user_id": USER, "profile": {"name": "Nimal"}}]
    other = message(**{"from": "94779999999"}, id="wamid.2")
    first, second = read(change(message(), other, contacts=contacts))
    assert isinstance(first, NewComment)
    assert isinstance(second, NewComment)
    assert (first.author_id, first.author_name) == (USER, "Nimal")
    assert (second.author_id, second.author_name) == ("94779999999", None)


def test_everything_that_a_person_can_send_is_read() -> None:
    found = [entry for entry in read(payload("whatsapp", "contents")) if isinstance(entry, NewComment)]
    assert [(one.text, *[(media.kind, media.native_id) for media in one.media]) for one in found] == [
        ("පෝලිම 📷", ("image", "1122334455667789")),
        ("", ("video", "1122334455667791")),
        ("", ("audio", "1122334455667793")),
        ("The form", ("file", "1122334455667795")),
        ("", ("sticker", "1122334455667797")),
        ("", ("location", None)),
        ("", ("contact", None)),
        ("ඔව්",),
        ("Saturday",),
    ]
    (image,), (document,), (place,), (card,) = (found[index].media for index in (0, 3, 5, 6))
    assert image.url is not None
    assert image.url.startswith("https://lookaside.fbsbx.com/")
    assert (document.name, document.content_type) == ("form B-12.pdf", "application/pdf")
    assert place.url == "geo:6.934400,79.842800"
    assert place.name == "Fort Railway Station, Olcott Mawatha, Colombo 11"
    assert card == Media("contact", name="Kamala Perera")


def test_what_is_no_message_of_a_person_is_counted_by_its_kind() -> None:
    kinds = [entry.kind for entry in read(payload("whatsapp", "unknown")) if isinstance(entry, Unused)]
    assert kinds == ["delivered", "sent", "reaction", "system", "unsupported", "group", "error", "field"]


def status(**fields: Any) -> bytes:
    """A delivery of one status of a message of ours."""
    whole = {"id": "wamid.1", "status": "failed", "timestamp": "1795336200", "recipient_id": PHONE}
    told = {"metadata": {"phone_number_id": NUMBER}, "statuses": [{**whole, **fields}]}
    entry = {"id": BUSINESS, "changes": [{"field": "messages", "value": told}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def test_a_message_that_did_not_arrive_is_known_by_its_id_and_by_ours() -> None:
    assert read(payload("whatsapp", "undelivered")) == (
        Undelivered(
            NUMBER,
            "wamid.HBgLOTQ3NzEyMzQ1NjcVAgASGBQzQUFERjg0NDEzNDdFODU3MUMxOAA=",
            "pub_019aa3f2c1e47c55a0f3b2d98e6f1a07",
            "rejected",
            "WhatsApp error 131026: Message undeliverable",
            datetime(2026, 11, 22, 8, 32, 10, tzinfo=UTC),
        ),
    )


@pytest.mark.parametrize(
    ("errors", "reason"),
    [
        ([{"code": 131026, "title": "Message undeliverable"}], "rejected"),
        ([{"code": 131047, "title": "Re-engagement message"}], "window_closed"),
        ([{"code": 131049}], "blocked"),
        ([{"code": 131050}, {"code": 131047}], "blocked"),
        ([{"code": 130497, "title": ["no", "text"]}], "not_permitted"),
        ([{"code": "131047"}], "rejected"),
        ([{"code": {}}], "rejected"),
        (["131047"], "rejected"),
        ({}, "rejected"),
        (None, "rejected"),
    ],
)
def test_why_it_did_not_arrive_is_told_by_the_first_error(errors: Any, reason: str) -> None:
    (found,) = read(status(errors=errors))
    assert isinstance(found, Undelivered)
    assert found.reason == reason


def test_what_others_sent_along_is_not_passed_on() -> None:
    (found,) = read(status(biz_opaque_callback_data="Nimal Perera, 94771234567"))
    assert isinstance(found, Undelivered)
    assert (found.native_id, found.publication) == ("wamid.1", None)
    assert PHONE not in repr(found)


@pytest.mark.parametrize("kind", ["sent", "delivered", "read", "played"])
def test_a_message_that_is_on_its_way_or_arrives_is_counted(kind: str) -> None:
    assert read(status(status=kind)) == (Unused(NUMBER, kind),)


@pytest.mark.parametrize("kind", ["deleted", None, ["failed"], 7])
def test_a_status_that_nobody_knows_is_counted_under_a_fixed_word(kind: Any) -> None:
    assert read(status(status=kind)) == (Unused(NUMBER, "status"),)


def test_a_failure_of_nothing_is_malformed() -> None:
    assert read(status(id=None)) == (Malformed(NUMBER, "A status names no message."),)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"type": "interactive"}, "unsupported"),
        ({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {"body": "Sent"}}}, "unsupported"),
        ({"type": "order", "order": {}}, "order"),
        ({"type": "request_welcome"}, "type"),
        ({"type": ["text"]}, "type"),
        ({"type": "edit", "edit": {"original_message_id": "1", "message": {"type": "reaction"}}}, "edit"),
    ],
)
def test_types_that_are_of_no_use_are_not_used(fields: dict[str, Any], kind: str) -> None:
    assert read(change(message(**fields))) == (Unused(NUMBER, kind),)


def test_one_business_may_have_several_numbers() -> None:
    assert [entry.account for entry in read(payload("whatsapp", "two-numbers"))] == [NUMBER, "106540352242925"]


def test_messages_in_the_shape_of_other_products_are_not_used() -> None:
    body = {"object": "whatsapp_business_account", "entry": [{"id": BUSINESS, "messaging": []}]}
    assert read(json.dumps(body).encode()) == (Unused(BUSINESS, "messaging"),)


def test_one_bad_message_does_not_take_its_neighbours_along() -> None:
    bad: list[Any] = [
        None,
        message(id=None),
        message(text=None),
        message(text={"body": 5}),
        message(type="image", image=[]),
        message(type="contacts", contacts={}),
        message(**{"from": None}),
        message(type="edit"),
        message(type="edit", edit={"original_message_id": "1"}),
        message(type="edit", edit={"message": {"type": "text", "text": {"body": "x"}}}),
        message(type="revoke", revoke={}),
    ]
    reading = read(change(*bad, message()))
    assert [type(entry) for entry in reading] == [Malformed] * len(bad) + [NewComment]


def test_a_change_that_names_no_number_does_not_take_its_neighbours_along() -> None:
    body = json.loads(payload("whatsapp", "new"))
    body["entry"][0]["changes"] = [
        {"field": "messages", "value": {"messages": [message()]}},
        {"field": "messages", "value": []},
        *body["entry"][0]["changes"],
    ]
    reading = read(json.dumps(body).encode())
    assert [type(entry) for entry in reading] == [Malformed, Malformed, NewComment]


@pytest.mark.parametrize(
    ("timestamp", "sent"),
    [
        ("1795336261", datetime(2026, 11, 22, 8, 31, 1, tzinfo=UTC)),
        (1795336261, datetime(2026, 11, 22, 8, 31, 1, tzinfo=UTC)),
        ("soon", NOW),
        ("٣", NOW),
        ("9" * 5_000, NOW),
        (None, NOW),
    ],
)
def test_times_are_seconds_and_written_as_text(timestamp: object, sent: datetime) -> None:
    (comment,) = read(change(message(timestamp=timestamp)))
    assert isinstance(comment, NewComment)
    assert comment.sent_at == sent
