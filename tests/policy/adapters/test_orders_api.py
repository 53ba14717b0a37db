"""Moderation, corrections and retractions over HTTP, on a real database."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from shared import outbox
from shared.database import EVERY_AGENCY
from shared.events import (
    ModerationEnded,
    PublicationCorrected,
    PublicationRetracted,
    PuttingRightFailed,
    ReachMeasured,
    ResponseApproved,
)
from tests.policy.adapters.office import COMMS, COMPLAINT, DESK, DESK_2, DIVISION, HEAD, Office, an_office, kind_of
from tests.policy.adapters.support import token
from tests.policy.builders import LATER, deleted, edited, published, received

pytestmark = pytest.mark.asyncio

ABUSE = "you bastard"
DEFAMATION = "My lawyer will sue you for defamation over the passport fee"
HIDE = {"comment": "cmt_1", "action": "hide", "rule": "No abuse", "reason": "Abuse of a named officer."}
BETTER = {"text": "We open at 9:00.", "reason": "The hour was wrong."}
PLACE = {"agency": "passports", "platform": "mastodon", "account": "acc-1", "thread": "thread-1"}


async def the_case(office: Office, said: str = ABUSE) -> str:
    """A case with one comment; its id."""
    await office.policy.receive(received(said))
    (row,) = await office.policy.rows('SELECT id FROM "case"')
    return str(row.id)


async def moderate(office: Office, case: str, who: str = DESK, **changes: Any) -> Any:
    return await office.policy.post(f"/v1/cases/{case}/moderations", {**HIDE, **changes}, who)


async def decide(office: Office, order: str, what: str, who: str, **body: Any) -> Any:
    """An act on an order, with its digest as it is now unless another one is given."""
    if what in ("approvals", "refusals", "signoffs") and "digest" not in body:
        body["digest"] = (await office.policy.get(f"/v1/orders/{order}")).json()["digest"]
    return await office.policy.post(f"/v1/orders/{order}/{what}", body, who)


async def ordered(office: Office, asked: Any, *who: str) -> str:
    """An order that these have approved; its id."""
    assert asked.status_code == 201, asked.text
    order = str(asked.json()["id"])
    for each in who:
        approved = await decide(office, order, "approvals", each)
        assert approved.status_code == 201, approved.text
    return order


async def answered(office: Office) -> ResponseApproved:
    """The answer of a complaint, published."""
    case = await the_case(office, COMPLAINT)
    await office.policy.post(f"/v1/cases/{case}/drafts", {"text": "We open at 8:30."}, DESK)
    assert (await office.approve(case, DESK_2)).json()["state"] == "released"
    (row,) = await office.policy.rows("SELECT payload FROM outbox WHERE type = 'ResponseApproved'")
    response = ResponseApproved.model_validate(row.payload)
    await office.policy.receive(published(response))
    return response


async def told(office: Office, kind: str) -> list[dict[str, Any]]:
    rows = await office.policy.rows(f"SELECT payload FROM outbox WHERE type = '{kind}' ORDER BY seq")
    return [row.payload for row in rows]


async def shown(office: Office, case: str) -> dict[str, Any]:
    found: dict[str, Any] = (await office.policy.get(f"/v1/cases/{case}")).json()
    return found


def done(order: str, case: str, action: Any = "hide") -> ModerationEnded:
    known = {"order": order, "case": case, "comment": "cmt_1"}
    return ModerationEnded(**PLACE, **known, action=action, outcome="done", ended_at=LATER)


def about(response: ResponseApproved) -> dict[str, Any]:
    known = {"response": response.response, "case": response.case, "comments": response.comments}
    return {**PLACE, **known, "publication": "pub_1"}


def retracted(response: ResponseApproved) -> PublicationRetracted:
    return PublicationRetracted(**about(response), reason="wrong", was_published=True, retracted_at=LATER)


async def test_a_comment_is_hidden_once_somebody_else_agrees_and_shown_again_the_same_way() -> None:
    async with an_office() as office:
        case = await the_case(office)
        asked = await moderate(office, case)
        body = asked.json()
        assert (asked.status_code, body["matter"], body["number"], body["version"]) == (201, "moderation", 1, 1)
        assert body["captured"] == {"text": ABUSE, "author": "citizen"}
        assert [step["level"] for step in body["steps"]] == ["L1"]
        assert (asked.headers["etag"], asked.headers["location"]) == (f'"{body["digest"]}"', f"/v1/orders/{body['id']}")
        assert kind_of(await decide(office, body["id"], "approvals", DESK)) == (403, "own-draft")
        assert await told(office, "ModerationOrdered") == []
        order = await ordered(office, asked, DESK_2)
        (event,) = await told(office, "ModerationOrdered")
        assert (event["order"], event["text"], event["author"], event["rule"]) == (order, ABUSE, "citizen", "No abuse")
        assert (await shown(office, case))["state"] == "open"

        await office.policy.receive(done(order, case))
        found = await shown(office, case)
        assert (found["state"], found["turns"][0]["state"], found["disposition"]) == ("closed", "closed", "moderate")
        assert found["explanation"]["moderation"]["rule"] == "No abuse"
        assert [(each["state"], each["outcome"]) for each in found["orders"]] == [("ended", {"result": "done"})]

        again = await ordered(office, await moderate(office, case, action="show", rule=None), DESK_2)
        await office.policy.receive(done(again, case, "show"))
        found = await shown(office, case)
        assert (found["state"], found["turns"][0]["state"]) == ("open", "waiting")
        assert "moderation" not in found["explanation"]
        assert [each["number"] for each in found["orders"]] == [1, 2]


async def test_every_act_on_an_order_is_on_record() -> None:
    async with an_office() as office:
        case = await the_case(office)
        order = await ordered(office, await moderate(office, case), DESK_2)
        await office.policy.receive(done(order, case))
        rows = await office.policy.rows("SELECT * FROM audit WHERE action LIKE 'moderation.%' ORDER BY number")
        assert [(row.action, row.actor, row.subject) for row in rows] == [
            ("moderation.put_up", DESK, "cmt_1"),
            ("moderation.approved", DESK_2, "cmt_1"),
            ("moderation.cleared", DESK_2, "cmt_1"),
            ("moderation.done", "parley:policy", "cmt_1"),
        ]
        details = json.loads(rows[0].details)
        assert (details["rule"], details["reason"]) == ("No abuse", "Abuse of a named officer.")
        assert ABUSE not in str([row.details for row in rows])


async def test_an_edit_meanwhile_lapses_what_was_approved() -> None:
    async with an_office() as office:
        case = await the_case(office, DEFAMATION)
        asked = (await moderate(office, case)).json()
        taken = await decide(office, asked["id"], "approvals", COMMS)
        assert [bool(step["taken"]) for step in taken.json()["steps"]].count(True) == 1
        await office.policy.receive(edited(f"{DEFAMATION}!"))
        found = (await office.policy.get(f"/v1/orders/{asked['id']}")).json()
        assert (found["version"], found["captured"]["text"]) == (2, f"{DEFAMATION}!")
        assert not any(step["taken"] for step in found["steps"])
        stale = await decide(office, asked["id"], "approvals", COMMS, digest=asked["digest"])
        assert (*kind_of(stale), stale.json()["digest"]) == (409, "stale-digest", found["digest"])
        (lapse,) = await office.audited("moderation.approvals_lapsed")
        assert json.loads(lapse.details)["officers"] == [COMMS]
        assert (await decide(office, asked["id"], "approvals", COMMS)).status_code == 201


async def test_a_comment_that_is_gone_needs_no_moderation() -> None:
    async with an_office() as office:
        case = await the_case(office)
        order = await ordered(office, await moderate(office, case))
        await office.policy.receive(deleted())
        found = (await office.policy.get(f"/v1/orders/{order}")).json()
        assert (found["state"], found["ended_because"]) == ("withdrawn", "comment_deleted")
        assert kind_of(await decide(office, order, "approvals", DESK_2)) == (409, "submission-not-open")
        assert kind_of(await moderate(office, case)) == (409, "comment-gone")


async def test_what_waits_for_somebody_is_in_their_list() -> None:
    async with an_office() as office:
        case = await the_case(office, DEFAMATION)
        assert await office.waiting(COMMS) == []
        order = await ordered(office, await moderate(office, case))
        assert [await office.waiting(who) for who in (DESK, DESK_2, COMMS, "water-desk")] == [[], [], [case], []]
        await decide(office, order, "approvals", COMMS)
        assert await office.waiting(COMMS) == []
        assert await office.waiting(HEAD) == [case]
        await office.policy.receive(edited(f"{DEFAMATION}!"))
        assert await office.waiting(COMMS) == [case]
        (listed,) = (await office.policy.get("/v1/cases?waiting_for=me", COMMS)).json()["items"]
        assert [each["id"] for each in listed["orders"]] == [order]
        recused = await office.policy.post(f"/v1/cases/{case}/recusals", {"reason": "A relative."}, COMMS)
        assert recused.status_code == 201, recused.text
        assert await office.waiting(COMMS) == []


async def test_orders_are_not_among_what_is_cleared_apart_from_cases() -> None:
    async with an_office() as office:
        await moderate(office, await the_case(office))
        assert (await office.policy.get("/v1/submissions")).json()["items"] == []


async def test_a_consent_by_an_authority_that_is_gone_does_not_count() -> None:
    async with an_office() as office:
        case = await the_case(office, DEFAMATION)
        given = await office.granted(COMMS, "passports-new")
        order = await ordered(office, await moderate(office, case), "passports-new")
        await office.revoke(given, COMMS)
        found = (await office.policy.get(f"/v1/orders/{order}")).json()
        assert not any(step["taken"] for step in found["steps"])
        await decide(office, order, "approvals", COMMS)
        assert len(await office.audited("moderation.approvals_lapsed")) == 1
        assert await office.waiting(HEAD) == [case]


async def test_the_same_request_twice_is_one_order() -> None:
    async with an_office() as office:
        case = await the_case(office)
        path = f"/v1/cases/{case}/moderations"
        first, again = [await office.policy.post(path, HIDE, DESK, key="the-same") for _ in range(2)]
        assert (first.status_code, again.json()) == (201, first.json())
        assert len(await office.policy.rows("SELECT 1 FROM submission")) == 1
        order = first.json()["id"]
        twice = [await decide(office, order, "approvals", DESK_2) for _ in range(2)]
        assert [each.status_code for each in twice] == [201, 201]
        assert len(await told(office, "ModerationOrdered")) == 1


async def test_what_is_asked_for_without_a_key_or_wrongly_is_refused() -> None:
    async with an_office() as office:
        case = await the_case(office)
        headers = {"Authorization": f"Bearer {token(DESK, 'passports')}"}
        bare = await office.policy.client.post(f"/v1/cases/{case}/moderations", json=HIDE, headers=headers)
        assert bare.status_code == 400
        assert (await moderate(office, case, action="burn")).status_code == 422
        assert (await moderate(office, case, reason=" ")).status_code == 422
        assert (await moderate(office, case, because="x")).status_code == 422
        assert kind_of(await moderate(office, case, comment="cmt_9")) == (409, "comment-gone")
        assert kind_of(await moderate(office, case, who="passports-visitor")) == (403, "not-your-authority")


async def test_orders_are_for_their_agency_only() -> None:
    async with an_office() as office:
        response = await answered(office)
        case = response.case
        order = await ordered(office, await moderate(office, case))
        water = "water-desk"
        assert (await office.policy.get(f"/v1/orders/{order}", water)).status_code == 404
        assert (await decide(office, order, "approvals", water)).status_code == 404
        assert (await moderate(office, case, who=water)).status_code == 404
        for what, body in (("corrections", BETTER), ("retractions", {"reason": "wrong"})):
            answer = await office.policy.post(f"/v1/responses/{response.response}/{what}", body, water)
            assert answer.status_code == 404
        assert (await office.policy.post("/v1/responses/resp_0/retractions", {"reason": "x"}, DESK)).status_code == 404
        async with office.policy.database.begin(("water-board",)) as connection:
            assert (await connection.execute(text("SELECT * FROM submission"))).all() == []


async def test_a_correction_stands_beside_what_was_said() -> None:
    async with an_office() as office:
        response = await answered(office)
        asked = await office.policy.post(f"/v1/responses/{response.response}/corrections", BETTER, DESK)
        body = asked.json()
        assert (body["original"]["text"], body["text"], body["reason"]) == (
            "We open at 8:30.",
            "We open at 9:00.",
            "The hour was wrong.",
        )
        assert kind_of(await decide(office, body["id"], "approvals", DESK)) == (403, "own-draft")
        order = await ordered(office, asked, DESK_2)
        (event,) = await told(office, "ResponseCorrected")
        assert (event["response"], event["correction"], event["text"]) == (response.response, order, "We open at 9:00.")
        known = {"correction": order, "native_id": "reply-1", "text": BETTER["text"], "how": "edit"}
        await office.policy.receive(PublicationCorrected(**about(response), **known, corrected_at=LATER))
        (found,) = (await shown(office, response.case))["orders"]
        assert found["outcome"] == {"result": "done", "how": "edit", "native_id": "reply-1"}
        (row,) = await office.policy.rows("SELECT text, state FROM response")
        assert (row.text, row.state) == ("We open at 8:30.", "published")
        (put_up,) = await office.audited("correction.put_up")
        details = json.loads(put_up.details)
        assert (details["original"]["text"], details["text"]) == ("We open at 8:30.", "We open at 9:00.")
        same = await office.policy.post(f"/v1/responses/{response.response}/corrections", BETTER, DESK)
        assert kind_of(same) == (409, "says-the-same")


async def test_who_said_it_takes_it_back_alone_and_the_citizen_waits_again() -> None:
    async with an_office() as office:
        response = await answered(office)
        path = f"/v1/responses/{response.response}/retractions"
        asked = await office.policy.post(path, {"reason": "It is wrong."}, DESK)
        assert [await office.waiting(who) for who in (DESK, DESK_2)] == [[response.case], [response.case]]
        order = await ordered(office, asked, DESK)
        (event,) = await told(office, "ResponseRetracted")
        assert (event["response"], event["retraction"], event["reason"]) == (response.response, order, "It is wrong.")
        assert [each["officer"] for each in event["authorisations"]] == [DESK]
        assert (await shown(office, response.case))["state"] == "answered"

        await office.policy.receive(retracted(response))
        found = await shown(office, response.case)
        assert (found["state"], found["turns"][0]["state"]) == ("open", "waiting")
        assert found["orders"][0]["outcome"] == {"result": "done", "was_published": True}
        (row,) = await office.policy.rows("SELECT state, native_id FROM response")
        assert (row.state, row.native_id) == ("retracted", "reply-1")
        refused = await office.policy.post(path, {"reason": "Again."}, DESK)
        assert (*kind_of(refused), refused.json()["state"]) == (409, "response-not-standing", "retracted")

        await office.policy.post(f"/v1/cases/{response.case}/drafts", {"text": "We open at 9:00."}, DESK)
        assert (await office.approve(response.case, DESK_2)).json()["state"] == "released"


async def test_an_answer_gives_way_to_its_correction_before_it_went_out() -> None:
    async with an_office() as office:
        case = await the_case(office, COMPLAINT)
        await office.policy.post(f"/v1/cases/{case}/drafts", {"text": "We open at 8:30."}, DESK)
        await office.approve(case, DESK_2)
        (payload,) = await told(office, "ResponseApproved")
        response = ResponseApproved.model_validate(payload)
        path = f"/v1/responses/{response.response}/corrections"
        order = await ordered(office, await office.policy.post(path, BETTER, DESK), DESK_2)
        never_sent = retracted(response).model_copy(update={"was_published": False})
        await office.policy.receive(never_sent)
        assert (await shown(office, case))["state"] == "approved"
        known = {"correction": order, "native_id": "reply-2", "text": BETTER["text"], "how": "reply"}
        await office.policy.receive(PublicationCorrected(**about(response), **known, corrected_at=LATER))
        assert (await shown(office, case))["state"] == "answered"
        (row,) = await office.policy.rows("SELECT r.state, r.native_id, t.response FROM response AS r, turn AS t")
        assert (row.state, row.native_id, row.response) == ("published", "reply-2", order)


async def test_what_could_not_be_taken_back_is_said_to_stand() -> None:
    async with an_office() as office:
        response = await answered(office)
        path = f"/v1/responses/{response.response}/retractions"
        order = await ordered(office, await office.policy.post(path, {"reason": "Wrong."}, DESK), DESK)
        known = {"order": order, "action": "retract", "reason": "not_possible", "detail": "too old"}
        await office.policy.receive(PuttingRightFailed(**about(response), **known, failed_at=LATER))
        found = await shown(office, response.case)
        assert (found["state"], found["orders"][0]["outcome"]["result"]) == ("answered", "not_possible")
        (failed,) = await office.audited("retraction.not_possible")
        assert failed.subject == response.response


async def test_a_response_that_is_taken_back_stays_so_whatever_is_told_late() -> None:
    async with an_office() as office:
        response = await answered(office)
        await office.policy.receive(retracted(response), retracted(response), published(response))
        (row,) = await office.policy.rows("SELECT state FROM response")
        assert row.state == "retracted"
        assert (await shown(office, response.case))["turns"][0]["state"] == "waiting"
        assert len(await office.audited("case.reopened")) == 1


async def test_a_comment_and_the_retraction_of_its_answer_may_come_at_once() -> None:
    async with an_office() as office:
        response = await answered(office)
        await office.policy.receive(received("Hello?", comment="cmt_2"), retracted(response))
        found = await shown(office, response.case)
        assert {turn["comment"]: turn["state"] for turn in found["turns"]} == {"cmt_1": "waiting", "cmt_2": "waiting"}


async def test_the_database_lets_nobody_clear_alone_but_a_retraction_up_to_l2() -> None:
    async with an_office() as office:
        order = await ordered(office, await moderate(office, await the_case(office)))
        for matter, level in (("moderation", "L1"), ("correction", "L1"), ("retraction", "L3")):
            with pytest.raises((IntegrityError, DBAPIError), match="submission_approval_by_another"):
                await own_consent(office, order, matter, level)
        await own_consent(office, order, "retraction", "L2")


async def own_consent(office: Office, order: str, matter: str, level: str) -> None:
    async with office.policy.database.begin(EVERY_AGENCY) as connection:
        await connection.execute(
            text("""
                INSERT INTO submission_approval
                    (submission, digest, officer, agency, author, kind, step_level, post, level, at, matter)
                VALUES (:order, '', 'me', 'passports', 'me', 'approval', :level, 'Post', 'L4', now(), :matter)
            """),
            {"order": order, "matter": matter, "level": level},
        )


async def test_an_order_and_its_announcement_are_kept_together_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    async with an_office() as office:
        case = await the_case(office)
        order = await ordered(office, await moderate(office, case))
        stage = outbox.stage

        async def dies(connection: Any, events: Any, traceparents: Any = None) -> None:
            await stage(connection, events, traceparents)
            raise RuntimeError("killed")

        monkeypatch.setattr(outbox, "stage", dies)
        with pytest.raises(RuntimeError):
            await decide(office, order, "approvals", DESK_2)
        monkeypatch.undo()
        assert await told(office, "ModerationOrdered") == []
        assert await office.policy.rows("SELECT 1 FROM submission_approval") == []
        assert await office.audited("moderation.approved") == []
        assert (await decide(office, order, "approvals", DESK_2)).json()["state"] == "cleared"
        assert len(await told(office, "ModerationOrdered")) == 1


async def test_of_all_who_press_at_once_only_as_many_count_as_are_asked() -> None:
    async with an_office() as office:
        order = await ordered(office, await moderate(office, await the_case(office)))
        digest = (await office.policy.get(f"/v1/orders/{order}")).json()["digest"]
        pressing = [decide(office, order, "approvals", who, digest=digest) for who in (DESK_2, COMMS, DIVISION, HEAD)]
        answers = [each.status_code for each in await asyncio.gather(*pressing)]
        assert sorted(answers) == [201, 409, 409, 409]
        assert len(await told(office, "ModerationOrdered")) == 1
        assert len(await office.policy.rows("SELECT 1 FROM submission_approval")) == 1


async def test_a_refused_order_says_why_and_disagreement_goes_one_level_up() -> None:
    async with an_office() as office:
        case = await the_case(office, DEFAMATION)
        first = await ordered(office, await moderate(office, case))
        refused = await decide(office, first, "refusals", DIVISION, reason="It is an opinion.")
        assert (refused.json()["state"], refused.json()["ended_because"]) == ("returned", "It is an opinion.")
        second = await ordered(office, await moderate(office, case), COMMS)
        before = (await office.policy.get(f"/v1/orders/{second}")).json()["level"]
        higher = await decide(office, second, "refusals", DIVISION, reason="It is an opinion.")
        assert (higher.json()["state"], higher.json()["level"] > before) == ("open", True)
        (escalated,) = await told(office, "CaseEscalated")
        assert (escalated["reason"], escalated["level"]) == ("disagreement", higher.json()["level"])


async def test_an_order_is_sent_back_signed_off_and_withdrawn() -> None:
    async with an_office() as office:
        case = await the_case(office, DEFAMATION)
        first = await ordered(office, await moderate(office, case))
        specialisms = [
            step["specialism"]
            for step in (await office.policy.get(f"/v1/orders/{first}")).json()["steps"]
            if step["specialism"]
        ]
        assert specialisms == ["legal"]
        signed = await decide(office, first, "signoffs", DIVISION, kind="legal")
        assert [step["taken"]["officer"] for step in signed.json()["steps"] if step["taken"]] == [DIVISION]
        returned = await decide(office, first, "returns", COMMS, reason="Say which rule.")
        assert returned.json()["state"] == "returned"
        second = await ordered(office, await moderate(office, case))
        assert (await decide(office, second, "withdrawals", DESK, reason="No.")).json()["state"] == "withdrawn"
        third = await ordered(office, await moderate(office, case))
        assert kind_of(await decide(office, third, "withdrawals", DESK_2, reason="No.")) == (403, "not-your-authority")


async def test_what_tells_nothing_about_a_case_is_passed_over() -> None:
    async with an_office() as office:
        response = await answered(office)
        before = await shown(office, response.case)
        reach = ReachMeasured(
            **about(response), native_id="reply-1", after_hours=1, answer={"views": 10}, measured_at=LATER
        )
        await office.policy.receive(reach, done("ord_unknown", response.case), done("ord_unknown", "case_unknown"))
        assert await shown(office, response.case) == before
        assert await office.policy.rows("SELECT 1 FROM dead_letter") == []
