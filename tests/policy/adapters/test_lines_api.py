"""Lines over HTTP: drafted, cleared on the level of their ceiling, speaking, and withdrawn at once."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from services.policy.adapters.consumers import handler
from services.policy.adapters.store.policies import PolicyShelf
from shared.cloudevents import Received
from shared.database import EVERY_AGENCY
from shared.ids import uuid7
from tests.policy.adapters.office import COMMS, DESK, DESK_2, DIVISION, HEAD, LEGAL, Office, an_office, kind_of
from tests.policy.adapters.support import Policy, token
from tests.policy.builders import NOW, received

pytestmark = pytest.mark.asyncio

ASKED = "How many days does a renewal take?"
LINE = {
    "id": "times",
    "agency": "passports",
    "topics": ["processing-time"],
    "kinds": ["question"],
    "ceiling": {"sensitivity": "S1", "damage": "D1"},
    "text": {"en": "A renewal takes ten working days.", "ta": "புதுப்பிக்க பத்து வேலை நாட்கள் ஆகும்."},
}


async def put_up(policy: Policy, who: str = DESK, **changes: Any) -> Any:
    return await policy.post("/v1/lines", {**LINE, **changes}, who)


async def approve(policy: Policy, who: str, version: int = 1, line: str = "times") -> Any:
    seen = (await policy.get(f"/v1/lines/{line}")).json()
    digest = seen["versions"][version - 1]["digest"]
    return await policy.post(f"/v1/lines/{line}/versions/{version}/approvals", {"digest": digest}, who)


async def edit(policy: Policy, etag: str | None, who: str = DESK, **changes: Any) -> Any:
    said = {name: part for name, part in {**LINE, **changes}.items() if name not in ("id", "agency")}
    headers = {"Authorization": f"Bearer {token(who, 'passports')}"} | ({"If-Match": etag} if etag else {})
    return await policy.client.put("/v1/lines/times", json=said, headers=headers)


async def ask(policy: Policy, said: str = ASKED, *, shelf: PolicyShelf | None = None, n: int = 1) -> list[Any]:
    """A comment, decided by a replica that has looked; the responses that go out."""
    if shelf is None:
        shelf = await a_replica(policy)
    event = received(said, comment=f"cmt_{n}", thread=f"thread-{n}")
    async with policy.database.begin(EVERY_AGENCY) as connection:
        await handler(shelf, lambda: NOW)(connection, [Received(event, uuid7(), None)])
    statement = f"SELECT r.* FROM response AS r JOIN \"case\" AS c ON c.id = r.case_id WHERE c.thread = 'thread-{n}'"
    return list(await policy.rows(statement))


async def a_replica(policy: Policy) -> PolicyShelf:
    shelf = PolicyShelf()
    await shelf.refresh(policy.database, NOW)
    return shelf


async def a_cleared_line(office: Office, **changes: Any) -> None:
    assert (await put_up(office.policy, **changes)).status_code == 201
    answer = await approve(office.policy, COMMS)
    assert (answer.status_code, answer.json()["state"]) == (201, "cleared"), answer.text


async def test_a_cleared_line_speaks_and_names_its_version_and_who_cleared_it() -> None:
    async with an_office() as office:
        assert await ask(office.policy) == []
        drafted = await put_up(office.policy)
        assert drafted.status_code == 201, drafted.text
        assert drafted.headers["location"] == "/v1/lines/times"
        (step,) = drafted.json()["versions"][0]["steps"]
        assert (step["kind"], step["level"]) == ("approval", "L2")
        assert await ask(office.policy, n=2) == []
        answer = await approve(office.policy, COMMS)
        assert answer.json()["state"] == "cleared"
        (response,) = await ask(office.policy, n=3)
        assert response.text == "A renewal takes ten working days."
        (given,) = response.authorisations
        assert (given["kind"], given["line"], given["line_version"]) == ("standing", "times", 1)
        assert (given["officer"], given["post"], given["level"]) == (COMMS, "Communications Officer", "L2")
        (turn,) = await office.policy.rows("SELECT decision FROM turn WHERE comment = 'cmt_3'")
        assert (turn.decision["line"], turn.decision["explanation"]["line"]["version"]) == ("times", 1)
        (event,) = await office.policy.rows("SELECT payload FROM outbox WHERE type = 'ResponseApproved'")
        assert event.payload["clearance"] == answer.json()["clearance"]


async def test_a_line_says_its_variant_on_that_platform() -> None:
    variant = {"platform": "mastodon", "language": "en", "text": "Ten working days for a renewal."}
    async with an_office() as office:
        await a_cleared_line(office, variants=[variant])
        (version,) = (await office.policy.get("/v1/lines/times")).json()["versions"]
        assert version["variants"] == [variant]
        (response,) = await ask(office.policy)
        assert response.text == variant["text"]
        too_long = {**variant, "text": "Ten working days for a renewal. " * 16}
        refused = await edit(office.policy, '"1"', variants=[too_long])
        assert kind_of(refused) == (422, "invalid-line")
        assert refused.json()["errors"][0]["pointer"] == "/variants/0/text"


async def test_the_author_clears_nothing_and_neither_does_a_desk() -> None:
    async with an_office() as office:
        await put_up(office.policy, COMMS)
        assert kind_of(await approve(office.policy, COMMS)) == (403, "own-draft")
        assert kind_of(await approve(office.policy, DESK)) == (403, "not-your-authority")
        assert (await approve(office.policy, DIVISION)).json()["state"] == "cleared"


async def test_the_ceiling_asks_for_the_level_and_its_steps() -> None:
    async with an_office() as office:
        drafted = await put_up(office.policy, ceiling={"sensitivity": "S4", "damage": "D1"})
        version = drafted.json()["versions"][0]
        assert version["level"] == "L4"
        levels = {step["level"] for step in version["steps"] if step["kind"] == "approval"}
        assert levels == {"L2", "L3", "L4"}
        assert (await approve(office.policy, HEAD)).json()["state"] == "open"
        again = (await approve(office.policy, HEAD)).json()
        assert [step["taken"] is not None for step in again["steps"]].count(True) == 1


async def test_a_line_whose_languages_state_different_facts_is_cleared_by_nobody() -> None:
    differing = {"en": "A renewal costs Rs. 10,000.", "ta": "புதுப்பிக்க ரூ. 12,000."}
    async with an_office() as office:
        drafted = await put_up(office.policy, text=differing)
        assert drafted.status_code == 201, drafted.text
        (version,) = drafted.json()["versions"]
        assert [(each["language"], each["value"]) for each in version["differences"]] == [
            ("en", "12000"),
            ("ta", "10000"),
        ]
        refused = await approve(office.policy, COMMS)
        assert kind_of(refused) == (409, "facts-differ")
        assert len(refused.json()["differences"]) == 2
        vouched = {"kind": "legal", "digest": version["digest"]}
        refused = await office.policy.post("/v1/lines/times/versions/1/signoffs", vouched, LEGAL)
        assert kind_of(refused) == (409, "facts-differ")
        await edit(office.policy, '"1"', text={**differing, "ta": "புதுப்பிக்க ரூ. 10,000."})
        answer = await approve(office.policy, COMMS, 2)
        assert (answer.status_code, answer.json()["state"]) == (201, "cleared"), answer.text


async def test_names_that_the_policy_lacks_are_refused_with_the_field() -> None:
    async with an_office() as office:
        answer = await put_up(office.policy, topics=["fees", "moon"], text={"en": "x", "fr": "y"})
        assert kind_of(answer) == (422, "invalid-line")
        assert [each["pointer"] for each in answer.json()["errors"]] == ["/topics", "/text"]
        assert "moon" in answer.json()["errors"][0]["detail"]
        assert kind_of(await put_up(office.policy, topics=[])) == (422, "invalid-line")
        assert (await put_up(office.policy, ceiling={"sensitivity": "S9", "damage": "D1"})).status_code == 422
        assert kind_of(await put_up(office.policy, id="fees")) == (409, "line-exists")


async def test_one_without_a_post_puts_up_nothing() -> None:
    async with an_office() as office:
        answer = await office.policy.post("/v1/lines", LINE, "stranger", "passports")
        assert kind_of(answer) == (403, "not-your-authority")
        answer = await office.policy.post("/v1/lines", LINE, "water-desk")
        assert kind_of(answer) == (403, "not-your-agency")


async def test_an_edit_names_what_it_was_made_from_and_the_old_version_speaks_until_the_new_is_cleared() -> None:
    async with an_office() as office:
        await a_cleared_line(office)
        assert (await edit(office.policy, None)).status_code == 428
        stale = await edit(office.policy, '"7"')
        assert (stale.status_code, stale.headers["etag"]) == (412, '"1"')
        edited = await edit(office.policy, '"1"', text={"en": "It takes eight days."})
        assert (edited.status_code, edited.headers["etag"]) == (200, '"2"'), edited.text
        assert (edited.json()["in_effect"], edited.json()["state"]) == (1, "open")
        assert (await ask(office.policy))[0].text == LINE["text"]["en"]  # type: ignore[index]
        await approve(office.policy, COMMS, 2)
        (response,) = await ask(office.policy, n=2)
        assert (response.text, response.authorisations[0]["line_version"]) == ("It takes eight days.", 2)
        states = [each["state"] for each in (await office.policy.get("/v1/lines/times")).json()["versions"]]
        assert states == ["superseded", "cleared"]


async def test_a_consent_binds_the_words_that_were_seen() -> None:
    async with an_office() as office:
        seen = (await put_up(office.policy)).json()["versions"][0]["digest"]
        changed = (await edit(office.policy, '"1"', text={"en": "Other words."})).json()["versions"][1]["digest"]
        path = "/v1/lines/times/versions"
        assert kind_of(await office.policy.post(f"{path}/1/approvals", {"digest": seen}, COMMS)) == (
            409,
            "submission-not-open",
        )
        stale = await office.policy.post(f"{path}/2/approvals", {"digest": seen}, COMMS)
        assert kind_of(stale) == (409, "stale-digest")
        assert stale.json()["digest"] == changed


async def test_pressing_twice_answers_the_same() -> None:
    async with an_office() as office:
        await put_up(office.policy)
        first, again = await approve(office.policy, COMMS), await approve(office.policy, COMMS)
        assert (again.status_code, again.json()) == (201, first.json())
        assert len(await office.audited("line.cleared")) == 1


async def test_a_withdrawn_line_is_silent_at_once_even_on_a_replica_that_has_not_heard_of_it() -> None:
    async with an_office() as office:
        await a_cleared_line(office)
        late = await a_replica(office.policy)
        assert len(await ask(office.policy, shelf=late)) == 1
        path = "/v1/lines/times/withdrawals"
        assert kind_of(await office.policy.post(path, {"reason": "wrong"}, DESK)) == (403, "not-your-authority")
        answer = await office.policy.post(path, {"reason": "wrong"}, LEGAL)
        assert (answer.status_code, answer.json()["in_effect"]) == (201, None), answer.text
        assert await ask(office.policy, shelf=late, n=2) == []
        (case,) = await office.policy.rows("SELECT state FROM \"case\" WHERE thread = 'thread-2'")
        assert case.state == "open"
        assert await ask(office.policy, n=3) == []
        (act,) = await office.audited("line.withdrawn")
        assert act.actor == LEGAL
        assert '"reason":"wrong"' in act.details.replace(" ", "")


async def test_a_replica_follows_what_is_cleared_and_withdrawn() -> None:
    async with an_office() as office:
        shelf = await a_replica(office.policy)
        before = shelf.of("passports")
        await a_cleared_line(office)
        await shelf.refresh(office.policy.database, NOW)
        assert [line.id for line in shelf.of("passports").lines if line not in before.lines] == ["times"]
        assert shelf.of("passports").policy is before.policy
        assert shelf.of("water-board").lines == shelf.of("water-board").policy.lines
        await office.policy.post("/v1/lines/times/withdrawals", {"reason": "wrong"}, COMMS)
        await shelf.refresh(office.policy.database, NOW)
        assert shelf.of("passports").lines == before.lines


async def test_what_asks_for_more_than_the_line_says_goes_to_a_person() -> None:
    async with an_office() as office:
        await a_cleared_line(office, preconditions={"unless": {"en": ["wheelchair"]}})
        assert len(await ask(office.policy)) == 1
        assert await ask(office.policy, f"{ASKED} I use a wheelchair", n=2) == []


async def test_a_version_sent_back_is_not_cleared_and_says_why() -> None:
    async with an_office() as office:
        await put_up(office.policy)
        path = "/v1/lines/times/versions/1/returns"
        assert (await office.policy.post(path, {"reason": "name the hours"}, COMMS)).json()["state"] == "returned"
        assert kind_of(await approve(office.policy, DIVISION)) == (409, "submission-not-open")
        seen = (await office.policy.get("/v1/lines/times")).json()["versions"][0]
        assert (seen["reason"], seen["ended_by"]) == ("name the hours", COMMS)


async def test_a_delegate_clears_within_the_ceiling_and_so_often_a_day() -> None:
    async with an_office() as office:
        low = await office.granted(HEAD, DESK, ceiling={"sensitivity": "S0", "damage": "D0"})
        await put_up(office.policy, LEGAL)
        refused = await approve(office.policy, DESK)
        assert kind_of(refused) == (403, "ceiling-exceeded")
        assert refused.json()["instrument"] == low
        once_a_day = await office.granted(HEAD, DESK_2, number_a_day=1)
        assert (await approve(office.policy, DESK_2)).json()["state"] == "cleared"
        rows = await office.policy.rows("SELECT instrument, delegator FROM submission_approval")
        assert [tuple(row) for row in rows] == [(once_a_day, HEAD)]
        await put_up(office.policy, LEGAL, id="fast")
        assert kind_of(await approve(office.policy, DESK_2, line="fast")) == (403, "day-is-spent")
        (response,) = await ask(office.policy)
        assert response.authorisations[0]["on_behalf_of"]["officer"] == HEAD


async def test_a_consent_goes_with_the_delegation_that_it_rests_on() -> None:
    async with an_office() as office:
        granted = await office.granted(HEAD, DESK_2)
        await put_up(office.policy, ceiling={"sensitivity": "S3", "damage": "D1"})
        steps = (await approve(office.policy, DESK_2)).json()["steps"]
        assert [step["taken"] is not None for step in steps] == [False, True]
        await office.revoke(granted, HEAD)
        (version,) = (await office.policy.get("/v1/lines/times")).json()["versions"]
        assert [step["taken"] for step in version["steps"]] == [None, None]
        assert (await approve(office.policy, COMMS)).json()["state"] == "open"
        assert (await approve(office.policy, DIVISION)).json()["state"] == "cleared"
        assert len(await office.audited("line.approvals_lapsed")) == 1


async def test_a_line_that_the_policy_leaves_behind_says_why_it_is_silent() -> None:
    async with an_office() as office:
        await a_cleared_line(office)
        assert (await office.policy.get("/v1/lines/times")).json()["silent_because"] == []
        statement = (
            "UPDATE submission SET content = replace(content::text, 'processing-time', 'moon')::json RETURNING id"
        )
        await office.policy.rows(statement)
        seen = (await office.policy.get("/v1/lines/times")).json()
        assert (seen["in_effect"], seen["silent_because"]) == (1, ["there is no topic moon"])
        assert await ask(office.policy) == []


async def test_a_line_for_every_subject_is_cleared_like_any_other() -> None:
    async with an_office() as office:
        drafted = await put_up(office.policy, purpose="holding", topics=[])
        assert drafted.status_code == 201, drafted.text
        assert (await approve(office.policy, COMMS)).json()["state"] == "cleared"
        shelf = await a_replica(office.policy)
        assert "holding" in {line.purpose for line in shelf.of("passports").lines}


async def test_lines_are_listed_by_agency_and_others_are_not_there() -> None:
    async with an_office() as office:
        await put_up(office.policy)
        await put_up(office.policy, id="times-2")
        found = (await office.policy.get("/v1/lines?agency=passports&limit=1")).json()
        assert [each["id"] for each in found["items"]] == ["times"]
        more = (await office.policy.get(f"/v1/lines?limit=1&cursor={found['next']}")).json()
        assert ([each["id"] for each in more["items"]], more["next"]) == (["times-2"], None)
        assert (await office.policy.get("/v1/lines", "water-desk")).json()["items"] == []
        assert (await office.policy.get("/v1/lines/times", "water-desk")).status_code == 404


@pytest.mark.parametrize("spoilt", ["officer = author", "kind = 'signoff'"])
async def test_the_database_forbids_what_nobody_may(spoilt: str) -> None:
    async with an_office() as office:
        await a_cleared_line(office)
        async with office.policy.database.begin(EVERY_AGENCY) as connection:
            with pytest.raises(Exception, match="submission_approval"):
                await connection.execute(text(f"UPDATE submission_approval SET {spoilt}"))


async def test_those_who_press_at_once_take_a_step_each() -> None:
    async with an_office() as office:
        await put_up(office.policy, ceiling={"sensitivity": "S4", "damage": "D1"})
        answers = await asyncio.gather(*(approve(office.policy, who) for who in (COMMS, DIVISION, HEAD)))
        assert [answer.status_code for answer in answers] == [201] * 3
        assert sorted(answer.json()["state"] for answer in answers) == ["cleared", "open", "open"]
        (response,) = await ask(office.policy)
        assert {given["officer"] for given in response.authorisations} == {COMMS, DIVISION, HEAD}
        assert {given["line_version"] for given in response.authorisations} == {1}


async def test_of_those_who_edit_one_version_at_once_one_does() -> None:
    async with an_office() as office:
        await put_up(office.policy)
        answers = await asyncio.gather(*(edit(office.policy, '"1"', text={"en": f"Edit {n}."}) for n in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
        versions = (await office.policy.get("/v1/lines/times")).json()["versions"]
        assert [each["state"] for each in versions] == ["superseded", "open"]


async def test_after_a_withdrawal_was_answered_nothing_more_goes_out_however_many_release() -> None:
    async with an_office() as office:
        await a_cleared_line(office)
        late = await a_replica(office.policy)
        path = "/v1/lines/times/withdrawals"
        asking = asyncio.gather(*(ask(office.policy, shelf=late, n=n) for n in range(1, 5)))
        assert (await office.policy.post(path, {"reason": "wrong"}, COMMS)).status_code == 201
        before = await asking
        assert await ask(office.policy, shelf=late, n=9) == []
        (row,) = await office.policy.rows("SELECT count(*) AS n FROM response")
        assert row.n == sum(map(len, before))


async def test_what_waits_for_a_person_is_what_they_could_clear_now() -> None:
    async def waiting(who: str) -> list[str]:
        found = (await office.policy.get("/v1/submissions?waiting_for=me", who)).json()["items"]
        return [each["stands"] for each in found]

    async with an_office() as office:
        await put_up(office.policy, COMMS)
        await put_up(office.policy, DESK, id="fast")
        both = ["/v1/lines/times/versions/1", "/v1/lines/fast/versions/1"]
        assert (await waiting(COMMS), await waiting(DIVISION), await waiting(DESK)) == (both[1:], both, [])
        assert await waiting("water-head") == []
        await approve(office.policy, DIVISION)
        assert await waiting(DIVISION) == both[1:]
        listed = (await office.policy.get("/v1/submissions?agency=passports", DESK)).json()["items"]
        assert [(each["matter"], each["stands"]) for each in listed] == [("line", both[1])]


async def test_a_line_that_this_release_cannot_read_is_left_out_and_hinders_no_other() -> None:
    async with an_office() as office:
        await a_cleared_line(office)
        await put_up(office.policy, id="fast")
        await approve(office.policy, COMMS, line="fast")
        await office.policy.rows("UPDATE submission SET content = '{}' WHERE subject = 'fast' RETURNING id")
        (response,) = await ask(office.policy)
        assert response.authorisations[0]["line"] == "times"
