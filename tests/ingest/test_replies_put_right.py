"""What becomes of a reply that is corrected or taken back, and of what tells nothing about one."""

from datetime import timedelta
from typing import Any, Literal

import pytest

from shared.events import (
    ModerationEnded,
    PublicationCorrected,
    PublicationFailed,
    PublicationRetracted,
    PuttingRightFailed,
    ReachMeasured,
)
from tests.ingest.support import NOW, Ingest, comment_change, feed, running_ingest
from tests.ingest.test_history import conversation, deliver, handle, one_comment, published, routed, shown

pytestmark = pytest.mark.asyncio

LATER = NOW + timedelta(hours=1)


def about(comment: str, response: str = "res_1") -> dict[str, Any]:
    return {**conversation(comment), "publication": "pub_1", "response": response}


def corrected(
    comment: str, how: Literal["edit", "reply"] = "edit", *, text: str = "We open at 9:00.", **changes: Any
) -> PublicationCorrected:
    native = "77_9" if how == "edit" else "77_12"
    known = {"correction": "res_2", "native_id": native, "text": text, "how": how, "corrected_at": LATER}
    return PublicationCorrected(**{**about(comment), **known, **changes})


def retracted(comment: str, response: str = "res_1") -> PublicationRetracted:
    return PublicationRetracted(**about(comment, response), reason="wrong", was_published=True, retracted_at=LATER)


async def answered(ingest: Ingest) -> str:
    comment = await one_comment(ingest)
    await handle(ingest, routed(comment), published(comment))
    return comment


def undelivered(comment: str, response: str = "res_1") -> PublicationFailed:
    return PublicationFailed(**about(comment, response), reason="rejected", failed_at=LATER)


async def test_a_reply_that_did_not_arrive_is_none_and_its_comment_waits_again() -> None:
    async with running_ingest() as ingest:
        comment = await answered(ingest)
        await handle(ingest, undelivered(comment))
        found = await shown(ingest, comment)
        assert (found["status"], found["reply"]) == ("routed", None)
        await handle(ingest, published(comment).model_copy(update={"response": "res_2"}))
        assert (await shown(ingest, comment))["status"] == "answered"


async def test_a_reply_that_failed_otherwise_leaves_the_one_that_stands() -> None:
    async with running_ingest() as ingest:
        comment = await answered(ingest)
        await handle(ingest, undelivered(comment, "res_0"))
        assert (await shown(ingest, comment))["reply"]["response"] == "res_1"


async def test_a_correction_that_did_not_arrive_is_no_answer_either() -> None:
    async with running_ingest() as ingest:
        comment = await one_comment(ingest)
        await handle(ingest, routed(comment), corrected(comment, "reply"))
        assert (await shown(ingest, comment))["reply"]["response"] == "res_2"
        known = {"order": "res_2", "action": "correct", "reason": "rejected", "failed_at": LATER}
        await handle(ingest, PuttingRightFailed(**{**about(comment), **known}))
        found = await shown(ingest, comment)
        assert (found["status"], found["reply"]) == ("routed", None)


@pytest.mark.parametrize("how", ["edit", "reply"])
async def test_the_reply_reads_as_it_was_corrected(how: Literal["edit", "reply"]) -> None:
    async with running_ingest() as ingest:
        comment = await answered(ingest)
        await handle(ingest, corrected(comment, how))
        found = await shown(ingest, comment)
        assert found["status"] == "answered"
        assert found["reply"] == {
            "text": "We open at 9:00.",
            "language": "en",
            "response": "res_1",
            "published_at": "2026-11-22T08:30:00.000Z",
            "corrected_at": "2026-11-22T09:30:00.000Z",
        }


@pytest.mark.parametrize("how", ["edit", "reply"])
async def test_the_reply_is_in_the_language_of_its_correction(how: Literal["edit", "reply"]) -> None:
    async with running_ingest() as ingest:
        comment = await answered(ingest)
        await handle(ingest, corrected(comment, how, text="අපි 9:00 ට විවෘත කරමු.", language="si"))
        found = (await shown(ingest, comment))["reply"]
        assert (found["text"], found["language"]) == ("අපි 9:00 ට විවෘත කරමු.", "si")


async def test_a_correction_that_went_out_in_place_of_the_answer_has_its_own_language() -> None:
    async with running_ingest() as ingest:
        comment = await one_comment(ingest)
        await handle(ingest, routed(comment), corrected(comment, "reply", language="si"))
        assert (await shown(ingest, comment))["reply"]["language"] == "si"


async def test_a_correction_holds_in_the_batch_of_the_first_wording_and_when_that_is_told_again() -> None:
    async with running_ingest() as ingest:
        comment = await one_comment(ingest)
        await handle(ingest, routed(comment), published(comment), corrected(comment))
        assert (await shown(ingest, comment))["reply"]["text"] == "We open at 9:00."
        await handle(ingest, published(comment))
        assert (await shown(ingest, comment))["reply"]["text"] == "We open at 9:00."


async def test_an_older_correction_does_not_replace_a_newer_one() -> None:
    async with running_ingest() as ingest:
        comment = await answered(ingest)
        await handle(ingest, corrected(comment, text="Newer", corrected_at=LATER + timedelta(hours=1)))
        await handle(ingest, corrected(comment, text="Older"))
        assert (await shown(ingest, comment))["reply"]["text"] == "Newer"


async def test_a_correction_of_an_earlier_reply_leaves_the_newer_one() -> None:
    async with running_ingest() as ingest:
        comment = await answered(ingest)
        await handle(ingest, corrected(comment, response="res_0"))
        found = (await shown(ingest, comment))["reply"]
        assert (found["text"], found["corrected_at"]) == ("We open at 8:30.", None)


async def test_another_answer_is_not_said_to_be_corrected() -> None:
    async with running_ingest() as ingest:
        comment = await answered(ingest)
        await handle(ingest, corrected(comment))
        newer = published(comment, text="Closed today.", native="77_11", at=LATER + timedelta(hours=1))
        await handle(ingest, newer.model_copy(update={"response": "res_3"}))
        found = (await shown(ingest, comment))["reply"]
        assert (found["text"], found["response"], found["corrected_at"]) == ("Closed today.", "res_3", None)


async def test_what_was_taken_back_is_no_reply_and_the_comment_waits_again() -> None:
    async with running_ingest() as ingest:
        comment = await answered(ingest)
        await handle(ingest, retracted(comment))
        found = await shown(ingest, comment)
        assert (found["status"], found["reply"]) == ("routed", None)
        again = published(comment, text="We open at 9:00.", native="77_11", at=LATER).model_copy(
            update={"response": "res_3"}
        )
        await handle(ingest, again)
        found = await shown(ingest, comment)
        assert (found["status"], found["reply"]["text"]) == ("answered", "We open at 9:00.")


async def test_an_edited_reply_goes_with_its_response() -> None:
    async with running_ingest() as ingest:
        comment = await answered(ingest)
        await handle(ingest, corrected(comment, "edit"), retracted(comment))
        found = await shown(ingest, comment)
        assert (found["status"], found["reply"]) == ("routed", None)


@pytest.mark.parametrize("order", [("res_1", "res_2"), ("res_2", "res_1")])
async def test_a_reply_is_gone_once_its_correction_is_gone_as_well(order: tuple[str, str]) -> None:
    async with running_ingest() as ingest:
        comment = await answered(ingest)
        first, second = order
        await handle(ingest, corrected(comment, "reply"), retracted(comment, first))
        found = await shown(ingest, comment)
        assert (found["status"], found["reply"]["text"]) == ("answered", "We open at 9:00.")
        await handle(ingest, retracted(comment, second))
        found = await shown(ingest, comment)
        assert (found["status"], found["reply"]) == ("routed", None)


async def test_a_correction_of_what_never_went_out_is_the_reply() -> None:
    async with running_ingest() as ingest:
        comment = await one_comment(ingest)
        await handle(ingest, routed(comment), retracted(comment), corrected(comment, "reply"))
        found = await shown(ingest, comment)
        assert (found["status"], found["reply"]["text"], found["reply"]["response"]) == (
            "answered",
            "We open at 9:00.",
            "res_2",
        )
        await handle(ingest, retracted(comment, "res_2"))
        assert (await shown(ingest, comment))["status"] == "routed"


async def test_a_retraction_of_an_earlier_reply_takes_nothing_away() -> None:
    async with running_ingest() as ingest:
        comment = await answered(ingest)
        await handle(ingest, retracted(comment, "res_0"))
        found = await shown(ingest, comment)
        assert (found["status"], found["reply"]["text"]) == ("answered", "We open at 8:30.")


async def test_a_deleted_comment_stays_deleted_when_its_reply_is_taken_back() -> None:
    async with running_ingest() as ingest:
        comment = await answered(ingest)
        await deliver(ingest, feed(comment_change(verb="remove", created_time=1_795_336_201)))
        await handle(ingest, retracted(comment))
        found = await shown(ingest, comment)
        assert (found["status"], found["reply"]) == ("deleted", None)


async def test_a_correction_that_stands_by_itself_is_our_own_and_no_comment() -> None:
    async with running_ingest() as ingest:
        comment = await answered(ingest)
        await handle(ingest, corrected(comment, "reply"))
        await deliver(ingest, feed(comment_change("77_12", parent_id="77_1", author=None)))
        assert await ingest.count("comment") == 1
        (echo,) = await ingest.rows("SELECT response FROM echo WHERE native_id = '77_12'")
        assert echo.response == "res_2"


async def test_what_tells_nothing_about_a_reply_is_passed_over() -> None:
    async with running_ingest() as ingest:
        comment = await answered(ingest)
        before = await shown(ingest, comment)
        reach = ReachMeasured(
            **about(comment), native_id="77_9", after_hours=1, answer={"views": 10}, measured_at=LATER
        )
        known = {name: value for name, value in conversation(comment).items() if name != "comments"}
        ended = ModerationEnded(**known, order="ord_1", comment=comment, action="hide", outcome="done", ended_at=LATER)
        failed = PuttingRightFailed(
            **about(comment), order="ord_2", action="retract", reason="not_possible", failed_at=LATER
        )
        await handle(ingest, reach, ended, failed)
        assert await shown(ingest, comment) == before
        assert await ingest.count("dead_letter") == 0
