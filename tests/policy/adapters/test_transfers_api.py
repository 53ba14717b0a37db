"""A case that goes to another agency: over HTTP, through the consumer's handler, and held apart by the database."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.policy.adapters.policy_files import Deployment
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.adapters.timekeeping import Timekeeper
from shared import audit
from shared.database import EVERY_AGENCY, Database
from shared.events import CommentDeleted, ModerationEnded, ResponsePublished
from tests.policy.adapters.office import COMPLAINT, DESK, DESK_2, HEAD, LEGAL, Office, an_office, kind_of
from tests.policy.adapters.support import running_policy
from tests.policy.adapters.test_lines_api import ASKED, a_cleared_line
from tests.policy.builders import NOW, deployment, edited, received, sample, shelf

pytestmark = pytest.mark.asyncio

WATER, WATER_2, BANK = "water-desk", "water-desk-2", "bank-desk"
THANKS = "Thank you, great service"
LAWYER = "My lawyer will sue you for defamation"


async def opened(office: Office, said: str = COMPLAINT, **about: Any) -> str:
    await office.policy.receive(received(said, **about), moment=office.now)
    rows = await office.policy.rows("SELECT id FROM \"case\" WHERE agency = 'passports' ORDER BY id DESC")
    return str(rows[0].id)


async def transfer(office: Office, case: str, who: str = DESK, to: str = "water-board", key: str | None = None) -> Any:
    body = {"to": to, "reason": "the pipes are theirs"}
    return await office.policy.post(f"/v1/cases/{case}/transfers", body, who, key=key)


async def transferred(office: Office, case: str, who: str = DESK, to: str = "water-board") -> str:
    answer = await transfer(office, case, who, to)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["transferred_to"]["case"])


async def test_what_is_written_after_a_transfer_is_moderated_by_the_agency_that_has_the_case() -> None:
    async with an_office() as office:
        case = await opened(office)
        there = await transferred(office, case)
        await office.policy.receive(received("you bastard", comment="cmt_2"))

        async def moderate(where: str, comment: str, who: str) -> Any:
            body = {"comment": comment, "action": "hide", "reason": "It insults."}
            return await office.policy.post(f"/v1/cases/{where}/moderations", body, who)

        assert kind_of(await moderate(case, "cmt_2", DESK)) == (409, "comment-gone")
        assert kind_of(await moderate(there, "cmt_1", WATER)) == (409, "anothers-account")
        assert (await moderate(case, "cmt_1", DESK)).status_code == 201
        asked = (await moderate(there, "cmt_2", WATER)).json()
        path, consent = f"/v1/orders/{asked['id']}/approvals", {"digest": asked["digest"]}
        approved = await office.policy.post(path, consent, WATER_2)
        assert (approved.status_code, approved.json()["state"]) == (201, "cleared"), approved.text
        (row,) = await office.policy.rows("SELECT payload FROM outbox WHERE type = 'ModerationOrdered'")
        said = {name: row.payload[name] for name in ("agency", "account", "case", "comment", "native_id")}
        assert said == {
            "agency": "water-board",
            "account": "acc-1",
            "case": there,
            "comment": "cmt_2",
            "native_id": "n-cmt_2",
        }
        ended = ModerationEnded(
            agency="passports",
            platform="mastodon",
            account="acc-1",
            thread="thread-1",
            order=asked["id"],
            case=there,
            comment="cmt_2",
            action="hide",
            outcome="done",
            ended_at=NOW,
        )
        await office.policy.receive(ended)
        assert (await office.policy.get(f"/v1/orders/{asked['id']}", WATER)).json()["state"] == "ended"


async def test_the_case_is_the_receivers_and_each_side_says_where_the_other_is() -> None:
    async with an_office() as office:
        case = await opened(office, THANKS)
        await office.policy.receive(received(COMPLAINT, comment="cmt_2"))
        there = await transferred(office, case)
        here = (await office.policy.get(f"/v1/cases/{case}")).json()
        assert (here["state"], here["disposition"], here["transferred_to"]["agency"]) == (
            "closed",
            "transfer",
            "water-board",
        )
        seen = (await office.policy.get(f"/v1/cases/{there}", WATER)).json()
        assert (seen["agency"], seen["state"], seen["transferred_from"]["case"]) == ("water-board", "open", case)
        assert [(turn["comment"], turn["state"]) for turn in seen["turns"]] == [
            ("cmt_1", "brought"),
            ("cmt_2", "waiting"),
        ]
        assert seen["turns"][1]["policy_version"].startswith("water-board/")
        assert seen["clocks"]["due_at"] is not None


async def test_neither_agency_sees_the_others_case() -> None:
    async with an_office() as office:
        case = await opened(office)
        there = await transferred(office, case)
        assert kind_of(await office.policy.get(f"/v1/cases/{there}", DESK)) == (404, "not-found")
        assert kind_of(await office.policy.get(f"/v1/cases/{case}", WATER)) == (404, "not-found")
        for agency, whose in (("passports", case), ("water-board", there)):
            async with office.policy.database.begin([agency]) as connection:
                for table in ('"case"', "turn", "timer"):
                    column = "id" if table == '"case"' else "case_id"
                    found = await connection.execute(text(f"SELECT DISTINCT {column} FROM {table}"))
                    assert set(found.scalars()) <= {whose}


async def test_who_may_not_act_on_a_case_transfers_nothing() -> None:
    async with an_office() as office:
        case = await opened(office, LAWYER)
        assert kind_of(await transfer(office, case, DESK)) == (403, "not-your-authority")
        assert kind_of(await transfer(office, case, WATER)) == (404, "not-found")
        for nowhere in ("passports", "no-such-agency"):
            assert kind_of(await transfer(office, case, HEAD, nowhere)) == (422, "unknown-agency")
        assert len(await office.policy.rows('SELECT id FROM "case"')) == 1
        assert (await office.policy.get(f"/v1/cases/{case}")).json()["state"] == "open"


async def test_what_is_written_while_a_case_leaves_is_not_left_behind() -> None:
    async with an_office() as office:
        for number in range(5):
            thread = f"thread-{number}"
            case = await opened(office, thread=thread, comment=f"cmt_{number}_1")
            more = [received("And another delay", thread=thread, comment=f"cmt_{number}_{nth}") for nth in (2, 3)]
            answer, *_ = await asyncio.gather(
                transfer(office, case), *(office.policy.receive(comment) for comment in more)
            )
            # Whoever was first: the citizen's second complaint lies above the desk, which then may not transfer it.
            assert answer.status_code in (201, 403), answer.text
            rows = await office.policy.rows(
                'SELECT agency, comment FROM turn JOIN "case" AS c USING (agency)'
                f" WHERE c.id = case_id AND c.thread = '{thread}' AND turn.state = 'waiting'"
            )
            whose = "water-board" if answer.status_code == 201 else "passports"
            assert sorted((row.agency, row.comment) for row in rows) == [
                (whose, f"cmt_{number}_{nth}") for nth in (1, 2, 3)
            ]


async def test_of_two_who_transfer_a_case_at_once_one_does() -> None:
    async with an_office() as office:
        case = await opened(office)
        answers = await asyncio.gather(transfer(office, case, DESK), transfer(office, case, DESK_2, "central-bank"))
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        assert len(await office.policy.rows('SELECT id FROM "case"')) == 2


async def test_the_same_transfer_twice_is_one() -> None:
    async with an_office() as office:
        case = await opened(office)
        answers = [await transfer(office, case, key="once") for _ in range(2)]
        assert answers[0].json() == answers[1].json()
        assert len(await office.policy.rows('SELECT id FROM "case"')) == 2
        assert kind_of(await transfer(office, case)) == (409, "case-over")


async def test_what_is_written_edited_and_deleted_next_reaches_the_receiver() -> None:
    async with an_office() as office:
        case = await opened(office)
        there = await transferred(office, case)
        await office.policy.receive(
            received("And another delay", comment="cmt_2"), edited("Still waiting for water, terrible service")
        )
        rows = await office.policy.rows("SELECT case_id, agency, comment, revision, state FROM turn ORDER BY 1, number")
        assert [(row.comment, row.revision, row.state) for row in rows if row.case_id == case] == [
            ("cmt_1", 1, "closed")
        ]
        assert [(row.agency, row.comment, row.revision, row.state) for row in rows if row.case_id == there] == [
            ("water-board", "cmt_1", 1, "superseded"),
            ("water-board", "cmt_2", 1, "waiting"),
            ("water-board", "cmt_1", 2, "waiting"),
        ]
        place = {"agency": "passports", "platform": "mastodon", "account": "acc-1", "thread": "thread-1"}
        for number, revision in ((1, 2), (2, 1)):
            gone = {"comment": f"cmt_{number}", "native_id": f"n-cmt_{number}", "revision": revision}
            await office.policy.receive(CommentDeleted(**place, **gone, deleted_at=NOW))
        assert (await office.policy.get(f"/v1/cases/{there}", WATER)).json()["state"] == "closed"


async def test_the_answer_goes_out_on_the_account_where_the_citizen_asked_and_settles_the_receivers_case() -> None:
    async with an_office() as office:
        there = await transferred(office, await opened(office))
        written = await office.policy.post(f"/v1/cases/{there}/drafts", {"text": "We mend it."}, WATER)
        path = f"/v1/cases/{there}/drafts/1/approvals"
        done = await office.policy.post(path, {"digest": written.json()["digest"]}, WATER_2)
        assert done.json()["state"] == "released", done.text
        (row,) = await office.policy.rows("SELECT agency, payload FROM outbox WHERE type = 'ResponseApproved'")
        sent = row.payload
        assert (row.agency, sent["account_agency"], sent["account"]) == ("water-board", "passports", "acc-1")
        await office.policy.receive(
            ResponsePublished(
                agency="passports",
                platform=sent["platform"],
                account=sent["account"],
                thread=sent["thread"],
                publication="pub_1",
                response=sent["response"],
                case=sent["case"],
                comments=tuple(sent["comments"]),
                native_id="reply-1",
                text=sent["text"],
                published_at=NOW,
            )
        )
        assert (await office.policy.get(f"/v1/cases/{there}", WATER)).json()["state"] == "answered"
        (answered,) = await office.audited("case.answered")
        assert answered.agency == "water-board"


async def test_a_line_of_the_receiver_answers_a_transferred_question_at_once() -> None:
    async with an_office() as office:
        await office.policy.receive(received("What are your opening hours?", agency="water-board"))
        (case,) = [row.id for row in await office.policy.rows('SELECT id FROM "case"')]
        there = await transferred(office, case, "water-head", "passports")
        (turn,) = await office.policy.rows(f"SELECT state, decision FROM turn WHERE case_id = '{there}'")
        assert (turn.state, turn.decision["line"]) == ("released", "opening-hours")
        (sent,) = await office.policy.rows("SELECT payload FROM outbox WHERE type = 'ResponseApproved'")
        assert (sent.payload["agency"], sent.payload["account_agency"]) == ("passports", "water-board")
        assert (await office.policy.get(f"/v1/cases/{there}")).json()["state"] == "approved"


class Replica(PolicyShelf):
    """One that hears of nothing more when the test says so."""

    is_deaf = False

    async def refresh(self, database: Database, now: datetime) -> list[str]:
        return [] if self.is_deaf else await super().refresh(database, now)


class OneReplica(Deployment):
    """A deployment whose only replica is at hand."""

    replica: Replica

    def shelf(self) -> PolicyShelf:
        return self.replica


@pytest.mark.parametrize("is_withdrawn", [False, True])
async def test_a_line_of_the_receiver_withdrawn_a_moment_ago_answers_no_transferred_question(
    is_withdrawn: bool,
) -> None:
    one = OneReplica(*deployment())
    one.replica = Replica(sample(agency) for agency in ("passports", "water-board", "central-bank"))
    async with running_policy(deployment=one) as policy:
        office = Office(policy)
        await a_cleared_line(office)
        await one.replica.refresh(policy.database, NOW)
        one.replica.is_deaf = True
        if is_withdrawn:
            path = "/v1/lines/times/withdrawals"
            assert (await policy.post(path, {"reason": "wrong"}, LEGAL)).status_code == 201
        await policy.receive(received(ASKED, agency="water-board"))
        (case,) = [row.id for row in await policy.rows('SELECT id FROM "case"')]
        there = await transferred(office, case, "water-head", "passports")
        (turn,) = await policy.rows(f"SELECT state FROM turn WHERE case_id = '{there}'")
        sent = await policy.rows("SELECT payload FROM outbox WHERE type = 'ResponseApproved'")
        assert (turn.state, len(sent)) == (("waiting", 0) if is_withdrawn else ("released", 1))


async def test_a_case_goes_on_to_a_third_agency_and_never_back() -> None:
    async with an_office() as office:
        there = await transferred(office, await opened(office))
        assert kind_of(await transfer(office, there, WATER, "passports")) == (409, "had-it-before")
        further = await transferred(office, there, WATER, "central-bank")
        assert kind_of(await transfer(office, further, BANK, "passports")) == (409, "had-it-before")
        await office.policy.receive(received("Anybody there?", comment="cmt_2"))
        seen = (await office.policy.get(f"/v1/cases/{further}", BANK)).json()
        assert [turn["comment"] for turn in seen["turns"]] == ["cmt_1", "cmt_2"]
        assert seen["transferred_from"]["agencies"] == ["passports", "water-board"]


async def test_the_clock_of_the_receiver_goes_on_and_that_of_the_sender_is_over() -> None:
    async with an_office() as office:
        case = await opened(office)
        office.now = NOW + timedelta(minutes=60)
        there = await transferred(office, case)
        time = sample("water-board").time.working
        seen = (await office.policy.get(f"/v1/cases/{there}/clocks", WATER)).json()
        (clock,) = seen["clocks"]
        assert clock["started_at"] == "2026-11-23T05:30:00.000Z"
        due = time.after(office.now, 180)
        assert due is not None
        assert seen["due_at"] == due.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        rows = await office.policy.rows("SELECT DISTINCT case_id FROM timer WHERE fired_at IS NULL")
        assert [row.case_id for row in rows] == [there]


async def test_another_calendar_moves_the_carried_clock_too_and_leaves_what_was_transferred() -> None:
    async with an_office() as office:
        there = await transferred(office, await opened(office))
        async with office.policy.database.begin(EVERY_AGENCY) as connection:
            await connection.execute(text(f"UPDATE \"case\" SET calendar = 'of-before' WHERE id = '{there}'"))

        async def refresh() -> None:
            return None

        keeper = Timekeeper(office.policy.database, shelf(), refresh, lambda: NOW, 1)
        before = await office.policy.rows('SELECT id, due_at FROM "case" ORDER BY id')
        await keeper.move_deadlines()
        assert await office.policy.rows('SELECT id, due_at FROM "case" ORDER BY id') == before


async def test_what_was_transferred_stays_so_whoever_writes() -> None:
    async with an_office() as office:
        case = await opened(office)
        await transferred(office, case)
        with pytest.raises(IntegrityError):
            async with office.policy.database.begin(EVERY_AGENCY) as connection:
                await connection.execute(text(f"UPDATE \"case\" SET turn_count = 2 WHERE id = '{case}'"))


async def test_a_transfer_is_on_record_on_both_sides_and_both_chains_hold() -> None:
    async with an_office() as office:
        case = await opened(office)
        there = await transferred(office, case)
        (gone,), (come,) = await office.audited("case.transferred"), await office.audited("case.received")
        assert (gone.agency, gone.actor, gone.subject) == ("passports", DESK, case)
        assert (come.agency, come.actor, come.on_behalf_of, come.subject) == (
            "water-board",
            DESK,
            "Enquiries Officer",
            there,
        )
        trail = await office.policy.rows(
            "SELECT agency, number, at, actor, on_behalf_of, action, subject, details, hash"
            " FROM audit ORDER BY agency, number"
        )
        heads = {head.agency: (head.number, head.hash) for head in await office.policy.rows("SELECT * FROM audit_head")}
        assert audit.verify([tuple(row) for row in trail], heads) == []


async def test_an_open_draft_lapses_when_its_case_leaves() -> None:
    async with an_office() as office:
        case = await office.case()
        await transferred(office, case)
        assert (await office.draft(case))["state"] == "lapsed"
        assert kind_of(await office.approve(case, DESK_2)) == (409, "draft-not-open")
        written = await office.policy.post(f"/v1/cases/{case}/drafts", {"text": "But still."}, DESK)
        assert kind_of(written) == (409, "nothing-to-answer")


async def test_a_thread_that_the_receiver_has_already_is_not_joined() -> None:
    async with an_office() as office:
        await office.policy.receive(received("Our water is off", agency="water-board", comment="cmt_9"))
        case = await opened(office)
        assert kind_of(await transfer(office, case)) == (409, "thread-known-there")
        assert (await office.policy.get(f"/v1/cases/{case}")).json()["state"] == "open"
