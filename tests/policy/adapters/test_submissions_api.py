"""What waits for clearance apart from a case, over HTTP: in pages, and by what is asked for."""

from typing import Any

import pytest

from tests.policy.adapters.office import COMMS, DESK, DIVISION, Office, an_office, kind_of

pytestmark = pytest.mark.asyncio

SOON, LATER = {"sensitivity": "S1", "damage": "D1"}, {"sensitivity": "S4", "damage": "D1"}


async def put_up(office: Office, line: str, who: str = DESK, ceiling: dict[str, str] | None = None) -> None:
    asked = {
        "id": line,
        "agency": "passports",
        "topics": ["processing-time"],
        "kinds": ["question"],
        "ceiling": ceiling or SOON,
        "text": {"en": "A renewal takes ten working days."},
    }
    answer = await office.policy.post("/v1/lines", asked, who)
    assert answer.status_code == 201, answer.text


async def pages(office: Office, query: str, who: str = DESK) -> list[list[str]]:
    """What each page lists, following ``Link`` to the last."""
    found, path = [], f"/v1/submissions?{query}"
    while True:
        answer = await office.policy.get(path, who)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        found.append([each["stands"].split("/")[3] for each in body["items"]])
        if body["next"] is None:
            assert "link" not in answer.headers
            return found
        path = answer.headers["link"].partition(">")[0].lstrip("<")


async def test_what_waits_comes_in_pages_the_oldest_first_and_each_once() -> None:
    async with an_office() as office:
        for number in range(5):
            await put_up(office, f"line-{number}")
        assert await pages(office, "limit=2") == [["line-0", "line-1"], ["line-2", "line-3"], ["line-4"]]
        assert await pages(office, "limit=5") == [[f"line-{number}" for number in range(5)]]


async def test_what_waits_for_a_person_fills_its_pages_however_much_waits_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.policy.adapters.api.submissions._AT_ONCE", 1)
    async with an_office() as office:
        for number in range(6):
            await put_up(office, f"line-{number}", COMMS if number % 2 else DESK)
        assert await pages(office, "waiting_for=me&limit=2", COMMS) == [["line-0", "line-2"], ["line-4"]]
        assert await pages(office, "waiting_for=me&limit=4", DIVISION) == [
            ["line-0", "line-1", "line-2", "line-3"],
            ["line-4", "line-5"],
        ]


async def test_what_waits_is_narrowed_by_its_matter_and_its_level() -> None:
    async with an_office() as office:
        await put_up(office, "low")
        await put_up(office, "high", ceiling=LATER)
        assert await pages(office, "level=L4") == [["high"]]
        assert await pages(office, "level=L2&matter=line") == [["low"]]
        assert await pages(office, "matter=answer") == [[]]


@pytest.mark.parametrize("cursor", ["x", "MjAyNg", "MjAyNi0xMS0yM1QwMDowMDowMHxzdWI", "fHN1Yg"])
async def test_a_cursor_that_was_never_given_out_is_refused(cursor: str) -> None:
    async with an_office() as office:
        assert kind_of(await office.policy.get(f"/v1/submissions?cursor={cursor}")) == (400, "invalid-cursor")


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "matter=moderation", "level=L9"])
async def test_what_no_list_takes_is_refused(query: str) -> None:
    async with an_office() as office:
        assert (await office.policy.get(f"/v1/submissions?{query}")).status_code == 422
