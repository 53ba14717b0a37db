"""``/open311/v2`` over the whole service, as Open311 clients use it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.ingest.adapters import consumers
from services.ingest.settings import Open311Settings
from shared.cloudevents import Received
from shared.events import CaseClosed, CaseRouted, Event, ResponsePublished
from shared.ids import uuid7
from tests.ingest.cut import wire_to
from tests.ingest.open311_client import Client, JsonClient, NotTaken, XmlClient
from tests.ingest.support import NOW, Ingest, running_ingest
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio

KEY = "an-open311-key"
SAMPLES = Path(__file__).parents[2] / "deploy" / "local" / "open311"
AGENCIES = ("central-bank", "passports", "water-board")
PIPE = {"description": "Water all over the road", "lat": "6.927079", "long": "79.861244"}
CLIENTS: list[type[Client]] = [JsonClient, XmlClient]


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def listening(*agencies: str, samples: bool = True, clock: Clock | None = None) -> AsyncIterator[Ingest]:
    """The service with a jurisdiction for each agency, all of them opened by one key."""
    settings = Open311Settings(services=SAMPLES if samples else None, contact="api@gov.example", type="test")
    async with running_ingest(open311=settings, clock=clock or Clock()) as ingest:
        for agency in agencies or AGENCIES:
            answer = await ingest.connect("open311", agency, agency=agency, secrets={"api_key": KEY})
            assert answer.status_code == 201, answer.text
        yield ingest


async def tell(ingest: Ingest, *events: Event) -> None:
    """Policy and publisher say what became of comments."""
    received = [Received(event=event, event_id=uuid7(), traceparent=None) for event in events]
    async with ingest.database.begin("*") as connection:
        await consumers.on_batch(connection, received)


def about(comment: str, jurisdiction: str = "water-board") -> dict[str, Any]:
    """What every event says of a report's case."""
    return {
        "agency": jurisdiction,
        "platform": "open311",
        "account": jurisdiction,
        "thread": comment,
        "case": "case_1",
        "comments": (comment,),
    }


def routed(comment: str) -> Event:
    return CaseRouted(
        **about(comment), disposition="answer", level="L1", sensitivity="S1", damage="D1", rules=(),
        policy_version="1", routed_at=NOW,
    )  # fmt: skip


def closed(comment: str) -> Event:
    return CaseClosed(**about(comment), disposition="no_response", reason="spam", closed_at=NOW)


def answered(comment: str, text: str, at: datetime = NOW) -> Event:
    return ResponsePublished(
        **about(comment), publication="pub_1", response="resp_1", native_id="n", text=text, language="en",
        published_at=at,
    )  # fmt: skip


# -- whole sessions


@pytest.mark.parametrize("kind", CLIENTS)
async def test_a_citizen_reports_a_burst_pipe_and_reads_the_answer(kind: type[Client]) -> None:
    async with listening() as ingest:
        client = kind(ingest.http, KEY, "water-board")
        discovery = await client.discovery()
        (endpoint,) = discovery["endpoints"]
        client.base = endpoint["url"]
        service = next(one for one in await client.services() if one["service_name"] == "Burst pipe")
        questions = (await client.definition(service["service_code"]))["attributes"]
        severity = next(one for one in questions if one["code"] == "severity")
        assert str(severity["required"]).lower() == "true"

        answers = {"attribute[severity]": severity["values"][2]["key"], "attribute[since]": "2026-11-22T06:00:00+05:30"}
        created = await client.report(service["service_code"], **PIPE, **answers)
        id_ = created["service_request_id"]
        assert created == {"service_request_id": ANY, "service_notice": ANY, "account_id": None}
        assert (await client.request(id_))["status"] == "open"

        await tell(ingest, routed(id_))
        assert (await client.request(id_))["status"] == "open"
        await tell(ingest, answered(id_, "The crew closed the pipe at 10:40."))
        found = await client.request(id_)
        assert (found["status"], found["status_notes"]) == ("closed", "The crew closed the pipe at 10:40.")
        assert [one["service_request_id"] for one in await client.requests(status="closed")] == [id_]
        assert await client.requests(status="open") == []


async def test_a_request_reads_as_the_specification_says() -> None:
    async with listening() as ingest:
        client = JsonClient(ingest.http, KEY, "water-board")
        media = "https://pictures.example/1.jpg"
        created = await client.report("burst-pipe", **PIPE, media_url=media, **{"attribute[severity]": "flood"})
        assert await client.request(created["service_request_id"]) == {
            "service_request_id": created["service_request_id"],
            "status": "open",
            "status_notes": None,
            "service_name": "Burst pipe",
            "service_code": "water-board.burst-pipe",
            "description": "Water all over the road",
            "agency_responsible": "water-board on open311",
            "service_notice": created["service_notice"],
            "requested_datetime": "2026-11-22T08:30:00Z",
            "updated_datetime": "2026-11-22T08:30:00Z",
            "expected_datetime": None,
            "address": None,
            "address_id": None,
            "zipcode": None,
            "lat": 6.927079,
            "long": 79.861244,
            "media_url": media,
        }
        same = await XmlClient(ingest.http, KEY).request(created["service_request_id"])
        assert (same["lat"], same["long"], same["zipcode"]) == ("6.927079", "79.861244", None)


async def test_what_changes_is_newly_updated() -> None:
    async with listening() as ingest:
        client = JsonClient(ingest.http, KEY, "water-board")
        id_ = (await client.report("enquiry", description="When?"))["service_request_id"]
        await ingest.change("UPDATE comment SET received_at = now() - interval '1 day'")
        before = datetime.now(UTC).replace(microsecond=0)
        await tell(ingest, routed(id_), closed(id_))
        found = await client.request(id_)
        assert (found["status"], found["status_notes"]) == ("closed", "Closed without a published reply.")
        assert datetime.fromisoformat(found["updated_datetime"]) >= before
        assert found["requested_datetime"] == "2026-11-22T08:30:00Z"


# -- what a report becomes


async def test_a_report_is_a_comment_that_an_officer_can_work_with() -> None:
    async with listening() as ingest:
        client = JsonClient(ingest.http, KEY, "water-board")
        created = await client.report(
            "water-quality",
            **PIPE,
            address_string="12 Galle Road,\n Colombo",
            first_name="Nimal",
            last_name="Perera",
            email="nimal@mail.example",
            phone="0770000000",
            account_id="app-7",
            **{"attribute[signs]": ["smell", "ill"], "attribute[households]": "4", "attribute[uprn]": "100"},
        )
        assert created["account_id"] == "app-7"
        read = await ingest.http.get(f"/v1/comments/{created['service_request_id']}", headers=ingest.bearer())
        comment = read.json()
        assert comment["text"] == (
            "Water all over the road\n\n"
            "Service: Water quality\n"
            "Address: 12 Galle Road, Colombo\n"
            "Position: 6.927079, 79.861244\n"
            "What is wrong with it? Smell, Somebody fell ill\n"
            "How many households are affected, as far as you know? 4\n"
            "uprn: 100"
        )
        assert comment["author"] | {"followers": None} == {
            "id": "nimal@mail.example", "name": "Nimal Perera", "handle": None, "followers": None,
        }  # fmt: skip
        assert (comment["platform"], comment["account"], comment["agency"]) == ("open311", *["water-board"] * 2)
        assert comment["native_id"] == comment["thread"] == comment["id"]
        assert (comment["public"], comment["language"]) == (True, "en")
        (event,) = [event for kind, event in await ingest.events() if kind == "CommentReceived"]
        assert event["comment"] == comment["id"]


async def test_the_language_is_that_of_the_citizen_and_not_of_our_own_lines() -> None:
    async with listening() as ingest:
        client = JsonClient(ingest.http, KEY)
        for words in ("වතුර නෑ", "தண்ணீர் இல்லை 🚱"):
            await client.report("water-board.no-water", description=words, address_string="Galle Road, Colombo 03")
        rows = await ingest.rows("SELECT language FROM comment ORDER BY id")
        assert [row.language for row in rows] == ["si", "ta"]
        told = [one["description"] for one in await client.requests()]
        assert told == ["தண்ணீர் இல்லை 🚱", "වතුර නෑ"]


@pytest.mark.parametrize(
    ("contact", "author"),
    [
        ({"email": "k@mail.example", "phone": "1", "device_id": "d", "account_id": "a"}, "k@mail.example"),
        ({"phone": "1", "device_id": "d", "account_id": "a"}, "1"),
        ({"device_id": "d", "account_id": "a"}, "d"),
        ({"account_id": "a"}, "a"),
        ({"first_name": "Kamala"}, "unknown"),
    ],
)
async def test_an_author_is_known_by_the_best_that_they_gave(contact: dict[str, str], author: str) -> None:
    async with listening("passports") as ingest:
        await JsonClient(ingest.http, KEY).report("enquiry", description="When?", **contact)
        assert [row.author_id for row in await ingest.rows("SELECT author_id FROM comment")] == [author]


async def test_who_reported_and_what_they_answered_is_shown_to_nobody() -> None:
    async with listening() as ingest:
        client = JsonClient(ingest.http, KEY, "passports")
        contact = {
            "first_name": "Kamala", "last_name": "Silva", "email": "kamala@mail.example", "phone": "0771234567",
            "device_id": "device-77", "account_id": "account-77",
        }  # fmt: skip
        answers = {"attribute[receipt_number]": "R-778899", "attribute[service_level]": "one-day"}
        id_ = (await client.report("late-passport", description="Still not here", **contact, **answers))[
            "service_request_id"
        ]
        for path in (f"requests/{id_}.json", f"requests/{id_}.xml", "requests.json", "requests.xml", f"tokens/{id_}"):
            answer = await ingest.http.get(f"/open311/v2/{path}")
            assert answer.status_code == 200
            assert id_ in answer.text
            for secret in (*contact.values(), "R-778899", "one-day"):
                assert secret not in answer.text, (path, secret)
        ((kept, agency),) = await ingest.rows("SELECT contact, agency FROM report")
        assert (json.loads(kept), agency) == (contact, "passports")


async def test_the_key_lies_nowhere() -> None:
    async with listening("passports") as ingest:
        await JsonClient(ingest.http, KEY).report("enquiry", description="When?")
        await ingest.http.post(
            f"/open311/v2/requests.json?api_key={KEY}", data={"service_code": "enquiry", "description": "And then?"}
        )
        for table in ("report", "comment", "outbox", "dead_letter"):
            rows = await ingest.rows(f"SELECT row_to_json({table})::text AS all FROM {table}")
            assert not [row for row in rows if KEY in row.all]
        bodies = [bytes(row.body) for row in await ingest.rows("SELECT body FROM raw_body")]
        assert len(bodies) == 2
        assert not [body for body in bodies if KEY.encode() in body]


async def test_what_was_hidden_or_deleted_keeps_its_place_without_its_words() -> None:
    async with listening() as ingest:
        client = JsonClient(ingest.http, KEY, "water-board")
        media = "https://pictures.example/1.png"
        id_ = (await client.report("no-water", **PIPE, media_url=media))["service_request_id"]
        await ingest.change("UPDATE comment SET hidden = true")
        hidden = await client.request(id_)
        shown = ("description", "lat", "long", "address", "media_url")
        assert [hidden[name] for name in shown] == [None] * 5
        await ingest.change("UPDATE comment SET hidden = false, status = 'deleted'")
        deleted = await client.request(id_)
        assert [deleted[name] for name in shown] == [None] * 5
        assert (deleted["status"], deleted["status_notes"]) == ("closed", "Withdrawn.")


async def test_comments_of_other_platforms_are_not_service_requests() -> None:
    async with listening() as ingest:
        body = {"agency": "passports", "text": "Private", "author": {"id": "p"}, "public": False}
        comment = (await ingest.post_comment(body)).json()
        client = JsonClient(ingest.http)
        assert await client.requests() == []
        assert await client.requests(service_request_id=comment["id"]) == []
        with pytest.raises(NotTaken, match="404"):
            await client.request(comment["id"])


# -- repeats


async def test_exactly_the_same_report_within_ten_minutes_is_one_request() -> None:
    clock = Clock()
    async with listening("passports", clock=clock) as ingest:
        client = JsonClient(ingest.http, KEY)
        fields = {"description": "When do you open?", "email": "nimal@mail.example"}
        first = await client.report("enquiry", **fields)
        clock.now += timedelta(minutes=9, seconds=59)
        assert await client.report("enquiry", **fields) == first
        assert await XmlClient(ingest.http, KEY).report("enquiry", **fields) == first
        as_json = {"api_key": KEY, "service_code": "enquiry", **fields}
        assert (await ingest.http.post("/open311/v2/requests.json", json=as_json)).json() == [first]
        assert [await ingest.count(table) for table in ("comment", "report", "raw_body")] == [1, 1, 1]
        clock.now += timedelta(seconds=1)
        assert await client.report("enquiry", **fields) != first
        assert [await ingest.count(table) for table in ("comment", "report")] == [2, 2]


async def test_the_same_words_of_another_person_or_place_are_another_request() -> None:
    async with listening() as ingest:
        client = JsonClient(ingest.http, KEY)
        ids = [
            (await client.report("water-board.no-water", description="No water", **more))["service_request_id"]
            for more in (
                {"address_string": "Galle Road", "email": "nimal@mail.example"},
                {"address_string": "Galle Road", "email": "kamala@mail.example"},
                {"address_string": "Kandy Road", "email": "nimal@mail.example"},
                {"address_string": "Galle Road"},
            )
        ]
        assert len(set(ids)) == 4


async def test_many_repeats_at_once_are_one_request_whichever_process_gets_them() -> None:
    url = (await fresh_service_database("ingest")).working
    async with running_ingest(url=url) as one, running_ingest(url=url) as other:
        assert (await one.connect("open311", "passports", secrets={"api_key": KEY})).status_code == 201
        await other.connect("open311", "passports", secrets={"api_key": KEY})
        clients = [JsonClient(ingest.http, KEY) for ingest in (one, other)] * 20
        answers = await asyncio.gather(*(client.report("enquiry", description="When?") for client in clients))
        assert len({answer["service_request_id"] for answer in answers}) == 1
        assert [await one.count(table) for table in ("comment", "report")] == [1, 1]
        several = [client.report("enquiry", description=f"No. {n % 7}") for n, client in enumerate(clients)]
        answers = await asyncio.gather(*several)
        assert len({answer["service_request_id"] for answer in answers}) == 7
        assert len([kind for kind, _ in await one.events() if kind == "CommentReceived"]) == 8


# -- keys and jurisdictions


async def test_a_key_is_needed_and_opens_only_its_own_jurisdictions() -> None:
    async with listening("passports", "water-board") as ingest:
        await ingest.connect("open311", "central-bank", agency="central-bank", secrets={"api_key": "their-own"})
        for kind in CLIENTS:
            for key in ("", "wrong", KEY + "x", "ключ", "their-own"):
                with pytest.raises(NotTaken) as refusal:
                    await kind(ingest.http, key, "passports").report("enquiry", description="When?")
                assert refusal.value.status == 403
                assert str(refusal.value.errors[0]["code"]) == "403"
                assert "api_key" in refusal.value.errors[0]["description"]
        with pytest.raises(NotTaken, match="403"):
            await JsonClient(ingest.http, KEY).report("central-bank.enquiry", description="When?")
        for jurisdiction in ("passports", "water-board"):
            await JsonClient(ingest.http, KEY, jurisdiction).report("enquiry", description="When?")
        assert sorted(row.agency for row in await ingest.rows("SELECT agency FROM report")) == [
            "passports",
            "water-board",
        ]


async def test_a_key_that_is_rotated_out_opens_until_the_next_rotation() -> None:
    async with listening("passports") as ingest:
        ((account,),) = await ingest.rows("SELECT id FROM account")
        for number, key in enumerate(("second", "third")):
            assert (await ingest.rotate(account, {"api_key": key})).status_code == 200
            await JsonClient(ingest.http, key).report("enquiry", description=f"With the {number}")
        await JsonClient(ingest.http, "second").report("enquiry", description="Still")
        with pytest.raises(NotTaken, match="403"):
            await JsonClient(ingest.http, KEY).report("enquiry", description="No more")


async def test_every_services_code_stands_for_one_service_of_one_agency() -> None:
    async with listening() as ingest:
        everything = await JsonClient(ingest.http).services()
        codes = [service["service_code"] for service in everything]
        assert len(set(codes)) == len(codes) == 10
        assert {service["type"] for service in everything} == {"realtime"}
        for agency in AGENCIES:
            own = await JsonClient(ingest.http, jurisdiction=agency).services()
            assert own == [service for service in everything if service["service_code"].startswith(f"{agency}.")]
            assert own[0]["metadata"] is False
            assert own == [
                {**as_json, "metadata": as_xml["metadata"] == "true"}
                for as_json, as_xml in zip(
                    own, await XmlClient(ingest.http, jurisdiction=agency).services(), strict=True
                )
            ]
            by_both = [
                await JsonClient(ingest.http, jurisdiction=agency).definition(code)
                for code in ("enquiry", f"{agency}.enquiry")
            ]
            assert by_both == [{"service_code": f"{agency}.enquiry", "attributes": []}] * 2


async def test_what_does_not_exist_is_404() -> None:
    async with listening() as ingest:
        for path in (
            "services/nothing.json",
            "services/passports.nothing.xml",
            "services/enquiry.json",
            "services/passports.enquiry?jurisdiction_id=water-board",
            "services.json?jurisdiction_id=nowhere",
            "requests.json?jurisdiction_id=nowhere",
            "requests/cmt_unknown.json",
            "requests/%00.json",
            "requests/a%20b.xml",
            "requests/%ED%A0%80",
            "requests/%D6%80.json",
            "tokens/unknown.xml",
            "services/%00",
        ):
            answer = await ingest.http.get(f"/open311/v2/{path}")
            assert answer.status_code == 404, (path, answer.text)
            assert "problem" not in answer.headers["content-type"], path
        for fields in ({"service_code": "nothing"}, {"service_code": "enquiry", "jurisdiction_id": "nowhere"}):
            answer = await ingest.http.post("/open311/v2/requests.json", data={"api_key": KEY, **fields})
            assert (answer.status_code, answer.json()[0]["code"]) == (404, 404)


async def test_an_agency_that_said_nothing_offers_one_enquiry() -> None:
    async with listening("passports", samples=False) as ingest:
        assert await JsonClient(ingest.http).services() == [
            {
                "service_code": "passports.enquiry",
                "service_name": "General enquiry",
                "description": ANY,
                "metadata": False,
                "type": "realtime",
                "keywords": "",
                "group": "passports on open311",
            }
        ]
        for code in ("enquiry", "passports.enquiry"):
            await JsonClient(ingest.http, KEY).report(code, description=f"By {code}")


async def test_discovery_says_where_what_and_since_when() -> None:
    async with listening("passports") as ingest:
        for kind in CLIENTS:
            found = await kind(ingest.http).discovery()
            (endpoint,) = found["endpoints"]
            assert found["contact"] == "api@gov.example"
            assert found["key_service"]
            assert endpoint == {
                "specification": "http://wiki.open311.org/GeoReport_v2",
                "url": "http://ingest.test/open311/v2",
                "changeset": "2026-11-22T08:30:00Z",
                "type": "test",
                "formats": ["text/xml", "application/json"],
            }


# -- lists


async def test_a_list_shows_the_latest_ninety_days_or_the_span_asked_for() -> None:
    clock = Clock()
    async with listening("passports", clock=clock) as ingest:
        client = JsonClient(ingest.http, KEY)
        for days in (100, 50, 0):
            clock.now = NOW - timedelta(days=days)
            await client.report("enquiry", description=f"{days} days ago")
        clock.now = NOW + timedelta(milliseconds=400)
        await client.report("enquiry", description="last")

        async def listed(**asked: str) -> list[str]:
            return [one["description"] for one in await client.requests(**asked)]

        assert await listed() == ["last", "0 days ago", "50 days ago"]
        assert await listed(start_date="2026-08-01T00:00:00Z") == ["50 days ago", "100 days ago"]
        assert await listed(end_date="2026-09-01T00:00:00Z") == ["100 days ago"]
        assert await listed(start_date="2026-11-22T14:00:00+05:30") == ["last", "0 days ago"]
        # what is shown at a second is found by that second, on both sides
        assert await listed(start_date="2026-11-22T08:30:00Z", end_date="2026-11-22T08:30:00Z") == [
            "last",
            "0 days ago",
        ]
        assert await listed(start_date="2026-11-22T08:30:01Z") == []
        assert await listed(start_date="", end_date="", status="", service_code="") == await listed()
        by_hand = await ingest.http.get("/open311/v2/requests.json?start_date=2026-11-22T14:00:00+05:30")
        assert len(by_hand.json()) == 2


async def test_a_list_can_be_narrowed() -> None:
    async with listening() as ingest:
        client = JsonClient(ingest.http, KEY)
        water = (await client.report("water-board.enquiry", description="One"))["service_request_id"]
        pipe = (await client.report("water-board.no-water", **PIPE))["service_request_id"]
        bank = (await client.report("central-bank.enquiry", description="Three"))["service_request_id"]
        await tell(ingest, closed(pipe))

        async def listed(jurisdiction: str = "", **asked: str) -> set[str]:
            found = await JsonClient(ingest.http, KEY, jurisdiction).requests(**asked)
            return {one["service_request_id"] for one in found}

        assert await listed() == {water, pipe, bank}
        assert await listed("water-board") == {water, pipe}
        assert await listed("water-board", service_code="no-water") == {pipe}
        assert await listed(service_code="water-board.no-water,central-bank.enquiry") == {pipe, bank}
        assert await listed(service_code="no-longer.offered") == set()
        assert await listed(status="open") == {water, bank}
        assert await listed(status="Open,closed") == {water, pipe, bank}
        assert await listed(service_request_id=f"{bank}, {pipe},unknown,a%00b", status="open") == {bank, pipe}
        assert await listed("passports", service_request_id=bank) == set()


async def test_a_question_that_makes_no_sense_is_told_so() -> None:
    async with listening("passports") as ingest:
        for query in (
            "start_date=yesterday",
            "start_date=2026-13-01T00:00:00Z",
            "start_date=9999-12-31T23:59:59Z",
            "end_date=0001-01-01T00:00:00Z",
            "end_date=0001-01-01T00:00:00%2B14:00",
            "start_date=2026-01-01T00:00:00Z&end_date=2026-06-01T00:00:00Z",
            "start_date=2026-06-01T00:00:00Z&end_date=2026-01-01T00:00:00Z",
            "status=done",
            f"start_date={'1' * 100}",
            f"jurisdiction_id={'x' * 300}",
            f"service_request_id={','.join(['a'] * 1_001)}",
        ):
            for ending in ("json", "xml"):
                answer = await ingest.http.get(f"/open311/v2/requests.{ending}?{query}")
                assert answer.status_code == 400, (query, answer.text)
                with pytest.raises(NotTaken):
                    {"json": JsonClient, "xml": XmlClient}[ending](ingest.http).understand(answer)


# -- formats


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("services", None, "application/json"),
        ("services", "application/json", "application/json"),
        ("services", "text/xml", "text/xml"),
        ("services", "application/xml;q=0.9, application/json;q=0.8", "text/xml"),
        ("services", "application/xml;q=0.5, application/json", "application/json"),
        ("services", "*/*", "application/json"),
        ("services", "nonsense;;q=,/xml;q=9", "text/xml"),
        ("services.json", "text/xml", "application/json"),
        ("services.xml", "application/json", "text/xml"),
        ("services/passports.enquiry", "text/xml", "text/xml"),
        ("services/passports.enquiry.xml", None, "text/xml"),
        ("discovery", None, "application/json"),
        ("requests", "text/xml", "text/xml"),
    ],
)
async def test_the_address_decides_the_format_and_else_the_accept_header(
    path: str, accept: str | None, kind: str
) -> None:
    async with listening("passports") as ingest:
        answer = await ingest.http.get(f"/open311/v2/{path}", headers={"accept": accept} if accept else {})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == f"{kind}; charset=utf-8"


# -- when parts are away


async def test_a_database_that_is_away_is_503_and_the_same_again_is_one_request() -> None:
    urls = await fresh_service_database("ingest")
    async with wire_to(urls.working) as (wire, url), running_ingest(url=url) as ingest:
        await ingest.connect("open311", "passports", secrets={"api_key": KEY})
        wire.cut()
        for kind in CLIENTS:
            client = kind(ingest.http, KEY)
            for asking in (client.report("enquiry", description="When?"), client.requests(), client.request("x")):
                with pytest.raises(NotTaken, match="503"):
                    await asking
            fields = {"service_code": "enquiry", "description": "When?"}
            assert int((await client.post(fields)).headers["retry-after"]) > 0
        wire.join()
        await JsonClient(ingest.http, KEY).report("enquiry", description="When?")
        assert await ingest.count("report") == 1


async def test_before_the_jurisdictions_are_known_nothing_is_told_unknown() -> None:
    async with running_ingest(url="postgresql://nobody:nothing@127.0.0.1:1/none") as ingest:
        client = JsonClient(ingest.http, KEY)
        for asking in (
            client.discovery(),
            client.services(),
            client.definition("passports.enquiry"),
            client.requests(),
            client.report("passports.enquiry", description="When?"),
        ):
            with pytest.raises(NotTaken, match="503"):
                await asking


async def test_a_jurisdiction_is_heard_when_somebody_with_its_key_reports() -> None:
    async with listening("passports", "water-board") as ingest:

        async def heard() -> list[str]:
            rows = await ingest.rows("SELECT account FROM account WHERE last_heard_at IS NOT NULL")
            return [row.account for row in rows]

        await JsonClient(ingest.http, KEY).report("passports.enquiry", description="Hello")
        for _ in range(400):
            if await heard():
                break
            await asyncio.sleep(0.05)
        assert await heard() == ["passports"]


# -- what others may see


async def test_a_reports_row_belongs_to_its_agency_and_to_nobody_else() -> None:
    async with listening() as ingest:
        for agency in AGENCIES:
            await JsonClient(ingest.http, KEY, agency).report("enquiry", description="Hello")
        for agency in AGENCIES:
            async with ingest.database.begin([agency]) as connection:
                rows = (await connection.execute(text("SELECT agency FROM report"))).all()
                assert [row.agency for row in rows] == [agency]
        with pytest.raises(DBAPIError):
            async with ingest.database.begin(["passports"]) as connection:
                await connection.execute(text("UPDATE report SET agency = 'central-bank'"))


async def test_a_jurisdiction_that_is_disabled_shows_and_takes_nothing() -> None:
    async with listening("passports", "water-board") as ingest:
        await JsonClient(ingest.http, KEY, "passports").report("enquiry", description="Hello")
        rows = await ingest.rows("SELECT id FROM account WHERE account = 'passports'")
        assert (await ingest.edit("POST", f"{rows[0].id}/disable", **{"idempotency-key": "k"})).status_code < 300
        assert await JsonClient(ingest.http).requests() == []
        assert {one["group"] for one in await JsonClient(ingest.http).services()} >= {"Supply"}
        with pytest.raises(NotTaken, match="404"):
            await JsonClient(ingest.http, KEY).report("passports.enquiry", description="Hello")


async def test_the_description_of_the_api_has_every_route_in_each_format_and_all_that_it_answers() -> None:
    async with running_ingest() as ingest:
        paths = (await ingest.http.get("/openapi.json")).json()["paths"]
        ours = {path: methods for path, methods in paths.items() if path.startswith("/open311/v2")}
        assert len(ours) == 18
        for path, methods in ours.items():
            for described in methods.values():
                kinds = described["responses"]["200"]["content"].keys()
                assert ("text/xml" in kinds) == (not path.endswith(".json")), path
                assert ("application/json" in kinds) == (not path.endswith(".xml")), path
        post = paths["/open311/v2/requests"]["post"]
        assert {"200", "400", "403", "404", "413", "415", "503"} <= post["responses"].keys()
        form = post["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
        assert {"api_key", "service_code", "description", "lat", "long"} <= form["properties"].keys()
