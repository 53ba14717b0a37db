"""How long things took, over HTTP: both figures, and only answers count as answers."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.policy.adapters.store import rows
from services.policy.domain.calendars import WorkingTime
from shared.clock import rfc3339
from shared.events import PublicationFailed, ResponseApproved, ResponsePublished
from tests.policy.adapters.office import COMMS, COMPLAINT, DAY, DESK, DESK_2, DIVISION, HEAD, Office, an_office, kind_of
from tests.policy.adapters.test_meanwhile import keeper
from tests.policy.adapters.test_timekeeping import receive
from tests.policy.builders import NOW, received, sample

pytestmark = pytest.mark.asyncio

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
READY = "When will my passport be ready?"


def worked(since: datetime, until: datetime, agency: str = "passports") -> float:
    return WorkingTime(sample(agency).policy.calendar).between(since, until) / MINUTE


async def times(office: Office, who: str = DESK, **asked: Any) -> Any:
    answer = await office.policy.get("/v1/clearance/times", who, params={"until": rfc3339(NOW + 20 * DAY), **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def passports(office: Office, **asked: Any) -> Any:
    return next(each for each in (await times(office, **asked))["agencies"] if each["agency"] == "passports")


def step(body: Any, kind: str, level: str | None = None) -> Any:
    (found,) = [each for each in body["steps"] if (each["step"]["kind"], each["step"]["level"]) == (kind, level)]
    return found


async def undelivered(office: Office) -> None:
    """The only answer has not arrived after all."""
    (told,) = await office.policy.rows(
        "SELECT * FROM response WHERE state = 'published' ORDER BY settled_at DESC LIMIT 1"
    )
    (case,) = await office.policy.rows(f"SELECT * FROM \"case\" WHERE id = '{told.case_id}'")
    place = {name: getattr(case, name) for name in ("agency", "platform", "account", "thread")}
    about = {"response": told.id, "case": case.id, "comments": tuple(rows.from_json(told.comments))}
    event = PublicationFailed(**place, **about, publication="pub_1", reason="rejected", failed_at=office.now)
    await office.policy.receive(event, moment=office.now)


async def publish(office: Office, purpose: str = "answer") -> None:
    found = await office.policy.rows("SELECT payload FROM outbox WHERE type = 'ResponseApproved' ORDER BY seq")
    said = [ResponseApproved.model_validate(rows.from_json(row.payload)) for row in found]
    response = next(each for each in reversed(said) if each.purpose == purpose)
    told = {name: getattr(response, name) for name in ("agency", "platform", "account", "thread", "response", "case")}
    told |= {"comments": response.comments, "text": response.text, "purpose": purpose}
    event = ResponsePublished(
        **told, publication="pub_1", native_id=f"reply-{response.response}", published_at=office.now
    )
    await office.policy.receive(event, moment=office.now)


async def test_each_step_is_measured_from_when_it_could_be_taken_in_working_and_in_wall_clock_minutes() -> None:
    async with an_office() as office:
        office.now = written = NOW + 20 * MINUTE
        case = await office.case()
        office.now = approved = written + DAY
        assert (await office.approve(case, COMMS)).status_code == 201
        body = await passports(office)
        draft, approval = step(body, "draft"), step(body, "approval", "L1")
        assert draft["minutes"] == {"median": 20, "p90": 20}
        assert approval["level"] == "L1"
        assert approval["minutes"] == {"median": 1440, "p90": 1440}
        assert approval["working_minutes"]["p90"] == worked(written, approved) < 500
        (clear,) = body["clear"]
        assert (clear["level"], clear["count"], clear["minutes"]["median"]) == ("L1", 1, 1440)


async def test_what_came_back_is_measured_and_the_next_text_from_then_on() -> None:
    async with an_office() as office:
        case = await office.case()
        office.now = NOW + HOUR
        returned = await office.policy.post(f"/v1/cases/{case}/drafts/1/returns", {"reason": "Say when."}, COMMS)
        assert returned.status_code == 201
        office.now = NOW + 90 * MINUTE
        await office.policy.post(f"/v1/cases/{case}/drafts", {"text": "On Friday."}, DESK)
        found = await office.policy.rows(
            "SELECT kind, draft, ended_at - began_at AS took FROM step_time ORDER BY ended_at"
        )
        assert [(row.kind, row.draft, row.took) for row in found] == [
            ("draft", 1, timedelta(0)),
            ("return", 1, HOUR),
            ("draft", 2, 30 * MINUTE),
        ]


async def test_a_consent_that_lapsed_is_measured_anew_from_the_lapse() -> None:
    async with an_office() as office:
        case = await office.case(READY)
        office.now = NOW + 3 * HOUR
        again = received("And is it ready now?", comment="cmt_2", thread="thread-1", received_at=office.now)
        await office.policy.receive(again, moment=office.now)
        office.now = NOW + 4 * HOUR
        assert (await office.approve(case, COMMS)).status_code == 201
        found = await office.policy.rows(
            "SELECT kind, ended_at - began_at AS took FROM step_time WHERE kind = 'approval'"
        )
        assert [row.took for row in found] == [HOUR]
        assert {each["step"]["kind"] for each in (await passports(office))["steps"]} == {"draft", "approval"}


async def test_several_steps_of_a_path_are_told_apart() -> None:
    async with an_office() as office:
        case = await office.case("My lawyer will sue you for defamation")
        for who, minutes in ((COMMS, 10), (DIVISION, 40), ("passports-legal", 50)):
            office.now = NOW + minutes * MINUTE
            draft = await office.draft(case)
            path, about = f"/v1/cases/{case}/drafts/1", {"digest": draft["digest"]}
            if who == "passports-legal":
                done = await office.policy.post(f"{path}/signoffs", {**about, "kind": "legal"}, who)
            else:
                done = await office.policy.post(f"{path}/approvals", about, who)
            assert done.status_code == 201, done.text
        body = await passports(office)
        told = {
            (each["step"]["kind"], each["step"]["specialism"], each["step"]["level"]): each for each in body["steps"]
        }
        assert {key: each["minutes"]["p90"] for key, each in told.items()} == {
            ("draft", None, None): 0,
            ("approval", None, "L2"): 10,
            ("approval", None, "L3"): 40,
            ("signoff", "legal", "L1"): 50,
        }
        assert {each["level"] for each in body["steps"]} == {"L3"}


async def test_percentiles_are_those_of_all_that_were_measured() -> None:
    async with an_office() as office:
        for number in range(1, 12):
            office.now = NOW
            case = await office.case(f"Still waiting for my passport, terrible service {number}", thread=f"t{number}")
            office.now = NOW + number * MINUTE
            assert (await office.approve(case, COMMS)).status_code == 201
        approval = step(await passports(office), "approval", "L1")
        assert (approval["count"], approval["minutes"]) == (11, {"median": 6, "p90": 10})
        assert approval["working_minutes"] == approval["minutes"]


async def answered_after(office: Office, wait: timedelta, thread: str = "thread-1", text: str = READY) -> None:
    case = await office.case(text, thread=thread)
    office.now += wait
    assert (await office.approve(case, COMMS)).status_code == 201
    await publish(office)


async def test_an_answer_counts_from_receipt_to_publication_against_its_target() -> None:
    async with an_office() as office:
        await answered_after(office, HOUR)
        office.now = NOW
        await answered_after(office, 2 * DAY, "other", "Where is my passport now, is it ready?")
        (answer,) = (await passports(office))["answers"]
        assert (answer["level"], answer["count"], answer["timed"], answer["within_target"]) == ("L2", 2, 2, 1)
        assert answer["share_within_target"] == 0.5
        assert answer["answer"]["minutes"]["median"] == (60 + 2880) / 2
        late = worked(NOW, NOW + 2 * DAY)
        assert answer["answer"]["working_minutes"]["median"] == pytest.approx((60 + late) / 2)
        assert answer["first_response"]["count"] == 2


async def test_an_answer_that_did_not_arrive_is_none_and_its_case_is_in_work_again() -> None:
    async with an_office() as office:
        await answered_after(office, HOUR)
        await undelivered(office)
        assert (await passports(office))["answers"] == []
        (found,) = await office.policy.rows('SELECT id, state FROM "case"')
        listed = (await office.policy.get("/v1/cases?state=open", DESK)).json()["items"]
        assert (found.state, [each["id"] for each in listed]) == ("open", [found.id])
        office.now += HOUR
        assert (
            await office.policy.post(f"/v1/cases/{found.id}/drafts", {"text": "On Monday."}, DESK)
        ).status_code == 201
        assert (await office.approve(found.id, COMMS)).status_code == 201
        await publish(office)
        (answer,) = (await passports(office))["answers"]
        assert (answer["count"], answer["first_response"]["count"]) == (1, 1)
        assert answer["answer"]["minutes"]["median"] == 120


async def test_holding_replies_and_acknowledgements_are_no_answers() -> None:
    async with an_office() as office:
        began = datetime.now(UTC) - timedelta(hours=1.01)
        await receive(office.policy, [received(COMPLAINT, received_at=began)])
        (row,) = await office.policy.rows('SELECT id FROM "case"')
        case = str(row.id)
        await office.policy.post(f"/v1/cases/{case}/drafts", {"text": "We are sorry."}, DESK)
        await keeper(office.policy).work_off()
        office.now = told = datetime.now(UTC)
        await publish(office, "acknowledgement")
        span = {"from": rfc3339(told - DAY), "until": rfc3339(told + DAY)}
        assert (await passports(office, **span))["answers"] == []
        assert (await office.approve(case, COMMS)).status_code == 201
        office.now = told + HOUR
        await publish(office)
        (answer,) = (await passports(office, **span))["answers"]
        assert (answer["count"], answer["first_response"]["count"]) == (1, 1)
        assert answer["acknowledge"]["minutes"]["median"] == pytest.approx(60.6, abs=1)
        assert answer["first_response"]["minutes"] == answer["answer"]["minutes"]
        assert answer["answer"]["minutes"]["median"] == pytest.approx(120.6, abs=1)


async def test_what_a_line_answers_by_itself_makes_no_figure_look_better() -> None:
    async with an_office() as office:
        await office.policy.receive(received("What time do you open on Saturday?"))
        await publish(office)
        assert (await office.policy.rows("SELECT state FROM turn"))[0].state == "answered"
        assert (await passports(office))["answers"] == []


async def test_what_waits_now_is_told_by_the_step_that_it_waits_for() -> None:
    async with an_office() as office:
        await office.case()
        await office.policy.receive(received(READY, thread="other", comment="cmt_other"))
        office.now = NOW + DAY
        waiting = (await passports(office))["waiting"]
        told = [(each["level"], each["step"]["kind"], each["cases"], each["overdue"]) for each in waiting]
        assert told == [("L1", "approval", 1, 1), ("L2", "draft", 1, 0)]
        assert {each["longest_minutes"] for each in waiting} == {1440.0}


async def test_the_times_of_others_are_not_told() -> None:
    async with an_office() as office:
        case = await office.case()
        assert (await office.approve(case, COMMS)).status_code == 201
        assert [each["agency"] for each in (await times(office, "water-desk"))["agencies"]] == ["water-board"]
        assert (await times(office, "water-desk", agency="passports"))["agencies"] == []
        everything = await times(office, HEAD)
        assert [each["agency"] for each in everything["agencies"]] == ["passports"]


async def test_only_what_ended_in_the_span_counts() -> None:
    async with an_office() as office:
        case = await office.case()
        office.now = NOW + DAY
        assert (await office.approve(case, COMMS)).status_code == 201
        body = await passports(office, **{"from": rfc3339(NOW + HOUR), "until": rfc3339(NOW + 2 * DAY)})
        assert [each["step"]["kind"] for each in body["steps"]] == ["approval"]
        before = await passports(office, **{"from": rfc3339(NOW - DAY), "until": rfc3339(NOW + DAY)})
        assert [each["step"]["kind"] for each in before["steps"]] == ["draft"]


@pytest.mark.parametrize(
    "asked",
    [
        {"from": "2026-11-23T00:00:00Z", "until": "2026-11-22T00:00:00Z"},
        {"from": "2026-01-01T00:00:00Z", "until": "2026-11-22T00:00:00Z"},
    ],
)
async def test_a_span_runs_forward_and_not_for_ever(asked: dict[str, str]) -> None:
    async with an_office() as office:
        answer = await office.policy.get("/v1/clearance/times", DESK, params=asked)
        assert kind_of(answer) == (422, "no-such-period")


async def test_the_same_figures_as_a_table() -> None:
    async with an_office() as office:
        await answered_after(office, HOUR)
        path = "/v1/clearance/times"
        headers = (await office.policy.get(path, DESK_2)).request.headers
        answer = await office.policy.client.get(
            path, params={"until": rfc3339(NOW + DAY)}, headers={**headers, "accept": "text/csv"}
        )
        assert answer.headers["content-type"].startswith("text/csv")
        lines = list(csv.DictReader(io.StringIO(answer.text)))
        assert [line["measure"] for line in lines] == [
            "step", "step", "clear", "acknowledge", "first_response", "answer",
        ]  # fmt: skip
        assert (lines[-1]["p90_working_minutes"], lines[-1]["share_within_target"]) == ("60.0", "1.0")


async def test_what_is_taken_is_timed_or_not_taken_at_all() -> None:
    async with an_office() as office:
        case = await office.case()
        own = await office.approve(case, DESK)
        assert kind_of(own) == (403, "own-draft")
        assert [row.kind for row in await office.policy.rows("SELECT kind FROM step_time")] == ["draft"]
