"""The generic signed source: Standard Webhooks 1.0 around a comment."""

import json
from datetime import UTC, datetime, timedelta
from unittest.mock import ANY

import pytest
from standardwebhooks.webhooks import Webhook

from services.ingest.domain.entries import EditedComment, NewComment, Reading, RemovedComment, Unused
from services.ingest.domain.language import Language
from services.ingest.domain.refusals import BadSignature, StaleSignature, Unreadable
from services.ingest.platforms import standard
from tests.ingest.platforms.door import Door
from tests.ingest.support import NOW, SECRETS, WHSEC, account, payload, standard_headers

BODY = payload("standard", "new")
OLD = {"secret": "whsec_" + "b2xkIG9sZCBvbGQgb2xkIG9sZCBvbGQgb2xk"}


def read(body: bytes, message: str = "msg_1") -> Reading:
    return standard.read(body, {"webhook-id": message}, account("standard", "clinic"), NOW)


def authenticate(body: bytes, headers: dict[str, str], now: datetime = NOW) -> None:
    standard.authenticate(body, headers, (SECRETS["standard"], OLD), now)


class TestDoor(Door):
    platform = "standard"
    account = "clinic"


def test_what_the_reference_library_signs_is_good() -> None:
    now = datetime.now(UTC)
    headers = {
        "webhook-id": "msg_2",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(WHSEC).sign("msg_2", now, BODY.decode()),
    }
    authenticate(BODY, headers, now)


def test_one_good_signature_in_a_list_will_do() -> None:
    headers = standard_headers(BODY, at=NOW)
    headers["webhook-signature"] = f"v1a,AAAA v1,AAAA {headers['webhook-signature']} v2,x"
    authenticate(BODY, headers)


def test_the_secret_that_is_being_rotated_out_is_still_good() -> None:
    authenticate(BODY, standard_headers(BODY, secret=OLD["secret"], at=NOW))


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_every_header_is_needed(missing: str) -> None:
    headers = standard_headers(BODY, at=NOW)
    del headers[missing]
    with pytest.raises(BadSignature):
        authenticate(BODY, headers)


@pytest.mark.parametrize(
    ("header", "value"),
    [("webhook-id", "msg_3"), ("webhook-timestamp", str(int(NOW.timestamp()) + 1)), ("webhook-signature", "v1,é")],
)
def test_id_time_and_body_are_all_signed(header: str, value: str) -> None:
    with pytest.raises(BadSignature):
        authenticate(BODY, standard_headers(BODY, at=NOW) | {header: value})
    with pytest.raises(BadSignature):
        authenticate(BODY + b" ", standard_headers(BODY, at=NOW))


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_signature_more_than_five_minutes_off_is_stale(minutes: int) -> None:
    with pytest.raises(StaleSignature):
        authenticate(BODY, standard_headers(BODY, at=NOW + timedelta(minutes=minutes)))


@pytest.mark.parametrize("seconds", [-299, 299])
def test_a_signature_within_five_minutes_is_good(seconds: int) -> None:
    authenticate(BODY, standard_headers(BODY, at=NOW + timedelta(seconds=seconds)))


def test_a_new_comment_says_who_what_and_when() -> None:
    assert read(BODY) == (
        NewComment(
            account="clinic",
            native_id="17",
            author_id="p1",
            author_name="Nimal",
            text="நீர் எப்போது வரும்?",
            language=Language("ta", ANY),
            sent_at=datetime(2026, 11, 22, 8, 30, tzinfo=UTC),
            thread="17",
        ),
    )


def test_an_answer_leaves_its_thread_to_the_store() -> None:
    (reply,) = read(payload("standard", "reply"))
    assert isinstance(reply, NewComment)
    assert (reply.thread, reply.parent, reply.public) == (None, "17", False)


def test_an_edit_is_told_by_its_webhook_id() -> None:
    (edit,) = read(payload("standard", "edit"), "msg_9")
    assert isinstance(edit, EditedComment)
    assert (edit.revision, edit.edited_at) == ("msg_9", datetime(2026, 11, 22, 8, 32, tzinfo=UTC))


def test_a_deletion_names_what_is_gone() -> None:
    assert read(payload("standard", "delete")) == (
        RemovedComment("clinic", "17", datetime(2026, 11, 22, 8, 33, tzinfo=UTC)),
    )


def test_bare_words_are_a_comment_under_the_webhook_id() -> None:
    (comment,) = read(payload("standard", "bare"), "msg_7")
    assert isinstance(comment, NewComment)
    assert (comment.native_id, comment.thread, comment.sent_at) == ("msg_7", "msg_7", NOW)


def test_other_types_are_not_used() -> None:
    assert read(payload("standard", "unknown")) == (Unused("clinic", "type"),)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": 1},
        {"type": "comment.created"},
        {"type": "comment.created", "data": []},
        {"type": "comment.created", "data": {"id": "1"}},
        {"type": "comment.created", "data": {"id": {}, "text": "x"}},
        {"type": "comment.created", "data": {"id": "1", "text": 5}},
        {"type": "comment.edited", "data": {"text": "no id"}},
        {"type": "comment.deleted", "data": {}},
        [],
    ],
)
def test_what_is_not_as_described_is_unreadable(body: object) -> None:
    with pytest.raises(Unreadable):
        read(json.dumps(body).encode())
