"""Facebook Page feed comments: what each delivery says."""

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
    Elsewhere,
    HiddenComment,
    Malformed,
    Media,
    NewComment,
    Reading,
    RemovedComment,
    ShownComment,
    Unused,
)
from services.ingest.domain.language import Language
from services.ingest.platforms import WEBHOOKS
from tests.ingest.platforms.door import Door
from tests.ingest.support import NOW, PAGE, account, comment_change, feed, payload

COMMENT = "1220000000000077_9007199254740993"


class TestDoor(Door):
    platform = "facebook"
    account = PAGE


def read(body: bytes) -> Reading:
    return WEBHOOKS["facebook"].read(body, {}, account(), NOW)


def written(body: bytes) -> NewComment:
    (comment,) = read(body)
    assert isinstance(comment, NewComment)
    return comment


def edited(body: bytes) -> EditedComment:
    (comment,) = read(body)
    assert isinstance(comment, EditedComment)
    return comment


def test_a_new_comment_starts_its_own_thread_and_reads_as_it_was_written() -> None:
    assert written(payload("facebook", "new")) == NewComment(
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
    reply = written(payload("facebook", "reply"))
    assert (reply.parent, reply.thread) == (COMMENT, None)


@pytest.mark.parametrize("parent", [None, f"{PAGE}_77", "77_1"])
def test_a_comment_that_answers_no_other_starts_a_thread(parent: str | None) -> None:
    comment = written(feed(comment_change("77_1", parent_id=parent)))
    assert (comment.parent, comment.thread) == (None, "77_1")


def test_an_edit_is_told_by_its_time_and_its_text() -> None:
    body = payload("facebook", "edit")
    edit = edited(body)
    assert edit.edited_at == datetime.fromtimestamp(1795336260, UTC)
    assert edited(body.replace(b'"time":1795336260,', b'"time":1795339999,')).revision == edit.revision
    later = edited(body.replace(b'"created_time":1795336260', b'"created_time":1795336261'))
    other = edited(body.replace(b"Saturdays", b"Sundays"))
    assert len({edit.revision, later.revision, other.revision}) == 3


def test_an_edit_without_a_time_is_the_same_however_often_it_is_sent() -> None:
    first, retry = (edited(feed(comment_change(verb="edit", created_time=None), time=at)) for at in (1, 2))
    assert first.revision == retry.revision


def test_removal_hide_and_unhide_carry_the_time_of_the_event() -> None:
    hidden = "1230000000000001_9007199254740993"
    for name, entry in (
        ("delete", RemovedComment(PAGE, COMMENT, datetime.fromtimestamp(1795336300, UTC))),
        ("comment-hide", HiddenComment(PAGE, hidden, datetime.fromtimestamp(1795336310, UTC))),
        ("comment-unhide", ShownComment(PAGE, hidden, datetime.fromtimestamp(1795336320, UTC))),
    ):
        assert read(payload("facebook", name)) == (entry,)


def test_the_pages_own_reply_is_an_echo() -> None:
    assert read(payload("facebook", "echo")) == (Echo(PAGE, "1220000000000077_9007199254741000", None, COMMENT),)


def test_an_edit_of_the_pages_own_reply_is_not_used() -> None:
    assert read(feed(comment_change(verb="edited", author={"id": PAGE}))) == (Unused(PAGE, "own"),)


def test_a_comment_of_only_a_photo_is_a_comment_without_words() -> None:
    comment = written(payload("facebook", "photo-only"))
    assert (comment.text, comment.language) == ("", None)
    assert comment.media == (Media("image", "https://scontent.example/p.jpg"),)


def test_what_is_no_address_is_no_media() -> None:
    comment = written(
        feed(comment_change(photo={"src": "x"}, video="https://v.example/\x00", link="https://a.example"))
    )
    assert comment.media == (Media("link", "https://a.example"),)


def test_the_sender_of_older_versions_is_the_author() -> None:
    comment = written(payload("facebook", "old-version"))
    assert (comment.author_id, comment.author_name) == ("7254899741216339", "Nimal Perera")


def test_an_author_who_is_withheld_is_unknown() -> None:
    assert written(feed(comment_change(author=None))).author_id == UNKNOWN_AUTHOR


def test_numbers_of_64_bits_keep_every_digit() -> None:
    comment = written(payload("facebook", "numeric-ids"))
    assert (comment.native_id, comment.author_id) == ("9007199254740993", "18446744073709551615")
    assert comment.thread == "9007199254740993"


def test_messages_of_the_same_page_are_messengers() -> None:
    assert read(payload("facebook", "messaging")) == (Elsewhere(PAGE, "messenger"),)


@pytest.mark.parametrize(("name", "kind"), [("unknown", "item"), ("no-values", "changed_fields")])
def test_what_is_not_a_comment_is_not_used(name: str, kind: str) -> None:
    assert read(payload("facebook", name)) == (Unused(PAGE, kind),)


def test_verbs_and_fields_that_nobody_knows_are_not_used() -> None:
    assert read(feed(comment_change(verb="follow"))) == (Unused(PAGE, "verb"),)
    entry = {"id": PAGE, "time": 1, "changes": [{"field": "mention", "value": {}}, {"field": ["feed"]}]}
    body = json.dumps({"object": "page", "entry": [entry]}).encode()
    assert read(body) == (Unused(PAGE, "field"), Unused(PAGE, "field"))


def test_each_entry_names_the_page_that_it_is_for() -> None:
    assert [entry.account for entry in read(payload("facebook", "two-pages"))] == [PAGE, "220000000000002"]


def test_one_bad_change_does_not_take_its_neighbours_along() -> None:
    changes: list[dict[str, Any]] = [
        comment_change(None),  # type: ignore[arg-type]
        comment_change("1_1"),
        comment_change(message=5),
        comment_change(verb=7),  # type: ignore[arg-type]
        comment_change("1_2"),
    ]
    kinds = [type(entry) for entry in read(feed(*changes))]
    assert kinds == [Malformed, NewComment, Malformed, Malformed, NewComment]


@pytest.mark.parametrize("when", ["soon", True, 1e300, -1e300, None])
def test_a_time_that_is_none_falls_back_to_that_of_sending(when: Any) -> None:
    assert written(feed(comment_change(created_time=when))).sent_at == datetime.fromtimestamp(1_795_336_200, UTC)


def test_without_any_time_a_comment_was_written_now() -> None:
    assert written(feed(comment_change(created_time=None), time="soon")).sent_at == NOW  # type: ignore[arg-type]


def test_nul_and_half_surrogates_do_not_reach_the_tables() -> None:
    body = feed(comment_change(message="a\x00b\ud800c"))
    assert b"\\ud800" in body
    assert written(body).text == "abc"
