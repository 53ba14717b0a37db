"""Clear once, answer many: one approval, a response in every fitting thread, and nothing in any other."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.policy.adapters.answers import Answering
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.domain.clearance.facts import PlainFacts
from shared.clock import rfc3339
from shared.events import Author, ResponseApproved
from tests.policy.adapters.office import an_office, kind_of
from tests.policy.adapters.support import Policy
from tests.policy.builders import NOW, published, received

pytestmark = pytest.mark.asyncio

DRY = "No water in Kandy since this morning, please tell us when it will be back"
DRY_SI = "මහනුවර උදේ සිට වතුර නැහැ"
DESK, COMMS, HEAD = "water-desk", "water-comms", "water-head"
TEXTS = {
    "en": "A main burst in Kandy. Water is back on 24 November by 18:00.",
    "si": "මහනුවර ප්‍රධාන නළයක් පුපුරා ඇත. නොවැම්බර් 24 ප.ව. 6.00 වන විට ජලය ලැබේ.",
    "ta": "கண்டியில் பிரதான குழாய் வெடித்தது. நவம்பர் 24 மாலை 6.00 மணிக்குள் நீர் வரும்.",
}
LATER = NOW + timedelta(days=2)


async def raised(policy: Policy, first: int, count: int, text: str = DRY, **about: Any) -> None:
    """So many people say it, each in a thread of their own."""
    own = {"agency": "water-board", **about}
    await policy.receive(
        *(
            received(
                text,
                comment=f"cmt_{n}",
                thread=f"t-{n}",
                author=Author(id=f"citizen-{n}"),
                **{"received_at": NOW + timedelta(milliseconds=n), **own},
            )
            for n in range(first, first + count)
        )
    )


async def the_issue(policy: Policy) -> str:
    """The one that most raise."""
    rows = await policy.rows("SELECT id FROM issue ORDER BY comments DESC, id LIMIT 1")
    return str(rows[0].id)


async def put_up(policy: Policy, issue: str, who: str = DESK, *, threads: int = 200, **changes: Any) -> Any:
    said = {"texts": TEXTS, "limits": {"threads": threads, "until": rfc3339(LATER)}, **changes}
    return await policy.post(f"/v1/issues/{issue}/answers", said, who)


async def approve(policy: Policy, issue: str, who: str, number: int = 1) -> Any:
    path = f"/v1/issues/{issue}/answers/{number}"
    digest = (await policy.get(path, who)).json()["digest"]
    return await policy.post(f"{path}/approvals", {"digest": digest}, who)


async def members(policy: Policy, issue: str, number: int = 1) -> tuple[list[Any], list[Any]]:
    found = (await policy.get(f"/v1/issues/{issue}/answers/{number}", DESK)).json()["members"]
    return found["in"], found["out"]


async def cleared(policy: Policy, issue: str, **limits: Any) -> Any:
    """An answer that comms and whoever else is asked cleared."""
    drafted = await put_up(policy, issue, **limits)
    assert drafted.status_code == 201, drafted.text
    for who in (COMMS, HEAD):
        answer = await approve(policy, issue, who, drafted.json()["number"])
        assert answer.status_code == 201, answer.text
        if answer.json()["state"] == "cleared":
            return answer.json()
    raise AssertionError(answer.text)


async def responses(policy: Policy) -> list[Any]:
    return list(await policy.rows('SELECT r.*, c.thread FROM response AS r JOIN "case" AS c ON c.id = r.case_id'))


async def sent(policy: Policy) -> list[dict[str, Any]]:
    """The announcements of responses."""
    rows = await policy.rows("SELECT payload FROM outbox WHERE type = 'ResponseApproved' ORDER BY seq")
    return [row.payload for row in rows]


def answering(policy: Policy, shelf: PolicyShelf, moment: datetime = NOW) -> Answering:
    """Another replica."""
    return Answering(policy.database, shelf, PlainFacts(), lambda: moment)


async def a_shelf(policy: Policy) -> PolicyShelf:
    shelf = PolicyShelf()
    await shelf.refresh(policy.database, NOW)
    return shelf


async def test_forty_ask_three_of_them_with_personal_details_and_thirty_seven_are_answered_under_one_approval() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 37)
        await raised(policy, 37, 1, f"{DRY} call 0771234567")
        await raised(policy, 38, 1, f"{DRY}, my name is Nimal")
        await raised(policy, 39, 1, f"{DRY}, complaint no. 4711")
        issue = await the_issue(policy)
        drafted = await put_up(policy, issue)
        assert drafted.status_code == 201, drafted.text
        inside, outside = await members(policy, issue)
        assert (len(inside), sorted(each["reason"] for each in outside)) == (
            37,
            ["personal", "personal", "private_data"],
        )
        assert await responses(policy) == []
        body = await cleared_now(policy, issue)
        found = await responses(policy)
        assert len(found) == 37
        assert {(response.text, response.clearance) for response in found} == {(TEXTS["en"], body["clearance"])}
        assert {each["clearance"] for each in await sent(policy)} == {body["clearance"]}
        assert {each["digest"] for each in await sent(policy)} == {body["digest"]}
        officers = {given["officer"] for each in await sent(policy) for given in each["authorisations"]}
        assert COMMS in officers
        assert DESK not in officers
        open_cases = await policy.rows("SELECT thread, state FROM \"case\" WHERE state = 'open' ORDER BY thread")
        assert [row.thread for row in open_cases] == ["t-37", "t-38", "t-39"]
        inside, outside = await members(policy, issue)
        assert (len(inside), len(outside)) == (37, 3)
        assert all(each["response"] for each in inside)
        assert len(await office.audited("answer.taken_out")) == 3
        assert len(await office.audited("response.released")) == 37


async def cleared_now(policy: Policy, issue: str) -> Any:
    """The first answer, cleared by whoever is asked."""
    for who in (COMMS, HEAD):
        answer = await approve(policy, issue, who)
        assert answer.status_code == 201, answer.text
        if answer.json()["state"] == "cleared":
            return answer.json()
    raise AssertionError(answer.text)


async def test_the_one_beyond_the_limit_is_not_answered() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 201)
        issue = await the_issue(policy)
        assert (await put_up(policy, issue, threads=201)).status_code == 422
        await cleared(policy, issue)
        assert len(await responses(policy)) == 200
        (left,) = await policy.rows("SELECT thread FROM \"case\" WHERE state = 'open'")
        assert left.thread == "t-200"
        _, outside = await members(policy, issue)
        assert [each["reason"] for each in outside] == ["beyond_limit"]
        await answering(policy, await a_shelf(policy)).look()
        assert len(await responses(policy)) == 200
        assert len(await office.audited("answer.ended")) == 1


async def test_a_variant_that_lacks_a_date_holds_the_whole_release() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 3)
        issue = await the_issue(policy)
        without = TEXTS | {"ta": TEXTS["ta"].replace("நவம்பர் 24", "")}
        drafted = await put_up(policy, issue, texts=without)
        missing = [{"language": "ta", "kind": "date", "value": "11-24", "stated_in": ["en", "si"]}]
        assert drafted.json()["differences"] == missing
        refused = await approve(policy, issue, COMMS)
        assert kind_of(refused) == (409, "facts-differ")
        assert refused.json()["differences"] == missing
        assert "ta lacks the date 11-24" in refused.json()["detail"]
        assert await responses(policy) == []


async def test_each_is_answered_in_the_language_in_which_they_asked() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 3, "No water in Kandy since this morning")
        await raised(policy, 10, 3, DRY_SI)
        await cleared(policy, await the_issue(policy))
        found = {response.thread: (response.language, response.text) for response in await responses(policy)}
        assert found["t-0"] == ("en", TEXTS["en"])
        assert found["t-10"] == ("si", TEXTS["si"])


async def test_whoever_joins_later_gets_the_same_answer_until_its_time_is_over() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 2)
        body = await cleared(policy, await the_issue(policy))
        replica = await a_shelf(policy)
        await raised(policy, 2, 1)
        await answering(policy, replica, NOW + timedelta(minutes=1)).look()
        assert [each["clearance"] for each in await sent(policy)] == [body["clearance"]] * 3
        await raised(policy, 3, 1)
        await answering(policy, replica, LATER).look()
        assert len(await responses(policy)) == 3
        _, outside = await members(policy, body["issue"])
        assert [each["reason"] for each in outside] == ["too_late"]


async def test_two_replicas_that_look_at_once_answer_each_thread_once() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 2)
        await cleared(policy, await the_issue(policy))
        replica = await a_shelf(policy)
        await raised(policy, 2, 120)
        await asyncio.gather(*(answering(policy, replica).look() for _ in range(3)))
        threads = [response.thread for response in await responses(policy)]
        assert (len(threads), len(set(threads))) == (122, 122)


async def test_pressing_twice_answers_the_same_and_releases_once() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 4)
        issue = await the_issue(policy)
        first = await cleared(policy, issue)
        again = await approve(policy, issue, first["steps"][-1]["taken"]["officer"])
        assert (again.status_code, again.json()) == (201, first)
        assert len(await responses(policy)) == 4


async def test_a_draft_of_its_own_and_a_thread_that_moved_on_go_the_normal_way() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 4)
        issue = await the_issue(policy)
        (case,) = await policy.rows("SELECT id FROM \"case\" WHERE thread = 't-0'")
        await policy.post(f"/v1/cases/{case.id}/drafts", {"text": "To you alone."}, DESK)
        await policy.receive(
            received("And who pays for my ruined stock, I ask?", agency="water-board", comment="cmt_more", thread="t-1")
        )
        drafted = await put_up(policy, issue)
        assert drafted.status_code == 201, drafted.text
        inside, outside = await members(policy, issue)
        assert (len(inside), sorted(each["reason"] for each in outside)) == (2, ["own_draft", "thread_moved_on"])


async def test_an_answer_that_does_not_fit_everywhere_is_refused_with_the_platforms_named() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 2)
        await raised(policy, 2, 1, platform="bluesky")
        await raised(policy, 3, 1, platform="x")
        await raised(policy, 4, 1, platform="facebook")
        texts = {**TEXTS, "en": "A main burst in Kandy. " * 14}
        refused = await put_up(policy, await the_issue(policy), texts=texts)
        assert kind_of(refused) == (422, "does-not-fit")
        told = [(each["platform"], each["most"], each["unit"]) for each in refused.json()["platforms"]]
        assert told == [("bluesky", 300, "graphemes"), ("x", 280, "weighted")]


LONG = "A main burst in Kandy. Water is back on 24 November by 18:00. " + "We are sorry for the trouble. " * 9
ON_X = {"platform": "x", "language": "en", "text": "Water is back in Kandy on 24 November by 18:00."}


async def test_each_platform_gets_its_variant_and_never_anothers() -> None:
    async with an_office() as office:
        policy = office.policy
        on_bluesky = {**ON_X, "platform": "bluesky", "text": f"{ON_X['text']} Thank you."}
        asked = "No water in Kandy since this morning"
        await raised(policy, 0, 2, asked, platform="x")
        await raised(policy, 2, 1, asked, platform="facebook")
        await raised(policy, 3, 1, asked, platform="bluesky")
        await raised(policy, 4, 3, DRY_SI, platform="x")
        drafted = await put_up(
            policy, await the_issue(policy), texts={**TEXTS, "en": LONG}, variants=[ON_X, on_bluesky]
        )
        assert (drafted.status_code, drafted.json()["differences"]) == (201, []), drafted.text
        assert drafted.json()["variants"] == [ON_X, on_bluesky]
        body = await cleared_now(policy, drafted.json()["issue"])
        said = {each.thread: (each.text, each.clearance) for each in await responses(policy)}
        texts = [ON_X["text"], ON_X["text"], LONG, on_bluesky["text"], *[TEXTS["si"]] * 3]
        assert said == {f"t-{n}": (text, body["clearance"]) for n, text in enumerate(texts)}


async def test_a_variant_that_lacks_a_fact_holds_the_whole_release_and_another_one_is_approved_anew() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 2)
        issue = await the_issue(policy)
        without = {**ON_X, "text": "Water is back in Kandy by 18:00."}
        drafted = await put_up(policy, issue, variants=[without])
        stated_in = ["en", "si", "ta"]
        missing = [{"language": "en on x", "kind": "date", "value": "11-24", "stated_in": stated_in}]
        assert drafted.json()["differences"] == missing
        assert kind_of(await approve(policy, issue, COMMS)) == (409, "facts-differ")
        mended = await put_up(policy, issue, variants=[ON_X])
        path = f"/v1/issues/{issue}/answers/{mended.json()['number']}/approvals"
        assert mended.json()["digest"] != drafted.json()["digest"]
        stale = await policy.post(path, {"digest": drafted.json()["digest"]}, COMMS)
        assert kind_of(stale) == (409, "stale-digest")
        assert await responses(policy) == []


async def test_who_joins_where_the_text_does_not_fit_goes_the_normal_way_and_gets_no_others_variant() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 2, platform="facebook")
        body = await cleared(policy, await the_issue(policy), texts={**TEXTS, "en": LONG}, variants=[ON_X])
        await raised(policy, 2, 1, platform="bluesky")
        await raised(policy, 3, 1, platform="x")
        await answering(policy, await a_shelf(policy), NOW + timedelta(minutes=1)).look()
        assert {each.thread: each.text for each in await responses(policy)} == {
            "t-0": LONG, "t-1": LONG, "t-3": ON_X["text"],
        }  # fmt: skip
        _, outside = await members(policy, body["issue"])
        assert [each["reason"] for each in outside] == ["does_not_fit"]


async def test_a_variant_that_has_no_place_or_does_not_fit_is_refused() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 1)
        issue = await the_issue(policy)
        refused = await put_up(policy, issue, variants=[ON_X, {**ON_X, "text": "Again."}, {**ON_X, "language": "fr"}])
        assert kind_of(refused) == (422, "invalid-answer")
        assert [each["pointer"] for each in refused.json()["errors"]] == ["/variants/1", "/variants/2"]
        refused = await put_up(policy, issue, variants=[{**ON_X, "platform": "bluesky", "text": LONG}])
        assert kind_of(refused) == (422, "does-not-fit")
        assert [each["platform"] for each in refused.json()["platforms"]] == ["bluesky"]


async def test_a_member_that_grows_heavier_than_what_was_cleared_is_taken_out() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 4)
        issue = await the_issue(policy)
        await put_up(policy, issue)
        await policy.rows("UPDATE \"case\" SET level = 'L5' WHERE thread = 't-3' RETURNING id")
        await cleared_now(policy, issue)
        assert len(await responses(policy)) == 3
        assert [each["reason"] for each in (await members(policy, issue))[1]] == ["above_clearance"]


async def test_the_author_of_an_answer_does_not_clear_it() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 2)
        issue = await the_issue(policy)
        await put_up(policy, issue, COMMS)
        assert kind_of(await approve(policy, issue, COMMS)) == (403, "own-draft")
        assert kind_of(await approve(policy, issue, DESK)) == (403, "not-your-authority")


async def test_a_withdrawn_answer_reaches_nobody_more() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 2)
        issue = await the_issue(policy)
        await cleared(policy, issue)
        path = f"/v1/issues/{issue}/answers/1/withdrawals"
        assert (await policy.post(path, {"reason": "it bursts again"}, HEAD)).json()["state"] == "withdrawn"
        await raised(policy, 2, 2)
        await answering(policy, await a_shelf(policy)).look()
        assert len(await responses(policy)) == 2


async def test_what_cannot_be_put_up_is_refused_with_the_field() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 2)
        issue = await the_issue(policy)
        over = {"threads": 5, "until": rfc3339(NOW)}
        answer = await put_up(policy, issue, texts={"en": "x", "fr": "y"}, limits=over)
        assert kind_of(answer) == (422, "invalid-answer")
        assert [each["pointer"] for each in answer.json()["errors"]] == ["/texts/fr", "/limits/until"]
        assert kind_of(await put_up(policy, issue, texts={"ta": "x"})) == (409, "nothing-to-answer")
        assert (await put_up(policy, issue, "passports-desk")).status_code == 404
        assert (await put_up(policy, "issue_0")).status_code == 404


async def test_an_answer_that_is_published_ends_its_case() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 1)
        await raised(policy, 1, 1)
        await cleared(policy, await the_issue(policy))
        (first, _) = await sent(policy)
        await policy.receive(published(ResponseApproved.model_validate(first, strict=False)))
        (row,) = await policy.rows(f"SELECT state FROM \"case\" WHERE id = '{first['case']}'")
        assert row.state == "answered"


async def test_two_issues_that_a_person_joined_are_answered_together() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 3)
        await raised(policy, 10, 2, "Taps are dry in Kandy, how long must the hospital go without")
        first, second = (row.id for row in await policy.rows("SELECT id FROM issue ORDER BY comments DESC"))
        path = f"/v1/issues/{first}/merges"
        assert kind_of(await policy.post(path, {"issue": second}, "stranger", "water-board")) == (
            403,
            "not-your-authority",
        )
        assert kind_of(await policy.post(path, {"issue": first}, DESK)) == (422, "one-issue")
        assert (await policy.post(path, {"issue": "issue_0"}, DESK)).status_code == 404
        for _ in range(2):
            answer = await policy.post(path, {"issue": second}, DESK)
            assert (answer.status_code, answer.json()["merged_with"]) == (201, [second]), answer.text
        assert (await policy.get(f"/v1/issues/{second}", DESK)).json()["merged_with"] == [first]
        assert len(await office.audited("issue.merged")) == 1
        await put_up(policy, first)
        inside, outside = await members(policy, first)
        assert len(inside) + len(outside) == 5
        await cleared_now(policy, first)
        assert len(await responses(policy)) == len(inside)


async def test_merges_join_whole_groups() -> None:
    async with an_office() as office:
        policy = office.policy
        for n in range(4):
            await raised(policy, n * 10, 2, f"Street{n} Quarter{n} Village{n} has no water Pipe{n} Tank{n} Tap{n}")
        a, b, c, d = (row.id for row in await policy.rows("SELECT id FROM issue ORDER BY opened_at, id"))
        for into, other in ((a, b), (c, b), (d, c), (a, d)):
            assert (await policy.post(f"/v1/issues/{into}/merges", {"issue": other}, DESK)).status_code == 201
        assert (await policy.get(f"/v1/issues/{d}", DESK)).json()["merged_with"] == sorted([a, b, c])


async def test_comments_that_come_in_while_an_answer_goes_out_wait_for_nobody_and_lose_nothing() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 60)
        await cleared(policy, await the_issue(policy))
        replica = await a_shelf(policy)
        coming = [raised(policy, 100 + 20 * n, 20) for n in range(2)]
        looking = [answering(policy, replica).look() for _ in range(2)]
        await asyncio.gather(*(each for pair in zip(coming, looking, strict=True) for each in pair))
        await answering(policy, replica).look()
        threads = [response.thread for response in await responses(policy)]
        assert (len(threads), len(set(threads))) == (100, 100)


async def test_those_of_another_place_are_not_told_about_this_one() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 5)
        await raised(policy, 5, 1, DRY.replace("Kandy", "Galle"))
        issue = await the_issue(policy)
        assert len(await policy.rows(f"SELECT 1 FROM turn WHERE issue = '{issue}'")) == 6
        await cleared(policy, issue)
        assert len(await responses(policy)) == 5
        assert [each["reason"] for each in (await members(policy, issue))[1]] == ["another_place"]


async def test_an_answer_outlives_its_issue_and_can_still_be_withdrawn() -> None:
    async with an_office() as office:
        policy = office.policy
        await raised(policy, 0, 2)
        issue = await the_issue(policy)
        await cleared(policy, issue)
        await policy.rows("DELETE FROM issue RETURNING id")
        assert len((await members(policy, issue))[0]) == 2
        path = f"/v1/issues/{issue}/answers/1/withdrawals"
        assert kind_of(await policy.post(path, {"reason": "over"}, "passports-head")) == (404, "not-found")
        assert (await policy.post(path, {"reason": "over"}, HEAD)).json()["state"] == "withdrawn"
        over = {"threads": 5, "until": rfc3339(NOW + timedelta(days=31))}
        await raised(policy, 10, 2)
        answer = await put_up(policy, await the_issue(policy), limits=over)
        assert [each["pointer"] for each in answer.json()["errors"]] == ["/limits/until"]
