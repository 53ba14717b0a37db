"""Discourse: signatures, and what each event says of a post."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.ingest.domain.entries import (
    ORIGINAL,
    UNKNOWN_AUTHOR,
    Echo,
    EditedComment,
    HiddenComment,
    Media,
    NewComment,
    Reading,
    RemovedComment,
    ShownComment,
    Unused,
)
from services.ingest.domain.language import Language
from services.ingest.domain.refusals import BadSignature, Unreadable
from services.ingest.platforms import discourse
from tests.ingest.platforms.door import Door
from tests.ingest.platforms.garbled import reads_whatever_comes
from tests.ingest.support import NOW, SECRETS, Ingest, account, payload
from tests.support.senders import SENDERS

AGENCY = "water_board"
POST = "9007199254740993"
TOPIC = "t4947"
EVENTS = {
    "edit": {"x-discourse-event": "post_edited"},
    "hidden": {"x-discourse-event": "post_edited"},
    "delete": {"x-discourse-event": "post_destroyed"},
    "unknown": {"x-discourse-event-type": "topic", "x-discourse-event": "topic_created"},
    "empty": {"x-discourse-event-type": "ping", "x-discourse-event": "ping"},
}


class TestDoor(Door):
    platform = "discourse"
    account = AGENCY
    base_url = "https://forum.town.example"

    def headers_of(self, name: str) -> dict[str, str]:
        return EVENTS.get(name, {})

    @pytest.mark.asyncio
    async def test_the_content_type_of_a_form_changes_nothing(self, ingest: Ingest) -> None:
        form = {"content-type": "application/x-www-form-urlencoded"}
        assert (await self.post(ingest, self.body("new"), form)).status_code == 200
        assert await ingest.count("comment") == 1

    @pytest.mark.asyncio
    async def test_a_flagged_post_is_hidden_and_stays(self, ingest: Ingest) -> None:
        await self.deliver(ingest, "new")
        await self.deliver(ingest, "hidden")
        ((status, hidden),) = await ingest.rows("SELECT status, hidden FROM comment")
        assert (status, hidden) == ("received", True)

    @pytest.mark.asyncio
    async def test_a_recovered_post_stays_deleted(self, ingest: Ingest) -> None:
        for name in ("new", "delete"):
            await self.deliver(ingest, name)
        recovered = {"x-discourse-event": "post_recovered"}
        assert (await self.post(ingest, self.body("new"), recovered)).status_code == 200
        await self.deliver(ingest, "edit")
        ((status, revision),) = await ingest.rows("SELECT status, revision FROM comment")
        assert (status, revision) == ("deleted", 1)


def read(body: Any, event: str = "post_created", kind: str = "post") -> Reading:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"x-discourse-event-type": kind, "x-discourse-event": event}
    return discourse.read(sent, headers, account("discourse", AGENCY), NOW)


def recorded(name: str) -> Reading:
    return read(payload("discourse", name), EVENTS.get(name, {}).get("x-discourse-event", "post_created"))


def one(body: Any, event: str = "post_created") -> Any:
    """The one thing that a body says, beside that the post can be seen."""
    (entry,) = [entry for entry in read(body, event) if not isinstance(entry, ShownComment)]
    return entry


def post(**fields: Any) -> dict[str, Any]:
    """The recorded new post with ``fields`` replaced; None leaves one out."""
    value = {**json.loads(payload("discourse", "new"))["post"], **fields}
    return {"post": {name: content for name, content in value.items() if content is not None}}


def test_a_body_without_a_signature_is_refused() -> None:
    body, headers = SENDERS["discourse"].send(payload("discourse", "new"))
    good = headers.pop("x-discourse-event-signature")
    secrets = (SECRETS["discourse"],)
    with pytest.raises(BadSignature):
        discourse.authenticate(body, headers, secrets, NOW)
    for bad in ("", "sha256=", good.removeprefix("sha256="), good.replace("sha256", "sha1"), good.upper()):
        with pytest.raises(BadSignature):
            discourse.authenticate(body, {**headers, "x-discourse-event-signature": bad}, secrets, NOW)
    discourse.authenticate(body, {**headers, "x-discourse-event-signature": good}, secrets, NOW)


def test_a_post_stands_in_the_thread_of_its_topic() -> None:
    assert recorded("new") == (
        NewComment(
            account=AGENCY,
            native_id=POST,
            author_id="9007199254740995",
            author_name="Nimal Perera",
            author_handle="NimalP",
            text="ගමන් බලපත්‍ර කාර්යාලය විවෘත වන්නේ කීයටද?",
            language=Language("si", 1.0),
            sent_at=datetime(2026, 11, 22, 8, 30, 0, 123_000, tzinfo=UTC),
            thread=TOPIC,
            reach=0,
            revision=ORIGINAL,
        ),
    )


def test_which_post_is_answered_cannot_be_known() -> None:
    (reply,) = recorded("reply")
    assert isinstance(reply, NewComment)
    assert (reply.native_id, reply.thread, reply.parent) == ("9007199254740995", TOPIC, None)


def test_an_edit_is_told_by_version_and_text_and_ordered_by_its_time() -> None:
    edit, shown = recorded("edit")
    assert isinstance(edit, EditedComment)
    assert shown == ShownComment(AGENCY, edit.native_id, datetime(2026, 11, 22, 8, 32, 10, 870_000, tzinfo=UTC))
    assert edit.edited_at == datetime(2026, 11, 22, 8, 32, 10, 870_000, tzinfo=UTC)
    assert edit.reach == 4
    keys = {
        one(post(version=version, raw=raw, updated_at=at), "post_edited").revision
        for version, raw, at in ((1, "a", "2026-11-22T09:00:00Z"), (1, "a", "x"), (1, "b", "x"), (2, "a", "x"))
    }
    assert len(keys) == 3


def test_what_its_author_deletes_is_gone_since_it_was_changed() -> None:
    assert recorded("delete") == (RemovedComment(AGENCY, POST, datetime(2026, 11, 22, 9, 0, 0, 500_000, tzinfo=UTC)),)


def test_what_staff_deletes_is_gone_since_then() -> None:
    trashed = post(deleted_at="2026-11-22T10:00:00.000Z", topic_id=None)
    assert one(trashed, "post_destroyed") == RemovedComment(AGENCY, POST, datetime(2026, 11, 22, 10, tzinfo=UTC))
    assert one(post(updated_at=None), "post_destroyed").at == NOW


def test_an_edit_of_what_is_deleted_says_that_it_is_gone() -> None:
    assert isinstance(one(post(user_deleted=True), "post_edited"), RemovedComment)


def test_a_hidden_post_says_its_text_too() -> None:
    comment, hidden = recorded("hidden")
    assert isinstance(comment, EditedComment)
    assert hidden == HiddenComment(AGENCY, POST, datetime(2026, 11, 22, 8, 40, tzinfo=UTC))


def test_a_private_message_is_private() -> None:
    (private,) = recorded("message")
    assert isinstance(private, NewComment)
    assert (private.public, private.thread) == (False, "t5011")


def test_what_the_agency_wrote_is_an_echo_whatever_the_case_of_its_name() -> None:
    assert recorded("echo") == (Echo(AGENCY, "9007199254740999", TOPIC),)
    for event in ("post_edited", "post_destroyed"):
        assert read(payload("discourse", "echo"), event) == (Unused(AGENCY, "own"),)


def test_the_markdown_stays_as_it_was_typed() -> None:
    typed = '> quoted\n\n**bold** &amp; <b>x</b> [quote="kamala, post:2, topic:4947"]\nyes\n[/quote]'
    assert one(post(raw=typed)).text == typed


def test_without_markdown_the_html_becomes_text() -> None:
    assert one(post(raw=None, cooked="<p>When<br>do you &amp; yours open?</p>")).text == "When\ndo you & yours open?"


def test_uploads_are_told_beside_the_text() -> None:
    raw = (
        "![queue|690x388, 50%](upload://a1.jpeg) ![|video](upload://b2.mp4) ![talk|audio](upload://c3.mp3)\n"
        "[form.pdf|attachment](upload://d4.pdf) (12 KB) ![plain](upload://e5.png) [a page](https://town.example)"
    )
    assert one(post(raw=raw)).media == (
        Media("image", native_id="upload://a1.jpeg", name="queue"),
        Media("video", native_id="upload://b2.mp4"),
        Media("audio", native_id="upload://c3.mp3", name="talk"),
        Media("file", native_id="upload://d4.pdf", name="form.pdf"),
        Media("image", native_id="upload://e5.png", name="plain"),
    )


def test_a_post_of_pictures_names_no_more_than_an_event_can_bear() -> None:
    (comment,) = recorded("ten")
    assert isinstance(comment, NewComment)
    assert len(comment.media) == 30


def test_who_was_deleted_stays_unknown() -> None:
    comment = one(post(user_id=None, username=None, name=None))
    assert (comment.author_id, comment.author_name, comment.author_handle) == (UNKNOWN_AUTHOR, None, None)


def test_who_gives_no_name_goes_by_the_username() -> None:
    assert one(post(name="")).author_name == "NimalP"


@pytest.mark.parametrize(
    ("body", "event", "kind"),
    [
        (post(post_type=3), "post_created", "system"),
        (post(post_type=4), "post_created", "system"),
        (post(user_id=-1, username="system"), "post_created", "system"),
        (post(), "post_recovered", "post_recovered"),
        (post(), "post_liked by somebody", "post"),
        (post(), "", "post"),
    ],
)
def test_what_is_not_used_of_posts_is_counted_under_a_fixed_word(body: Any, event: str, kind: str) -> None:
    assert read(body, event) == (Unused(AGENCY, kind),)


@pytest.mark.parametrize(
    ("kind", "counted"),
    [
        ("ping", "ping"),
        ("topic", "topic"),
        ("user", "user"),
        ("reviewable", "reviewable"),
        ("é", "event"),
        ("", "event"),
    ],
)
def test_other_kinds_are_counted_under_a_fixed_word(kind: str, counted: str) -> None:
    assert read({kind: {}}, f"{kind}_created", kind) == (Unused(AGENCY, counted),)


def test_times_without_an_offset_are_none() -> None:
    comment = one(post(created_at="2026-11-22T08:30:00", updated_at=7))
    assert comment.sent_at == NOW


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"ping": "OK"},
        {"post": []},
        post(id=None),
        post(id=1.5),
        post(topic_id=None),
        post(topic_id={}),
        post(user_id=[]),
        post(raw=None, cooked=None),
        post(raw=5, cooked=["x"]),
    ],
)
def test_what_is_not_as_described_is_unreadable(body: Any) -> None:
    with pytest.raises(Unreadable):
        read(body)


@pytest.mark.parametrize("event", ["post_created", "post_edited", "post_destroyed"])
@pytest.mark.parametrize("name", ["new", "edit", "hidden", "delete", "message", "echo"])
def test_any_value_in_any_place_is_read_or_unreadable(name: str, event: str) -> None:
    assert reads_whatever_comes(lambda body: read(body, event), payload("discourse", name))
