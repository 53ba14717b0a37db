"""Two hundred officers at once on ten thousand open cases: nothing is approved twice, no act is lost."""

import asyncio
import random
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from sqlalchemy.exc import DBAPIError, TimeoutError

from services.policy.adapters.policy_files import read_folder
from shared.ids import uuid7
from tests.policy.adapters.support import Policy, running_policy
from tests.policy.builders import received

pytestmark = pytest.mark.asyncio

CASES, OFFICERS, SOUGHT_AFTER, ACTS = 10_000, 200, 150, 5
LAWSUIT = "My lawyer will sue you for defamation"
BATCH = 1_000
TRIES = 200


def person(number: int) -> dict[str, Any]:
    """One of three officers may approve as the second level, one as the third, one may sign off."""
    post = {"subject": f"ministry-{number}", "post": f"Officer {number}", "level": ("L2", "L3", "L3")[number % 3]}
    return {**post, "specialisms": ["legal"]} if number % 3 == 2 else post


def a_ministry(folder: Path) -> Path:
    """An agency with so many officers, and a head."""
    officers = [*map(person, range(OFFICERS)), {"subject": "ministry-head", "post": "Head", "level": "L4"}]
    document = {"agency": "ministry", "name": "Ministry", "version": 1, "officers": officers}
    (folder / "ministry.yaml").write_text(yaml.safe_dump(document))
    return folder


async def open_cases(policy: Policy) -> list[str]:
    """Cases that wait for two approvals and a sign-off, each with a draft that nobody has looked at yet."""
    for first in range(0, CASES, BATCH):
        events = [
            received(LAWSUIT, agency="ministry", thread=f"t-{number}", comment=f"cmt_{number}")
            for number in range(first, first + BATCH)
        ]
        await policy.receive(*events)
    await policy.rows(_DRAFTS)
    return [row.id for row in await policy.rows('SELECT id FROM "case" ORDER BY id')]


async def press(policy: Policy, path: str, body: dict[str, Any], who: str) -> httpx.Response:
    """Send it, and again with the same key while the service is too busy (it answers 503)."""
    key = f"{who} {path} {uuid7()}"
    for _ in range(TRIES):
        try:
            return await policy.post(path, body, who, "ministry", key=key)
        except (TimeoutError, DBAPIError):
            await asyncio.sleep(0.5)
    raise AssertionError(f"{who} was never served")


async def work(policy: Policy, number: int, cases: list[str], taken: Counter[str]) -> None:
    """One officer's day: look at a case, take the step that is theirs, press again."""
    chance = random.Random(number)
    who, what = f"ministry-{number}", "signoffs" if number % 3 == 2 else "approvals"
    for case in chance.sample(cases, ACTS):
        body: dict[str, Any] = {"digest": "unseen", **({"kind": "legal"} if what == "signoffs" else {})}
        path = f"/v1/cases/{case}/drafts/1/{what}"
        answer = await press(policy, path, body, who)
        if answer.status_code == 409 and "digest" in answer.json():
            body["digest"] = answer.json()["digest"]
            answer = await press(policy, path, body, who)
        if answer.status_code == 201:
            taken[case] += 1
            assert (await press(policy, path, body, who)).status_code == 201
        else:
            assert answer.status_code in (403, 409), answer.text


async def test_nothing_is_approved_twice_and_nothing_that_was_taken_is_lost(tmp_path: Path) -> None:
    async with running_policy(deployment=read_folder(a_ministry(tmp_path))) as policy:
        cases = await open_cases(policy)
        assert len(cases) == CASES
        taken: Counter[str] = Counter()
        chosen = cases[:: CASES // SOUGHT_AFTER]
        await asyncio.gather(*(work(policy, number, chosen, taken) for number in range(OFFICERS)))

        consents = Counter({row.case_id: row.n for row in await policy.rows(_CONSENTS)})
        assert consents == taken
        assert max(taken.values()) == 3
        released = await policy.rows("SELECT case_id, count(*) AS n FROM response GROUP BY case_id")
        assert {row.case_id: row.n for row in released} == {case: 1 for case, steps in taken.items() if steps == 3}
        assert len(released) > SOUGHT_AFTER // 4
        events = await policy.rows("SELECT count(*) AS n FROM outbox WHERE type = 'ResponseApproved'")
        assert events[0].n == len(released)
        acts = await policy.rows(
            "SELECT count(*) AS n FROM audit WHERE action IN ('draft.approved', 'draft.signed_off')"
        )
        assert acts[0].n == sum(taken.values())
        assert await policy.rows(_STEPS_OF_ONE_PERSON) == []


_DRAFTS = """
    WITH written AS (
        INSERT INTO draft (case_id, number, agency, version, author, text, digest, policy_version, steps, state,
                           written_at, answers, head_comment, head_revision, sensitivity, damage)
        SELECT id, 1, agency, 1, 'writer', 'We have heard you.', '', '', '[]', 'open', opened_at,
               json_build_array(head_comment), head_comment, head_revision, sensitivity, damage
        FROM "case" RETURNING case_id)
    UPDATE "case" SET drafts_written = 1, state = 'awaiting_clearance' RETURNING id
"""
_CONSENTS = "SELECT case_id, count(*) AS n FROM approval GROUP BY case_id"
_STEPS_OF_ONE_PERSON = """
    SELECT d.case_id FROM draft AS d, json_array_elements(d.steps) AS s
    WHERE s #>> '{taken,officer}' IS NOT NULL
    GROUP BY d.case_id HAVING count(*) <> count(DISTINCT s #>> '{taken,officer}')
"""
