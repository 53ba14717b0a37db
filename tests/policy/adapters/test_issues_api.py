"""Issues over HTTP."""

from datetime import timedelta

import pytest

from shared.events import Author
from tests.policy.adapters.support import Policy, running_policy
from tests.policy.builders import NOW, received

pytestmark = pytest.mark.asyncio

CLOSED = "The passport counter in Kandy was closed again this morning"
LOST = "Who do I call about a lost token at the counter"


async def raised(policy: Policy, text: str, times: int, *, agency: str = "passports", minute: int = 0) -> None:
    """So many people say it, each in a thread of their own."""
    await policy.receive(
        *(
            received(
                text,
                agency=agency,
                comment=f"cmt_{agency}_{minute}_{n}",
                thread=f"t-{agency}-{minute}-{n}",
                author=Author(id=f"{agency}-{minute}-{n}"),
                received_at=NOW - timedelta(minutes=minute),
            )
            for n in range(times)
        )
    )


async def test_what_several_raise_is_listed_the_latest_first() -> None:
    async with running_policy() as policy:
        await raised(policy, CLOSED, 11, minute=9)
        await raised(policy, LOST, 2, minute=5)
        await raised(policy, "Nobody else says anything like this", 1)
        body = (await policy.get("/v1/issues")).json()
        assert [(each["comments"], each["authors"], each["surging"]) for each in body["items"]] == [
            (2, 2, False),
            (11, 11, True),
        ]
        found = body["items"][1]
        assert (found["agency"], found["language"], found["judged"]) == ("passports", "en", None)
        assert found["opened_at"] == found["last_at"] == found["surging_since"] == "2026-11-23T04:21:00.000Z"
        assert found["ends_at"] == "2026-11-23T06:21:00.000Z"


async def test_those_that_surge_can_be_asked_for() -> None:
    async with running_policy() as policy:
        await raised(policy, CLOSED, 10)
        await raised(policy, LOST, 2, minute=1)
        for surging, comments in (("true", [10]), ("false", [2])):
            items = (await policy.get(f"/v1/issues?surging={surging}")).json()["items"]
            assert [each["comments"] for each in items] == comments


async def test_a_surge_that_nobody_raised_for_a_window_is_over() -> None:
    async with running_policy() as policy:
        await raised(policy, CLOSED, 10, minute=121)
        assert (await policy.get("/v1/issues?surging=true")).json()["items"] == []
        (found,) = (await policy.get("/v1/issues")).json()["items"]
        assert not found["surging"]


async def test_an_issue_reads_with_its_cases_and_the_same_in_other_languages() -> None:
    async with running_policy() as policy:
        await raised(policy, "No water in Kandy since this morning", 3, agency="water-board", minute=3)
        await raised(policy, "මහනුවර උදේ සිට වතුර නැහැ", 2, agency="water-board", minute=2)
        await raised(policy, "The water is brown and smells bad in Galle", 2, agency="water-board", minute=1)
        _, sinhala, english = (await policy.get("/v1/issues", "water-desk")).json()["items"]
        body = (await policy.get(f"/v1/issues/{english['id']}", "water-desk")).json()
        assert body["in_other_languages"] == [sinhala["id"]]
        assert body["topics"] == ["outage"]
        cases = (await policy.get("/v1/cases", "water-desk")).json()["items"]
        with_it = {case["id"] for case in cases if case["turns"][0]["issue"] == english["id"]}
        assert set(body["cases"]) == with_it
        assert len(with_it) == 3


async def test_pages_follow_each_other_without_gap() -> None:
    async with running_policy() as policy:
        for n in range(5):
            await raised(policy, f"Window {n} sent Nimal{n} and Kamala{n} home without token{n}", 2, minute=n)
        found, path = [], "/v1/issues?limit=2"
        while path:
            body = (await policy.get(path)).json()
            found += [each["id"] for each in body["items"]]
            path = f"/v1/issues?limit=2&cursor={body['next']}" if body["next"] else ""
        assert len(found) == len(set(found)) == 5
        times = await policy.rows("SELECT id FROM issue ORDER BY last_at DESC, id DESC")
        assert found == [row.id for row in times]


async def test_another_agencys_issues_are_not_there() -> None:
    async with running_policy() as policy:
        await raised(policy, CLOSED, 2)
        (found,) = (await policy.get("/v1/issues")).json()["items"]
        for path in (f"/v1/issues/{found['id']}", "/v1/issues/issue_0", "/v1/issues/nothing"):
            assert (await policy.get(path, "water-desk")).status_code == 404
        for path in ("/v1/issues", "/v1/issues?agency=passports"):
            assert (await policy.get(path, "water-desk")).json()["items"] == []
        assert len((await policy.get("/v1/issues?agency=passports")).json()["items"]) == 1


async def test_a_cursor_that_is_not_ours_is_refused() -> None:
    async with running_policy() as policy:
        for cursor in ("x", "MjAyNg", "MjAyNi0xMS0yM3xpc3N1ZV8x", "fA"):
            answer = await policy.get(f"/v1/issues?cursor={cursor}")
            assert (answer.status_code, answer.json()["type"].rsplit(":", 1)[-1]) == (400, "invalid-cursor"), cursor
