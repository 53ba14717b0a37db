"""Delegations over HTTP: granted within what one has, used within two ceilings, and gone when they lapse."""

import asyncio
from datetime import timedelta

import pytest

from services.policy.adapters import lapses
from services.policy.adapters.store import rows
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.policies import Period
from shared.clock import rfc3339
from shared.database import EVERY_AGENCY
from tests.policy.adapters.office import COMMS, DAY, DESK, DESK_2, DIVISION, HEAD, LEGAL, an_office, auditor, kind_of
from tests.policy.builders import NOW, sample

pytestmark = pytest.mark.asyncio

SECOND = timedelta(seconds=1)
LAWYER = "My lawyer will sue you for defamation"


async def test_a_delegate_approves_for_the_delegator_under_the_instrument() -> None:
    async with an_office() as office:
        delegation = await office.granted(COMMS, DESK_2)
        case = await office.case("A bribe was taken at your counter by officer Perera")
        answer = await office.approve(case, DESK_2)
        assert answer.status_code == 201, answer.text
        (taken,) = [step["taken"] for step in answer.json()["steps"] if step["taken"]]
        assert (taken["officer"], taken["level"], taken["instrument"]) == (DESK_2, "L2", delegation)
        assert taken["on_behalf_of"] == {"officer": COMMS, "post": _post(COMMS)}
        (row,) = await office.policy.rows("SELECT officer, instrument, delegator FROM approval")
        assert tuple(row) == (DESK_2, delegation, COMMS)
        (audited,) = await office.audited("draft.approved")
        assert (audited.actor, audited.on_behalf_of) == (DESK_2, taken["on_behalf_of"]["post"])
        assert delegation in audited.details
        assert COMMS in audited.details


async def test_the_released_response_says_who_consented_for_whom() -> None:
    async with an_office() as office:
        delegation = await office.granted(COMMS, "a-trainee")
        case = await office.case()
        assert (await office.approve(case, "a-trainee", "passports")).status_code == 201
        (row,) = await office.policy.rows("SELECT authorisations FROM response")
        (given,) = row.authorisations
        assert (given["officer"], given["instrument"]) == ("a-trainee", delegation)
        assert given["on_behalf_of"] == {"officer": COMMS, "post": _post(COMMS)}
        (announced,) = await office.policy.rows("SELECT payload FROM outbox WHERE type = 'ResponseApproved'")
        assert rows.from_json(announced.payload)["authorisations"] == [given]
        (audited,) = await office.audited("response.released")
        assert f"for {_post(COMMS)} ({COMMS}) under {delegation}" in audited.details


@pytest.mark.parametrize(
    ("ceiling", "exceeded"),
    [({"sensitivity": "S4", "damage": "D0"}, ["damage"]), ({"sensitivity": "S0", "damage": "D4"}, ["sensitivity"])],
)
async def test_what_lies_above_one_of_the_two_ceilings_is_refused_by_its_name(
    ceiling: dict[str, str], exceeded: list[str]
) -> None:
    async with an_office() as office:
        case = await office.case("A bribe was taken at your counter by officer Perera")
        await office.policy.rows("UPDATE \"case\" SET sensitivity = 'S2', damage = 'D3' RETURNING 1")
        await office.policy.rows("UPDATE turn SET decision = jsonb_set(jsonb_set(decision::jsonb, '{sensitivity}',"
                                 " '\"S2\"'), '{damage}', '\"D3\"')::json RETURNING 1")  # fmt: skip
        delegation = await office.granted(COMMS, "a-trainee", ceiling=ceiling, until=rfc3339(NOW + DAY))
        answer = await office.approve(case, "a-trainee", "passports")
        assert kind_of(answer) == (403, "ceiling-exceeded")
        body = answer.json()
        assert (body["exceeded"], body["ceiling"], body["instrument"]) == (exceeded, ceiling, delegation)
        assert delegation in body["detail"]
        assert await office.waiting("a-trainee") == []


async def test_one_second_after_the_end_it_is_refused() -> None:
    async with an_office() as office:
        await office.granted(COMMS, "a-trainee", until=rfc3339(NOW + DAY))
        first, second = await office.case(), await office.case(thread="thread-2")
        office.now = NOW + DAY - SECOND
        assert (await office.approve(first, "a-trainee", "passports")).status_code == 201
        office.now = NOW + DAY + SECOND
        assert kind_of(await office.approve(second, "a-trainee", "passports")) == (403, "not-your-authority")


async def test_a_chain_is_refused_unless_the_instrument_permits_it() -> None:
    async with an_office() as office:
        await office.granted(HEAD, COMMS)
        refused = await office.delegate(COMMS, DESK_2, level="L3")
        assert kind_of(refused) == (422, "grant-refused")
        (error,) = refused.json()["errors"]
        assert (error["pointer"], error["reason"]) == ("/delegate", "sub-delegation-not-permitted")
        permitting = await office.granted(HEAD, COMMS, sub_delegation=True)
        passed = (await office.delegate(COMMS, DESK_2, level="L3", under=permitting)).json()
        assert (passed["under"], passed["level"], passed["state"]) == (permitting, "L3", "standing")


async def test_a_power_that_one_has_not_is_refused_with_the_field() -> None:
    async with an_office() as office:
        refused = await office.delegate(DESK, COMMS, level="L3", until=rfc3339(NOW - DAY))
        assert kind_of(refused) == (422, "grant-refused")
        assert {error["pointer"] for error in refused.json()["errors"]} == {"/level", "/until"}
        assert kind_of(await office.delegate("nobody", COMMS)) == (403, "not-your-authority")
        assert kind_of(await office.delegate(HEAD, COMMS, agency="central-bank")) == (403, "not-your-agency")
        assert kind_of(await office.delegate(HEAD, COMMS, delegate={})) == (422, "invalid-input")
        assert await office.policy.rows("SELECT 1 FROM delegation") == []


async def test_revoking_opens_the_steps_again_that_were_taken_under_it() -> None:
    async with an_office() as office:
        delegation = await office.granted(HEAD, "a-trainee")
        case = await office.case(LAWYER)
        assert (await office.approve(case, "a-trainee", "passports")).status_code == 201
        assert [bool(step["taken"]) for step in (await office.draft(case))["steps"]].count(True) == 1
        before = await office.waiting(HEAD)
        assert (await office.revoke(delegation, HEAD)).status_code == 201
        assert [bool(step["taken"]) for step in (await office.draft(case))["steps"]].count(True) == 0
        assert before == await office.waiting(HEAD) == [case]
        assert (await office.approve(case, HEAD)).status_code == 201
        (step,) = [step for step in (await office.draft(case))["steps"] if step["taken"]]
        assert step["taken"]["officer"] == HEAD
        assert [row.actor for row in await office.audited("delegation.revoked")] == [HEAD]
        (lapsed,) = await office.audited("draft.approvals_lapsed")
        assert "a-trainee" in lapsed.details
        assert kind_of(await office.approve(case, "a-trainee", "passports")) == (403, "not-your-authority")


async def test_a_consent_whose_instrument_has_ended_releases_nothing_with_the_last_step() -> None:
    async with an_office() as office:
        await office.granted(COMMS, "a-trainee", until=rfc3339(NOW + DAY))
        case = await office.case(LAWYER)
        assert (await office.approve(case, "a-trainee", "passports")).status_code == 201
        assert (await office.approve(case, DIVISION)).status_code == 201
        office.now = NOW + DAY
        draft = await office.draft(case)
        path = f"/v1/cases/{case}/drafts/1/signoffs"
        signed = await office.policy.post(path, {"kind": "legal", "digest": draft["digest"]}, LEGAL)
        assert signed.status_code == 201, signed.text
        assert await office.policy.rows("SELECT 1 FROM response") == []
        assert (await office.approve(case, COMMS)).status_code == 201
        assert len(await office.policy.rows("SELECT 1 FROM response")) == 1


async def test_who_may_take_a_delegation_back() -> None:
    async with an_office() as office:
        delegation = await office.granted(DIVISION, DESK_2)
        for who in (DESK_2, COMMS, DESK):
            assert kind_of(await office.revoke(delegation, who)) == (403, "not-your-authority")
        assert (await office.revoke(delegation, HEAD)).json()["revocation"]["by"] == HEAD
        again = await office.revoke(delegation, DIVISION)
        assert (again.status_code, again.json()["revocation"]["by"]) == (201, HEAD)
        assert len(await office.audited("delegation.revoked")) == 1
        over = await office.granted(DIVISION, DESK_2, until=rfc3339(NOW + DAY))
        office.now = NOW + 2 * DAY
        assert kind_of(await office.revoke(over, DIVISION)) == (409, "over-already")
        assert kind_of(await office.revoke("del_0", DIVISION)) == (404, "not-found")


async def test_what_rests_on_a_revoked_delegation_goes_with_it() -> None:
    async with an_office() as office:
        first = await office.granted(HEAD, COMMS, sub_delegation=True)
        second = await office.granted(COMMS, DESK_2, level="L3")
        await office.revoke(first, HEAD)
        found = (await office.policy.get(f"/v1/delegations/{second}")).json()
        assert (found["state"], found["lapse"]["cause"]) == ("lapsed", "parent_lapsed")
        assert len(await office.audited("delegation.lapsed")) == 1


async def test_the_number_of_a_day_holds_in_the_agencys_time_zone_and_begins_anew() -> None:
    async with an_office() as office:
        await office.granted(COMMS, "a-trainee", number_a_day=1)
        cases = [await office.case(thread=f"thread-{n}") for n in range(3)]
        assert (await office.approve(cases[0], "a-trainee", "passports")).status_code == 201
        refused = await office.approve(cases[1], "a-trainee", "passports")
        assert kind_of(refused) == (403, "day-is-spent")
        assert refused.json()["number_a_day"] == 1
        assert await office.waiting("a-trainee") == []
        # Midnight in Colombo is 18:30 UTC; NOW is 10:00 there.
        office.now = NOW + timedelta(hours=14) - SECOND
        assert kind_of(await office.approve(cases[1], "a-trainee", "passports")) == (403, "day-is-spent")
        office.now = NOW + timedelta(hours=14)
        assert (await office.approve(cases[1], "a-trainee", "passports")).status_code == 201
        assert kind_of(await office.approve(cases[2], "a-trainee", "passports")) == (403, "day-is-spent")


async def test_the_number_of_a_day_holds_when_many_press_in_the_same_moment() -> None:
    async with an_office() as office:
        await office.granted(COMMS, DESK_2, number_a_day=2, level="L2", delegate={"post": _post(DESK)})
        cases = [await office.case(LAWYER, author=DESK_2, thread=f"thread-{n}") for n in range(5)]
        answers = await asyncio.gather(*(office.approve(case, DESK) for case in cases))
        assert sorted(answer.status_code for answer in answers) == [201, 201, 403, 403, 403]


async def test_what_is_passed_on_counts_towards_the_number_of_what_it_rests_on() -> None:
    async with an_office() as office:
        await office.granted(COMMS, DESK_2, number_a_day=2, sub_delegation=True)
        await office.granted(DESK_2, "a-trainee", level="L2")
        cases = [await office.case(LAWYER, thread=f"thread-{n}") for n in range(3)]
        assert (await office.approve(cases[0], "a-trainee", "passports")).status_code == 201
        assert (await office.approve(cases[1], DESK_2)).status_code == 201
        for who in ("a-trainee", DESK_2):
            assert kind_of(await office.approve(cases[2], who, "passports")) == (403, "day-is-spent")


async def test_a_consent_and_a_revocation_come_one_after_the_other() -> None:
    async with an_office() as office:
        cases = [await office.case(thread=f"thread-{n}") for n in range(8)]
        delegation = await office.granted(COMMS, "a-trainee")
        pressed = [office.approve(case, "a-trainee", "passports") for case in cases]
        *answers, revoked = await asyncio.gather(*pressed, office.revoke(delegation, COMMS))
        assert revoked.status_code == 201
        order = [row.action for row in await office.policy.rows("SELECT action FROM audit ORDER BY number")]
        assert "draft.approved" not in order[order.index("delegation.revoked") :]
        assert order.count("draft.approved") == [answer.status_code for answer in answers].count(201)


async def test_delegations_are_listed_by_who_and_when() -> None:
    async with an_office() as office:
        made = [await office.granted(HEAD, COMMS), await office.granted(DIVISION, DESK_2, until=rfc3339(NOW + DAY))]
        await office.revoke(made[0], HEAD)
        office.now = NOW + SECOND

        async def ids(query: str, who: str = DESK) -> list[str]:
            return [each["id"] for each in (await office.policy.get(f"/v1/delegations{query}", who)).json()["items"]]

        assert await ids("") == [made[1], made[0]]
        assert await ids(f"?delegator={HEAD}") == [made[0]]
        assert await ids(f"?delegate={DESK_2}&agency=passports") == [made[1]]
        assert await ids("?standing_at=2026-11-23T04:30:01Z") == [made[1]]
        assert await ids("?standing_at=2026-11-23T04:29:59Z") == []
        assert await ids("?standing_at=2026-11-25T04:30:00Z") == []
        assert await ids("", "a-client") == []
        assert await ids("?agency=central-bank") == []
        page = (await office.policy.get("/v1/delegations?limit=1", DESK)).json()
        following = (await office.policy.get(f"/v1/delegations?limit=1&cursor={page['next']}", DESK)).json()
        assert [each["id"] for each in page["items"] + following["items"]] == [made[1], made[0]]
        seen = await office.policy.client.get("/v1/delegations", headers=auditor("passports"))
        assert len(seen.json()["items"]) == 2
        assert kind_of(await office.policy.get(f"/v1/delegations/{made[0]}", "governor")) == (404, "not-found")


async def test_the_same_key_grants_once() -> None:
    async with an_office() as office:
        asked = {
            "agency": "passports",
            "delegate": {"subject": DESK_2},
            "ceiling": {"sensitivity": "S1", "damage": "D1"},
            "until": rfc3339(NOW + DAY),
        }
        answers = [await office.policy.post("/v1/delegations", asked, HEAD, key="one") for _ in range(2)]
        assert answers[0].json() == answers[1].json()
        assert len(await office.policy.rows("SELECT 1 FROM delegation")) == 1
        assert [row.action for row in await office.audited("delegation.granted")] == ["delegation.granted"]


async def test_a_lapse_is_put_on_record_and_outlasts_what_brought_it() -> None:
    async with an_office() as office:
        delegation = await office.granted(HEAD, COMMS)
        now = NOW + DAY
        policy = sample("passports").policy
        before_election = policy.model_copy(
            update={"periods": (Period(kind="pre_election", from_=now, until=now + DAY),)}
        )
        database = office.policy.database
        await lapses.look(database, PolicyShelf([PolicyInForce(policy)]), lambda: now)
        assert await office.audited("delegation.lapsed") == []
        for _ in range(2):
            await lapses.look(database, PolicyShelf([PolicyInForce(before_election)]), lambda: now)
        (audited,) = await office.audited("delegation.lapsed")
        assert "pre_election_period" in audited.details
        office.now = now
        found = (await office.policy.get(f"/v1/delegations/{delegation}")).json()
        assert (found["state"], found["lapse"]["cause"]) == ("lapsed", "pre_election_period")


async def test_another_agency_sees_no_delegation_even_without_a_where() -> None:
    async with an_office() as office:
        await office.granted(HEAD, COMMS)
        for scope, count in ((EVERY_AGENCY, 1), (["water-board"], 0)):
            async with office.policy.database.begin(scope) as connection:
                seen = await connection.exec_driver_sql("SELECT count(*) FROM delegation")
                assert seen.scalar_one() == count


def _post(subject: str) -> str:
    officer = sample("passports").policy.officer(subject)
    assert officer is not None
    return officer.post


@pytest.mark.parametrize(
    "path",
    [
        "/v1/delegations?delegate=%00",
        "/v1/delegations?standing_at=9999-12-31T23:59:59-05:00",
        "/v1/delegations?standing_at=2026-11-23T00:00:00",
        "/v1/acting-appointments?subject=%0A",
        "/v1/mandates?at=0001-01-01T00:00:00Z",
        "/v1/mandates?agency=*",
    ],
)
async def test_a_question_that_no_table_could_bear_is_refused_as_input(path: str) -> None:
    async with an_office() as office:
        assert kind_of(await office.policy.get(path)) == (422, "invalid-input")


@pytest.mark.parametrize(
    "changes",
    [
        {"until": "9999-12-31T23:59:59-05:00"},
        {"until": "2026-12-01T00:00:00"},
        {"number_a_day": 0},
        {"ceiling": {"sensitivity": "S5", "damage": "D0"}},
        {"delegate": {"subject": "a", "post": "b"}},
        {"topics": "fees"},
        {"unknown": 1},
    ],
)
async def test_a_grant_of_another_shape_is_refused_as_input(changes: dict[str, object]) -> None:
    async with an_office() as office:
        assert kind_of(await office.delegate(HEAD, COMMS, **changes)) == (422, "invalid-input")


async def test_a_delegation_for_cleared_lines_takes_no_step_of_other_words() -> None:
    async with an_office() as office:
        cleared = sample("passports").policy.lines[0].text["en"]
        given = await office.delegate(COMMS, DESK_2, cleared_lines_only=True, platforms=["mastodon"])
        assert given.json()["cleared_lines_only"] is True
        other, lines = await office.case(LAWYER), await office.case(LAWYER, thread="thread-2")
        written = await office.policy.post(f"/v1/cases/{lines}/drafts", {"text": cleared, "language": "en"}, DESK)
        assert written.status_code == 201, written.text
        assert await office.waiting(DESK_2) == [lines]
        assert kind_of(await office.approve(other, DESK_2)) == (403, "not-your-authority")
        answer = await office.approve(lines, DESK_2)
        assert answer.status_code == 201, answer.text
        assert given.json()["id"] in [step["taken"]["instrument"] for step in answer.json()["steps"] if step["taken"]]
        (mandate,) = (await office.policy.get("/v1/mandates", DESK_2)).json()["items"][1:]
        assert mandate["cleared_lines_only"] is True
        (audited,) = await office.audited("delegation.granted")
        assert rows.from_json(audited.details)["cleared_lines_only"] is True
