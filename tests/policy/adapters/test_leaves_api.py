"""Leave over HTTP, and how cases go past those who are away."""

from datetime import timedelta
from typing import Any

import pytest

from shared.clock import rfc3339
from tests.policy.adapters.office import COMMS, DAY, DESK, DIVISION, HEAD, LEGAL, Office, an_office, auditor, kind_of
from tests.policy.builders import NOW

pytestmark = pytest.mark.asyncio


async def away(office: Office, by: str, **asked: Any) -> Any:
    said = {"agency": "passports", "until": rfc3339(NOW + 3 * DAY), **asked}
    return await office.policy.post("/v1/leaves", said, by)


async def ended(office: Office, leave: str, by: str) -> Any:
    return await office.policy.post(f"/v1/leaves/{leave}/endings", {}, by)


async def test_a_person_enters_their_leave_and_is_back_before_its_end() -> None:
    async with an_office() as office:
        made = await away(office, DESK, note="in the hills", **{"from": rfc3339(NOW + DAY)})
        assert made.status_code == 201, made.text
        leave = made.json()
        assert (leave["subject"], leave["from"], leave["note"]) == (DESK, rfc3339(NOW + DAY), "in the hills")
        answers = [await ended(office, leave["id"], DESK) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        assert (answers[0].json()["ended_at"], answers[0].json()["ended_by"]) == (rfc3339(NOW), DESK)
        audited = [*await office.audited("leave.entered"), *await office.audited("leave.ended")]
        assert [(each.actor, each.subject) for each in audited] == [(DESK, leave["id"])] * 2


async def test_those_beside_and_above_enter_leave_and_nobody_below() -> None:
    async with an_office() as office:
        for by in (LEGAL, HEAD):
            made = await away(office, by, subject=DIVISION)
            assert (made.status_code, made.json()["entered_by"]) == (201, by)
        for by in (COMMS, DESK, "nobody"):
            assert kind_of(await away(office, by, subject=DIVISION)) == (403, "not-your-authority")
            assert kind_of(await ended(office, made.json()["id"], by)) == (403, "not-your-authority")
        assert kind_of(await away(office, "nobody")) == (403, "not-your-authority")
        assert (await ended(office, made.json()["id"], LEGAL)).status_code == 201


async def test_leave_that_cannot_be_is_refused_with_each_field() -> None:
    async with an_office() as office:
        for asked, fault in (
            ({"until": rfc3339(NOW - DAY), "from": rfc3339(NOW - 2 * DAY)}, ("/until", "over-already")),
            ({"from": rfc3339(NOW + 4 * DAY)}, ("/until", "ends-before-it-begins")),
            ({"until": rfc3339(NOW + 400 * DAY)}, ("/until", "too-long")),
            ({"subject": "somebody-else"}, ("/subject", "unknown-person")),
        ):
            refused = await away(office, HEAD, **asked)
            assert kind_of(refused) == (422, "leave-refused"), asked
            (error,) = refused.json()["errors"]
            assert (error["pointer"], error["reason"]) == fault
        made = await away(office, HEAD, until=rfc3339(NOW + DAY / 24))
        office.now = NOW + DAY
        assert kind_of(await ended(office, made.json()["id"], HEAD)) == (409, "over-already")
        assert kind_of(await ended(office, "lve_0", HEAD)) == (404, "not-found")
        assert kind_of(await ended(office, made.json()["id"], "governor")) == (404, "not-found")


async def test_leave_is_listed_in_the_agency_by_person_and_moment() -> None:
    async with an_office() as office:
        made = [
            (await away(office, HEAD, **asked)).json()["id"]
            for asked in ({"subject": DESK}, {"subject": COMMS, "from": rfc3339(NOW + DAY)})
        ]
        for query, found in (
            ("", made[::-1]),
            (f"?subject={DESK}&agency=passports", made[:1]),
            (f"?standing_at={rfc3339(NOW)}", made[:1]),
            (f"?standing_at={rfc3339(NOW + 3 * DAY)}", []),
        ):
            listed = (await office.policy.get(f"/v1/leaves{query}", DESK)).json()["items"]
            assert [each["id"] for each in listed] == found, query
        page = (await office.policy.get("/v1/leaves?limit=1", DESK)).json()
        rest = (await office.policy.get(f"/v1/leaves?limit=1&cursor={page['next']}", DESK)).json()
        assert [each["id"] for each in (*page["items"], *rest["items"])] == made[::-1]
        assert (await office.policy.get("/v1/leaves", "a-client")).json()["items"] == []
        assert (await office.policy.get("/v1/leaves", "governor")).json()["items"] == []
        seen = await office.policy.client.get("/v1/leaves", headers=auditor("passports"))
        assert len(seen.json()["items"]) == 2


async def test_who_is_on_leave_still_decides_lawfully() -> None:
    async with an_office() as office:
        case = await office.case()
        assert (await away(office, COMMS)).status_code == 201
        assert (await office.approve(case, COMMS)).status_code == 201


async def test_pressing_twice_enters_one_leave() -> None:
    async with an_office() as office:
        said = {"agency": "passports", "until": rfc3339(NOW + timedelta(hours=5))}
        first, again = [await office.policy.post("/v1/leaves", said, DESK, key="one-key") for _ in range(2)]
        assert first.json() == again.json()
        assert len(await office.policy.rows("SELECT 1 FROM leave")) == 1
