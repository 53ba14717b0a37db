"""Facebook Page feed comments: signatures, handshake, and what each delivery says."""

import json
from datetime import UTC, datetime
from typing import Any
from unittest.mock import ANY

import pytest

from services.ingest.domain.entries import (
    ORIGINAL,
    UNKNOWN_AUTHOR,
    Echo,
    EditedComment,
    HiddenComment,
    Malformed,
    NewComment,
    Reading,
    RemovedComment,
    ShownComment,
    Unused,
)
from services.ingest.domain.language import Language
from services.ingest.domain.refusals import BadHandshake, BadSignature, Unreadable
from services.ingest.platforms import facebook
from tests.ingest.support import (
    APP_SECRET,
    NOW,
    PAGE,
    SECRETS,
    VERIFY_TOKEN,
    account,
    comment_change,
    facebook_headers,
    feed,
    payload,
)

OTHER = {"app_secret": "another-secret", "verify_token": "another-token"}
COMMENT = "1220000000000077_9007199254740993"


def read(body: bytes) -> Reading:
    return facebook.read(body, {}, account(), NOW)


def authenticate(body: bytes, headers: dict[str, str], *secrets: Any) -> None:
    facebook.authenticate(body, headers, secrets or (SECRETS["facebook"],), NOW)


def test_a_signature_by_any_live_secret_is_good() -> None:
    body = payload("facebook", "comment-add")
    authenticate(body, facebook_headers(body))
    authenticate(body, facebook_headers(body), OTHER, SECRETS["facebook"])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-hub-signature-256": ""},
        {"x-hub-signature-256": "sha256="},
        {"x-hub-signature-256": "sha1=" + "0" * 40},
        {"x-hub-signature-256": "sha256=" + "é" * 64},
        {"x-hub-signature": "sha256=" + "0" * 64},
    ],
)
def test_a_missing_or_misspelt_signature_is_bad(headers: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        authenticate(payload("facebook", "comment-add"), headers)


def test_one_changed_byte_is_a_bad_signature() -> None:
    body = payload("facebook", "comment-add")
    with pytest.raises(BadSignature):
        authenticate(body.replace(b"add", b"adD"), facebook_headers(body))


def test_the_secret_of_another_account_is_a_bad_signature() -> None:
    body = payload("facebook", "comment-add")
    with pytest.raises(BadSignature):
        authenticate(body, facebook_headers(body, OTHER["app_secret"]))


def test_the_right_digest_in_another_encoding_is_a_bad_signature() -> None:
    body = payload("facebook", "comment-add")
    digest = facebook_headers(body)["x-hub-signature-256"].removeprefix("sha256=")
    with pytest.raises(BadSignature):
        authenticate(body, {"x-hub-signature-256": digest})
    with pytest.raises(BadSignature):
        authenticate(body, {"x-hub-signature-256": "sha256=" + digest.upper()})


def test_the_handshake_answers_the_challenge_alone() -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": VERIFY_TOKEN}
    assert facebook.handshake(query, account()).body == "1158201444"


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "guessed"},
        {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN},
        {"hub.mode": "unsubscribe", "hub.challenge": "1", "hub.verify_token": VERIFY_TOKEN},
    ],
)
def test_a_handshake_that_is_not_metas_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(BadHandshake):
        facebook.handshake(query, account())


def test_a_new_comment_starts_its_own_thread_and_reads_as_it_was_written() -> None:
    body = payload("facebook", "comment-add")
    assert body.isascii(), "Meta escapes what is not ASCII"
    (comment,) = read(body)
    assert comment == NewComment(
        account=PAGE,
        native_id=COMMENT,
        author_id="7254899741216339",
        author_name="Nimal Perera",
        text="ගමන් බලපත්‍ර කාර්යාලය විවෘත වන්නේ කීයටද?",
        language=Language("si", ANY),
        sent_at=datetime.fromtimestamp(1795336200, UTC),
        thread=COMMENT,
        revision=ORIGINAL,
    )


def test_a_reply_names_its_parent_and_leaves_the_thread_to_the_store() -> None:
    (reply,) = read(payload("facebook", "reply-add"))
    assert isinstance(reply, NewComment)
    assert (reply.parent, reply.thread) == (COMMENT, None)


def test_an_edit_is_told_by_its_time_and_its_text() -> None:
    body = payload("facebook", "comment-edited")
    (edit,) = read(body)
    assert isinstance(edit, EditedComment)
    assert edit.edited_at == datetime.fromtimestamp(1795336260, UTC)
    (repeat,) = read(body.replace(b'"time":1795336260,', b'"time":1795339999,'))
    (later,) = read(body.replace(b'"created_time":1795336260', b'"created_time":1795336261'))
    (other,) = read(body.replace(b"Saturdays", b"Sundays"))
    assert isinstance(repeat, EditedComment)
    assert isinstance(later, EditedComment)
    assert isinstance(other, EditedComment)
    assert repeat.revision == edit.revision
    assert len({edit.revision, later.revision, other.revision}) == 3


def test_removal_hide_and_unhide_carry_the_time_of_the_event() -> None:
    assert read(payload("facebook", "comment-remove")) == (
        RemovedComment(PAGE, COMMENT, datetime.fromtimestamp(1795336300, UTC)),
    )
    hidden = "1230000000000001_9007199254740993"
    assert read(payload("facebook", "comment-hide")) == (
        HiddenComment(PAGE, hidden, datetime.fromtimestamp(1795336310, UTC)),
    )
    assert read(payload("facebook", "comment-unhide")) == (
        ShownComment(PAGE, hidden, datetime.fromtimestamp(1795336320, UTC)),
    )


def test_the_pages_own_reply_is_an_echo() -> None:
    assert read(payload("facebook", "own-reply")) == (Echo(PAGE, "1220000000000077_9007199254741000", None, COMMENT),)


def test_an_edit_of_the_pages_own_reply_is_not_used() -> None:
    assert read(feed(comment_change(verb="edited", author={"id": PAGE}))) == (Unused(PAGE, "own"),)


def test_a_comment_of_only_a_photo_is_a_comment_without_words() -> None:
    (comment,) = read(payload("facebook", "photo-only"))
    assert isinstance(comment, NewComment)
    assert (comment.text, comment.language) == ("", None)


def test_the_sender_of_older_versions_is_the_author() -> None:
    (comment,) = read(payload("facebook", "old-version"))
    assert isinstance(comment, NewComment)
    assert (comment.author_id, comment.author_name) == ("7254899741216339", "Nimal Perera")


def test_an_author_who_is_withheld_is_unknown() -> None:
    (comment,) = read(feed(comment_change(author=None)))
    assert isinstance(comment, NewComment)
    assert comment.author_id == UNKNOWN_AUTHOR


def test_numbers_of_64_bits_keep_every_digit() -> None:
    (comment,) = read(payload("facebook", "numeric-ids"))
    assert isinstance(comment, NewComment)
    assert (comment.native_id, comment.author_id) == ("9007199254740993", "18446744073709551615")
    assert comment.thread == "9007199254740993"


@pytest.mark.parametrize(("name", "kind"), [("reaction", "item"), ("messaging", "messaging")])
def test_what_is_not_a_comment_is_not_used(name: str, kind: str) -> None:
    assert read(payload("facebook", name)) == (Unused(PAGE, kind),)


def test_verbs_and_objects_that_nobody_knows_are_not_used() -> None:
    assert read(feed(comment_change(verb="follow"))) == (Unused(PAGE, "verb"),)
    assert read(b'{"object":"instagram","entry":[]}') == (Unused(PAGE, "object"),)
    assert read(b'{"object":"page","entry":[]}') == ()


def test_each_entry_names_the_page_that_it_is_for() -> None:
    assert [entry.account for entry in read(payload("facebook", "two-pages"))] == [PAGE, "220000000000002"]


def test_one_bad_change_does_not_take_its_neighbours_along() -> None:
    good, bad = comment_change("1_1"), comment_change(None)  # type: ignore[arg-type]
    first, second = read(feed(bad, good))
    assert isinstance(first, Malformed)
    assert isinstance(second, NewComment)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'"page"',
        b'{"object":"page"}',
        b'{"object":"page","entry":{}}',
        b'{"object":"page","entry":[1]}',
        b'{"object":"page","entry":[{"changes":[]}]}',
        b'{"object":"page","entry":[{"id":1.5,"changes":[]}]}',
        b'{"object":"page","entry":[{"id":"' + b"9" * 300 + b'","changes":[]}]}',
        b"\xff\xfe{\x00}\x00",
        b'\xef\xbb\xbf{"object":"page","entry":[]}',
        b"[" * 100_000,
        b'{"object":"page","entry":[{"id":' + b"9" * 5000 + b"}]}",
    ],
)
def test_a_body_that_is_not_as_documented_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body)


@pytest.mark.parametrize("when", ["soon", True, 1e300, -1e300, None])
def test_a_time_that_is_none_falls_back_to_that_of_sending(when: Any) -> None:
    (comment,) = read(feed(comment_change(created_time=when)))
    assert isinstance(comment, NewComment)
    assert comment.sent_at == datetime.fromtimestamp(1_795_336_200, UTC)


def test_nul_and_half_surrogates_do_not_reach_the_tables() -> None:
    body = feed(comment_change(message="a\x00b\ud800c"))
    assert b"\\ud800" in body
    (comment,) = read(body)
    assert isinstance(comment, NewComment)
    assert comment.text == "abc"


def test_the_read_body_is_the_signed_body() -> None:
    body = json.dumps({"object": "page", "entry": []}, indent=2).encode()
    authenticate(body, facebook_headers(body, APP_SECRET))
    assert read(body) == ()
