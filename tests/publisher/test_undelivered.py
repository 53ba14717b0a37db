"""What a platform took and then says not to have delivered: failed once, whatever was known of it, and never sent again
by itself."""

import json
from typing import Any

import pytest

from services.publisher.adapters.late_word import LateWord
from services.publisher.adapters.store import settling
from services.publisher.domain import settlements
from services.publisher.domain.outcomes import Outcome, Published, Unknown
from shared.events import EVENTS, ReplyUndelivered, ResponseApproved
from tests.publisher.adapters.test_store import claim, record, settled
from tests.publisher.builders import NOW, PAGE, a_progress, a_response, later
from tests.publisher.public_office import Office, a_public_office, a_routing
from tests.publisher.test_putting_right import corrected

pytestmark = pytest.mark.asyncio(loop_scope="session")

RECEIPT = "/public/passports/receipts?comment=cmt_1"


def word(native_id: str | None = "n1", **changes: Any) -> ReplyUndelivered:
    about = {"agency": "passports", "platform": "facebook", "account": PAGE, "native_id": native_id}
    return ReplyUndelivered(**{**about, "reason": "rejected", "detail": "error 131026", "failed_at": NOW, **changes})


async def attempt(office: Office, outcome: Outcome) -> str:
    """Let what is due be tried, and end so; which publication that was."""
    (taken,) = await claim(office.database)
    assert await settling.settle(office.database, [settled(taken, outcome)]) == [True]
    return taken.publication.publication


async def publish(office: Office, response: ResponseApproved, native_id: str = "n1") -> str:
    await record(office.database, response)
    return await attempt(office, Published(native_id))


async def told(office: Office, kind: str = "PublicationFailed") -> list[Any]:
    rows = await office.rows("SELECT payload FROM outbox WHERE type = :kind ORDER BY seq", kind=kind)
    return [EVENTS[kind].model_validate(row.payload) for row in rows]


async def standing(office: Office) -> list[tuple[str, str | None]]:
    return [tuple(row) for row in await office.rows("SELECT state, reason FROM publication ORDER BY position")]


async def test_what_stood_has_failed_once_its_platform_says_so_and_is_not_sent_again() -> None:
    async with a_public_office() as office:
        response = a_response()
        publication = await publish(office, response)
        await office.hear(word(reason="window_closed"))
        (failed,) = await told(office)
        assert (failed.publication, failed.response, failed.reason) == (publication, response.response, "window_closed")
        assert failed.detail == "it was taken, and not delivered: error 131026"
        assert await standing(office) == [("failed", "window_closed")]
        assert await claim(office.database) == []
        assert await office.rows("SELECT native_id, published_at FROM publication") == [("n1", None)]
        assert await office.rows("SELECT native_id FROM undelivered") == []


async def test_word_that_comes_again_is_told_once() -> None:
    async with a_public_office() as office:
        await publish(office, a_response())
        for _ in range(3):
            await office.hear(word(), word())
        assert len(await told(office)) == 1


async def test_the_audit_trail_says_what_ended_it() -> None:
    async with a_public_office() as office:
        publication = await publish(office, a_response())
        await office.hear(word())
        (*_, last) = await office.rows("SELECT subject, details FROM audit ORDER BY number")
        ended = {"before": "published", "after": "failed", "reason": "rejected", "outcome": "undelivered"}
        assert (last.subject, json.loads(last.details)) == (publication, ended)


@pytest.mark.parametrize(
    "changes",
    [{"native_id": "n2"}, {"account": "another"}, {"platform": "whatsapp"}, {"agency": "water-board"}],
)
async def test_what_is_not_ours_or_another_agencys_ends_nothing(changes: dict[str, str]) -> None:
    async with a_public_office() as office:
        await publish(office, a_response())
        await office.hear(word(**changes))
        await LateWord(office.database).look()
        assert await standing(office) == [("published", None)]


async def test_a_key_of_another_agencys_publication_opens_nothing() -> None:
    async with a_public_office() as office:
        publication = await publish(office, a_response())
        await office.hear(word(None, publication=publication, agency="water-board"))
        assert await standing(office) == [("published", None)]


async def test_word_that_comes_before_the_answer_to_the_attempt_waits_for_it() -> None:
    async with a_public_office() as office:
        await record(office.database, a_response())
        (taken,) = await claim(office.database)
        await office.hear(word())
        await LateWord(office.database).look()
        assert await standing(office) == [("sending", None)]
        await settling.settle(office.database, [settled(taken, Published("n1"))])
        assert await LateWord(office.database).look() == 1
        assert await standing(office) == [("failed", "rejected")]
        kinds = await office.rows("SELECT type FROM outbox ORDER BY seq")
        assert [row.type for row in kinds] == ["ResponsePublished", "PublicationFailed"]


async def test_word_about_nothing_is_forgotten_after_an_hour() -> None:
    async with a_public_office() as office:
        await office.hear(word())
        await LateWord(office.database).look()
        assert len(await office.rows("SELECT native_id FROM undelivered")) == 1
        await office.run("UPDATE undelivered SET heard_at = heard_at - interval '61 minutes'")
        await LateWord(office.database).look()
        assert await office.rows("SELECT native_id FROM undelivered") == []


async def test_our_own_key_ends_what_nobody_has_answered() -> None:
    async with a_public_office() as office:
        await record(office.database, a_response())
        publication = await attempt(office, Unknown("no answer in time"))
        await office.hear(word("n1", publication=publication))
        assert await standing(office) == [("failed", "rejected")]


async def test_our_own_key_alone_is_enough() -> None:
    async with a_public_office() as office:
        publication = await publish(office, a_response())
        await office.hear(word(None, publication=publication))
        assert await standing(office) == [("failed", "rejected")]


async def test_word_of_an_earlier_attempt_does_not_end_the_one_that_stands() -> None:
    async with a_public_office() as office:
        publication = await publish(office, a_response(), "n2")
        await office.hear(word("n1", publication=publication))
        await LateWord(office.database).look()
        assert await standing(office) == [("published", None)]


async def test_what_waits_for_its_first_attempt_is_not_ended() -> None:
    async with a_public_office() as office:
        await record(office.database, a_response())
        ((publication,),) = await office.rows("SELECT id FROM publication")
        await office.hear(word(None, publication=publication))
        assert await standing(office) == [("pending", None)]


async def test_a_part_that_does_not_arrive_ends_its_thread() -> None:
    async with a_public_office() as office:
        await publish(office, a_response(), "n9")
        parts = "UPDATE publication SET parts = '{One,Two,Three}', posted = '{n1,n2}', state = 'pending', reason = NULL"
        await office.run(f"{parts}, native_id = NULL, published_at = NULL, due_at = clock_timestamp()")
        await office.hear(word("n2"))
        assert await claim(office.database) == []
        (failed,) = await told(office)
        assert failed.detail == "one of 3 parts did not arrive: error 131026"


async def test_a_correction_that_does_not_arrive_says_which_order_came_to_nothing() -> None:
    async with a_public_office() as office:
        response = a_response()
        await publish(office, response)
        await office.hear(a_routing())
        await office.hear_what_was_told()
        await office.hear(corrected(response))
        await attempt(office, Published("n2"))
        await office.hear_what_was_told()
        assert (await office.get(RECEIPT)).json()["corrections"] == 1
        await office.hear(word("n2"))
        (failed,) = await told(office, "PuttingRightFailed")
        assert (failed.order, failed.action, failed.reason) == ("rsp_corrected", "correct", "rejected")
        await office.hear_what_was_told()
        found = (await office.get(RECEIPT)).json()
        assert (found["outcome"], found["corrections"]) == ("answered", 0)
        assert await standing(office) == [("published", None), ("failed", "rejected")]


async def test_a_receipt_no_longer_says_answered_of_what_did_not_arrive() -> None:
    async with a_public_office() as office:
        await publish(office, a_response())
        await office.hear(a_routing())
        await office.hear_what_was_told()
        assert (await office.get(RECEIPT)).json()["outcome"] == "answered"
        await office.hear(word())
        await office.hear_what_was_told()
        found = (await office.get(RECEIPT)).json()
        assert (found["outcome"], found["approvals"], found["manner"]) == ("open", None, None)
        await publish(office, a_response(response="rsp_again"), "n2")
        await office.hear_what_was_told()
        assert (await office.get(RECEIPT)).json()["outcome"] == "answered"


async def test_a_receipt_is_true_though_both_are_heard_of_at_once() -> None:
    async with a_public_office() as office:
        await publish(office, a_response())
        await office.hear(a_routing())
        await office.hear(word())
        await office.hear(*await told(office, "ResponsePublished"), *await told(office))
        assert (await office.get(RECEIPT)).json()["outcome"] == "open"


async def test_nothing_that_did_not_arrive_is_on_the_public_record() -> None:
    async with a_public_office() as office:
        await publish(office, a_response())
        assert len((await office.get("/public/passports/feed.json")).json()["items"]) == 1
        await office.hear(word())
        assert (await office.get("/public/passports/feed.json")).json()["items"] == []


def test_what_was_to_be_taken_back_and_never_arrived_is_taken_back() -> None:
    doubtful = a_progress("unknown", retracting="wrong", sent_at=later(minutes=-1))
    assert settlements.undelivered(doubtful, "rejected", None, None).progress.state == "retracted"
    stood = a_progress("published", retracting="wrong", posted=("n1",))
    assert settlements.undelivered(stood, "rejected", None, "n1").progress.state == "failed"
    assert settlements.undelivered(stood, "rejected", None, "n1").due_in is None
