"""Stand-ins, stepping aside, and by what one may decide, over HTTP."""

from typing import Any

import pytest

from shared.clock import rfc3339
from shared.database import EVERY_AGENCY
from tests.policy.adapters.office import (
    COMMS,
    DAY,
    DESK,
    DESK_2,
    DIVISION,
    HEAD,
    LEGAL,
    Office,
    an_office,
    auditor,
    kind_of,
)
from tests.policy.builders import NOW

pytestmark = pytest.mark.asyncio

LAWYER = "My lawyer will sue you for defamation"
HEADS_POST = "Controller of Passports"


async def appointed(office: Office, by: str, subject: str, post: str = HEADS_POST, **changes: Any) -> Any:
    asked = {"agency": "passports", "subject": subject, "post": post, "until": rfc3339(NOW + 10 * DAY), **changes}
    return await office.policy.post("/v1/acting-appointments", asked, by)


async def stepped_aside(office: Office, case: str, who: str) -> Any:
    return await office.policy.post(f"/v1/cases/{case}/recusals", {"reason": "my cousin"}, who)


async def test_a_stand_in_decides_as_the_post_until_the_last_day() -> None:
    async with an_office() as office:
        made = await appointed(office, HEAD, "a-deputy")
        assert made.status_code == 201, made.text
        first, second = await office.case(), await office.case(thread="thread-2")
        answer = await office.approve(first, "a-deputy", "passports")
        taken = answer.json()["steps"][0]["taken"]
        assert (taken["post"], taken["level"], taken["instrument"]) == (HEADS_POST, "L4", made.json()["id"])
        assert taken["on_behalf_of"] is None
        office.now = NOW + 10 * DAY
        assert kind_of(await office.approve(second, "a-deputy", "passports")) == (403, "not-your-authority")


async def test_a_stand_in_is_appointed_by_another_from_the_posts_level_on() -> None:
    async with an_office() as office:
        for by in (DESK, DIVISION, "nobody"):
            assert kind_of(await appointed(office, by, DESK_2)) == (403, "not-your-authority")
        assert kind_of(await appointed(office, HEAD, HEAD)) == (403, "not-your-authority")
        refused = await appointed(office, HEAD, DESK, "No such post", until=rfc3339(NOW - DAY))
        assert kind_of(refused) == (422, "grant-refused")
        assert refused.json()["errors"][0]["pointer"] == "/post"
        assert (await appointed(office, LEGAL, DESK, "Deputy Controller")).status_code == 201
        (audited,) = await office.audited("acting.appointed")
        assert (audited.actor, audited.on_behalf_of) == (LEGAL, "Legal Officer")


async def test_an_appointment_that_is_ended_gives_nothing_and_keeps_what_was_consented() -> None:
    async with an_office() as office:
        appointment = (await appointed(office, HEAD, DESK_2, "Deputy Controller")).json()["id"]
        case = await office.case(LAWYER)
        assert (await office.approve(case, DESK_2)).status_code == 201
        path = f"/v1/acting-appointments/{appointment}/endings"
        assert kind_of(await office.policy.post(path, {"reason": "back"}, COMMS)) == (403, "not-your-authority")
        answers = [await office.policy.post(path, {"reason": "back"}, who) for who in (DIVISION, HEAD)]
        assert [(answer.status_code, answer.json()["ended_by"]) for answer in answers] == [(201, DIVISION)] * 2
        assert len(await office.audited("acting.ended")) == 1
        assert [bool(step["taken"]) for step in (await office.draft(case))["steps"]].count(True) == 1
        other = await office.case(LAWYER, thread="thread-2")
        assert kind_of(await office.approve(other, DESK_2)) == (403, "not-your-authority")
        missing = "/v1/acting-appointments/act_0/endings"
        assert kind_of(await office.policy.post(missing, {"reason": "back"}, HEAD)) == (404, "not-found")


async def test_appointments_are_listed_by_person_and_moment() -> None:
    async with an_office() as office:
        made = [(await appointed(office, HEAD, who, "Deputy Controller")).json()["id"] for who in (DESK, DESK_2)]
        for query, found in (
            ("", made[::-1]),
            (f"?subject={DESK}", made[:1]),
            ("?standing_at=2026-11-24T00:00:00Z&agency=passports", made[::-1]),
            ("?standing_at=2026-12-24T00:00:00Z", []),
        ):
            listed = (await office.policy.get(f"/v1/acting-appointments{query}", DESK)).json()["items"]
            assert [each["id"] for each in listed] == found
        assert (await office.policy.get("/v1/acting-appointments", "a-client")).json()["items"] == []


async def test_who_steps_aside_decides_nothing_there_and_their_consent_is_gone() -> None:
    async with an_office() as office:
        case = await office.case(LAWYER)
        assert (await office.approve(case, HEAD)).status_code == 201
        first = await stepped_aside(office, case, HEAD)
        assert (first.status_code, first.json()["officer"]) == (201, HEAD)
        assert (await stepped_aside(office, case, HEAD)).json() == first.json()
        assert [bool(step["taken"]) for step in (await office.draft(case))["steps"]].count(True) == 0
        assert kind_of(await office.approve(case, HEAD)) == (403, "not-your-authority")
        returned = await office.policy.post(f"/v1/cases/{case}/drafts/1/returns", {"reason": "no"}, HEAD)
        assert kind_of(returned) == (403, "not-your-authority")
        assert await office.waiting(HEAD) == []
        assert (await office.approve(case, DIVISION)).status_code == 201
        (audited,) = await office.audited("case.recused")
        assert (audited.actor, audited.subject) == (HEAD, case)
        other = await office.case(LAWYER, thread="thread-2")
        assert await office.waiting(HEAD) == [other]


async def test_stepping_aside_is_for_those_who_have_something_to_decide() -> None:
    async with an_office() as office:
        case = await office.case()
        assert kind_of(await stepped_aside(office, case, "nobody")) == (403, "not-your-authority")
        assert kind_of(await stepped_aside(office, case, "governor")) == (404, "not-found")
        assert kind_of(await stepped_aside(office, "case_0", DESK)) == (404, "not-found")
        async with office.policy.database.begin(EVERY_AGENCY) as connection:
            assert (await connection.exec_driver_sql("SELECT count(*) FROM recusal")).scalar_one() == 0


async def test_by_what_may_i_decide() -> None:
    async with an_office() as office:
        appointment = (await appointed(office, HEAD, DESK, "Deputy Controller")).json()["id"]
        delegation = await office.granted(COMMS, DESK, number_a_day=2, platforms=["mastodon"])
        await office.approve(await office.case(author=COMMS), DESK)
        items = (await office.policy.get("/v1/mandates", DESK)).json()["items"]
        assert [(each["basis"], each["level"], each["instrument"]) for each in items] == [
            ("post", "L1", None),
            ("acting", "L3", appointment),
            ("delegation", "L2", delegation),
        ]
        lent = items[2]
        assert (lent["on_behalf_of"]["officer"], lent["platforms"]) == (COMMS, ["mastodon"])
        assert (lent["number_a_day"], lent["left_today"], lent["passes_on"]) == (2, 2, False)
        assert items[1]["specialisms"] == ["legal", "security"]
        assert items[0]["ceiling"] == {"sensitivity": "S4", "damage": "D4"}


async def test_what_others_may_decide_is_for_auditors_and_can_be_asked_for_another_moment() -> None:
    async with an_office() as office:
        await office.granted(COMMS, DESK, until=rfc3339(NOW + DAY))
        assert kind_of(await office.policy.get(f"/v1/mandates?subject={DESK}", HEAD)) == (403, "insufficient-scope")

        async def bases(query: str) -> list[str]:
            path = f"/v1/mandates?subject={DESK}{query}"
            found = await office.policy.client.get(path, headers=auditor("passports"))
            return [each["basis"] for each in found.json()["items"]]

        assert await bases("") == ["post", "delegation"]
        assert await bases("&at=2026-11-24T04:29:59Z") == ["post", "delegation"]
        assert await bases("&at=2026-11-24T04:30:00Z&agency=passports") == ["post"]
        assert await bases("&at=2026-11-22T00:00:00Z") == []
        assert await bases("&agency=central-bank") == []


async def test_what_waits_for_me_is_what_i_may_decide_by_any_mandate() -> None:
    async with an_office() as office:
        case = await office.case(LAWYER)
        assert await office.waiting(DESK_2) == []
        delegation = await office.granted(COMMS, DESK_2, platforms=["mastodon"])
        assert await office.waiting(DESK_2) == [case]
        await office.revoke(delegation, COMMS)
        assert await office.waiting(DESK_2) == []
        await office.granted(COMMS, DESK_2, platforms=["x"])
        assert await office.waiting(DESK_2) == []
        await appointed(office, HEAD, DESK_2, "Deputy Controller")
        assert await office.waiting(DESK_2) == [case]


async def test_what_waits_for_me_keeps_to_the_subjects_of_a_mandate() -> None:
    async with an_office() as office:
        hours = await office.case("The fee is a scandal and my lawyer will sue you for defamation", thread="thread-1")
        await office.case(LAWYER, thread="thread-2")
        topics = await office.policy.rows("SELECT decision -> 'topics' AS topics FROM turn ORDER BY case_id")
        assert [row.topics for row in topics] == [["fees"], []]
        await office.granted(COMMS, DESK_2, topics=["fees"])
        assert await office.waiting(DESK_2) == [hours]


async def test_what_waits_for_me_comes_in_pages_by_what_breaches_next() -> None:
    async with an_office() as office:
        await office.granted(COMMS, "a-trainee")
        cases = []
        for number in range(3):
            office.now = NOW - number * DAY / 24
            event = {"received_at": office.now, "sent_at": office.now}
            cases.append(await office.case(LAWYER, thread=f"thread-{number}", **event))
        office.now = NOW
        found, path = [], "/v1/cases?waiting_for=me&limit=2"
        while path:
            page = (await office.policy.get(path, "a-trainee", "passports")).json()
            found += [item["id"] for item in page["items"]]
            path = page["next"] and f"/v1/cases?waiting_for=me&limit=2&cursor={page['next']}"
        assert found == cases[::-1]
