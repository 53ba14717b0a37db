"""Cases and clearance over HTTP, with the shapes of the contract."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shared.events import CommentReceived
from tests.policy.adapters.support import Policy, running_policy, token
from tests.policy.builders import NOW, received, sample

pytestmark = pytest.mark.asyncio

COMPLAINT = "Still waiting for my passport, terrible service"
RATES = "Will the exchange rate fall?"


async def the_case(policy: Policy, text: str = COMPLAINT, agency: str = "passports", **about: Any) -> str:
    await policy.receive(received(text, agency=agency, **about))
    rows = await policy.rows('SELECT id FROM "case" ORDER BY id DESC LIMIT 1')
    return str(rows[0].id)


async def the_draft(
    policy: Policy, case: str, who: str = "passports-desk", text: str = "We are sorry."
) -> dict[str, Any]:
    answer = await policy.post(f"/v1/cases/{case}/drafts", {"text": text}, who)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def approved(policy: Policy, case: str, draft: dict[str, Any], who: str, **more: Any) -> Any:
    path = f"/v1/cases/{case}/drafts/{draft['number']}/approvals"
    return await policy.post(path, {"digest": draft["digest"]}, who, **more)


async def responses(policy: Policy) -> int:
    (row,) = await policy.rows("SELECT count(*) AS n FROM outbox WHERE type = 'ResponseApproved'")
    return int(row.n)


async def test_a_case_reads_as_the_contract_says() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        body = (await policy.get(f"/v1/cases/{case}")).json()
        assert (body["id"], body["agency"], body["thread"], body["state"]) == (case, "passports", "thread-1", "open")
        assert (body["disposition"], body["level"], body["sensitivity"], body["damage"]) == (
            "restore",
            "L1",
            "S0",
            "D1",
        )
        assert body["owner"] == "Enquiries Officer"
        clocks = body["clocks"]
        assert (clocks["class"], clocks["received_at"]) == ("service", "2026-11-23T04:30:00.000Z")
        assert clocks["due"][-1] == {"kind": "answer", "due_at": "2026-11-23T09:00:00.000Z", "state": "running"}
        assert body["explanation"]["rules"][0]["id"] == "31"
        assert [turn["comment"] for turn in body["turns"]] == ["cmt_1"]
        assert body["drafts"] == []


async def test_private_data_is_covered_in_what_is_shown() -> None:
    async with running_policy() as policy:
        case = await the_case(policy, "My number is 077 123 4567")
        (turn,) = (await policy.get(f"/v1/cases/{case}")).json()["turns"]
        assert (turn["text"], turn["masked"]) == ("My number is [phone]", ["phone"])


async def test_a_draft_approved_by_another_officer_is_released_in_the_same_transaction() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        draft = await the_draft(policy, case)
        assert (draft["number"], draft["version"], len(draft["digest"])) == (1, 1, 64)
        assert [(step["kind"], step["level"], step["taken"]) for step in draft["steps"]] == [("approval", "L1", None)]
        answer = await approved(policy, case, draft, "passports-desk-2")
        assert answer.status_code == 201
        assert answer.json()["steps"][0]["taken"]["officer"] == "passports-desk-2"
        assert await responses(policy) == 1
        assert (await policy.get(f"/v1/cases/{case}")).json()["state"] == "approved"
        trail = await policy.rows("SELECT action, actor, on_behalf_of FROM audit ORDER BY number")
        assert tuple(trail[-1]) == ("response.released", "passports-desk-2", "Enquiries Officer (second desk)")
        (row,) = await policy.rows("SELECT officer, author FROM approval")
        assert tuple(row) == ("passports-desk-2", "passports-desk")


async def test_the_governor_and_two_others_release_what_moves_markets() -> None:
    async with running_policy() as policy:
        case = await the_case(policy, RATES, "central-bank")
        draft = await the_draft(policy, case, "bank-desk")
        for who, count in (("governor", 0), ("bank-comms", 0), ("bank-division", 1)):
            assert (await approved(policy, case, draft, who)).status_code == 201
            assert await responses(policy) == count


async def test_a_refusal_has_its_problem_type() -> None:
    async with running_policy() as policy:
        case = await the_case(policy, RATES, "central-bank")
        draft = await the_draft(policy, case, "bank-desk")
        for who, digest, status, kind in (
            ("bank-desk", draft["digest"], 403, "own-draft"),
            ("bank-desk-2", draft["digest"], 403, "not-your-authority"),
            ("bank-nobody", draft["digest"], 403, "not-your-authority"),
            ("governor", "0" * 64, 409, "stale-digest"),
            ("governor", "", 409, "stale-digest"),
            ("governor", "not a digest", 409, "stale-digest"),
        ):
            answer = await policy.post(f"/v1/cases/{case}/drafts/1/approvals", {"digest": digest}, who)
            assert answer.status_code == status, who
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["type"].endswith(kind)
            if kind == "stale-digest":
                assert answer.json()["digest"] == draft["digest"]
            assert await policy.rows("SELECT 1 FROM approval") == []


async def test_a_new_comment_makes_the_digest_stale_and_the_current_one_works() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        draft = await the_draft(policy, case)
        await policy.receive(received("I suggest a queue for elders", comment="cmt_2"))
        answer = await approved(policy, case, draft, "passports-desk-2")
        assert answer.status_code == 409
        fresh = {**draft, "digest": answer.json()["digest"]}
        assert (await approved(policy, case, fresh, "passports-desk-2")).status_code == 201
        assert await responses(policy) == 1


async def test_pressing_twice_answers_the_same_with_or_without_the_same_key() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        draft = await the_draft(policy, case)
        answers = [await approved(policy, case, draft, "passports-desk-2", key=key) for key in ("one", "one", "two")]
        assert [answer.status_code for answer in answers] == [201, 201, 201]
        assert answers[0].json() == answers[1].json() == answers[2].json()
        assert await responses(policy) == 1
        assert len(await policy.rows("SELECT 1 FROM approval")) == 1


async def test_two_officers_in_the_same_moment_release_once() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        draft = await the_draft(policy, case)
        both = [approved(policy, case, draft, who) for who in ("passports-desk-2", "passports-comms")]
        answers = await asyncio.gather(*both)
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        assert await responses(policy) == 1


async def test_approvals_on_a_superseded_draft_conflict() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        first = await the_draft(policy, case)
        second = await the_draft(policy, case, text="Better.")
        assert second["number"] == 2
        answer = await approved(policy, case, first, "passports-desk-2")
        assert (answer.status_code, answer.json()["state"]) == (409, "superseded")
        assert answer.json()["type"].endswith("draft-not-open")


async def test_a_return_shows_the_steps_and_leaves_the_case_open() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        await the_draft(policy, case)
        path = f"/v1/cases/{case}/drafts/1/returns"
        answer = await policy.post(path, {"reason": "too long"}, "passports-desk-2")
        assert (answer.status_code, answer.json()["state"]) == (201, "returned")
        assert (await policy.get(f"/v1/cases/{case}")).json()["state"] == "open"


async def test_a_sign_off_by_its_specialist_counts() -> None:
    async with running_policy() as policy:
        case = await the_case(policy, "My lawyer will sue you for defamation")
        draft = await the_draft(policy, case)
        for who in ("passports-comms", "passports-division"):
            await approved(policy, case, draft, who)
        path, body = f"/v1/cases/{case}/drafts/1/signoffs", {"kind": "legal", "digest": draft["digest"]}
        assert (await policy.post(path, body, "passports-head")).status_code == 403
        assert await responses(policy) == 0
        assert (await policy.post(path, body, "passports-legal")).status_code == 201
        assert await responses(policy) == 1


async def test_posts_need_an_idempotency_key() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        headers = {"Authorization": f"Bearer {token('passports-desk', 'passports')}"}
        answer = await policy.client.post(f"/v1/cases/{case}/drafts", json={"text": "x"}, headers=headers)
        assert answer.status_code == 400
        assert await policy.rows("SELECT 1 FROM draft") == []


async def test_the_same_key_with_another_body_is_refused() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        path = f"/v1/cases/{case}/drafts"
        assert (await policy.post(path, {"text": "one"}, "passports-desk", key="k")).status_code == 201
        assert (await policy.post(path, {"text": "two"}, "passports-desk", key="k")).status_code == 422
        assert len(await policy.rows("SELECT 1 FROM draft")) == 1


async def test_a_draft_that_is_none_is_refused() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        for body in (
            {},
            {"text": ""},
            {"text": "  "},
            {"text": 1},
            {"text": "x" * 5001},
            {"text": "x", "more": 1},
            {"text": "x", "language": "?"},
        ):
            answer = await policy.post(f"/v1/cases/{case}/drafts", body, "passports-desk")
            assert answer.status_code == 422, body
            assert answer.headers["content-type"] == "application/problem+json"


async def test_invalid_json_is_400_and_never_500() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        headers = {
            "Authorization": f"Bearer {token('passports-desk', 'passports')}",
            "Idempotency-Key": "k",
            "Content-Type": "application/json",
        }
        for content in (b"{", b'{"text": "\xff"}', b"[" * 100 + b"]" * 100, b'{"text": "\\u0000"}', b'{"text": NaN}'):
            answer = await policy.client.post(f"/v1/cases/{case}/drafts", content=content, headers=headers)
            assert answer.status_code == 400, content


async def test_another_agencys_case_is_not_there() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        assert (await policy.get(f"/v1/cases/{case}", "water-desk")).status_code == 404
        assert (await policy.post(f"/v1/cases/{case}/drafts", {"text": "x"}, "water-desk")).status_code == 404
        assert (await policy.get("/v1/cases?agency=passports", "water-desk")).json()["items"] == []
        assert (await policy.get("/v1/cases", "water-desk")).json()["items"] == []


async def test_what_is_no_case_is_not_found() -> None:
    async with running_policy() as policy:
        for case in ("case_1", "nothing", "case_%00", "case_'--", "case_" + "0" * 32):
            assert (await policy.get(f"/v1/cases/{case}")).status_code == 404, case
            draft = await policy.post(f"/v1/cases/{case}/drafts", {"text": "x"}, "passports-desk")
            assert draft.status_code == 404, case


async def test_a_token_without_the_scope_may_not() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        headers = {"Authorization": f"Bearer {token('passports-desk', 'passports', scopes='cases:read')}"}
        answer = await policy.client.post(
            f"/v1/cases/{case}/drafts", json={"text": "x"}, headers={**headers, "Idempotency-Key": "k"}
        )
        assert answer.status_code == 403
        assert (await policy.client.get("/v1/cases")).status_code == 401


def _arriving(minute: int) -> CommentReceived:
    moment = NOW + timedelta(minutes=minute)
    return received(COMPLAINT, comment=f"cmt_{minute}", thread=f"t-{minute}", received_at=moment)


async def test_cases_are_listed_by_what_breaches_next_in_pages() -> None:
    async with running_policy() as policy:
        await policy.receive(*[_arriving(minute) for minute in (4, 1, 3, 0, 2)])
        await policy.receive(received("Great service, well done", comment="p", thread="praise"))
        seen, path = [], "/v1/cases?limit=2"
        while path:
            answer = await policy.get(path)
            body = answer.json()
            seen += [item["thread"] for item in body["items"]]
            assert (body["next"] is None) == ("link" not in answer.headers)
            path = answer.headers["link"].split(">")[0].lstrip("<") if body["next"] else ""
        assert seen == ["t-0", "t-1", "t-2", "t-3", "t-4", "praise"]


async def test_cases_are_filtered_by_state_level_and_agency() -> None:
    async with running_policy() as policy:
        await policy.receive(received(COMPLAINT), received("Great service", comment="p", thread="praise"))
        await policy.receive(received(RATES, agency="central-bank"))

        async def threads(query: str, who: str = "passports-desk") -> list[str]:
            found = await policy.get(f"/v1/cases?{query}", who, "passports", "central-bank")
            return sorted(item["thread"] + "/" + item["agency"] for item in found.json()["items"])

        assert await threads("state=closed") == ["praise/passports"]
        assert await threads("level=L4") == ["thread-1/central-bank"]
        assert await threads("agency=passports&state=open") == ["thread-1/passports"]
        assert (await policy.get("/v1/cases?state=strange")).status_code == 422
        assert (await policy.get("/v1/cases?cursor=strange")).status_code == 400
        assert (await policy.get("/v1/cases?limit=201")).status_code == 422


async def test_waiting_for_me_lists_what_i_may_decide_now() -> None:
    async with running_policy() as policy:
        case = await the_case(policy, RATES, "central-bank")
        draft = await the_draft(policy, case, "bank-desk")

        async def waits_for(who: str) -> bool:
            found = await policy.get("/v1/cases?waiting_for=me", who)
            return [item["id"] for item in found.json()["items"]] == [case]

        people = ("bank-desk", "bank-desk-2", "bank-comms", "bank-division", "governor", "bank-nobody")
        assert [await waits_for(who) for who in people] == [False, False, True, True, True, False]
        await approved(policy, case, draft, "governor")
        assert [await waits_for(who) for who in people] == [False, False, True, True, False, False]


async def test_agencies_show_their_officers_to_auditors_only() -> None:
    async with running_policy() as policy:
        (agency,) = (await policy.get("/v1/agencies")).json()["items"]
        assert (agency["agency"], agency["policy_version"]) == ("passports", sample("passports").policy.version)
        assert "officers" not in agency
        auditor = {"Authorization": f"Bearer {token('auditor', scopes='cases:read audit:read')}"}
        found = (await policy.client.get("/v1/agencies", headers=auditor)).json()["items"]
        assert [each["agency"] for each in found] == ["central-bank", "passports", "water-board"]
        assert {"subject": "governor", "post": "Governor", "level": "L4", "specialisms": []} in found[0]["officers"]


async def test_the_policy_in_force_and_every_version_can_be_read_back() -> None:
    async with running_policy() as policy:
        version = sample("passports").policy.version
        body = (await policy.get("/v1/policies/passports")).json()
        assert (body["policy_version"], body["policy"]["agency"]) == (version, "passports")
        assert "officers" not in body["policy"]
        assert (await policy.get(f"/v1/policies/passports?version={version}")).json() == body
        assert (await policy.get("/v1/policies/passports?version=passports/9@000000000000")).status_code == 404
        assert (await policy.get("/v1/policies/central-bank")).status_code == 404
        kept = await policy.rows("SELECT version FROM policy")
        assert version in {row.version for row in kept}


async def test_an_older_version_is_served_after_a_newer_one_is_in_force() -> None:
    async with running_policy() as policy:
        older = "passports/0@abcdefabcdef"
        await policy.rows(
            "INSERT INTO policy SELECT 'passports/0@abcdefabcdef', agency, digest, content, loaded_at FROM policy"
            " WHERE agency = 'passports' RETURNING 1"
        )
        body = (await policy.get(f"/v1/policies/passports?version={older}")).json()
        assert (body["policy_version"], body["agency"]) == (older, "passports")
