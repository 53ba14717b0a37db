"""Mastodon: what notifications and statuses say."""

import json
from datetime import UTC, datetime
from typing import Any
from unittest.mock import ANY

import pytest

from services.ingest.domain.entries import ORIGINAL, Echo, EditedComment, Malformed, NewComment
from services.ingest.domain.language import Language
from services.ingest.domain.refusals import Unreadable
from services.ingest.platforms import mastodon
from services.ingest.platforms.html_text import to_text
from tests.ingest.support import NOW, account, payload

WATER = account("mastodon", "42", base_url="https://town.example")


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
    assert mastodon.root_of(parsed("context"), "115") == "114"
    assert mastodon.root_of({"ancestors": [], "descendants": []}, "115") == "115"


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
