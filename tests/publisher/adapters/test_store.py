"""Claiming and settling on a real Postgres."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest
from sqlalchemy import text

from services.publisher import handlers
from services.publisher.adapters.consumers import handler
from services.publisher.adapters.credentials import Vault
from services.publisher.adapters.store import claiming, credentials, settling
from services.publisher.adapters.store.claims import PostgresClaims
from services.publisher.adapters.store.duties import Duties
from services.publisher.domain import settlements
from services.publisher.domain.outcomes import (
    CredentialsDead,
    Outcome,
    Published,
    Refused,
    Throttled,
    Unknown,
    detail_of,
    name_of,
)
from services.publisher.domain.publications import Nature
from services.publisher.domain.settlements import RetryPolicy
from services.publisher.ports import AccountKey, Attempt, Claim, Settled
from shared import audit
from shared.database import EVERY_AGENCY, Database
from shared.errors import Dead
from shared.events import AccountDisabled, ResponseApproved, ResponsePublished
from shared.ids import account_id
from shared.secrets import Seal
from tests.publisher.builders import NOW, PAGE, a_connected_account, a_response, received
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio(loop_scope="session")

VAULT = Vault(Seal(b"k" * 32), {"facebook": "https://graph.example/"})
LEASE = timedelta(seconds=30)
TRACE = f"00-{'a' * 32}-{'b' * 16}-01"
ACCOUNT = account_id("facebook", PAGE)


@asynccontextmanager
async def a_database() -> AsyncIterator[Database]:
    urls = await fresh_service_database("publisher")
    database = Database(urls.working, application_name="tests", pool_size=5)
    try:
        yield database
    finally:
        await database.close()


async def record(database: Database, *responses: ResponseApproved) -> None:
    async with database.begin(EVERY_AGENCY) as connection:
        await handlers.on_response_approved([(one, None) for one in responses], Duties(connection, lambda: NOW))


async def claim(
    database: Database,
    room: int = 200,
    each: int = 200,
    lease: timedelta = LEASE,
    room_of: Mapping[AccountKey, int] = MappingProxyType({}),
) -> Sequence[Claim]:
    return await claiming.claim(database, VAULT, room=room, room_of=room_of, each=each, lease=lease)


def settled(claimed: Claim, outcome: Outcome) -> Settled:
    settlement = settlements.after_send(
        claimed.progress, outcome, RetryPolicy(), started=claimed.claimed_at, troubles=claimed.troubles
    )
    attempt = Attempt(claimed.claimed_at, claimed.claimed_at, name_of(outcome), detail_of(outcome))
    return Settled(claimed, settlement, attempt)


async def rows(database: Database, query: str, **names: Any) -> list[Any]:
    async with database.begin(EVERY_AGENCY) as connection:
        return list(await connection.execute(text(query), names))


async def run(database: Database, statement: str) -> None:
    async with database.begin(EVERY_AGENCY) as connection:
        await connection.execute(text(statement))


async def give_credentials(database: Database) -> None:
    async with database.begin(EVERY_AGENCY) as connection:
        account = await credentials.account(connection, ACCOUNT)
        await credentials.put(connection, account, VAULT.seal(ACCOUNT, "page-token"), None, "v30.0", "admin")


async def test_a_response_becomes_one_publication_however_often_it_arrives() -> None:
    async with a_database() as database:
        response = a_response()
        await record(database, response, response)
        await record(database, response)
        found = await rows(database, "SELECT state, response FROM publication")
        assert found == [("pending", response.response)]
        assert await rows(database, "SELECT action FROM audit") == [("publication.recorded",)]


async def test_a_batch_of_events_becomes_duties_and_accounts() -> None:
    async with a_database() as database:
        async with database.begin(EVERY_AGENCY) as connection:
            await handler({})(connection, [received(a_connected_account()), received(a_response(), TRACE)])
        (known,) = await rows(database, "SELECT id, name FROM account")
        assert known == (ACCOUNT, "Passports")
        (claimed,) = await claim(database)
        assert claimed.publication.traceparent == TRACE


async def test_an_account_named_later_keeps_its_publications() -> None:
    async with a_database() as database:
        await record(database, a_response())
        async with database.begin(EVERY_AGENCY) as connection:
            await Duties(connection, lambda: NOW).connect([a_connected_account(name="Department of Passports")])
        assert await rows(database, "SELECT id, name FROM account") == [(ACCOUNT, "Department of Passports")]
        assert len(await claim(database)) == 1


async def test_a_response_for_an_account_of_another_agency_is_dead_instead_of_never_due() -> None:
    async with a_database() as database:
        await record(database, a_response())
        with pytest.raises(Dead, match="water-board"):
            await record(database, a_response(agency="water-board"))


async def test_another_agencys_answer_goes_out_on_the_account_where_the_citizen_asked() -> None:
    async with a_database() as database:
        await record(database, a_response())
        answer = a_response(agency="water-board", account_agency="passports", thread="900_2")
        await record(database, answer)
        found = {each.publication.response: each.publication.agency for each in await claim(database)}
        assert found[answer.response] == "passports"


async def test_a_claim_carries_what_was_released() -> None:
    async with a_database() as database:
        response = a_response(language="en", mention="nimal", comments=("cmt_1", "cmt_2"), visibility="unlisted")
        response = response.model_copy(update={"subject_line": "Passport PA-1183"})
        await record(database, response)
        (claimed,) = await claim(database)
        found = claimed.publication
        assert replace(handlers.duty(response), publication=found.publication) == found
        assert found.subject_line == "Passport PA-1183"
        assert (claimed.progress.state, claimed.credentials) == ("pending", None)


async def test_two_claimers_never_get_the_same_publication() -> None:
    async with a_database() as database:
        await record(database, *(a_response(thread=str(number)) for number in range(200)))
        batches = await asyncio.gather(*(claim(database, room=30) for _ in range(5)))
        claimed = [one.publication.publication for batch in batches for one in batch]
        assert len(claimed) == len(set(claimed))
        while batch := await claim(database, room=30):
            claimed += [one.publication.publication for one in batch]
        assert len(claimed) == len(set(claimed)) == 200


async def test_only_the_oldest_open_publication_of_a_thread_is_claimed() -> None:
    async with a_database() as database:
        first, second, other = a_response(), a_response(), a_response(thread="other")
        await record(database, first, second, other)
        claimed = await claim(database)
        assert {one.publication.response for one in claimed} == {first.response, other.response}
        assert await claim(database) == []
        await settling.settle(database, [settled(one, Published("1")) for one in claimed])
        assert [one.publication.response for one in await claim(database)] == [second.response]


@pytest.mark.parametrize(("purpose", "free"), [("holding", True), ("acknowledgement", True), ("answer", False)])
@pytest.mark.parametrize("needs_person", [False, True])
async def test_what_is_no_answer_and_in_doubt_holds_no_answer_back(
    purpose: str, free: bool, needs_person: bool
) -> None:
    async with a_database() as database:
        doubtful, answer = a_response(purpose=purpose), a_response()
        await record(database, doubtful, answer)
        await run(
            database,
            f"UPDATE publication SET state = 'unknown', reason = 'no_answer', needs_person = {needs_person},"
            f" due_at = now() + interval '1 hour' WHERE response = '{doubtful.response}'",
        )
        assert [one.publication.response for one in await claim(database)] == ([answer.response] if free else [])
        await run(database, f"UPDATE publication SET due_at = now() WHERE response = '{doubtful.response}'")
        assert [one.publication.response for one in await claim(database)] == [doubtful.response]


async def test_while_a_holding_reply_is_tried_the_answer_waits_for_what_comes_of_it() -> None:
    async with a_database() as database:
        holding, answer = a_response(purpose="holding"), a_response()
        await record(database, holding)
        (sent,) = await claim(database)
        await record(database, answer)
        assert await claim(database) == []
        await settling.settle(database, [settled(sent, Unknown("hung up"))])
        assert [one.publication.response for one in await claim(database)] == [answer.response]
        assert await rows(database, "SELECT state, reason FROM publication WHERE purpose = 'holding'") == [
            ("unknown", "superseded")
        ]


async def test_a_holding_reply_that_is_not_sent_yet_fails_once_its_answer_is_known() -> None:
    async with a_database() as database:
        holding, answer = a_response(purpose="holding"), a_response(comments=("cmt_1", "cmt_2"))
        await record(database, holding)
        await run(database, "UPDATE publication SET due_at = now() + interval '5 minutes'")
        await record(database, answer)
        (overtaken,) = await claim(database)
        step = settlements.next_step(overtaken.progress, Nature(), RetryPolicy(), overtaken.claimed_at)
        assert (overtaken.publication.response, step) == (holding.response, "superseded")
        await settling.settle(database, [Settled(overtaken, settlements.superseded(overtaken.progress), None)])
        (told,) = await rows(database, "SELECT payload ->> 'purpose' AS purpose, payload ->> 'reason' FROM outbox")
        assert told == ("holding", "superseded")
        assert [one.publication.response for one in await claim(database)] == [answer.response]


async def test_a_holding_reply_put_off_after_its_answer_was_known_is_not_sent_any_more() -> None:
    async with a_database() as database:
        await record(database, a_response(purpose="holding"))
        (sent,) = await claim(database)
        await record(database, a_response())
        await settling.settle(database, [settled(sent, Throttled(1))])
        assert await rows(database, "SELECT state, reason FROM publication WHERE purpose = 'holding'") == [
            ("pending", "superseded")
        ]


async def test_an_answer_to_other_comments_of_the_thread_overtakes_no_holding_reply() -> None:
    async with a_database() as database:
        holding = a_response(purpose="holding")
        await record(database, holding, a_response(comments=("cmt_9",)), a_response(thread="other"))
        assert {one.progress.reason for one in await claim(database)} == {None}
        assert await rows(database, "SELECT reason FROM publication WHERE reason IS NOT NULL") == []


async def test_what_was_published_says_what_it_was_for() -> None:
    async with a_database() as database:
        await record(database, a_response(purpose="holding"), a_response(thread="other", purpose="acknowledgement"))
        claimed = await claim(database)
        outcomes: list[Outcome] = [Published("1"), Refused("not_possible", "gone")]
        await settling.settle(database, [settled(*pair) for pair in zip(claimed, outcomes, strict=True)])
        told = await rows(database, "SELECT payload ->> 'purpose' AS purpose FROM outbox ORDER BY seq")
        assert [row.purpose for row in told] == [one.publication.purpose for one in claimed]
        assert {one.publication.purpose for one in claimed} == {"holding", "acknowledgement"}


async def test_the_answer_to_a_comment_is_published_after_its_holding_reply() -> None:
    async with a_database() as database:
        holding, answer = a_response(purpose="holding"), a_response()
        for expected in (holding, answer):
            await record(database, expected)
            (claimed,) = await claim(database)
            assert claimed.publication.response == expected.response
            await settling.settle(database, [settled(claimed, Published(expected.response))])
        states = await rows(database, "SELECT purpose, state FROM publication ORDER BY position")
        assert states == [("holding", "published"), ("answer", "published")]


async def test_an_older_publication_that_is_not_due_holds_its_thread_back() -> None:
    async with a_database() as database:
        await record(database, a_response(), a_response())
        (first,) = await claim(database)
        await settling.settle(database, [settled(first, Unknown("hung up"))])
        assert await claim(database) == []


async def test_a_lease_that_ran_out_comes_back_as_a_send_that_nobody_finished() -> None:
    async with a_database() as database:
        await record(database, a_response())
        (first,) = await claim(database, lease=timedelta(0))
        (second,) = await claim(database)
        assert second.progress.state == "sending"
        assert second.progress.sent_at == first.claimed_at
        assert await rows(database, "SELECT state FROM publication") == [("unknown",)]


async def test_a_process_that_slept_through_its_lease_changes_nothing() -> None:
    async with a_database() as database:
        await record(database, a_response())
        (zombie,) = await claim(database, lease=timedelta(0))
        (successor,) = await claim(database)
        assert await settling.settle(database, [settled(zombie, Published("zombie"))]) == [False]
        assert await rows(database, "SELECT count(*) FROM outbox") == [(0,)]
        assert await rows(database, "SELECT count(*) FROM attempt") == [(0,)]
        assert await settling.settle(database, [settled(successor, Published("1"))]) == [True]
        assert await rows(database, "SELECT native_id FROM publication") == [("1",)]
        assert await settling.settle(database, [settled(successor, Published("2"))]) == [False]


async def test_a_batch_is_settled_with_its_attempts_events_and_audit_rows() -> None:
    async with a_database() as database:
        await record(database, *(a_response(thread=str(number)) for number in range(4)))
        claimed = await claim(database)
        gone = Refused("not_possible", "gone")
        outcomes: list[Outcome] = [Published("1", "https://x"), gone, Unknown("?"), Throttled(9)]
        kept = await settling.settle(database, [settled(*pair) for pair in zip(claimed, outcomes, strict=True)])
        assert kept == [True] * 4
        states = await rows(database, "SELECT id, state, reason, native_id, lease_token, attempts FROM publication")
        by_id = {row.id: row[1:] for row in states}
        assert [by_id[one.publication.publication] for one in claimed] == [
            ("published", None, "1", None, 1),
            ("failed", "not_possible", None, None, 1),
            ("unknown", "no_answer", None, None, 1),
            ("pending", None, None, None, 1),
        ]
        sent = await rows(database, "SELECT type, aggregateid FROM outbox ORDER BY seq")
        assert sent == [
            ("ResponsePublished", f"facebook:{PAGE}:{claimed[0].publication.thread}"),
            ("PublicationFailed", f"facebook:{PAGE}:{claimed[1].publication.thread}"),
        ]
        outcomes_kept = await rows(database, "SELECT outcome FROM attempt WHERE number = 1 ORDER BY outcome")
        assert [row.outcome for row in outcomes_kept] == ["published", "refused", "throttled", "unknown"]
        assert await rows(database, "SELECT count(*) FROM audit WHERE action = 'publication.settled'") == [(4,)]
        assert audit.verify(await _trail(database), await _heads(database)) == []


async def _trail(database: Database) -> list[Any]:
    columns = "agency, number, at, actor, on_behalf_of, action, subject, details, hash"
    return await rows(database, f"SELECT {columns} FROM audit ORDER BY agency, number")


async def _heads(database: Database) -> dict[str, tuple[int, str]]:
    return {row.agency: (row.number, row.hash) for row in await rows(database, "SELECT * FROM audit_head")}


async def test_what_was_published_can_be_read_as_its_event() -> None:
    async with a_database() as database:
        response = a_response(language="si", text="විවෘතයි")
        await record(database, response)
        (claimed,) = await claim(database)
        await settling.settle(database, [settled(claimed, Published("900_1_7"))])
        ((payload,),) = await rows(database, "SELECT CAST(payload AS text) FROM outbox")
        event = ResponsePublished.model_validate_json(payload)
        assert (event.response, event.comments, event.text) == (response.response, ("cmt_1",), "විවෘතයි")
        assert (event.native_id, event.language) == ("900_1_7", "si")


async def test_a_detail_is_kept_up_to_eight_kibibytes_without_what_postgres_refuses() -> None:
    async with a_database() as database:
        await record(database, a_response())
        (claimed,) = await claim(database)
        await settling.settle(database, [settled(claimed, Unknown("\x00\ud800" + "é" * 10_000))])
        ((kept,),) = await rows(database, "SELECT octet_length(detail) FROM attempt")
        assert 8000 < kept <= 8192


async def test_an_account_gets_no_more_than_its_room() -> None:
    async with a_database() as database:
        await record(database, *(a_response(thread=str(number)) for number in range(10)))
        await record(database, *(a_response(thread=str(number), account="2") for number in range(10)))
        room_of = {("passports", "facebook", PAGE): 0}
        claimed = await claim(database, each=3, room_of=room_of)
        assert [one.publication.account for one in claimed] == ["2"] * 3


async def test_no_account_starves_behind_the_backlog_of_others() -> None:
    async with a_database() as database:
        for account in "123":
            await record(database, *(a_response(thread=str(n), account=account) for n in range(60)))
        seen = set()
        for _ in range(40):
            seen |= {one.publication.account for one in await claim(database, room=2, each=2)}
        assert seen == {"1", "2", "3"}


async def test_dead_credentials_degrade_their_account_once_and_pause_it() -> None:
    async with a_database() as database:
        await record(database, *(a_response(thread=str(number)) for number in range(3)))
        claimed = await claim(database)
        await settling.settle(database, [settled(one, CredentialsDead("code 190")) for one in claimed])
        assert await rows(database, "SELECT type, subject FROM outbox") == [("AccountDegraded", ACCOUNT)]
        assert await claim(database) == []
        await run(database, "UPDATE account SET paused_until = NULL")
        (probe,) = await claim(database)
        assert (probe.degraded, probe.troubles) == (True, 1)
        await settling.settle(database, [settled(probe, CredentialsDead("code 190"))])
        assert len(await rows(database, "SELECT * FROM outbox")) == 1


async def test_new_credentials_free_what_waited_and_the_next_success_restores() -> None:
    async with a_database() as database:
        await record(database, *(a_response(thread=str(number)) for number in range(3)))
        claimed = await claim(database)
        await settling.settle(database, [settled(one, CredentialsDead("code 190")) for one in claimed])
        await give_credentials(database)
        (probe,) = await claim(database)
        assert probe.credentials is not None
        assert (probe.credentials.token, probe.credentials.base_url) == ("page-token", "https://graph.example")
        await settling.settle(database, [settled(probe, Published("1"))])
        sent = await rows(database, "SELECT type FROM outbox ORDER BY seq")
        assert [row.type for row in sent] == ["AccountDegraded", "ResponsePublished", "AccountRestored"]
        assert len(await claim(database)) == 2


async def test_a_pause_earned_with_old_credentials_does_not_bind_new_ones() -> None:
    async with a_database() as database:
        await record(database, a_response())
        (claimed,) = await claim(database)
        await give_credentials(database)
        await settling.settle(database, [settled(claimed, CredentialsDead("code 190"))])
        assert len(await claim(database)) == 1
        assert await rows(database, "SELECT * FROM outbox") == []


async def test_a_success_that_spends_the_budget_restores_its_account_and_lets_it_rest() -> None:
    async with a_database() as database:
        await record(database, a_response())
        await run(
            database, "UPDATE account SET troubles = 3, degraded_at = now(), degraded_reason = 'credentials_dead'"
        )
        (claimed,) = await claim(database)
        await settling.settle(database, [settled(claimed, Published("1", rest=60.0))])
        ((troubles, degraded, rests),) = await rows(
            database, "SELECT troubles, degraded_at, paused_until > now() FROM account"
        )
        assert (troubles, degraded, rests) == (0, None, True)
        assert await rows(database, "SELECT count(*) FROM outbox WHERE type = 'AccountRestored'") == [(1,)]


async def test_an_account_that_was_disabled_since_is_not_connected_by_an_event_from_before() -> None:
    async with a_database() as database:
        key = {"agency": "passports", "platform": "facebook", "account": PAGE, "account_id": ACCOUNT}
        async with database.begin(EVERY_AGENCY) as connection:
            work = Duties(connection, lambda: NOW)
            await work.connect([a_connected_account()])
            await work.disable([AccountDisabled(**key, disabled_at=NOW + timedelta(hours=1))])
            await work.connect([a_connected_account()])
        assert await rows(database, "SELECT disabled_at IS NULL FROM account") == [(False,)]


async def test_the_parts_of_another_thread_are_not_taken_for_those_of_a_doubtful_one() -> None:
    async with a_database() as database:
        await record(database, a_response(), a_response())
        await run(
            database,
            "UPDATE publication SET state = 'failed', reason = 'x', due_at = NULL, posted = ARRAY['n1', 'n2']"
            " WHERE position = 1",
        )
        await run(database, "UPDATE publication SET state = 'unknown' WHERE position = 2")
        (claimed,) = await claim(database)
        assert claimed.taken == {"n1", "n2"}


async def test_native_ids_of_other_replies_to_the_comment_come_with_a_doubtful_claim() -> None:
    async with a_database() as database:
        await record(database, a_response(), a_response())
        (first,) = await claim(database)
        await settling.settle(database, [settled(first, Published("first"))])
        (second,) = await claim(database, lease=timedelta(0))
        assert second.taken == frozenset()
        (again,) = await claim(database)
        assert again.taken == frozenset({"first"})


async def test_settlements_that_arrive_together_are_each_answered() -> None:
    async with a_database() as database:
        claims = PostgresClaims(database, VAULT, lease=LEASE)
        await record(database, *(a_response(thread=str(number)) for number in range(50)))
        claimed = await claims.claim(50, {}, 50, {})
        kept = await asyncio.gather(*(claims.settle(settled(one, Published(str(n)))) for n, one in enumerate(claimed)))
        assert kept == [True] * 50
        await claims.close()
        assert await rows(database, "SELECT count(*) FROM publication WHERE state = 'published'") == [(50,)]


async def test_a_token_is_sealed_in_its_row_and_opens_for_no_other_account() -> None:
    async with a_database() as database:
        await record(database, a_response())
        await give_credentials(database)
        ((sealed,),) = await rows(database, "SELECT sealed FROM credentials")
        assert b"page-token" not in bytes(sealed)
        await run(database, "UPDATE credentials SET account_id = 'acc_other'; ")
        await run(database, "UPDATE account SET id = 'acc_other'")
        (claimed,) = await claim(database)
        assert claimed.credentials is None


@pytest.mark.parametrize(
    "change",
    [
        "state = 'published'",
        "state = 'failed', due_at = NULL",
        "state = 'sending'",
        "state = 'done'",
        "needs_person = true",
        "lease_until = now()",
    ],
)
async def test_the_database_forbids_impossible_states(change: str) -> None:
    async with a_database() as database:
        await record(database, a_response())
        with pytest.raises(Exception, match="CheckViolation"):
            await run(database, f"UPDATE publication SET {change}")


async def test_a_transaction_of_one_agency_sees_nothing_of_another() -> None:
    async with a_database() as database:
        await record(database, a_response(), a_response(agency="water-board", account="2"))
        async with database.begin(["water-board"]) as connection:
            seen = (await connection.execute(text("SELECT agency FROM publication"))).all()
        assert seen == [("water-board",)]
