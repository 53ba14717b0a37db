"""Officers say over HTTP of what kind a comment was; what was decided stays, what comes next knows better."""

from typing import Any

import pytest

from services.policy.adapters.common_classifier import common_classifier
from services.policy.adapters.store import corrections
from services.policy.domain.learning.examples import Example
from shared.database import EVERY_AGENCY
from tests.policy.adapters.support import Policy, running_policy
from tests.policy.builders import NOW, edited, received

pytestmark = pytest.mark.asyncio

TEXT = "Still waiting after six weeks, no reply at all"
SPAM = "Earn money from home, double your money, claim your prize: click here"
DESK, DESK_2 = "passports-desk", "passports-desk-2"


async def a_case(policy: Policy, text: str = TEXT, agency: str = "passports", **about: Any) -> str:
    """The case of a comment that has come in."""
    await policy.receive(received(text, agency=agency, **about))
    rows = await policy.rows('SELECT id FROM "case" ORDER BY id DESC LIMIT 1')
    return str(rows[0].id)


async def corrected(policy: Policy, case: str, kind: str, who: str = DESK, **more: Any) -> Any:
    """What is answered to the officer who says so; ``comment`` among ``more`` names one."""
    named = {name: more.pop(name) for name in ("comment",) if name in more}
    return await policy.post(f"/v1/cases/{case}/corrections", {"kind": kind, **named}, who, **more)


async def listed(policy: Policy, case: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await policy.get(f"/v1/cases/{case}/corrections")).json()["items"]
    return items


async def test_a_correction_is_kept_and_goes_on_record() -> None:
    async with running_policy() as policy:
        case = await a_case(policy)
        answer = await corrected(policy, case, "opinion")
        assert answer.status_code == 201
        body = answer.json()
        assert body.pop("id").startswith("cor_")
        assert body == {
            "case": case,
            "comment": "cmt_1",
            "kind_was": "complaint",
            "kind": "opinion",
            "officer": DESK,
            "at": "2026-11-23T04:30:00.000Z",
        }
        assert await listed(policy, case) == [answer.json()]
        trail = (await policy.rows("SELECT action, actor, on_behalf_of, subject FROM audit ORDER BY number"))[-1]
        assert tuple(trail) == ("comment.corrected", DESK, "Enquiries Officer", case)


async def test_what_was_decided_stays_decided() -> None:
    async with running_policy() as policy:
        case = await a_case(policy)
        before = (await policy.get(f"/v1/cases/{case}")).json()
        assert (await corrected(policy, case, "complaint")).status_code == 201
        assert (await policy.get(f"/v1/cases/{case}")).json() == before
        assert before["explanation"]["classifier"] == common_classifier().version


async def test_pressing_twice_is_one_correction() -> None:
    async with running_policy() as policy:
        case = await a_case(policy)
        first = await corrected(policy, case, "complaint", key="once")
        second = await corrected(policy, case, "complaint", key="once")
        assert (second.status_code, second.json()) == (201, first.json())
        assert len(await listed(policy, case)) == 1
        other = await corrected(policy, case, "venting", key="once")
        assert (other.status_code, other.json()["type"].rsplit(":", 1)[-1]) == (422, "idempotency-key-reused")


async def test_the_kind_that_it_is_held_to_be_already_is_confirmed_by_each_officer_once() -> None:
    async with running_policy() as policy:
        case = await a_case(policy, "Where is the office?")
        first = await corrected(policy, case, "question")
        assert (first.status_code, first.json()["kind_was"], first.json()["kind"]) == (201, "question", "question")
        again = await corrected(policy, case, "question")
        assert (again.status_code, again.json()) == (200, first.json())
        assert (await corrected(policy, case, "question", DESK_2)).status_code == 201
        assert (await corrected(policy, case, "complaint", DESK_2)).json()["kind_was"] == "question"
        assert [each["kind"] for each in await listed(policy, case)] == ["question", "question", "complaint"]
        acts = await policy.rows("SELECT action FROM audit WHERE action LIKE 'comment.%' ORDER BY number")
        assert [act.action for act in acts] == ["comment.confirmed", "comment.confirmed", "comment.corrected"]


async def test_the_text_of_confirmed_spam_is_hidden_without_a_person_from_then_on() -> None:
    async with running_policy() as policy:
        spam = {comment: received(SPAM, comment=comment, thread=comment) for comment in ("cmt_1", "cmt_2", "cmt_3")}
        await policy.receive(spam["cmt_1"])
        await policy.receive(spam["cmt_2"])
        cases = [row.id for row in await policy.rows('SELECT id FROM "case" ORDER BY id')]
        assert (await corrected(policy, cases[0], "spam")).status_code == 201
        await policy.receive(spam["cmt_3"])
        turns = await policy.rows("SELECT decision ->> 'level' AS level FROM turn ORDER BY comment")
        assert [turn.level for turn in turns] == ["L1", "L1", "L0"]
        async with policy.database.begin(EVERY_AGENCY) as connection:
            assert await corrections.examples(connection, "passports") == [Example(SPAM, "spam")]


async def test_the_newest_turn_is_meant_unless_a_comment_is_named() -> None:
    async with running_policy() as policy:
        case = await a_case(policy, "Where is the office?")
        await policy.receive(received("the blue bus", comment="cmt_2"))
        await policy.receive(edited("the blue bus at noon", comment="cmt_2"))
        assert (await corrected(policy, case, "venting")).json()["comment"] == "cmt_2"
        first = await corrected(policy, case, "complaint", comment="cmt_1")
        assert (first.json()["comment"], first.json()["kind_was"]) == ("cmt_1", "question")
        unknown = await corrected(policy, case, "complaint", comment="cmt_9")
        assert (unknown.status_code, unknown.json()["type"].rsplit(":", 1)[-1]) == (422, "unknown-comment")
        assert unknown.json()["errors"][0]["pointer"] == "/comment"
        assert [row.turn for row in await policy.rows("SELECT turn FROM correction ORDER BY turn")] == [1, 3]


@pytest.mark.parametrize(
    ("who", "agencies", "status", "kind"),
    [
        ("passports-nobody", (), 403, "not-your-authority"),
        ("water-desk", (), 404, "not-found"),
        ("water-desk", ("passports",), 403, "not-your-authority"),
    ],
)
async def test_only_an_officer_of_the_agency_may_correct(
    who: str, agencies: tuple[str, ...], status: int, kind: str
) -> None:
    async with running_policy() as policy:
        case = await a_case(policy)
        refusal = await policy.post(f"/v1/cases/{case}/corrections", {"kind": "complaint"}, who, *agencies)
        assert (refusal.status_code, refusal.json()["type"].rsplit(":", 1)[-1]) == (status, kind)
        assert await listed(policy, case) == []


async def test_another_agency_s_corrections_are_not_there() -> None:
    async with running_policy() as policy:
        case = await a_case(policy)
        for path in (f"/v1/cases/{case}/corrections", "/v1/cases/case_0/corrections", "/v1/cases/x'/corrections"):
            assert (await policy.get(path, "water-desk")).status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"kind": "rant"}, {"kind": "praise", "note": "x"}, {"kind": "praise", "comment": 1}]
)
async def test_what_is_no_correction_is_refused(body: dict[str, Any]) -> None:
    async with running_policy() as policy:
        case = await a_case(policy)
        assert (await policy.post(f"/v1/cases/{case}/corrections", body, DESK)).status_code == 422


async def test_the_same_text_counts_as_judged_by_a_person() -> None:
    async with running_policy() as policy:
        case = await a_case(policy)
        (turn,) = await policy.rows("SELECT issue FROM turn")
        assert turn.issue is not None
        assert (await corrected(policy, case, "spam")).status_code == 201
        (issue,) = await policy.rows(f"SELECT judged FROM issue WHERE id = '{turn.issue}'")
        assert issue.judged == "spam"


async def test_what_officers_corrected_and_what_they_answered_teach() -> None:
    async with running_policy() as policy:
        question, gone = "Where is the office?", "Gone by now"
        cases = {
            each: await a_case(policy, each, thread=f"thread-{place}", comment=f"cmt_{place}")
            for place, each in enumerate((TEXT, question, gone))
        }
        for each, kind, who in ((TEXT, "venting", DESK), (TEXT, "complaint", DESK_2), (gone, "venting", DESK)):
            assert (await corrected(policy, cases[each], kind, who)).status_code == 201
        await policy.rows("UPDATE turn SET state = 'answered' RETURNING 1")
        await policy.rows(f"UPDATE turn SET state = 'deleted' WHERE text = '{gone}' RETURNING 1")
        async with policy.database.begin(EVERY_AGENCY) as connection:
            assert await corrections.examples(connection, "passports") == [
                Example(question, "question", "answered"),
                Example(TEXT, "complaint"),
            ]
            assert await corrections.examples(connection, "water-board") == []
            assert await corrections.examples(connection, "passports", NOW.replace(year=2027)) == []
