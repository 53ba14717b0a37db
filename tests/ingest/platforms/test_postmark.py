"""Mail by way of Postmark."""

import base64
import json
from datetime import UTC, datetime
from typing import Any
from unittest.mock import ANY

import pytest

from services.ingest.domain.entries import Echo, Entry, Media, NewComment, Undelivered, Unused
from services.ingest.domain.language import Language
from services.ingest.domain.refusals import BadSignature, Unreadable
from services.ingest.platforms import postmark
from services.ingest.platforms.json_body import parse_object
from tests.ingest.platforms.door import Door
from tests.ingest.support import NOW, SECRETS, Ingest, account, payload, running_ingest
from tests.support.senders import SENDERS

BOX = "info@passports.example"
FIRST = "CAEPk3R+4Zr9007199254740993@mail.example"
OURS = "pub-17@passports.example"
SECOND = "CAEPk3R+5Qx9007199254740995@mail.example"
KEY = "pub_019aa3f2c1e47c55a0f3b2d98e6f1a07"
COMMENT = "cmt_019aa3f2c1e47c55a0f3b2d98e6f1a07"


class TestDoor(Door):
    platform = "postmark"
    account = BOX


def parsed(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(payload("postmark", name))
    return found


def mail(**fields: Any) -> dict[str, Any]:
    """The recorded new mail with these fields instead."""
    return {**parsed("new"), **fields}


def with_headers(**fields: str | None) -> dict[str, Any]:
    """The recorded new mail with these header fields instead, in front; None leaves one out."""
    names = {name.replace("_", "-"): value for name, value in fields.items()}
    kept = [one for one in parsed("new")["Headers"] if one["Name"].lower() not in names]
    given = [{"Name": name.title(), "Value": value} for name, value in names.items() if value is not None]
    return mail(Headers=[*given, *kept])


def read(event: object, box: str = BOX) -> Entry:
    (entry,) = postmark.read(json.dumps(event).encode(), {}, account("postmark", box), NOW)
    return entry


def comment(event: object, box: str = BOX) -> NewComment:
    entry = read(event, box)
    assert isinstance(entry, NewComment)
    return entry


def authenticate(header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    postmark.authenticate(b"", headers, (SENDERS["postmark"].other, SECRETS["postmark"]), NOW)


def basic(pair: str, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(pair.encode()).decode()}"


# -- who may knock


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_the_scheme_is_written_in_any_case(scheme: str) -> None:
    authenticate(basic("postmark:a-long-password", scheme))


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic cG9zdG1hcms",
        "Basic é",
        "Basic " + "=" * 5,
        "Bearer a-long-password",
        basic(""),
        basic(":"),
        basic("postmark"),
        basic("postmark:"),
        basic(":a-long-password"),
        basic("postmark:a-long-passworé"),
        basic("postmark:a-long-password "),
        basic("Postmark:a-long-password"),
        basic("postmark:a-long-password", "Digest"),
        basic("postmark:a-long-password") + "\x00",
    ],
)
def test_nothing_else_opens_the_door(header: str | None) -> None:
    with pytest.raises(BadSignature):
        authenticate(header)


# -- what a mail says


def test_a_new_mail_says_who_what_and_when() -> None:
    assert read(parsed("new")) == NewComment(
        account=BOX,
        native_id=FIRST,
        author_id="nimal@mail.example",
        author_handle="nimal@mail.example",
        author_name="Nimal Perera",
        text="Passport PA-1183 තවම නැහැ\nමගේ ගමන් බලපත්‍රය ලැබෙන්නේ කවදාද? 🛂\nයොමුව PA-1183.\n\nනිමල්",
        language=Language("si", ANY),
        sent_at=datetime(2026, 11, 22, 8, 29, 30, tzinfo=UTC),
        thread=FIRST,
        public=False,
        subject_line="Passport PA-1183 තවම නැහැ",
    )


def test_a_reply_is_what_was_written_now_without_subject_and_quote() -> None:
    reply = comment(parsed("reply"))
    assert (reply.text, reply.native_id) == ("Thank you, but which counter?", SECOND)
    assert (reply.thread, reply.parent) == (FIRST, OURS)
    assert reply.subject_line == "Re: Passport PA-1183 තවම නැහැ"


def test_a_subject_that_was_changed_in_a_reply_is_read_with_it() -> None:
    reply = comment({**parsed("reply"), "Subject": "The counter at Matara was closed"})
    assert reply.text == "The counter at Matara was closed\nThank you, but which counter?"
    assert reply.subject_line == "The counter at Matara was closed"


@pytest.mark.parametrize(
    ("subject", "kept"),
    [
        ("Where is\r\n my passport?", "Where is my passport?"),
        ("Passport\r\nBcc: all@mail.example", "Passport Bcc: all@mail.example"),
        ("cafe\u0301\x00", "café"),
        ("", None),
        (" \r\n", None),
        (7, None),
    ],
)
def test_a_subject_is_kept_on_one_line(subject: object, kept: str | None) -> None:
    assert comment(mail(Subject=subject)).subject_line == kept


def test_a_subject_without_an_end_is_kept_as_far_as_a_header_has_room() -> None:
    kept = comment(mail(Subject="word " * 100_000)).subject_line
    assert kept is not None
    assert 900 < len(f"Subject: Re: {kept}") <= 998
    assert kept.endswith("word")


def test_an_address_is_one_person_however_it_is_spelt() -> None:
    assert comment(parsed("message")).author_id == "kamala@mail.example"


def test_our_own_words_come_back_as_an_echo() -> None:
    assert read(parsed("echo")) == Echo(BOX, OURS, None, FIRST)
    own = {"Email": "Info+cmt@Passports.example", "Name": ""}
    assert isinstance(read(mail(FromFull=own)), Echo)


def test_a_mail_to_the_address_of_the_stream_from_that_address_is_an_echo_too() -> None:
    hashed = mail(OriginalRecipient="a1b2@inbound.example", FromFull={"Email": "a1b2@inbound.example"})
    assert isinstance(read(hashed, "stream-7"), Echo)


def test_without_a_header_postmark_s_own_id_names_the_mail() -> None:
    for event in (with_headers(message_id=None), with_headers(message_id="<>"), with_headers(message_id="<a\x00b>")):
        assert comment(event).native_id == "22c74902-a0c1-4511-804f-2341342852c9"
    with pytest.raises(Unreadable):
        read({**with_headers(message_id=None), "MessageID": None})


def test_html_is_read_where_there_is_no_text() -> None:
    page = "<html><head><title>x</title></head><body><p>Hello &amp; welcome</p><div>Kamala</div></body></html>"
    assert comment(mail(TextBody="", HtmlBody=page, Subject="")).text == "Hello & welcome\n\nKamala"


def test_a_mail_of_only_a_subject_or_an_attachment_is_a_comment() -> None:
    assert comment(mail(TextBody="\r\n", Subject="Where is\r\n my passport?")).text == "Where is my passport?"
    attached = mail(TextBody="", Subject="", Attachments=[{"Name": "a.png", "ContentType": "image/png"}])
    assert comment(attached).media == (Media("image", None, None, "a.png", "image/png"),)


def test_attachments_are_named_by_what_they_are() -> None:
    assert comment(parsed("ten")).media == (
        Media("file", name="receipt.pdf", content_type="application/pdf"),
        Media("image", name="පෝලිම.jpg", content_type="image/jpeg"),
        Media("audio", name="what I was told.m4a", content_type="audio/mp4"),
    )


def test_a_hundred_attachments_do_not_make_an_event_too_large() -> None:
    many = [{"Name": "ක" * 5000, "ContentType": "image/" + "x" * 5000}] * 100
    media = comment(mail(Attachments=many)).media
    assert len(media) == 20
    assert {(len(one.name or ""), one.content_type) for one in media} == {(100, None)}


def bounce(**fields: Any) -> dict[str, Any]:
    return {**parsed("undelivered"), **fields}


def test_a_mail_that_bounced_is_known_by_what_was_sent_along() -> None:
    at = datetime(2026, 11, 22, 8, 33, 54, 907025, tzinfo=UTC)
    assert read(bounce()) == Undelivered(BOX, None, KEY, "rejected", "Postmark: HardBounce", at)
    assert "nimal" not in repr(read(bounce()))


@pytest.mark.parametrize(
    ("kind", "reason"), [("SoftBounce", "rejected"), ("Blocked", "blocked"), ("SpamNotification", "blocked")]
)
def test_why_a_mail_bounced_is_told_by_its_type(kind: str, reason: str) -> None:
    found = read(bounce(Type=kind))
    assert isinstance(found, Undelivered)
    assert found.reason == reason


@pytest.mark.parametrize(
    "kind", ["Transient", "AutoResponder", "Subscribe", "Unknown", "ChallengeVerification", 7, None]
)
def test_a_bounce_that_is_none_is_counted(kind: object) -> None:
    assert read(bounce(Type=kind)) == Unused(BOX, "bounce")


@pytest.mark.parametrize("metadata", [{}, None, [], {"publication": "Nimal"}, {"publication": 7}, {"user": KEY}])
def test_a_bounce_of_what_others_sent_is_not_ours(metadata: object) -> None:
    assert read(bounce(Metadata=metadata)) == Unused(BOX, "foreign")


def test_a_bounce_is_of_the_account_that_had_sent_it() -> None:
    for sender, whose in (("INFO@Passports.example", "Info@passports.example"), ("help@water.example",) * 2):
        found = read(bounce(From=sender), "Info@passports.example")
        assert isinstance(found, Undelivered)
        assert found.account == whose


@pytest.mark.asyncio
async def test_nobody_speaks_of_the_mail_of_an_account_whose_secret_they_do_not_have() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("postmark", BOX, secrets=SENDERS["postmark"].secrets)
        await ingest.connect("postmark", "help@water.example", agency="water-board", secrets=SENDERS["postmark"].other)
        body, headers = SENDERS["postmark"].send(json.dumps(bounce(From="help@water.example")).encode())
        answer = await ingest.http.post(f"/webhooks/postmark/{BOX}", content=body, headers=headers)
        kinds = {kind for kind, _ in await ingest.events()}
        assert (answer.status_code, kinds) == (200, {"AccountConnected"})


@pytest.mark.parametrize("record", ["Delivery", "Open", "SpamComplaint", 7, None])
def test_other_records_are_not_used(record: object) -> None:
    assert read(mail(RecordType=record)) == Unused(BOX, "event")


# -- threads


@pytest.mark.parametrize(
    ("references", "answered", "thread", "parent"),
    [
        ("<a@x> <b@x> <c@x>", "<c@x>", "a@x", "c@x"),
        ("<a@x>\r\n\t<b@x>", None, "a@x", "b@x"),
        ("<a@x>", "<a@x>", None, "a@x"),
        (None, "<a@x>", None, "a@x"),
        (None, "Your mail of Sunday <a@x> (again)", None, "a@x"),
        (None, "a@x", None, "a@x"),
        (None, "Your mail of Sunday", FIRST, None),
        ("<our-1@passports.example> <a@x> <our-2@passports.example>", "<our-2@passports.example>", None,
         "our-2@passports.example"),
        ("<a@x> <b@x>", "<c@x> <b@x>", "a@x", "c@x"),
        (f"<{FIRST}>", f"<{FIRST}>", FIRST, None),
        ("<" + "a" * 300 + "@x> <b@x>", None, None, "b@x"),
        ("<\x00@x>", "<>", FIRST, None),
        ("", "", FIRST, None),
    ],
)  # fmt: skip
def test_the_chain_says_where_a_mail_stands(
    references: str | None, answered: str | None, thread: str | None, parent: str | None
) -> None:
    found = comment(with_headers(references=references, in_reply_to=answered))
    assert (found.thread, found.parent) == (thread, parent)


def test_where_the_chain_is_lost_the_address_that_was_answered_to_says_it() -> None:
    assert comment(mail(MailboxHash=COMMENT)).parent == COMMENT
    assert comment(mail(OriginalRecipient=f"info+{COMMENT.upper()}@passports.example")).parent == COMMENT
    chained = {**with_headers(in_reply_to="<a@x>"), "MailboxHash": COMMENT}
    assert comment(chained).parent == "a@x"


def test_a_word_behind_the_plus_joins_nobody_s_threads() -> None:
    found = comment(mail(MailboxHash="newsletter"))
    assert (found.thread, found.parent) == (FIRST, None)


@pytest.mark.asyncio
async def test_an_answer_to_a_cut_chain_stands_where_our_reply_stands() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("postmark", BOX)
        cut = with_headers(references=f"<{OURS}>", in_reply_to=f"<{OURS}>", message_id="<later@mail.example>")
        for event in (parsed("new"), parsed("echo"), cut):
            await deliver(ingest, json.dumps(event).encode())
        rows = await ingest.rows("SELECT native_id, thread FROM comment ORDER BY native_id")
        assert [tuple(row) for row in rows] == [(FIRST, FIRST), ("later@mail.example", FIRST)]


# -- machines


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("auto_submitted", "auto-replied"),
        ("auto_submitted", "auto-generated; owner-email=x"),
        ("auto_submitted", "AUTO-NOTIFIED"),
        ("precedence", "bulk"),
        ("precedence", "Junk"),
        ("precedence", "list"),
        ("x_autoreply", "yes"),
        ("return_path", "<>"),
    ],
)
def test_what_machines_send_is_not_a_comment(name: str, value: str) -> None:
    assert read(with_headers(**{name: value})) == Unused(BOX, "automatic")


@pytest.mark.parametrize(
    ("name", "value"),
    [("auto_submitted", "no"), ("auto_submitted", "No "), ("precedence", "first-class"), ("return_path", "<a@x>")],
)
def test_what_people_send_is(name: str, value: str) -> None:
    assert comment(with_headers(**{name: value})).native_id == FIRST


def test_the_first_return_path_is_the_one_that_a_server_wrote() -> None:
    event = parsed("new")
    event["Headers"].append({"Name": "Return-Path", "Value": "<>"})
    assert comment(event).native_id == FIRST


# -- dates


@pytest.mark.parametrize(
    "date",
    [
        "",
        "yesterday",
        "Sun, 22 Nov 2026 13:59:30",
        "Sun, 22 Nov 2026 13:59:30 -0000",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Mon, 01 Jan 0001 00:00:00 +2359",
        "Sun, 22 Nov 2099 08:00:00 +0000",
        "Thu, 01 Jan 1970 00:00:00 +0000",
        "Sun, 99 Nov 2026 08:00:00 +0000",
        "Sun, 22 Nov 2026 08:00:00 +99999999999999",
        "9" * 5000,
        None,
        7,
    ],
)
def test_an_absurd_date_is_no_date(date: object) -> None:
    assert comment(mail(Date=date)).sent_at == NOW


# -- hostile mail


def test_a_mail_written_to_break_its_reader_is_read_at_once_or_set_aside() -> None:
    for page in ("<a " * 150_000, "<![" * 150_000, "&#" + "9" * 400_000, "<!--" * 100_000, "<p" * 200_000):
        read(mail(TextBody="", StrippedTextReply="", HtmlBody=page))
    chain = "<" * 500_000 + "a@b>" + "x" * 500_000
    assert comment(with_headers(references=chain, in_reply_to="a" * 1_000_000)).text


@pytest.mark.parametrize(
    "fields",
    [
        {"FromFull": None},
        {"FromFull": []},
        {"MessageID": {}, "Headers": []},
        {"MessageID": None, "Headers": 7},
    ],
)
def test_what_is_not_as_documented_is_unreadable(fields: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        read(mail(**fields))


@pytest.mark.parametrize("value", [None, 7, [], {}, [7], [[]], [{}], [{"Name": 7, "Value": []}], "x"])
@pytest.mark.parametrize(
    "name", ["Headers", "Attachments", "Subject", "TextBody", "HtmlBody", "StrippedTextReply", "MailboxHash", "Date"]
)
def test_a_field_of_another_type_is_as_good_as_none(name: str, value: object) -> None:
    assert isinstance(read(mail(**{name: value})), NewComment)


@pytest.mark.parametrize("address", ["", "nobody", "a@b@c", "a b@c", "a" * 300 + "@x", "a\x00@x", "\ud800@x", "<a@x>"])
def test_an_author_without_an_address_is_unknown(address: str) -> None:
    found = comment(mail(FromFull={"Email": address}))
    assert (found.author_id, found.author_handle) == ("unknown", None)


# -- what is kept


def test_what_is_kept_has_neither_attachments_nor_the_raw_mail() -> None:
    body = json.dumps({**parsed("ten"), "RawEmail": "From: x" * 1000}).encode()
    kept = postmark.cut(body)
    assert len(kept) < 12_000 < len(body)
    event = parse_object(kept)
    assert "RawEmail" not in event
    assert [set(one) for one in event["Attachments"]] == [{"Name", "ContentType", "ContentLength", "ContentID"}] * 3
    assert read(event) == read(parsed("ten"))
    assert postmark.cut(kept) == kept


@pytest.mark.parametrize(
    "body",
    [payload("postmark", "new"), b"{broken", b"[]", b"\xff", b"[" * 100_000, b'{"Attachments":null}', b""],
)
def test_a_body_without_attachments_is_kept_as_it_came(body: bytes) -> None:
    assert postmark.cut(body) == body


def test_attachments_of_another_shape_do_no_harm() -> None:
    assert json.loads(postmark.cut(b'{"Attachments":[7,{"Content":"x","Name":"a"}]}')) == {
        "Attachments": [7, {"Name": "a"}]
    }
    assert json.loads(postmark.cut(b'{"Attachments":"x","RawEmail":1}')) == {"Attachments": "x"}


@pytest.mark.asyncio
async def test_neither_the_raw_body_nor_a_dead_letter_holds_an_attachment() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("postmark", BOX)
        await deliver(ingest, payload("postmark", "ten"))
        await deliver(ingest, json.dumps({**parsed("ten"), "FromFull": 7}).encode())
        ((raw,), (dead,)) = await ingest.rows("SELECT body FROM raw_body UNION ALL SELECT body FROM dead_letter")
        for kept in (raw, dead):
            assert len(kept) < 12_000
            assert b"receipt.pdf" in bytes(kept)


@pytest.mark.asyncio
async def test_a_mail_of_many_megabytes_is_taken_in() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("postmark", BOX)
        heavy = {"Name": "film.mp4", "ContentType": "video/mp4", "Content": "QUJD" * (6 << 20)}
        await deliver(ingest, json.dumps(mail(Attachments=[heavy])).encode())
        ((size, media),) = await ingest.rows(
            "SELECT octet_length(body), media FROM comment JOIN raw_body ON raw_body.id = raw_id"
        )
        assert size < 10_000
        assert [(one["kind"], one["name"]) for one in json.loads(media)] == [("video", "film.mp4")]


async def deliver(ingest: Ingest, body: bytes) -> None:
    sent, headers = SENDERS["postmark"].send(body)
    answer = await ingest.http.post(f"/webhooks/postmark/{BOX}", content=sent, headers=headers)
    assert answer.status_code == 200, answer.text
