"""Mastodon: what notifications, statuses and the webhooks of a server say."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from unittest.mock import ANY

import pytest

from services.ingest.domain.entries import (
    ORIGINAL,
    Echo,
    EditedComment,
    Entry,
    Malformed,
    Media,
    NewComment,
    RemovedComment,
    Unused,
)
from services.ingest.domain.language import Language
from services.ingest.domain.refusals import BadSignature, UnknownAccount, Unreadable
from services.ingest.platforms import PLATFORMS, mastodon
from services.ingest.platforms.html_text import to_text
from tests.ingest.platforms.door import Door
from tests.ingest.support import NOW, PAYLOADS, Ingest, account, payload, running_ingest
from tests.support.senders import SENDERS

WATER = account("mastodon", "42", base_url="https://town.example")
BOARD = "109302436954721011"
STATUS = "115592837465019283"
KAMALA = "110482937465019283"
SENDER = SENDERS["mastodon"]


class TestDoor(Door):
    platform = "mastodon"
    account = BOARD
    base_url = "https://town.example"

    def test_the_platform_says_what_its_table_promises(self) -> None:
        """A webhook brings all that the table promises but deletions: those are found by asking."""
        says = PLATFORMS["mastodon"].says
        assert (says.new, says.reply, says.edit, says.delete, says.message) == (True,) * 5
        for name, kind in (
            ("new", NewComment), ("reply", NewComment), ("edit", EditedComment), ("message", NewComment)
        ):  # fmt: skip
            assert [type(entry) for entry in self.read(name)] == [kind], name
        assert PLATFORMS["mastodon"].polled

    @pytest.mark.asyncio
    async def test_a_deletion_of_what_never_came_keeps_the_late_original_from_waking(self, ingest: Ingest) -> None:
        """No webhook tells of one, and asking finds only those of comments that came."""
        for path in sorted((PAYLOADS / "mastodon").glob("*.json")):
            if b'"event"' in path.read_bytes():
                assert not any(isinstance(entry, RemovedComment) for entry in self.read(path.stem))


def parsed(name: str) -> Any:
    return json.loads(payload("mastodon", name))


def test_a_page_is_read_oldest_first_up_to_its_highest_id() -> None:
    page = mastodon.read_page(parsed("mentions"), WATER, NOW)
    assert (page.cursor, page.count) == ("10", 2)
    first, second = page.reading
    assert first == NewComment(
        account="42",
        native_id="115000000000000001",
        author_id="501",
        author_name="Kamala",
        author_handle="kamala@far.example",
        text="When is the water back in Galle?\nSince two days & no news.\n\nThanks 🙂",
        language=Language("en", ANY),
        sent_at=datetime(2026, 11, 22, 8, 29, tzinfo=UTC),
        thread="115000000000000001",
        visibility="public",
        revision=ORIGINAL,
    )
    assert isinstance(second, NewComment)
    assert (second.thread, second.parent) == (None, "115000000000000001")
    assert (second.public, second.visibility) == (False, "direct")


def test_an_empty_page_has_no_cursor() -> None:
    assert mastodon.read_page([], WATER, NOW).cursor is None


def test_an_update_is_an_edit_told_by_its_time() -> None:
    (edit,) = mastodon.read_page(parsed("update"), WATER, NOW).reading
    assert isinstance(edit, EditedComment)
    assert edit.text == "When is the water back in Matara?"
    assert edit.edited_at == datetime(2026, 11, 22, 8, 35, tzinfo=UTC)
    assert mastodon.read_status(parsed("status-edited"), WATER, NOW) == edit


def test_what_the_account_itself_wrote_is_an_echo() -> None:
    notification = parsed("update")[0] | {"type": "mention"}
    notification["status"]["account"]["id"] = "42"
    (echo,) = mastodon.read_page([notification], WATER, NOW).reading
    assert isinstance(echo, Echo)


def test_one_bad_notification_does_not_take_the_page_along() -> None:
    good, _ = parsed("mentions")
    page = mastodon.read_page([{"id": "12", "type": "mention", "status": None}, good], WATER, NOW)
    assert [type(entry) for entry in page.reading] == [NewComment, Malformed]
    assert page.cursor == "12"


@pytest.mark.parametrize("value", [{}, "x", [1], [{"type": "mention"}]])
def test_a_page_that_is_none_is_unreadable(value: object) -> None:
    with pytest.raises(Unreadable):
        mastodon.read_page(value, WATER, NOW)


def test_the_root_is_the_first_ancestor() -> None:
    assert mastodon.root_of(parsed("context"), "115", WATER) == "114"
    assert mastodon.root_of({"ancestors": [], "descendants": []}, "115", WATER) == "115"


def test_a_conversation_under_a_post_of_our_own_begins_with_the_first_answer() -> None:
    ours, theirs = {"id": "110", "account": {"id": "42"}}, {"id": "112", "account": {"id": "501"}}
    assert mastodon.root_of({"ancestors": [ours]}, "115", WATER) == "115"
    assert mastodon.root_of({"ancestors": [ours, theirs]}, "115", WATER) == "112"
    assert mastodon.root_of({"ancestors": [theirs, ours]}, "115", WATER) == "112"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("@water hello", "hello"),
        ("@Water@town.example hello", "hello"),
        ("@water", ""),
        ("@friend @water hello", "@friend hello"),
        ("@water@other.example hello", "@water@other.example hello"),
        ("hello @water", "hello @water"),
    ],
)
def test_only_our_own_name_at_the_head_is_taken_off(content: str, text: str) -> None:
    status = parsed("status-edited") | {"content": f"<p>{content}</p>"}
    entry = mastodon.read_status(status, WATER, NOW)
    assert isinstance(entry, EditedComment)
    assert entry.text == text


def test_a_script_of_its_own_outweighs_the_language_that_a_client_claims() -> None:
    status = parsed("status-edited") | {"content": "<p>ජලය නැත</p>", "language": "en"}
    entry = mastodon.read_status(status, WATER, NOW)
    assert isinstance(entry, EditedComment)
    assert entry.language is not None
    assert entry.language.tag == "si"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two<br/>three</p>", "one\n\ntwo\nthree"),
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("<p>x<script>alert(1)</script>y</p>", "xy"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("a\n  b", "a b"),
        ("<p>unclosed <b>bold", "unclosed bold"),
        ("<style>p{}", ""),
        ("1 < 2", "1 < 2"),
        ("", ""),
    ],
)
def test_html_becomes_the_text_that_a_person_wrote(html: str, text: str) -> None:
    assert to_text(html) == text


def told(**fields: Any) -> dict[str, Any]:
    """The status in the recorded ``new``, with these fields instead."""
    found: dict[str, Any] = parsed("new")["object"]
    return {**found, **fields}


def hear(status: object, event: object = "status.created") -> Entry:
    """What a webhook with this object says."""
    body = json.dumps({"event": event, "created_at": "2026-11-22T08:29:00.456Z", "object": status}).encode()
    (entry,) = mastodon.read(body, {}, account("mastodon", BOARD, base_url="https://town.example"), NOW)
    return entry


def test_a_webhook_says_what_the_notification_says() -> None:
    board = account("mastodon", BOARD, base_url="https://town.example")
    for name, kind in (("new", "mention"), ("reply", "mention"), ("message", "mention"), ("edit", "update")):
        status = parsed(name)["object"]
        notification = {"id": "7", "type": kind, "account": status["account"], "status": status}
        (polled,) = mastodon.read_page([notification], board, NOW).reading
        assert hear(status, parsed(name)["event"]) == polled
    assert hear(told()) == NewComment(
        account=BOARD,
        native_id=STATUS,
        author_id=KAMALA,
        author_name="Kamala 🌿",
        author_handle="kamala",
        author_followers=214,
        text="ගාල්ලේ ජලය නැවත එන්නේ කවදාද?\nදින දෙකක් & කිසිම තොරතුරක් නැහැ.\n\nස්තූතියි 🙂",
        language=Language("si", ANY),
        sent_at=datetime(2026, 11, 22, 8, 29, 0, 123000, tzinfo=UTC),
        thread=STATUS,
        visibility="public",
    )


def test_a_reply_to_us_is_a_comment_without_naming_us() -> None:
    answered = hear(told(mentions=[], in_reply_to_id="115592860123456789", in_reply_to_account_id=BOARD))
    assert isinstance(answered, NewComment)
    assert (answered.thread, answered.parent) == (None, "115592860123456789")


@pytest.mark.parametrize(
    "fields",
    [
        {"mentions": []},
        {"mentions": None},
        {"mentions": 7},
        {"mentions": [7, {}, {"id": "1"}]},
        {"mentions": [], "in_reply_to_account_id": KAMALA},
        {"reblog": {"id": "1"}},
    ],
)
def test_what_is_not_to_us_is_not_used(fields: dict[str, Any]) -> None:
    assert hear(told(**fields)) == Unused(BOARD, "status")


def test_our_own_status_is_an_echo_and_its_edit_nothing() -> None:
    own = parsed("echo")["object"]
    assert hear(own) == Echo(BOARD, "115592860123456789", None, STATUS)
    assert hear({**own, "edited_at": "2026-11-22T08:36:00.000Z"}, "status.updated") == Unused(BOARD, "own")


def test_an_update_that_is_no_edit_repeats_what_was_said() -> None:
    assert hear(told(favourites_count=3), "status.updated") == hear(told())


def test_a_creation_told_after_the_edit_is_the_edit() -> None:
    late = {**parsed("edit")["object"]}
    assert hear(late, "status.created") == hear(late, "status.updated")


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("account.approved", "account"),
        ("account.updated", "account"),
        ("report.updated", "report"),
        ("status.deleted", "event"),
        ("status", "event"),
        ("", "event"),
        ("x.y", "event"),
    ],
)
def test_other_events_are_not_used(event: str, kind: str) -> None:
    assert hear({}, event) == Unused(BOARD, kind)


@pytest.mark.parametrize(
    "body",
    [
        b'{"content":"Hello kamala"}',
        b'{"event":"status.created"}',
        b'{"event":"status.created","object":"115"}',
        b'{"event":{},"object":{}}',
        b'{"object":{}}',
        b'["status.created"]',
        b'{"event":"status.created","object":{"id":"1"}}',
        b'{"event":"status.created","object":{"id":"1","account":{"id":[]}}}',
    ],
)
def test_a_body_from_a_template_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        mastodon.read(body, {}, account("mastodon", BOARD), NOW)


def test_what_is_attached_is_told() -> None:
    heavy = hear(parsed("ten")["object"])
    assert isinstance(heavy, NewComment)
    assert [one.kind for one in heavy.media] == ["image", "image", "video", "video"]
    assert heavy.media[0].url == "https://town.example/media_attachments/files/115/592/000/original/photo.jpg"
    odd = hear(told(media_attachments=[7, {}, {"url": "a", "type": []}, {"url": "a" * 9000, "type": "image"}]))
    assert isinstance(odd, NewComment)
    assert odd.media == (Media("file", "a"),)


@pytest.mark.parametrize("name", ["media_attachments", "mentions", "visibility", "language", "edited_at", "created_at"])
@pytest.mark.parametrize("value", [7, "x", [], {}, [7], None])
def test_a_field_of_another_type_breaks_nothing(name: str, value: object) -> None:
    assert isinstance(hear(told(in_reply_to_account_id=BOARD, **{name: value})), NewComment | EditedComment)


def test_an_older_scheme_under_the_same_name_is_refused() -> None:
    body = payload("mastodon", "new")
    key = SENDER.secrets["webhook_secret"].encode()
    older = hmac.new(key, body, hashlib.sha1).hexdigest()
    for signature in (f"sha1={older}", f"sha256={older}", f"sha256={older}{'0' * 24}"):
        with pytest.raises(BadSignature):
            mastodon.authenticate(body, {"x-hub-signature": signature}, (SENDER.secrets,), NOW)


def test_an_account_without_a_webhook_secret_has_no_door() -> None:
    body = payload("mastodon", "new")
    empty = hmac.new(b"", body, hashlib.sha256).hexdigest()
    _, headers = SENDER.send(body)
    for given in (headers, {"x-hub-signature": f"sha256={empty}"}, {}):
        with pytest.raises(UnknownAccount):
            mastodon.authenticate(body, given, ({"token": "a-token"},), NOW)


@pytest.mark.asyncio
@pytest.mark.parametrize("secret", ["", "short", "0123456789" * 4 + "0", "G" * 40])
async def test_a_webhook_secret_is_forty_hex_characters(secret: str) -> None:
    async with running_ingest() as ingest:
        secrets = {"token": "a-token", "webhook_secret": secret}
        answer = await ingest.connect("mastodon", BOARD, secrets=secrets, base_url="https://town.example")
        assert answer.status_code == 422


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("a<!-- x > y -->b", "ab"),
        ("a<!DOCTYPE html>b", "ab"),
        ("a</>b", "ab"),
        ("a<b", "a"),
        ("<a href='x>y'>z</a>", "z"),
        ('<a title="x>y" href=z>z</a>', "z"),
        ("<SCRIPT>x</SCRIPT >y", "y"),
        ("<title>t</title", ""),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<3 you", "<3 you"),
        ("&#" + "9" * 6000 + ";x", "\ufffdx"),
    ],
)
def test_markup_is_read_as_a_browser_reads_it(html: str, text: str) -> None:
    assert to_text(html) == text


HOSTILE_MARKUP = ("<a ", "<", "<!", "<!--", "<![", "</", '<a x="', "<a '", '<a =">" ', "&", "&#", "<script>", "<td>")


@pytest.mark.parametrize("unit", HOSTILE_MARKUP)
def test_markup_written_to_wear_out_its_reader_is_read_at_once(unit: str) -> None:
    to_text(unit * 100_000)
    to_text("<a x=" + unit * 100_000 + '">')
