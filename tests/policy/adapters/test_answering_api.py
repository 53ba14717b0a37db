"""Who can answer when, and drills of absence, over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from shared.clock import rfc3339
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

MAP = "/v1/clearance/authorities?agency=passports"
RENEWALS = "passports-renewals"
ABOVE = (DIVISION, LEGAL, RENEWALS, HEAD)
FRIDAY, SATURDAY = "2026-11-27T14:00:00+05:30", "2026-11-28T00:00:00+05:30"
MONDAY = "2026-11-30T00:00:00+05:30"
LAWYER = "My lawyer will sue you for defamation"


async def away(office: Office, *persons: str, start: str = FRIDAY, end: str = MONDAY) -> None:
    for each in persons:
        said = {"agency": "passports", "subject": each, "from": start, "until": end}
        assert (await office.policy.post("/v1/leaves", said, HEAD)).status_code == 201


async def the_map(office: Office, days: int = 14, who: str = DESK) -> Any:
    found = await office.policy.get(f"{MAP}&days={days}", who)
    assert found.status_code == 200, found.text
    return found.json()


def holes_of(body: Any, topic: str | None, sensitivity: str) -> list[Any]:
    about = [each for each in body["holes"] if not each["kinds"] and sensitivity in each["sensitivities"]]
    return [each for each in about if (topic in each["topics"] if topic else not each["topics"])]


async def drill(office: Office, by: str = HEAD, **asked: Any) -> Any:
    said = {"agency": "passports", "until": rfc3339(NOW + 4 * DAY), **asked}
    return await office.policy.post("/v1/clearance/absence-drills", said, by)


async def test_a_hole_is_named_days_before_in_the_agencys_time_and_closed_by_the_delegation_that_is_offered() -> None:
    async with an_office() as office:
        before = await the_map(office)
        assert holes_of(before, None, "S3") == []
        await away(office, *ABOVE)
        (hole,) = holes_of(body := await the_map(office), None, "S3")
        assert (hole["local"]["from"], hole["local"]["until"]) == (FRIDAY, "2026-11-30T08:30:00+05:30")
        assert (hole["level"], hole["missing"]) == ("L3", "nobody may take the approval on L3")
        assert hole["minutes"] == 135
        (above,) = holes_of(body, None, "S4")
        assert above["from"] == hole["from"]
        offered = hole["delegation"]
        assert offered["body"]["delegate"]["subject"] == DESK
        office.now += timedelta(minutes=5)
        given = await office.policy.post("/v1/delegations", offered["body"], offered["delegator"]["subject"])
        assert given.status_code == 201, given.text
        assert holes_of(await the_map(office), None, "S3") == []


async def test_every_delegation_that_is_offered_would_be_taken() -> None:
    async with an_office() as office:
        await away(office, COMMS, *ABOVE[:3])
        await away(office, HEAD, start="2026-12-01T00:00:00+05:30", end="2026-12-02T12:00:00+05:30")
        holes = (await the_map(office))["holes"]
        offered = [each["delegation"] for each in holes if each["delegation"]]
        assert {each["body"]["ceiling"]["sensitivity"] for each in offered} >= {"S3", "S4"}
        for each in offered:
            given = await office.policy.post("/v1/delegations", each["body"], each["delegator"]["subject"])
            assert given.status_code == 201, (each, given.text)


async def test_the_map_tells_stretches_steps_and_what_is_missing() -> None:
    async with an_office() as office:
        body = await the_map(office, days=1)
        assert (body["time_zone"], body["from"], body["until"]) == ("Asia/Colombo", rfc3339(NOW), rfc3339(NOW + DAY))
        (row,) = (each for each in body["rows"] if not each["topics"] and "S3" in each["sensitivities"])
        assert [(each["kind"], each["level"]) for each in row["steps"]] == [("approval", "L2"), ("approval", "L3")]
        stretches = [(each["from"], each["answerable"]) for each in row["stretches"]]
        assert stretches[:2] == [(rfc3339(NOW), True), ("2026-11-23T06:30:00.000Z", False)]
        assert row["stretches"][-1]["until"] == rfc3339(NOW + DAY)
        danger = [each for each in body["rows"] if each["kinds"]]
        assert all(each["around_the_clock"] for each in danger)
        nights = [each for each in body["holes"] if each["kinds"] == ["emergency"]]
        assert len(nights) >= 2
        assert all(each["delegation"] is None for each in nights)


async def test_the_map_is_for_those_of_the_agency_and_for_auditors() -> None:
    async with an_office() as office:
        assert kind_of(await office.policy.get(MAP, "a-client")) == (403, "not-your-authority")
        assert kind_of(await office.policy.get(MAP, "governor")) == (403, "not-your-agency")
        seen = await office.policy.client.get(MAP, headers=auditor("passports"))
        assert seen.status_code == 200
        for days in (0, 32):
            assert (await office.policy.get(f"{MAP}&days={days}", DESK)).status_code == 422
        assert (await office.policy.get("/v1/clearance/authorities", DESK)).status_code == 422


async def test_a_drill_names_the_holes_that_it_would_leave_and_changes_nothing() -> None:
    async with an_office() as office:
        before = await the_map(office, days=4)
        answer = await drill(office, posts=["Controller of Passports"], subjects=[LEGAL, RENEWALS, DIVISION])
        assert answer.status_code == 201, answer.text
        body = answer.json()
        assert body["absent"] == sorted(ABOVE)
        (hole,) = holes_of(body, None, "S3")
        assert (hole["from"], hole["until"]) == (rfc3339(NOW), None)
        assert hole["delegation"]["body"]["delegate"]["subject"] == DESK
        assert holes_of(body, None, "S0") == []
        assert await the_map(office, days=4) == before
        (audited,) = await office.audited("absence_drill.held")
        assert (audited.actor, audited.subject) == (HEAD, "passports")


async def cleared(office: Office, thread: str, *approvals: str) -> str:
    case = await office.case(LAWYER, author=DESK, thread=thread, received_at=office.now)
    draft = await office.draft(case)
    kinds = [step["specialism"] for step in draft["steps"] if step["kind"] == "signoff"]
    for who in approvals:
        answer = await office.approve(case, who)
        assert answer.status_code == 201, answer.text
    path = f"/v1/cases/{case}/drafts/{draft['number']}/signoffs"
    for kind in kinds:
        signed = await office.policy.post(path, {"kind": kind, "digest": draft["digest"]}, LEGAL)
        assert signed.status_code == 201, signed.text
    assert (await office.draft(case))["state"] == "released"
    return case


async def test_a_drill_tells_which_released_answers_would_have_waited() -> None:
    async with an_office() as office:
        case = await cleared(office, "thread-1", DIVISION, COMMS)
        office.now += timedelta(minutes=30)

        async def waited(*subjects: str, **asked: Any) -> Any:
            answer = await drill(office, subjects=list(subjects), **asked)
            assert answer.status_code == 201, answer.text
            return answer.json()["released"]

        alone = await waited(DIVISION)
        assert (alone["in_all"], alone["through_their_hands"], alone["waited"]) == (1, 1, [])
        both = await waited(DIVISION, HEAD, RENEWALS)
        assert [(each["case"], each["by_them"]) for each in both["waited"]] == [(case, [DIVISION])]
        without = await waited(DESK_2)
        assert (without["in_all"], without["through_their_hands"]) == (1, 0)
        span = {"from": rfc3339(NOW - DAY), "until": rfc3339(NOW - DAY / 2)}
        assert (await waited(DIVISION, HEAD, RENEWALS, **span))["in_all"] == 0


async def reseated(office: Office, *gone: str) -> None:
    """From now on others hold the posts."""
    names = ", ".join(f"'{each}'" for each in gone)
    await office.policy.rows(
        "INSERT INTO roster SELECT agency, since + interval '10 minutes', 'files',"
        " (SELECT json_agg(o) FROM json_array_elements(officers) AS o"
        f" WHERE o ->> 'subject' NOT IN ({names})), calendar"
        " FROM roster WHERE agency = 'passports' RETURNING 1"
    )


async def test_a_drill_goes_by_those_who_held_the_posts_and_were_there_then() -> None:
    async with an_office() as office:
        await office.policy.rows("UPDATE roster SET since = '2026-11-23T04:25:00Z' RETURNING 1")
        early = await cleared(office, "thread-1", DIVISION, COMMS)
        await reseated(office, RENEWALS, HEAD)
        office.now += timedelta(minutes=15)
        late = await cleared(office, "thread-2", DIVISION, COMMS)
        office.now += timedelta(minutes=15)
        answer = await drill(office, LEGAL, subjects=[DIVISION])
        assert answer.status_code == 201, answer.text
        released = answer.json()["released"]
        assert (released["in_all"], [each["case"] for each in released["waited"]]) == (2, [late])
        assert early != late


async def test_a_drill_is_refused_with_each_field() -> None:
    async with an_office() as office:
        for asked, fault in (
            ({"subjects": ["nobody"]}, ("/subjects/0", "unknown-person")),
            ({"posts": ["No such post"]}, ("/posts/0", "unknown-post")),
            ({"subjects": [HEAD], "until": rfc3339(NOW - DAY)}, ("/until", "ends-before-it-begins")),
            ({"subjects": [HEAD], "until": rfc3339(NOW + 32 * DAY)}, ("/until", "too-long")),
        ):
            refused = await drill(office, **asked)
            assert kind_of(refused) == (422, "drill-refused"), refused.text
            (error,) = refused.json()["errors"]
            assert (error["pointer"], error["reason"]) == fault
        assert (await drill(office)).status_code == 422
        assert kind_of(await drill(office, "a-client", subjects=[HEAD])) == (403, "not-your-authority")
        assert kind_of(await drill(office, "governor", subjects=[HEAD])) == (403, "not-your-agency")
