"""Reach on a real Postgres: each hour measured once by whoever comes first, alarms raised once, and what is unknown."""

import asyncio
import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from services.publisher.adapters.credentials import Vault
from services.publisher.adapters.store.reach import PostgresReaches
from services.publisher.domain.outcomes import Measure, Measured, Unmeasured
from services.publisher.domain.publications import Nature
from services.publisher.domain.reach import REMEDIES, Shares
from services.publisher.ports import Credentials
from services.publisher.reach import Measuring
from shared.events import ResponsePublished
from shared.secrets import Seal
from tests.publisher.adapters.test_store import give_credentials
from tests.publisher.builders import a_response
from tests.publisher.fakes import FakeChannel
from tests.publisher.public_office import Office, a_public_office, a_routing, some_responses

pytestmark = pytest.mark.asyncio(loop_scope="session")

VAULT = Vault(Seal(b"k" * 32), {"facebook": "https://graph.example"})
SERIES = "graph/25 post_media_view"
QUESTION = "900_1"


class Counting(FakeChannel):
    """A platform that tells how far posts have come: ``views`` by native id, None for what it does not tell."""

    def __init__(self, question: int | None = 40_000, answer: int | None = 27, *, measures: bool = True) -> None:
        super().__init__(Nature(measures=measures))
        self.question = question
        self.answer = answer
        self.series = SERIES
        self.asked: list[str] = []
        self.script: list[Any] = []
        self.most_at_once = 0
        self._at_once = 0

    async def measure(self, account: str, native_id: str, credentials: Credentials | None) -> Measure:
        self.asked.append(native_id)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        await asyncio.sleep(0.005)
        self._at_once -= 1
        if self.script:
            told: Measure | Exception = self.script.pop(0)
            if isinstance(told, Exception):
                raise told
            return told
        views = self.question if native_id == QUESTION else self.answer
        return Measured({"likes": 3}, {"likes": "l"}) if views is None else self._told(views)

    def _told(self, views: int) -> Measured:
        return Measured({"views": views, "likes": 3}, {"views": self.series, "likes": "l"})


def reaches(office: Office, lease: float = 60) -> PostgresReaches:
    return PostgresReaches(office.database, VAULT, lease=timedelta(seconds=lease))


def measuring(office: Office, channel: Counting, shares: Mapping[str, float] | None = None) -> Measuring:
    return Measuring(reaches(office), {"facebook": channel}, Shares(0.1, shares or {}))


async def an_answer_that_stands(office: Office, **changes: Any) -> ResponsePublished:
    (event,) = await office.publish(a_response(**changes))
    await give_credentials(office.database)
    await office.hear(event)
    return event


async def pass_time(office: Office, hours: float) -> None:
    """Everything happened so much longer ago."""
    names = {"hours": hours}
    await office.run(
        "UPDATE publication SET published_at = published_at - make_interval(secs => :hours * 3600)", **names
    )
    await office.run(
        "UPDATE reach_timer SET published_at = published_at - make_interval(secs => :hours * 3600),"
        " due_at = due_at - make_interval(secs => :hours * 3600)",
        **names,
    )


async def measurements(office: Office) -> list[Any]:
    return await office.rows("SELECT * FROM reach_measurement ORDER BY after_hours")


async def alarms(office: Office) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await office.get("/v1/reach/alarms", "passports")).json()["items"]
    return found


async def test_27_views_of_40000_after_12_hours_are_one_alarm() -> None:
    async with a_public_office() as office:
        event, channel = await an_answer_that_stands(office), Counting()
        work = measuring(office, channel)
        for hours in (1, 5, 6, 12, 144):
            await pass_time(office, hours)
            assert await work.measure_due() == 1
        assert [row.after_hours for row in await measurements(office)] == [1, 6, 12, 24, 168]
        (alarm,) = await alarms(office)
        assert (alarm["publication"], alarm["after_hours"]) == (event.publication, 12)
        assert (alarm["question"], alarm["answer"], alarm["metric"]) == (40_000, 27, "views")
        assert [one["remedy"] for one in alarm["remedies"]] == list(REMEDIES)
        await pass_time(office, 1000)
        assert await work.measure_due() == 0


async def test_nothing_is_measured_before_its_hour() -> None:
    async with a_public_office() as office:
        await an_answer_that_stands(office)
        assert await measuring(office, Counting()).measure_due() == 0
        await pass_time(office, 1)
        assert await measuring(office, Counting()).measure_due() == 1
        await pass_time(office, 4.9)
        assert await measuring(office, Counting()).measure_due() == 0


async def test_what_was_due_while_nothing_ran_is_measured_once_for_its_latest_hour() -> None:
    async with a_public_office() as office:
        await an_answer_that_stands(office)
        await pass_time(office, 15)
        channel = Counting()
        work = measuring(office, channel)
        assert [await work.measure_due(), await work.measure_due()] == [1, 0]
        (row,) = await measurements(office)
        assert row.after_hours == 12
        ((behind,),) = await office.rows(
            "SELECT m.measured_at - p.published_at FROM reach_measurement m JOIN publication p ON p.id = m.publication"
        )
        assert timedelta(hours=15) <= behind < timedelta(hours=15.1)
        assert len(await alarms(office)) == 1


async def test_several_processes_measure_each_hour_once() -> None:
    async with a_public_office() as office:
        events = await office.publish(*some_responses(6))
        await give_credentials(office.database)
        await office.hear(*events)
        await office.hear(*events)
        await pass_time(office, 12)
        channel = Counting()
        works = [measuring(office, channel) for _ in range(4)]
        assert sum(await asyncio.gather(*(work.measure_due() for work in works))) == 6
        assert len(await measurements(office)) == 6
        assert len(channel.asked) == 12
        assert len(await office.rows("SELECT 1 FROM outbox WHERE type = 'ReachMeasured'")) == 6


async def test_a_process_that_slept_through_its_lease_changes_nothing() -> None:
    async with a_public_office() as office:
        await an_answer_that_stands(office)
        await pass_time(office, 12)
        slow, quick = reaches(office, lease=0), reaches(office)
        (late,) = await slow.claim(1)
        assert await measuring(office, Counting()).measure_due() == 1
        assert await slow.put_off(late, timedelta(hours=1)) is False
        (again,) = await office.rows("SELECT next_hour, lease_token FROM reach_timer")
        assert tuple(again) == (24, None)
        assert await quick.claim(1) == []


async def test_a_claim_whose_process_died_is_taken_up_by_another() -> None:
    async with a_public_office() as office:
        await an_answer_that_stands(office)
        await pass_time(office, 12)
        assert len(await reaches(office, lease=0.2).claim(1)) == 1
        assert await measuring(office, Counting()).measure_due() == 0
        await asyncio.sleep(0.3)
        assert await measuring(office, Counting()).measure_due() == 1


@pytest.mark.parametrize(("question", "answer"), [(None, 27), (40_000, None), (None, None)])
async def test_a_number_that_a_platform_does_not_tell_is_unknown(question: int | None, answer: int | None) -> None:
    async with a_public_office() as office:
        await an_answer_that_stands(office)
        await pass_time(office, 12)
        await measuring(office, Counting(question, answer)).measure_due()
        (item,) = (await office.get("/v1/reach", "passports")).json()["items"]
        (measured,) = item["measurements"]
        assert (measured["answer"]["views"], measured["question"]["views"]) == (answer, question)
        assert measured["parity"] is None
        assert await alarms(office) == []
        ((payload,),) = await office.rows("SELECT payload FROM outbox WHERE type = 'ReachMeasured'")
        assert ("views" in payload["answer"], "views" in payload["question"]) == (
            answer is not None,
            question is not None,
        )


async def test_a_platform_that_tells_nothing_has_no_timers_and_reads_unknown() -> None:
    async with a_public_office() as office:
        (event,) = await office.publish(a_response(platform="rest", account="client"))
        await office.hear(event)
        assert await office.rows("SELECT 1 FROM reach_timer") == []
        table = (await office.get("/v1/reach?format=csv", "passports")).text
        (line,) = csv.DictReader(io.StringIO(table))
        assert (line["answer_views"], line["question_views"], line["parity"]) == ("unknown", "unknown", "unknown")


async def test_a_renamed_metric_breaks_the_series() -> None:
    async with a_public_office() as office:
        await an_answer_that_stands(office)
        channel = Counting(question=100, answer=50)
        work = measuring(office, channel)
        await pass_time(office, 1)
        await work.measure_due()
        channel.series = "graph/26 post_views"
        await pass_time(office, 5)
        await work.measure_due()
        await pass_time(office, 6)
        await work.measure_due()
        assert [list(row.broken) for row in await measurements(office)] == [[], ["views"], []]
        (agency,) = (await office.get("/v1/reach", "passports")).json()["agencies"]
        assert [one["series"] for one in agency["reach"]] == [SERIES, "graph/26 post_views", "graph/26 post_views"]


async def test_a_metric_that_was_renamed_while_it_was_not_told_breaks_its_series_too() -> None:
    async with a_public_office() as office:
        await an_answer_that_stands(office)
        channel = Counting(question=100, answer=50)
        work = measuring(office, channel)
        await pass_time(office, 1)
        await work.measure_due()
        channel.script = [Measured({}, {})] * 2
        await pass_time(office, 5)
        await work.measure_due()
        channel.series = "graph/26 post_views"
        await pass_time(office, 6)
        await work.measure_due()
        assert [list(row.broken) for row in await measurements(office)] == [[], [], ["views"]]


async def test_question_and_answer_may_be_counted_in_series_of_their_own() -> None:
    async with a_public_office() as office:
        await an_answer_that_stands(office)
        channel = Counting()
        asked, answered = (Measured({"views": 9}, {"views": series}) for series in ("video views", "post views"))
        channel.script = [answered, asked, Measured({}, {}), asked, answered, asked]
        work = measuring(office, channel)
        for hours in (1, 5, 6):
            await pass_time(office, hours)
            await work.measure_due()
        assert [list(row.broken) for row in await measurements(office)] == [[], [], []]


async def test_medians_are_not_taken_across_two_series() -> None:
    async with a_public_office() as office:
        events = await office.publish(*some_responses(2))
        await give_credentials(office.database)
        await office.hear(*events)
        await pass_time(office, 1)
        channel = Counting()
        work = Measuring(reaches(office), {"facebook": channel}, Shares(), at_once=1)
        await work.measure_due()
        channel.series, channel.answer = "graph/26 post_views", 1000
        await work.measure_due()
        (agency,) = (await office.get("/v1/reach", "passports")).json()["agencies"]
        assert sorted((one["series"], one["answer_median"]) for one in agency["reach"]) == [
            (SERIES, 27),
            ("graph/26 post_views", 1000),
        ]


async def test_no_answer_is_asked_for_again_and_then_unknown() -> None:
    async with a_public_office() as office:
        await an_answer_that_stands(office)
        channel = Counting()
        channel.script = [Unmeasured("no_answer", "status 500")] * 2 + [ConnectionError("ours")] * 4
        work = measuring(office, channel)
        await pass_time(office, 12)
        for tried in (1, 2, 3):
            await work.measure_due()
            assert len(channel.asked) == tried * 2
            await office.run("UPDATE reach_timer SET due_at = due_at - interval '3 minutes'")
        (row,) = await measurements(office)
        assert (row.answer, row.answer_unknown, row.question_unknown) == ({}, "no_answer", "no_answer")
        assert await office.rows("SELECT next_hour, failures FROM reach_timer") == [(24, 0)]


async def test_an_answer_that_is_gone_is_not_measured_any_more() -> None:
    async with a_public_office() as office:
        await an_answer_that_stands(office)
        channel = Counting()
        channel.script = [Unmeasured("gone"), Measured({"views": 5}, {"views": SERIES})]
        await pass_time(office, 1)
        await measuring(office, channel).measure_due()
        (row,) = await measurements(office)
        assert (row.answer_unknown, row.parity) == ("gone", None)
        assert await office.rows("SELECT 1 FROM reach_timer") == []


async def test_an_account_without_credentials_is_not_asked() -> None:
    async with a_public_office() as office:
        (event,) = await office.publish(a_response())
        await office.hear(event)
        await pass_time(office, 1)
        channel = Counting()
        await measuring(office, channel).measure_due()
        assert channel.asked == []
        assert await office.rows("SELECT next_hour, failures FROM reach_timer") == [(1, 1)]


@pytest.mark.parametrize("private", [{"public": False}, {"visibility": "direct"}, {"purpose": "holding"}])
async def test_only_public_answers_are_measured(private: dict[str, Any]) -> None:
    async with a_public_office() as office:
        await an_answer_that_stands(office, **private)
        assert await office.rows("SELECT 1 FROM reach_timer") == []
        assert (await office.get("/v1/reach", "passports")).json()["items"] == []


async def test_platforms_are_asked_few_at_a_time() -> None:
    async with a_public_office() as office:
        events = await office.publish(*some_responses(20))
        await give_credentials(office.database)
        await office.hear(*events)
        await pass_time(office, 1)
        channel = Counting()
        loop = asyncio.create_task(measuring(office, channel).run())
        for _ in range(200):
            if len(await measurements(office)) == 20:
                break
            await asyncio.sleep(0.02)
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
        assert len(await measurements(office)) == 20
        # Two posts for each of four answers.
        assert 1 < channel.most_at_once <= 8


async def test_an_agency_that_wants_more_is_alarmed_earlier() -> None:
    async with a_public_office() as office:
        await an_answer_that_stands(office)
        await pass_time(office, 12)
        await measuring(office, Counting(question=100, answer=40), {"passports": 0.5}).measure_due()
        (alarm,) = await alarms(office)
        assert (alarm["share"], alarm["parity"]) == (0.5, 0.4)


async def test_reach_stands_beside_the_time_to_answer() -> None:
    async with a_public_office() as office:
        events = await office.publish(*some_responses(3))
        begun = [event.published_at - timedelta(hours=n + 1) for n, event in enumerate(events)]
        about = [{"case": event.case, "comments": event.comments} for event in events]
        await office.hear(
            a_routing(received_at=begun[0], **about[0]),
            a_routing(received_at=begun[1], **about[1]),
            a_routing(routed_at=begun[2], **about[2]),
            *events,
        )
        body = (await office.get("/v1/reach", "passports")).json()
        (agency,) = body["agencies"]
        assert (agency["answers"], agency["time_to_answer"]["of_these_from_routing"]) == (3, 1)
        assert agency["time_to_answer"]["median_seconds"] == pytest.approx(7200, abs=2)
        taken = {item["publication"]: (item["seconds_to_answer"], item["asked_from"]) for item in body["items"]}
        assert taken[events[2].publication] == (pytest.approx(3 * 3600, abs=2), "routed")


@pytest.mark.parametrize("account", ["=1+1", "+1", "-1", "@a", "\tx"])
async def test_no_cell_of_a_table_is_a_formula(account: str) -> None:
    async with a_public_office() as office:
        await office.publish(a_response(account=account))
        answer = await office.get("/v1/reach", "passports", accept="text/csv")
        assert answer.headers["content-type"].startswith("text/csv")
        (line,) = csv.DictReader(io.StringIO(answer.text))
        assert line["account"] == "'" + account


async def test_reach_is_read_page_by_page_and_by_span() -> None:
    async with a_public_office() as office:
        await office.publish(*some_responses(5))
        found, address = [], "/v1/reach?limit=2"
        for _ in range(3):
            answer = await office.get(address, "passports")
            found += [item["publication"] for item in answer.json()["items"]]
            address = answer.links.get("next", {}).get("url", "")
        assert (len(set(found)), address) == (5, "")
        empty = await office.get("/v1/reach?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z", "passports")
        assert (empty.json()["items"], empty.json()["agencies"]) == ([], [])


@pytest.mark.parametrize(
    "query",
    [
        "from=2020-01-01T00:00:00Z",
        "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
        "from=yesterday",
        "from=2026-01-01T00:00:00",
        "to=0001-01-01T00:00:00Z",
        "format=xml",
        "limit=0",
        "limit=501",
    ],
)
async def test_a_span_that_cannot_be_had_is_a_problem(query: str) -> None:
    async with a_public_office() as office:
        answer = await office.get(f"/v1/reach?{query}", "passports")
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize("path", ["/v1/reach", "/v1/reach/alarms"])
async def test_an_agency_sees_no_reach_of_another(path: str) -> None:
    async with a_public_office() as office:
        await an_answer_that_stands(office)
        await pass_time(office, 12)
        await measuring(office, Counting()).measure_due()
        assert [len((await office.get(path, who)).json()["items"]) for who in ("passports", "admin", "water")] == [
            1,
            1,
            0,
        ]
        assert (await office.get(f"{path}?agency=passports", "water")).json()["items"] == []
        assert [(await office.get(path, who)).status_code for who in ("guest", None)] == [403, 401]
