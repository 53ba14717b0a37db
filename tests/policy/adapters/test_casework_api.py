"""Taking, giving, referring and calling in, over HTTP."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.policy.adapters.policy_files import read_folder
from shared.database import EVERY_AGENCY
from tests.policy.adapters.office import COMMS, DESK, DESK_2, DIVISION, HEAD, LEGAL, Office, an_office, kind_of
from tests.policy.adapters.support import running_policy
from tests.policy.builders import NOW, SAMPLES, received

pytestmark = pytest.mark.asyncio

COMPLAINT = "Still waiting for my passport, terrible service"
LAWYER = "My lawyer will sue you for defamation"


async def opened(office: Office, said: str = COMPLAINT) -> str:
    await office.policy.receive(received(said))
    return str((await office.policy.rows('SELECT id FROM "case"'))[0].id)


async def act(office: Office, case: str, what: str, who: str, **body: Any) -> Any:
    return await office.policy.post(f"/v1/cases/{case}/{what}", body, who)


async def give_back(office: Office, case: str, who: str) -> Any:
    return await office.policy.post(f"/v1/cases/{case}/assignments/endings", None, who)


async def test_a_case_shows_who_has_it_until_it_is_given_back() -> None:
    async with an_office() as office:
        case = await opened(office)
        answer = await act(office, case, "assignments", DESK, to=DESK)
        assert (answer.status_code, answer.json()["assignee"]) == (201, DESK)
        await office.policy.receive(received("And another delay", comment="cmt_2"))
        assert (await office.policy.get(f"/v1/cases/{case}", COMMS)).json()["assignee"] == DESK
        listed = await office.policy.get("/v1/cases?assigned_to=me", DESK)
        assert [item["id"] for item in listed.json()["items"]] == [case]
        assert (await office.policy.get("/v1/cases?assigned_to=me", COMMS)).json()["items"] == []
        assert (await give_back(office, case, DESK)).json()["assignee"] is None
        assert kind_of(await give_back(office, case, DESK)) == (409, "not-assigned")
        assert [(row.actor, row.on_behalf_of) for row in await office.audited("case.assigned")] == [
            (DESK, "Enquiries Officer")
        ]


async def test_of_two_who_take_a_case_at_once_one_has_it() -> None:
    async with an_office() as office:
        case = await opened(office)
        answers = await asyncio.gather(*(act(office, case, "assignments", who, to=who) for who in (DESK, DESK_2)))
        taken, refused = sorted(answers, key=lambda answer: answer.status_code)
        assert kind_of(refused) == (409, "assigned-to-another")
        assert refused.json()["assignee"] == taken.json()["assignee"]


async def test_a_case_is_given_by_who_may_act_on_it_to_who_has_a_mandate() -> None:
    async with an_office() as office:
        case = await opened(office, LAWYER)
        assert kind_of(await act(office, case, "assignments", DESK, to=DESK_2)) == (403, "not-your-authority")
        assert kind_of(await act(office, case, "assignments", HEAD, to="nobody")) == (422, "no-mandate")
        await office.policy.post(f"/v1/cases/{case}/recusals", {"reason": "my cousin"}, LEGAL)
        assert kind_of(await act(office, case, "assignments", HEAD, to=LEGAL)) == (422, "no-mandate")
        assert (await act(office, case, "assignments", HEAD, to=DESK_2)).json()["assignee"] == DESK_2
        assert kind_of(await act(office, case, "assignments", "governor", to="governor")) == (404, "not-found")


async def test_a_referral_waits_for_a_cleared_answer() -> None:
    async with an_office() as office:
        case = await office.case()
        answer = await act(office, case, "referrals", DESK_2, to="Divisional Secretariat", reason="they hold the file")
        assert (answer.status_code, answer.json()["disposition"]) == (201, "refer")
        assert answer.json()["referral"]["post"] == "Enquiries Officer (second desk)"
        assert await office.policy.rows("SELECT id FROM response") == []
        assert (await office.approve(case, DESK_2)).json()["state"] == "released"
        seen = (await office.policy.get(f"/v1/cases/{case}")).json()
        assert (seen["disposition"], seen["referral"]["to"]) == ("refer", "Divisional Secretariat")
        assert kind_of(await act(office, case, "referrals", DESK, to="x", reason="y")) == (409, "answer-under-way")


async def test_a_case_called_in_waits_for_the_level_that_called() -> None:
    async with an_office() as office:
        case = await office.case()
        assert kind_of(await act(office, case, "call-ins", DESK_2, reason="mine")) == (403, "not-your-authority")
        answer = await act(office, case, "call-ins", DIVISION, reason="the minister asks")
        assert (answer.status_code, answer.json()["level"], answer.json()["owner"]) == (201, "L3", "Deputy Controller")
        assert kind_of(await office.approve(case, DESK_2)) == (403, "not-your-authority")
        assert (await office.approve(case, COMMS)).json()["state"] == "open"
        assert (await office.approve(case, DIVISION)).json()["state"] == "released"
        (event,) = await office.policy.rows("SELECT payload FROM outbox WHERE type = 'CaseEscalated'")
        assert (event.payload["reason"], event.payload["level"]) == ("called_in", "L3")
        (audited,) = await office.audited("case.called_in")
        assert (audited.actor, audited.on_behalf_of) == (DIVISION, "Deputy Controller")


async def test_the_same_call_in_twice_is_one() -> None:
    async with an_office() as office:
        case = await opened(office)
        path = f"/v1/cases/{case}/call-ins"
        answers = [await office.policy.post(path, {"reason": "mine"}, HEAD, key="once") for _ in range(2)]
        assert answers[0].json() == answers[1].json()
        assert len(await office.audited("case.called_in")) == 1


@pytest.mark.parametrize(
    "illegal",
    [
        "UPDATE \"case\" SET state = 'closed', assignee = 'passports-desk'",
        'UPDATE "case" SET casework = \'{"transferred_to": {"case": "case_2"}}\'',
        "UPDATE \"case\" SET agency = 'water-board'",
    ],
)
async def test_steps_that_no_case_takes_are_refused_by_the_database(illegal: str) -> None:
    async with an_office() as office:
        await opened(office)
        with pytest.raises(IntegrityError):
            async with office.policy.database.begin(EVERY_AGENCY) as connection:
                await connection.execute(text(illegal))


async def test_a_path_that_does_not_fit_is_shortened_over_http_and_that_stays_with_the_case(tmp_path: Path) -> None:
    document = yaml.safe_load((SAMPLES / "passports.yaml").read_text())
    steps = [{"level": "L1", "stage": 1}, {"level": "L1", "stage": 2}]
    document["ladder"]["L1"] = {"name": "Enquiries desk", "steps": steps, "at_once_if_late": True}
    (tmp_path / "passports.yaml").write_text(yaml.safe_dump({**document, "step_minutes": 100}))
    now = [NOW]
    async with running_policy(lambda: now[0], read_folder(tmp_path)) as policy:
        office = Office(policy)
        case = await office.case(COMPLAINT)
        path = "shorter-paths"
        assert kind_of(await act(office, case, path, COMMS, reason="Late.")) == (409, "no-shorter-path")
        now[0] += timedelta(minutes=60)
        assert kind_of(await act(office, case, path, "stranger", reason="Late.")) == (403, "not-your-authority")
        taken = await act(office, case, path, DESK_2, reason="Late.")
        assert taken.status_code == 201, taken.text
        shown = (await policy.get(f"/v1/cases/{case}")).json()
        assert shown["shortened"] == taken.json()["shortened"]
        assert (shown["shortened"]["kind"], shown["shortened"]["by"]) == ("parallel", DESK_2)
        (row,) = await policy.rows("SELECT steps FROM draft")
        assert [step["stage"] for step in row.steps] == [1, 1]
        assert len(await office.audited("case.path_shortened")) == 1
