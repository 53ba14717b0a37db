"""Events through the real tables."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.policy.adapters.store import cases, rows
from services.policy.domain.clearance.cases import Case, Thread
from shared import audit
from shared.database import EVERY_AGENCY
from shared.events import Author, ResponseApproved
from tests.policy.adapters.support import Policy, running_policy
from tests.policy.builders import NOW, bare, decided, deleted, edited, published, received

pytestmark = pytest.mark.asyncio

HOURS = "What time do you open on Saturday?"
COMPLAINT = "Still waiting for my passport, terrible service"
THREAD = Thread("passports", "mastodon", "acc-1", "thread-1")


async def loaded(policy: Policy) -> Case:
    async with policy.database.begin(EVERY_AGENCY) as connection:
        (case,) = await cases.load_threads(connection, [THREAD], ["cmt_1"], ["citizen"])
    return case


async def released(policy: Policy) -> ResponseApproved:
    (row,) = await policy.rows("SELECT payload FROM outbox WHERE type = 'ResponseApproved'")
    return ResponseApproved.model_validate(rows.from_json(row.payload))


async def test_a_case_comes_back_as_it_was_written() -> None:
    async with running_policy() as policy:
        await policy.receive(received(COMPLAINT, author=Author(id="citizen", name="N", handle="h@x")))
        case = await loaded(policy)
        (turn,) = case.turns
        assert (case.state, case.head, case.turn_count, case.turns_by) == ("open", ("cmt_1", 1), 1, {"citizen": 1})
        assert turn.decision.rules == ("31",)
        assert turn.decision.explanation["level"]["result"] == "L1"
        assert (turn.author.handle, turn.state) == ("h@x", "waiting")
        assert case.due_at == NOW + timedelta(hours=4, minutes=30), "half an hour of it is their lunch"


async def test_every_decision_survives_the_table() -> None:
    for words in ("I will kill you", "nothing", "My NIC is 901234567V"):
        decision = decided(words, bare())
        assert rows.decision_of(rows.decision_json(decision)) == decision


async def test_a_batch_leaves_case_turn_response_audit_and_announcements() -> None:
    async with running_policy() as policy:
        await policy.receive(received(HOURS))
        outbox = [row.type for row in await policy.rows("SELECT type FROM outbox ORDER BY seq")]
        assert outbox == ["CaseOpened", "CaseRouted", "ResponseApproved"]
        (response,) = await policy.rows("SELECT * FROM response")
        assert (response.state, response.level) == ("approved", "L0")
        trail = await policy.rows("SELECT * FROM audit WHERE agency = 'passports' ORDER BY number")
        assert [row.action for row in trail][-3:] == ["case.opened", "case.routed", "response.released"]
        (head,) = await policy.rows("SELECT * FROM audit_head WHERE agency = 'passports'")
        assert audit.verify([tuple(row) for row in trail], {"passports": (head.number, head.hash)}) == []


async def test_what_an_author_wrote_before_is_known_in_the_next_batch() -> None:
    async with running_policy() as policy:
        await policy.receive(received(HOURS), received("The blue bus", author=Author(id="another"), comment="cmt_2"))
        await policy.receive(received(COMPLAINT, comment="cmt_3"))
        await policy.receive(edited("The red bus", comment="cmt_3"))
        known = {turn.number: turn.decision.circumstances for turn in (await loaded(policy)).turns}
        rows_found = await policy.rows("SELECT number, decision -> 'circumstances' AS known FROM turn ORDER BY number")
        known |= {row.number: rows.from_json(row.known) for row in rows_found}
        assert [known[n].get("earlier_kinds", []) for n in (1, 2, 3, 4)] == [[], [], ["question"], ["question"]]
        assert known[4]["earlier_dispositions"] == ["answer"]
        assert [known[n]["turn"] for n in (1, 2, 3, 4)] == [1, 1, 2, 2]


async def test_only_the_latest_of_what_an_author_wrote_is_looked_at() -> None:
    async with running_policy() as policy:
        await policy.receive(*(received(f"Bus {n}", comment=f"cmt_{n}") for n in range(30)))
        case = await loaded(policy)
        assert case.turns_by == {"citizen": 30}
        assert list(case.sorted_before["citizen"]) == [f"cmt_{n}" for n in range(10, 30)]


async def test_the_same_comment_in_two_batches_changes_nothing() -> None:
    async with running_policy() as policy:
        for _ in range(2):
            await policy.receive(received(HOURS), received(HOURS))
        counts = await policy.rows(
            'SELECT (SELECT count(*) FROM "case"), (SELECT count(*) FROM turn), (SELECT count(*) FROM outbox)'
        )
        assert tuple(counts[0]) == (1, 1, 3)


async def test_edits_deletions_and_publications_reach_the_rows() -> None:
    async with running_policy() as policy:
        await policy.receive(received(HOURS))
        await policy.receive(published(await released(policy)))
        await policy.receive(edited(COMPLAINT))
        await policy.receive(deleted())
        turns = await policy.rows("SELECT revision, state FROM turn ORDER BY number")
        assert [tuple(turn) for turn in turns] == [(1, "answered"), (2, "deleted")]
        (response,) = await policy.rows("SELECT state, native_id FROM response")
        assert tuple(response) == ("published", "reply-1")
        closed = await policy.rows("SELECT payload FROM outbox WHERE type = 'CaseClosed'")
        assert [
            json.loads(r.payload)["reason"] if isinstance(r.payload, str) else r.payload["reason"] for r in closed
        ] == ["comment_deleted"]


async def test_a_batch_of_many_threads_of_many_agencies_is_written_at_once() -> None:
    async with running_policy() as policy:
        batch = [
            received(HOURS, comment=f"cmt_{n}", thread=f"t-{n % 50}", agency=agency)
            for n in range(100)
            for agency in ("passports", "water-board")
        ]
        await policy.receive(*batch)
        (count,) = await policy.rows('SELECT count(*) AS n, sum(turn_count) AS turns FROM "case"')
        assert (count.n, count.turns) == (100, 200)


async def test_text_that_is_awkward_is_kept() -> None:
    async with running_policy() as policy:
        words = 'quote " backslash \\ emoji 🙂 සිංහල தமிழ் \\u0000'
        await policy.receive(received(words))
        assert (await loaded(policy)).turns[0].text == words


async def test_what_must_never_be_is_refused_by_the_tables() -> None:
    async with running_policy() as policy:
        with pytest.raises(IntegrityError, match="approval_by_another"):
            await policy.rows(
                "INSERT INTO approval VALUES"
                " ('c', 1, 'd', 'x', 'passports', 'x', 'approval', null, 'L1', 'p', 'L1', now()) RETURNING 1"
            )


async def test_another_agency_sees_nothing_even_without_a_where() -> None:
    async with running_policy() as policy:
        await policy.receive(received(COMPLAINT))
        for table in ('"case"', "turn", "audit", "outbox", "issue", "issue_key"):
            async with policy.database.begin(["water-board"]) as connection:
                seen = await connection.execute(text(f"SELECT count(*) FROM {table} WHERE agency <> 'water-board'"))
                assert seen.scalar_one() == 0
