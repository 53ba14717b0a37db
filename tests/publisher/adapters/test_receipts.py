"""Receipts and their register on a real Postgres: out of events in any order, closed by day, verified from outside."""

import asyncio
import hashlib
import itertools
import json
from typing import Any, get_args

import pytest

from services.publisher.adapters.record.closing import Closing
from services.publisher.adapters.record.receipt_page import OUTCOMES, REASONS
from services.publisher.adapters.store import register
from services.publisher.domain.register import REASONS as REASONS_OF_RECEIPTS
from services.publisher.domain.register import Entered, Outcome, outcomes, receipt_id, verify
from shared.clock import utc_now
from shared.events import (
    Authorisation,
    Event,
    ModerationEnded,
    ModerationOrdered,
    PublicationCorrected,
    PublicationFailed,
    PublicationRetracted,
    ResponsePublished,
)
from shared.lease import Lease
from tests.publisher.builders import NOW, PAGE, a_response, later
from tests.publisher.public_office import (
    KEY,
    Office,
    a_closing,
    a_public_office,
    a_routing,
    some_responses,
    whose,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOME = "/public/passports"
ABOUT = {"agency": "passports", "platform": "facebook", "account": PAGE, "thread": "900_1", "case": "case_1"}
CONSENT = Authorisation(kind="approval", officer="officer-1", post="Desk officer", level="L2", at=NOW)


async def the_receipt(office: Office, comment: str = "cmt_1", agency: str = "passports") -> dict[str, Any]:
    answer = await office.get(f"/public/{agency}/receipts?comment={comment}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def a_day_later(office: Office) -> None:
    """Everything so far happened yesterday; the day is closed."""
    await office.run("UPDATE receipt SET changed_at = changed_at - interval '1 day'")
    await close(office)


async def close(office: Office) -> int:
    lease = Lease(office.database, "register")
    entered = await register.close_days(office.database, lease, 3)
    await lease.give_back()
    return entered


async def a_day_passes(office: Office) -> None:
    """What was closed until now was closed a day earlier."""
    await office.run("UPDATE register_head SET day = day - 10")
    await office.run("UPDATE register_head SET day = day + 9")


async def the_register(office: Office, limit: int = 1000) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    address = f"{HOME}/register?limit={limit}"
    while address:
        answer = await office.get(address)
        lines += answer.json()["lines"]
        address = answer.links.get("next", {}).get("url", "")
    return lines


def an_order(**changes: Any) -> ModerationOrdered:
    return ModerationOrdered(
        **{
            **ABOUT,
            "order": "ord_1",
            "comment": "cmt_1",
            "native_id": "n",
            "action": "hide",
            "reason": "canary of a reason",
            "rule": "abuse",
            "text": "canary of a citizen's words",
            "author": "canary of an author",
            "level": "L1",
            "digest": "a" * 64,
            "policy_version": "7",
            "authorisations": (CONSENT,),
            "ordered_at": NOW,
            **changes,
        }
    )


def a_moderation(action: str = "hide", outcome: str = "done") -> ModerationEnded:
    about: dict[str, Any] = {**ABOUT, "order": "ord_1", "comment": "cmt_1", "ended_at": later(hours=1)}
    return ModerationEnded(**about, action=action, outcome=outcome)  # type: ignore[arg-type]


def taken_back(event: ResponsePublished, was_published: bool = True) -> PublicationRetracted:
    return PublicationRetracted(**whose(event), reason="wrong", was_published=was_published, retracted_at=utc_now())


def a_correction_of(event: ResponsePublished) -> PublicationCorrected:
    about = {**whose(event), "correction": "rsp_9", "native_id": "n", "text": "At 10.", "how": "edit"}
    return PublicationCorrected(**about, corrected_at=utc_now())


async def test_a_comment_has_a_receipt_from_its_disposition_on() -> None:
    async with a_public_office() as office:
        assert (await office.get(f"{HOME}/receipts?comment=cmt_1")).status_code == 404
        await office.hear(a_routing())
        found = await the_receipt(office)
        assert (found["outcome"], found["level"], found["rules"], found["entered"]) == ("open", None, None, None)


async def test_an_answer_is_on_its_receipt_with_authority_and_clock() -> None:
    standing = Authorisation(kind="signoff", officer="lawyer", post="Legal", level="L3", at=NOW)
    async with a_public_office() as office:
        await office.hear(a_routing(received_at=NOW, due_at=later(hours=4)))
        (event,) = await office.publish(a_response(level="L2", authorisations=(CONSENT, CONSENT, standing)))
        await office.hear(event.model_copy(update={"published_at": later(minutes=95)}))
        found = await the_receipt(office)
        assert (found["outcome"], found["level"], found["approvals"], found["signoffs"]) == ("answered", "L2", 2, 1)
        assert (found["manner"], found["policy_version"], found["rules"]) == ("cleared", "1", ["1", "21"])
        assert found["clock"] == {"from": "received", "target_minutes": 240, "actual_minutes": 95}
        by_itself = await office.get(f"{HOME}/receipts/{found['receipt']}")
        assert by_itself.json() == found


@pytest.mark.parametrize(("kind", "manner"), [("standing", "prepared_line"), ("break_glass", "break_glass")])
async def test_a_receipt_says_in_what_manner_an_answer_was_released(kind: str, manner: str) -> None:
    given = CONSENT.model_copy(update={"kind": kind})
    async with a_public_office() as office:
        (event,) = await office.publish(a_response(authorisations=(given,)))
        await office.hear(a_routing(), event)
        found = await the_receipt(office)
        assert (found["manner"], found["approvals"]) == (manner, 0)


async def test_the_order_of_events_does_not_matter() -> None:
    found = []
    for order in itertools.permutations(range(3)):
        async with a_public_office() as office:
            (event,) = await office.publish(a_response())
            event = event.model_copy(update={"published_at": later(hours=1)})
            events: list[Event] = [a_routing(received_at=NOW), event, an_order()]
            for at in order:
                await office.hear(events[at])
            found.append(await the_receipt(office))
    assert [one for one in found if one != found[0]] == []
    assert found[0]["outcome"] == "answered"


async def test_a_holding_reply_is_no_answer() -> None:
    async with a_public_office() as office:
        (event,) = await office.publish(a_response(purpose="holding"))
        await office.hear(a_routing(), event)
        assert (await the_receipt(office))["outcome"] == "open"


async def test_a_case_that_is_routed_again_is_open_again() -> None:
    async with a_public_office() as office:
        await office.hear(a_routing(), a_closing(at=NOW))
        closed = await the_receipt(office)
        assert (closed["outcome"], closed["reason"]) == ("not_answered", "needs_no_answer")
        await office.hear(a_routing(routed_at=later(minutes=5)))
        assert (await the_receipt(office))["outcome"] == "open"
        await office.hear(a_closing(at=later(minutes=1)))
        assert (await the_receipt(office))["outcome"] == "open"


async def test_a_transfer_ends_one_receipt_and_begins_another() -> None:
    async with a_public_office() as office:
        there = a_routing(agency="water-board", case="case_2", routed_at=later(minutes=1))
        await office.hear(a_routing(), a_closing("transferred", later(minutes=1), comments=()), there)
        assert (await the_receipt(office))["outcome"] == "transferred"
        assert (await the_receipt(office, agency="water-board"))["outcome"] == "open"
        # The answer goes out on the first agency's account, and is the second one's.
        (event,) = await office.publish(a_response(case="case_2", account_agency="passports", agency="water-board"))
        await office.hear(event)
        assert event.agency == "passports"
        assert (await the_receipt(office))["outcome"] == "transferred"
        assert (await the_receipt(office, agency="water-board"))["outcome"] == "answered"


async def test_what_was_hidden_names_its_house_rule_until_it_is_shown_again() -> None:
    async with a_public_office() as office:
        await office.hear(a_routing(disposition="moderate"), an_order())
        assert (await the_receipt(office))["hidden_under"] is None
        await office.hear(a_moderation(outcome="failed"))
        assert (await the_receipt(office))["outcome"] == "open"
        await office.hear(a_moderation())
        hidden = await the_receipt(office)
        assert (hidden["outcome"], hidden["hidden_under"]) == ("hidden", "abuse")
        await office.hear(a_moderation("show"))
        assert (await the_receipt(office))["outcome"] == "open"


async def test_what_can_no_longer_be_answered_says_so() -> None:
    async with a_public_office() as office:
        failed = {**ABOUT, "comments": ("cmt_1",), "publication": "pub_1", "response": "rsp_1"}
        await office.hear(a_routing())
        await office.hear(PublicationFailed(**failed, reason="rejected", failed_at=later(hours=1)))
        assert (await the_receipt(office))["outcome"] == "open"
        await office.hear(PublicationFailed(**failed, reason="not_possible", failed_at=later(hours=1)))
        found = await the_receipt(office)
        assert (found["outcome"], found["reason"]) == ("not_answered", "not_possible")


async def test_corrections_are_counted_once_and_a_retraction_is_said() -> None:
    async with a_public_office() as office:
        (event,) = await office.publish(a_response())
        about = {**whose(event), "native_id": "n", "text": "Else.", "how": "edit", "corrected_at": later(hours=1)}
        correction = PublicationCorrected(**about, correction="rsp_2")
        await office.hear(a_routing(), event, correction, PublicationCorrected(**about, correction="rsp_3"))
        await office.hear(correction)
        assert ((await the_receipt(office))["corrections"], (await the_receipt(office))["retracted"]) == (2, False)
        await office.hear(taken_back(event))
        assert ((await the_receipt(office))["outcome"], (await the_receipt(office))["retracted"]) == ("answered", True)


async def test_what_never_went_out_was_not_taken_back() -> None:
    async with a_public_office() as office:
        (event,) = await office.publish(a_response())
        await office.hear(a_routing(), event, taken_back(event, was_published=False))
        assert (await the_receipt(office))["retracted"] is False


async def test_another_answer_after_a_retraction_is_the_answer() -> None:
    async with a_public_office() as office:
        first, second = await office.publish(a_response(), a_response(level="L3", thread="other"))
        second = second.model_copy(update={"thread": first.thread})
        await office.hear(a_routing(), first)
        await office.hear(second)
        assert (await the_receipt(office))["level"] == "L1"
        await office.hear(taken_back(first))
        await office.hear(second)
        assert ((await the_receipt(office))["level"], (await the_receipt(office))["retracted"]) == ("L3", False)


async def test_another_answer_in_the_same_batch_as_the_retraction_is_the_answer() -> None:
    async with a_public_office() as office:
        first, second = await office.publish(a_response(), a_response(level="L3", thread="other"))
        second = second.model_copy(update={"thread": first.thread})
        await office.hear(a_routing(), first)
        await office.hear(taken_back(first), second)
        assert ((await the_receipt(office))["level"], (await the_receipt(office))["retracted"]) == ("L3", False)


@pytest.mark.parametrize("batches", [[1, 2], [3]])
async def test_who_catches_up_finds_the_answer_that_stands(batches: list[int]) -> None:
    async with a_public_office() as office:
        first, second = await office.publish(a_response(), a_response(level="L3", thread="other"))
        second = second.model_copy(update={"thread": first.thread})
        corrected = a_correction_of(first)
        events: list[Event] = [first, corrected, taken_back(first), second]
        await office.hear(a_routing())
        for one in batches:
            await office.hear(*events[:one])
            del events[:one]
        await office.hear(*events)
        found = await the_receipt(office)
        assert (found["level"], found["retracted"], found["corrections"]) == ("L3", False, 0)


async def test_an_answer_that_is_told_again_stays_taken_back() -> None:
    async with a_public_office() as office:
        (event,) = await office.publish(a_response())
        await office.hear(a_routing(), event)
        await office.hear(taken_back(event))
        await office.hear(event)
        assert (await the_receipt(office))["retracted"]


async def test_what_happened_earlier_does_not_undo_what_came_later() -> None:
    async with a_public_office() as office:
        await office.hear(a_routing(level="L3", policy_version="8", routed_at=later(hours=2)))
        await office.hear(a_routing(level="L1", policy_version="7", routed_at=later(hours=1)))
        await office.hear(a_closing("refer", at=later(hours=4)))
        await office.hear(a_closing("monitor", at=later(hours=3)))
        found = await the_receipt(office)
        assert (found["level"], found["policy_version"], found["reason"]) == ("L3", "8", "referred")


async def test_nothing_personal_reaches_the_receipts_or_the_register() -> None:
    comment, author = "cmt_019aa3f2c1e47c55a0f3b2d98e6f1a07", "canary of an author"
    async with a_public_office() as office:
        await office.hear(a_routing(comments=(comment,)), an_order(comment=comment, author=author), a_moderation())
        await a_day_later(office)
        kept = str(await office.rows("SELECT * FROM receipt")) + str(await office.rows("SELECT * FROM register_entry"))
        assert "canary" not in kept
        assert comment not in kept
        assert "abuse" in kept


async def test_the_register_is_written_once_a_day_and_verifies_from_outside() -> None:
    async with a_public_office() as office:
        await office.hear(*(a_routing(case=f"case_{n}", comments=(f"cmt_{n}",)) for n in range(8)))
        assert await close(office) == 0
        assert await the_register(office) == []
        await a_day_passes(office)
        await a_day_later(office)
        await a_day_passes(office)
        responses = some_responses(4)
        await office.hear(*await office.publish(*responses))
        await a_day_later(office)
        lines = await the_register(office, limit=5)
        heads = (await office.get(f"{HOME}/register/heads")).json()["heads"]
        found = [(head["number"], head["hash"]) for head in heads]
        # The first head is that of a day on which nothing was entered.
        assert found == [*((number, lines[number - 1]["hash"]) for number in (12, 8)), (0, "0" * 64)]
        last = "0" * 64
        for line in lines:
            entry = json.dumps(line["entry"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            last = hashlib.sha256(f"{last}\n{entry}".encode()).hexdigest()
            assert last == line["hash"]
        assert outcomes(line["entry"] for line in lines) == {"open": 4, "answered": 4}


async def test_a_line_that_was_altered_in_the_table_is_named() -> None:
    async with a_public_office() as office:
        await office.hear(*(a_routing(case=f"case_{n}", comments=(f"cmt_{n}",)) for n in range(5)))
        await a_day_later(office)
        await office.run("UPDATE register_entry SET entry = replace(entry, 'open', 'answered') WHERE number = 3")
        rows = await office.rows("SELECT number, receipt, entry, hash FROM register_entry ORDER BY number")
        broken = verify([Entered(*row) for row in rows], {})
        assert broken is not None
        assert broken.number == 3


async def test_the_order_of_a_day_tells_nothing() -> None:
    async with a_public_office() as office:
        for n in range(12):
            await office.hear(a_routing(case=f"case_{n}", comments=(f"cmt_{n}",)))
        await a_day_later(office)
        found = [line["entry"]["receipt"] for line in await the_register(office)]
        assert found == sorted(receipt_id(KEY, f"cmt_{n}") for n in range(12))


async def test_shares_come_out_of_the_register_alone() -> None:
    async with a_public_office() as office:
        routed = [a_routing(case=f"case_{n}", comments=(f"cmt_{n}",)) for n in range(10)]
        closed = [a_closing(case=f"case_{n}", comments=(f"cmt_{n}",)) for n in range(3)]
        await office.hear(*routed, *closed)
        await a_day_later(office)
        counted = outcomes(line["entry"] for line in await the_register(office))
        assert counted["not_answered"] / counted.total() == 0.3


async def test_two_processes_close_a_day_once() -> None:
    async with a_public_office() as office:
        await office.hear(*(a_routing(case=f"case_{n}", comments=(f"cmt_{n}",)) for n in range(20)))
        await office.run("UPDATE receipt SET changed_at = changed_at - interval '1 day'")
        closers = [register.close_days(office.database, Lease(office.database, "register"), 4) for _ in range(3)]
        assert sum(await asyncio.gather(*closers)) == 20
        assert [line["entry"]["number"] for line in await the_register(office)] == list(range(1, 21))


async def test_a_day_is_closed_by_the_loop_and_the_next_process_may_go_on() -> None:
    async with a_public_office() as office:
        await office.hear(*(a_routing(case=f"case_{n}", comments=(f"cmt_{n}",)) for n in range(3)))
        await office.run("UPDATE receipt SET changed_at = changed_at - interval '1 day'")
        loop = asyncio.create_task(Closing(office.database).run())
        for _ in range(100):
            if await the_register(office):
                break
            await asyncio.sleep(0.02)
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
        assert len(await the_register(office)) == 3
        assert await Lease(office.database, "register").take() is not None


async def test_what_comes_late_for_a_closed_day_is_entered_under_the_next() -> None:
    async with a_public_office() as office:
        await office.hear(a_routing())
        await a_day_later(office)
        (head,) = (await office.get(f"{HOME}/register/heads")).json()["heads"]
        await office.hear(a_routing(case="case_2", comments=("cmt_2",)))
        await a_day_later(office)
        assert (await office.get(f"{HOME}/register/heads")).json()["heads"] == [head]
        await a_day_passes(office)
        await a_day_later(office)
        assert len(await the_register(office)) == 2


async def test_a_receipt_says_where_it_was_entered() -> None:
    async with a_public_office() as office:
        await office.hear(a_routing())
        await a_day_later(office)
        (line,) = await the_register(office)
        entered = (await the_receipt(office))["entered"]
        assert entered == {"number": 1, "day": line["entry"]["day"]}


async def test_weighty_and_light_matters_have_the_same_entry() -> None:
    async with a_public_office() as office:
        for n, (sensitivity, damage) in enumerate([("S0", "D0"), ("S4", "D4")]):
            about = {"case": f"case_{n}", "comments": (f"cmt_{n}",)}
            await office.hear(a_routing(sensitivity=sensitivity, damage=damage, level=f"L{1 + 3 * n}", **about))
        light, weighty = await the_receipt(office, "cmt_0"), await the_receipt(office, "cmt_1")
        assert {**light, "receipt": ""} == {**weighty, "receipt": ""}


async def test_a_citizen_reads_a_receipt_as_a_page() -> None:
    async with a_public_office() as office:
        (event,) = await office.publish(a_response(level="L2"))
        await office.hear(a_routing(received_at=NOW, due_at=later(hours=30), rules=("<b>",)))
        waiting = await office.get(f"{HOME}/receipts?comment=cmt_1", accept="text/html,*/*")
        assert "is being dealt with" in waiting.text
        assert "L2" not in waiting.text
        await office.hear(event.model_copy(update={"published_at": later(minutes=95)}))
        answer = await office.get(f"{HOME}/receipts?comment=%20cmt_1%20", accept="text/html,*/*")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        for said in ("was answered", "L2", "1 h 35 min", "1 d 6 h", "&lt;b&gt;"):
            assert said in answer.text


async def test_every_outcome_and_reason_has_its_words() -> None:
    assert set(OUTCOMES) == set(get_args(Outcome))
    assert set(REASONS_OF_RECEIPTS.values()) | {"other"} == set(REASONS)


@pytest.mark.parametrize("query", ["", "?comment=", f"?comment={'x' * 101}"])
async def test_a_lookup_without_a_comment_is_a_problem(query: str) -> None:
    async with a_public_office() as office:
        assert (await office.get(f"{HOME}/receipts{query}")).status_code == 422


@pytest.mark.parametrize("query", ["after=-1", f"after={2**63}", "limit=0", "limit=1001", "after=x"])
async def test_a_register_is_asked_for_within_limits(query: str) -> None:
    async with a_public_office() as office:
        assert (await office.get(f"{HOME}/register?{query}")).status_code == 422


@pytest.mark.parametrize("receipt", ["%00", "rct_none", "'%20OR%201=1"])
async def test_a_receipt_that_is_not_there_is_not_found(receipt: str) -> None:
    async with a_public_office() as office:
        await office.hear(a_routing())
        assert (await office.get(f"{HOME}/receipts/{receipt}")).status_code == 404
        assert (await office.get(f"{HOME}/receipts?comment={receipt}")).status_code == 404
