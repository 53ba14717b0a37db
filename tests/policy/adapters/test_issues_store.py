"""Same issues through the real tables: counted once, by several processes at a time, and forgotten in the end."""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.consumers import handler
from services.policy.adapters.store import forgetting, issues
from services.policy.adapters.store.policies import PolicyShelf
from shared.cloudevents import Received
from shared.database import EVERY_AGENCY
from shared.events import Author, CommentReceived, Event
from shared.ids import uuid7
from tests.policy.adapters.support import Policy, running_policy
from tests.policy.builders import NOW, deleted, edited, in_force, received, shelf

pytestmark = pytest.mark.asyncio

CLOSED = "The passport counter in Kandy was closed again this morning"
CLOSED_TOO = "The passport counter in Kandy was closed again today morning"
DRY, DRY_SI = "No water in Kandy since this morning", "මහනුවර උදේ සිට වතුර නැහැ"


def said(text: str, who: str, *, after: timedelta = timedelta(0), **about: Any) -> CommentReceived:
    """A comment by ``who`` in a thread of its own."""
    own = {"comment": f"cmt_{who}", "thread": f"t-{who}", "author": Author(id=who), "received_at": NOW + after}
    return received(text, **{**own, **about})


async def handled(connection: AsyncConnection, events: Sequence[Event], policies: PolicyShelf) -> None:
    await handler(policies, lambda: NOW)(connection, [Received(event, uuid7(), None) for event in events])


async def the_issues(policy: Policy) -> list[tuple[int, int]]:
    """Comments and authors of every issue, the greatest first."""
    rows = await policy.rows("SELECT comments, authors FROM issue ORDER BY comments DESC, authors DESC")
    return [(row.comments, row.authors) for row in rows]


async def counts_seen(policy: Policy) -> list[int]:
    """How many authors each decision was made with, by comment."""
    rows = await policy.rows("SELECT decision -> 'circumstances' ->> 'same_issue' AS n FROM turn ORDER BY comment")
    return [int(row.n) for row in rows]


async def test_a_later_batch_joins_what_an_earlier_one_opened_on_whatever_platform() -> None:
    async with running_policy() as policy:
        await policy.receive(said(CLOSED, "a"), said(CLOSED_TOO, "b"))
        await policy.receive(said(CLOSED.upper(), "c", platform="x"), said("Who do I call about a lost token", "d"))
        assert await the_issues(policy) == [(3, 3), (1, 1)]
        assert await counts_seen(policy) == [1, 2, 3, 1]
        (shared,) = await policy.rows("SELECT issue FROM turn GROUP BY issue HAVING count(*) = 3")
        assert shared.issue.startswith("issue_")


async def test_a_surge_begins_at_the_policys_count_and_is_on_record_once() -> None:
    async with running_policy() as policy:
        for n in range(12):
            await policy.receive(said(CLOSED, f"a{n:02}", after=timedelta(minutes=n)))
        acts = await policy.rows("SELECT actor, subject, details FROM audit WHERE action = 'issue.surging'")
        (row,) = await policy.rows("SELECT id, surging_since FROM issue")
        assert [(act.actor, act.subject) for act in acts] == [("parley:policy", row.id)]
        assert row.surging_since == NOW + timedelta(minutes=9)
        rules = await policy.rows("SELECT decision -> 'rules' AS rules FROM turn ORDER BY received_at")
        assert ["21" in found.rules for found in rules] == [False] * 9 + [True] * 3


async def test_a_surge_within_one_batch_is_seen_in_it() -> None:
    async with running_policy() as policy:
        await policy.receive(*(said(CLOSED, f"a{n:02}") for n in range(30)))
        assert await counts_seen(policy) == list(range(1, 31))
        (acts,) = await policy.rows("SELECT count(*) AS n FROM audit WHERE action = 'issue.surging'")
        assert acts.n == 1


async def test_edits_count_nobody_twice_and_deletions_leave_the_count() -> None:
    async with running_policy() as policy:
        first = said(CLOSED, "a")
        await policy.receive(first, said(CLOSED, "b"))
        place = {"comment": first.comment, "thread": first.thread, "author": first.author, "received_at": NOW}
        await policy.receive(first, edited(f"{CLOSED}!!", **place), edited(CLOSED_TOO, revision=3, **place))
        assert await the_issues(policy) == [(2, 2)]
        gone = deleted(comment=first.comment).model_copy(update={"thread": first.thread})
        await policy.receive(gone)
        assert await the_issues(policy) == [(2, 2)]


async def test_the_same_in_other_languages_is_counted_together() -> None:
    async with running_policy() as policy:
        for n in range(3):
            await policy.receive(
                said(DRY, f"en{n}", agency="water-board"), said(DRY_SI, f"si{n}", agency="water-board")
            )
        assert await the_issues(policy) == [(3, 3), (3, 3)]
        assert max(await counts_seen(policy)) == 6


async def test_each_agency_has_its_own_issues_and_sees_no_others() -> None:
    async with running_policy() as policy:
        await policy.receive(said(CLOSED, "a"), said(CLOSED, "b", agency="water-board"))
        assert await the_issues(policy) == [(1, 1), (1, 1)]
        for table in ("issue", "issue_key"):
            async with policy.database.begin(["central-bank"]) as connection:
                assert (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0


async def test_two_processes_that_open_one_issue_at_once_open_one() -> None:
    policies = PolicyShelf([in_force(agency="passports", same_issue={"surge_at": 2})])
    async with running_policy() as policy:

        async def second() -> None:
            async with policy.database.begin(EVERY_AGENCY) as connection:
                await handled(connection, [said(CLOSED, "b"), said("Something else by us all", "c")], policies)

        async with policy.database.begin(EVERY_AGENCY) as connection:
            await handled(connection, [said(CLOSED, "a")], policies)
            late = asyncio.create_task(second())
            await until_one_waits(policy)
        await late
        assert await the_issues(policy) == [(2, 2), (1, 1)]
        turns = await policy.rows("SELECT issue FROM turn WHERE comment IN ('cmt_a', 'cmt_b') GROUP BY issue")
        (row,) = await policy.rows("SELECT id, surging_since FROM issue WHERE comments = 2")
        assert [turn.issue for turn in turns] == [row.id]
        assert row.surging_since is not None
        assert {key.issue for key in await policy.rows("SELECT issue FROM issue_key")} == {
            found.id for found in await policy.rows("SELECT id FROM issue")
        }


async def until_one_waits(policy: Policy) -> None:
    """Until a transaction waits for a lock of another one."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    while not await policy.rows(waiting):  # noqa: ASYNC110 - Postgres tells nobody
        await asyncio.sleep(0.01)


async def test_many_processes_at_once_lose_nobody_and_never_wait_for_each_other_in_a_ring() -> None:
    async with running_policy() as policy:
        drawn = random.Random(5)
        texts = [f"Window {n} sent Nimal{n} and Kamala{n} home without token{n}" for n in range(8)]
        batches = []
        for batch in range(24):
            events = [said(words, f"{batch}-{n}") for n, words in enumerate(texts)]
            drawn.shuffle(events)
            batches.append(policy.receive(*events))
        await asyncio.gather(*batches)
        assert await the_issues(policy) == [(24, 24)] * 8
        (acts,) = await policy.rows("SELECT count(*) AS n FROM audit WHERE action = 'issue.surging'")
        assert acts.n == 8


async def statements_for(policy: Policy, *events: Event) -> int:
    """How many statements a batch takes."""
    seen: list[str] = []
    async with policy.database.begin(EVERY_AGENCY) as connection:
        sql_event.listen(connection.sync_connection, "before_cursor_execute", lambda *about: seen.append(about[2]))
        await handled(connection, events, shelf())
    return len(seen)


async def test_a_batch_of_a_hundred_takes_three_statements_more() -> None:
    async with running_policy() as policy:
        await policy.receive(said(CLOSED, "first"))
        without = await statements_for(policy, *(said("Hm", f"a{n}") for n in range(100)))
        known = [said(CLOSED, f"b{n}") for n in range(50)]
        new = [said(f"Counter {n} has lost file number {n} of Nimal{n}", f"c{n}") for n in range(50)]
        assert await statements_for(policy, *known, *new) - without == 3


async def left(policy: Policy) -> tuple[int, int]:
    (row,) = await policy.rows("SELECT (SELECT count(*) FROM issue) AS a, (SELECT count(*) FROM issue_key) AS b")
    return row.a, row.b


async def test_what_is_over_is_forgotten_what_was_shared_later() -> None:
    async with running_policy() as policy:
        await policy.receive(said(CLOSED, "a"), said(CLOSED, "b"), said("Who do I call about a lost token", "c"))
        for after, expected in [(1, (2, 10)), (4.5, (1, 0)), (24 * 29, (1, 0)), (24 * 31, (0, 0))]:
            await forgetting.forget_issues(policy.database, NOW + timedelta(hours=after), bite=2)
            assert await left(policy) == expected


@pytest.mark.parametrize("forgotten", [False, True])
async def test_what_a_person_judged_is_known_for_it_later(forgotten: bool) -> None:
    def later(hours: float) -> datetime:
        return NOW + timedelta(hours=hours)

    async with running_policy() as policy:
        await policy.receive(said("I earn 900 daily at home, ask me how", "a"))
        if forgotten:
            await forgetting.forget_issues(policy.database, later(12))
            assert await left(policy) == (0, 0)
        (turn,) = await policy.rows("SELECT issue FROM turn")
        async with policy.database.begin(["passports"]) as connection:
            await issues.judge(connection, turn.issue, "spam", later(24 * 90))
        await forgetting.forget_issues(policy.database, later(24 * 40))
        await policy.receive(said("I earn 900 DAILY at home… ask me how", "b", after=timedelta(days=40)))
        (judged,) = await policy.rows(
            "SELECT decision -> 'circumstances' ->> 'judged' AS kind, issue FROM turn WHERE comment = 'cmt_b'"
        )
        assert (judged.kind, judged.issue) == ("spam", turn.issue)
        await forgetting.forget_issues(policy.database, later(24 * 200))
        assert await left(policy) == (0, 0)
