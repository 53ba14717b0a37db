"""What becomes of a comment that is edited, hidden and removed, in whatever order its platform tells."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.ingest.adapters import consumers
from shared.cloudevents import Received
from shared.database import EVERY_AGENCY
from shared.events import CaseClosed, CaseRouted, Event, ResponsePublished
from shared.ids import uuid7
from tests.ingest.support import NOW, PAGE, Ingest, comment_change, feed, running_ingest
from tests.support.senders import SENDERS

pytestmark = pytest.mark.asyncio

EPOCH = 1_795_336_200


def edit(message: str, *, after: int, comment: str = "77_1") -> bytes:
    """An edit, ``after`` so many seconds."""
    return feed(comment_change(comment, verb="edited", message=message, created_time=EPOCH + after))


def change(verb: str, *, after: int, comment: str = "77_1") -> bytes:
    """A hide, unhide or removal, ``after`` so many seconds."""
    return feed(comment_change(comment, verb=verb, created_time=EPOCH + after))


async def deliver(ingest: Ingest, *bodies: bytes) -> None:
    for body in bodies:
        assert (await ingest.facebook(body)).status_code == 200


async def told(ingest: Ingest) -> list[tuple[str, int, str | None]]:
    """Each event about a comment: type, revision, text."""
    events = [event for event in await ingest.events() if event[0].startswith("Comment")]
    return [(kind, event["revision"], event.get("text")) for kind, event in events]


async def standing(ingest: Ingest, comment: str = "77_1") -> tuple[Any, ...]:
    (row,) = await ingest.rows(
        "SELECT revision, text, hidden, status FROM comment WHERE native_id = :comment", comment=comment
    )
    return tuple(row)


async def history(ingest: Ingest) -> list[tuple[Any, ...]]:
    rows = await ingest.rows("SELECT revision, text FROM comment_revision ORDER BY recorded_at, revision")
    return [tuple(row) for row in rows]


async def test_edits_in_order_are_revisions_in_order() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        await deliver(ingest, feed(comment_change()), edit("second", after=1), edit("third", after=2))
        assert await told(ingest) == [
            ("CommentReceived", 1, "When do you open?"),
            ("CommentEdited", 2, "second"),
            ("CommentEdited", 3, "third"),
        ]
        assert await standing(ingest) == (3, "third", False, "received")
        assert await history(ingest) == [(1, "When do you open?"), (2, "second")]


async def test_an_edit_delivered_twice_is_one_revision() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        await deliver(ingest, feed(comment_change()), edit("second", after=1), edit("second", after=1))
        assert len(await told(ingest)) == 2
        await deliver(ingest, edit("third", after=2), edit("second", after=1))
        assert await standing(ingest) == (3, "third", False, "received")


async def test_an_edit_before_its_original_is_the_comment_and_the_original_is_history() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        await deliver(ingest, edit("second", after=1), feed(comment_change()), feed(comment_change()))
        assert await told(ingest) == [("CommentReceived", 2, "second")]
        assert await standing(ingest) == (2, "second", False, "received")
        assert await history(ingest) == [(1, "When do you open?")]


async def test_an_older_edit_that_comes_late_is_only_history() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        await deliver(ingest, feed(comment_change()), edit("third", after=9), edit("second", after=1))
        assert [text for _, _, text in await told(ingest)] == ["When do you open?", "third"]
        assert await standing(ingest) == (2, "third", False, "received")
        assert (None, "second") in await history(ingest)


async def test_all_in_one_body_and_in_the_wrong_order_ends_the_same() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        changes = [
            comment_change(verb="edited", message="third", created_time=EPOCH + 2),
            comment_change(),
            comment_change(verb="edited", message="second", created_time=EPOCH + 1),
        ]
        await deliver(ingest, feed(*changes))
        assert await standing(ingest) == (2, "third", False, "received")
        assert [kind for kind, _, _ in await told(ingest)] == ["CommentReceived", "CommentEdited"]


async def test_a_removal_of_what_never_came_keeps_the_late_original_asleep() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        await deliver(ingest, change("remove", after=5), feed(comment_change()), edit("second", after=1))
        assert await told(ingest) == []
        assert (await standing(ingest))[3] == "deleted"
        assert (await ingest.http.get("/v1/comments", headers=ingest.bearer())).json()["items"] == []


async def test_a_removed_comment_is_deleted_once() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        await deliver(
            ingest, feed(comment_change()), change("remove", after=1), change("delete", after=1), edit("x", after=9)
        )
        assert [kind for kind, _, _ in await told(ingest)] == ["CommentReceived", "CommentDeleted"]
        assert await standing(ingest) == (1, "When do you open?", False, "deleted")


async def test_hide_and_unhide_are_told_each_time_with_the_text_unchanged() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        await deliver(
            ingest,
            feed(comment_change()),
            change("hide", after=1),
            change("hide", after=1),
            change("unhide", after=2),
            change("hide", after=1),
            change("hide", after=3),
        )
        events = [event for kind, event in await ingest.events() if kind == "CommentEdited"]
        assert [event["hidden"] for event in events] == [True, False, True]
        assert {(event["text"], event["revision"]) for event in events} == {("When do you open?", 1)}


async def test_a_hide_of_what_never_came_changes_nothing() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        await deliver(ingest, change("hide", after=1))
        assert [await ingest.count(table) for table in ("comment", "raw_body")] == [0, 0]


async def test_a_reply_stands_in_its_parents_thread_in_whatever_order_they_come() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        reply = comment_change("77_2", parent_id="77_1")
        deeper = comment_change("77_3", parent_id="77_2")
        await deliver(ingest, feed(reply), feed(comment_change()), feed(deeper))
        together = [comment_change("78_3", parent_id="78_2"), comment_change("78_2", parent_id="78_1")]
        await deliver(ingest, feed(*together, comment_change("78_1")))
        rows = await ingest.rows("SELECT native_id, thread FROM comment ORDER BY native_id")
        assert {row.native_id: row.thread for row in rows} == {
            "77_1": "77_1", "77_2": "77_1", "77_3": "77_1", "78_1": "78_1", "78_2": "78_1", "78_3": "78_1",
        }  # fmt: skip


async def handle(ingest: Ingest, *events: Event) -> None:
    """Let the consumer's handler work off ``events`` in one transaction."""
    received = [Received(event=event, event_id=uuid7(), traceparent=None) for event in events]
    async with ingest.database.begin(EVERY_AGENCY) as connection:
        await consumers.on_batch(connection, received)


async def one_comment(ingest: Ingest, native: str = "77_1") -> str:
    await ingest.connect("facebook", PAGE)
    await deliver(ingest, feed(comment_change(native)))
    ((comment,),) = await ingest.rows("SELECT id FROM comment WHERE native_id = :native", native=native)
    return str(comment)


def conversation(comment: str) -> dict[str, Any]:
    return {
        "agency": "passports", "platform": "facebook", "account": PAGE, "thread": "77_1", "case": "case_1",
        "comments": (comment,),
    }  # fmt: skip


def routed(comment: str) -> CaseRouted:
    return CaseRouted(
        **conversation(comment), disposition="answer", level="L1", sensitivity="S1", damage="D0", rules=("32",),
        policy_version="1", routed_at=NOW,
    )  # fmt: skip


def closed(comment: str) -> CaseClosed:
    return CaseClosed(**conversation(comment), disposition="let_stand", reason="venting", closed_at=NOW)


def published(
    comment: str, *, text: str = "We open at 8:30.", native: str = "77_9", at: datetime = NOW, **about: Any
) -> ResponsePublished:
    return ResponsePublished(
        **conversation(comment), publication="pub_1", response="res_1", native_id=native, text=text, language="en",
        published_at=at, **about,
    )  # fmt: skip


async def shown(ingest: Ingest, comment: str) -> dict[str, Any]:
    found: dict[str, Any] = (await ingest.http.get(f"/v1/comments/{comment}", headers=ingest.bearer())).json()
    return found


async def test_a_comment_goes_from_received_over_routed_to_answered() -> None:
    async with running_ingest() as ingest:
        comment = await one_comment(ingest)
        await handle(ingest, routed(comment))
        found = await shown(ingest, comment)
        assert (found["status"], found["case"], found["reply"]) == ("routed", "case_1", None)
        await handle(ingest, published(comment))
        found = await shown(ingest, comment)
        assert found["status"] == "answered"
        assert found["reply"] == {
            "text": "We open at 8:30.",
            "language": "en",
            "response": "res_1",
            "published_at": "2026-11-22T08:30:00.000Z",
            "corrected_at": None,
        }


@pytest.mark.parametrize("purpose", ["holding", "acknowledgement"])
async def test_only_an_answer_answers_and_is_the_reply(purpose: str) -> None:
    async with running_ingest() as ingest:
        comment = await one_comment(ingest)
        later = NOW + timedelta(hours=1)
        said = published(comment, text="Wait.", at=later, native="77_8", purpose=purpose)
        await handle(ingest, routed(comment), said)
        found = await shown(ingest, comment)
        assert (found["status"], found["reply"]) == ("routed", None)
        await handle(ingest, published(comment))
        found = await shown(ingest, comment)
        assert (found["status"], found["reply"]["text"]) == ("answered", "We open at 8:30.")


async def test_a_closing_line_is_the_reply_and_closes() -> None:
    async with running_ingest() as ingest:
        comment = await one_comment(ingest)
        await handle(ingest, routed(comment), published(comment, text="Please call 1919.", purpose="closing"))
        found = await shown(ingest, comment)
        assert (found["status"], found["reply"]["text"]) == ("closed", "Please call 1919.")


async def test_later_facts_take_no_status_back() -> None:
    async with running_ingest() as ingest:
        comment = await one_comment(ingest)
        await handle(ingest, published(comment))
        await handle(ingest, closed(comment), routed(comment))
        assert (await shown(ingest, comment))["status"] == "answered"
        await deliver(ingest, change("remove", after=1))
        await handle(ingest, published(comment))
        found = await shown(ingest, comment)
        assert found["status"] == "deleted"
        assert found["reply"] is not None


async def test_a_closed_comment_stays_closed_until_it_is_answered() -> None:
    async with running_ingest() as ingest:
        comment = await one_comment(ingest)
        await handle(ingest, closed(comment), routed(comment))
        assert (await shown(ingest, comment))["status"] == "closed"
        await handle(ingest, published(comment))
        assert (await shown(ingest, comment))["status"] == "answered"


async def test_an_older_reply_does_not_replace_a_newer_one() -> None:
    async with running_ingest() as ingest:
        comment = await one_comment(ingest)
        later = datetime(2026, 11, 22, 9, tzinfo=UTC)
        await handle(ingest, published(comment, text="Newer", at=later))
        await handle(ingest, published(comment, text="Older", at=NOW))
        assert (await shown(ingest, comment))["reply"]["text"] == "Newer"


async def test_facts_about_comments_that_are_not_here_are_passed_over() -> None:
    async with running_ingest() as ingest:
        await handle(ingest, routed("cmt_elsewhere"), published("cmt_elsewhere"))
        assert await ingest.count("comment") == 0


def own_reply(**fields: Any) -> bytes:
    return feed(comment_change("77_9", parent_id="77_1", author={"id": PAGE, "name": "Passports"}, **fields))


@pytest.mark.parametrize("echo_first", [True, False])
async def test_an_own_reply_is_linked_whichever_side_tells_first(echo_first: bool) -> None:
    async with running_ingest() as ingest:
        comment = await one_comment(ingest)
        if echo_first:
            await deliver(ingest, own_reply())
            await handle(ingest, published(comment))
        else:
            await handle(ingest, published(comment))
            await deliver(ingest, own_reply(), own_reply())
        (echo,) = await ingest.rows("SELECT native_id, thread, publication, seen_at FROM echo")
        assert (echo.native_id, echo.thread, echo.publication) == ("77_9", "77_1", "pub_1")
        assert echo.seen_at is not None
        assert await ingest.count("comment") == 1


async def test_an_own_reply_whose_author_is_withheld_is_no_comment_if_it_was_published_here() -> None:
    async with running_ingest() as ingest:
        comment = await one_comment(ingest)
        await handle(ingest, published(comment))
        await deliver(ingest, feed(comment_change("77_9", parent_id="77_1", author=None)))
        await deliver(ingest, change("remove", after=1, comment="77_9"))
        assert await ingest.count("comment") == 1


async def test_an_answer_to_an_own_reply_stands_in_its_thread() -> None:
    async with running_ingest() as ingest:
        comment = await one_comment(ingest)
        await handle(ingest, published(comment))
        await deliver(ingest, feed(comment_change("77_10", parent_id="77_9")))
        ((thread,),) = await ingest.rows("SELECT thread FROM comment WHERE native_id = '77_10'")
        assert thread == "77_1"


async def test_each_comment_under_a_post_of_our_own_begins_a_thread() -> None:
    us, citizen = "1471190036205195265", "9007199254740993"

    def post(number: int, author: str, answers: int | None = None) -> dict[str, object]:
        return {
            "id_str": f"20{number}",
            "created_at": "Sun Nov 22 08:30:03 +0000 2026",
            "text": f"Number {number}",
            "user": {"id_str": author, "screen_name": "someone"},
            "in_reply_to_status_id_str": f"20{answers}" if answers else None,
        }

    async with running_ingest() as ingest:
        await ingest.connect("x", us)
        for posts in (
            [post(1, us)],
            [post(2, citizen, 1), post(3, citizen, 2)],
            [post(4, us, 2)],
            [post(5, citizen, 4)],
        ):
            body, headers = SENDERS["x"].send(json.dumps({"for_user_id": us, "tweet_create_events": posts}).encode())
            answer = await ingest.http.post(f"/webhooks/x/{us}", content=body, headers=headers)
            assert answer.status_code == 200
        rows = await ingest.rows("SELECT native_id, thread FROM comment ORDER BY native_id")
        assert {row.native_id: row.thread for row in rows} == {"202": "202", "203": "202", "205": "202"}
