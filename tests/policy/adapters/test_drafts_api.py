"""Versions of drafts, what officers say to them, and releases at once, over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from services.policy.adapters import overdue_reviews
from shared.clock import rfc3339
from shared.database import EVERY_AGENCY
from tests.policy.adapters.office import COMMS, DESK, DESK_2, HEAD, Office, an_office, kind_of
from tests.policy.builders import NOW, received, shelf

pytestmark = pytest.mark.asyncio

DANGER = "The water is poisoned, my child is dying, help"


async def say(office: Office, case: str, what: str, who: str, **body: Any) -> Any:
    draft = await office.draft(case)
    return await office.policy.post(f"/v1/cases/{case}/drafts/{draft['number']}/{what}", body, who)


async def announced(office: Office, kind: str, path: str) -> list[str]:
    """What all events of a kind say there."""
    found = await office.policy.rows(
        f"SELECT payload #>> '{path}' AS said FROM outbox WHERE type = '{kind}' ORDER BY seq"
    )
    return [row.said for row in found]


async def test_an_edit_names_what_it_was_made_from() -> None:
    async with an_office() as office:
        case = await office.case()
        path = f"/v1/cases/{case}/drafts/1"
        seen = await office.policy.get(path)
        words = {"text": "We are sorry, and on it."}
        assert (await office.policy.put(path, words, DESK_2)).status_code == 428
        edited = await office.policy.put(path, words, DESK_2, seen.headers["etag"])
        assert (edited.status_code, edited.json()["version"], edited.json()["author"]) == (200, 2, DESK_2)
        assert edited.headers["etag"] == f'"{edited.json()["digest"]}"'
        late = await office.policy.put(path, {"text": "Something else."}, DESK, seen.headers["etag"])
        assert (late.status_code, late.json()["digest"]) == (412, edited.json()["digest"])


async def test_every_version_is_kept_with_its_author() -> None:
    async with an_office() as office:
        case = await office.case()
        path = f"/v1/cases/{case}/drafts/1"
        await office.policy.put(path, {"text": "Another."}, COMMS, "*")
        versions = (await office.policy.get(path)).json()["versions"]
        assert [(each["version"], each["author"], each["text"]) for each in versions] == [
            (1, DESK, "We are sorry."),
            (2, COMMS, "Another."),
        ]
        assert kind_of(await office.approve(case, COMMS)) == (403, "own-draft")
        assert (await office.approve(case, DESK)).json()["state"] == "released"


async def test_a_draft_is_for_its_agency_only() -> None:
    async with an_office() as office:
        case = await office.case()
        assert (await office.policy.get(f"/v1/cases/{case}/drafts/1", "water-desk")).status_code == 404
        assert (await office.policy.get(f"/v1/cases/{case}/drafts/2")).status_code == 404
        assert (
            await office.policy.put(f"/v1/cases/{case}/drafts/1", {"text": "x"}, "water-desk", "*")
        ).status_code == 404


async def test_a_refused_draft_comes_back_and_goes_up_when_refused_again() -> None:
    async with an_office() as office:
        case = await office.case()
        digest = (await office.draft(case))["digest"]
        refused = await say(office, case, "refusals", DESK_2, digest=digest, reason="The tone is wrong.")
        assert (refused.status_code, refused.json()["state"]) == (201, "returned")
        await office.policy.put(f"/v1/cases/{case}/drafts/1", {"text": "Sorry."}, DESK, f'"{digest}"')
        digest = (await office.draft(case))["digest"]
        refused = await say(office, case, "refusals", DESK_2, digest=digest, reason="Still wrong.")
        assert [step["level"] for step in refused.json()["steps"]] == ["L2"]
        assert [each["text"] for each in refused.json()["remarks"]] == ["The tone is wrong.", "Still wrong."]
        assert await announced(office, "CaseEscalated", "{reason}") == ["refused_twice"]
        assert kind_of(await office.approve(case, DESK_2)) == (403, "not-your-authority")
        assert await office.waiting(COMMS) == [case]
        assert (await office.approve(case, COMMS)).json()["state"] == "released"


async def test_a_condition_waits_and_is_lifted_by_who_set_it() -> None:
    async with an_office() as office:
        case = await office.case()
        digest = (await office.draft(case))["digest"]
        assert (await say(office, case, "comments", HEAD, text="Shorter?")).status_code == 201
        await say(office, case, "conditions", COMMS, digest=digest, text="Name the date.")
        assert (await office.approve(case, DESK_2)).json()["state"] == "open"
        assert (await office.approve(case, COMMS)).json()["state"] == "released"


async def test_a_stale_digest_is_refused_wherever_it_is_sent() -> None:
    async with an_office() as office:
        case = await office.case()
        current = (await office.draft(case))["digest"]
        for what, words in (("refusals", "reason"), ("conditions", "text")):
            answer = await say(office, case, what, COMMS, digest="stale", **{words: "x"})
            assert (*kind_of(answer), answer.json()["digest"]) == (409, "stale-digest", current)


async def test_what_is_late_is_asked_for_again() -> None:
    async with an_office() as office:
        case = await office.case()
        path = f"/v1/cases/{case}/drafts/1"
        window = {"text": "We are sorry.", "valid_until": rfc3339(NOW + timedelta(hours=1))}
        assert (await office.policy.put(path, window, DESK, "*")).json()["valid_until"] == "2026-11-23T05:30:00.000Z"
        office.now = NOW + timedelta(hours=2)
        late = await office.approve(case, DESK_2)
        assert (*kind_of(late), late.json()["valid_until"]) == (409, "window-closed", "2026-11-23T05:30:00.000Z")
        assert kind_of(await office.policy.put(path, window, DESK, "*")) == (409, "window-closed")


async def test_a_text_that_does_not_fit_is_told_in_the_platforms_own_measure() -> None:
    async with an_office() as office:
        case = await office.case(platform="bluesky")
        words = {"text": "😀" * 301}
        refused = await office.policy.post(f"/v1/cases/{case}/drafts", words, DESK)
        assert kind_of(refused) == (422, "does-not-fit")
        (misfit,) = refused.json()["platforms"]
        assert misfit == {"platform": "bluesky", "length": 301, "unit": "graphemes", "most": 300, "least": 0}
        assert "write less" in refused.json()["detail"]
        assert refused.json()["may_split"] is False
        assert kind_of(await office.policy.put(f"/v1/cases/{case}/drafts/1", words, DESK, "*")) == (422, "does-not-fit")


async def test_a_draft_says_until_when_its_platform_takes_it_and_warns_shortly_before() -> None:
    async with an_office() as office:
        ends = NOW + timedelta(hours=3)
        case = await office.case(platform="messenger", public=False, window_ends_at=ends)
        said = rfc3339(ends)
        path, words = f"/v1/cases/{case}/drafts/1", {"text": "We are on it."}
        assert (await office.draft(case))["window_ends_at"] == said
        shown = (await office.policy.get(f"/v1/cases/{case}")).json()
        assert (shown["turns"][0]["window_ends_at"], shown["explanation"]["window_ends_at"]) == (said, said)
        assert shown["clocks"]["window_ends_at"] == said
        assert shown["clocks"]["due_at"] == said
        warned = []
        for hours in (0, 1, 3):
            office.now = NOW + timedelta(hours=hours)
            warned.append((await office.policy.get(path)).json()["warnings"])
        assert warned == [[], ["window-closes-soon"], ["window-closed"]]
        late = await office.policy.post(f"/v1/cases/{case}/drafts", words, DESK)
        assert (*kind_of(late), late.json()["valid_until"]) == (409, "window-closed", said)
        office.now = NOW
        edited = await office.policy.put(path, words, DESK, "*")
        assert (edited.json()["window_ends_at"], edited.json()["warnings"]) == (said, [])


async def test_a_draft_for_a_platform_without_a_window_has_none() -> None:
    async with an_office() as office:
        draft = await office.draft(await office.case())
        assert (draft["window_ends_at"], draft["warnings"]) == (None, [])


async def test_a_statement_that_nobody_keeps_cannot_be_cited() -> None:
    async with an_office() as office:
        case = await office.case()
        answer = await office.policy.post(f"/v1/cases/{case}/drafts", {"text": "x", "statements": ["fee"]}, DESK)
        assert (*kind_of(answer), answer.json()["statements"]) == (422, "unknown-statement", ["fee"])


async def in_danger(office: Office) -> tuple[str, dict[str, Any]]:
    await office.policy.receive(received(DANGER, agency="water-board"))
    (row,) = await office.policy.rows("SELECT id FROM \"case\" WHERE agency = 'water-board'")
    written = await office.policy.post(f"/v1/cases/{row.id}/drafts", {"text": "Do not drink it."}, "water-division")
    return row.id, written.json()


async def test_a_release_at_once_is_reviewed_by_another() -> None:
    async with an_office() as office:
        case, draft = await in_danger(office)
        body = {"digest": draft["digest"], "reason": "People drink it now."}
        path = f"/v1/cases/{case}/drafts/1/break-glass"
        released = await office.policy.post(path, body, "water-division")
        assert (released.status_code, released.json()["state"]) == (201, "released")
        assert (await office.policy.post(path, body, "water-division")).json() == released.json()
        assert await announced(office, "ResponseApproved", "{authorisations,0,kind}") == ["break_glass"]
        (owed,) = (await office.policy.get("/v1/reviews?owed=true", "water-head")).json()["items"]
        assert (owed["released_by"], owed["due_at"]) == ("water-division", "2026-11-24T04:30:00.000Z")
        findings = f"/v1/reviews/{owed['id']}/findings"
        said = {"finding": "upheld", "note": "There was no time."}
        assert kind_of(await office.policy.post(findings, said, "water-division")) == (403, "own-release")
        assert kind_of(await office.policy.post(findings, said, "water-comms")) == (403, "not-your-authority")
        assert (await office.policy.post(findings, said, "passports-head")).status_code == 404
        done = await office.policy.post(findings, said, "water-head")
        assert (done.status_code, done.json()["finding"], done.json()["reviewed_by"]) == (201, "upheld", "water-head")
        assert kind_of(await office.policy.post(findings, said, "water-head")) == (409, "reviewed-already")
        assert (await office.policy.get("/v1/reviews?owed=true", "water-head")).json()["items"] == []


async def test_a_review_that_nobody_made_is_told_above_once() -> None:
    async with an_office() as office:
        case, draft = await in_danger(office)
        body = {"digest": draft["digest"], "reason": "People drink it now."}
        await office.policy.post(f"/v1/cases/{case}/drafts/1/break-glass", body, "water-division")
        office.now = NOW + timedelta(hours=25)
        told = []
        for _ in range(2):
            async with office.policy.database.begin(EVERY_AGENCY) as connection:
                told.append(await overdue_reviews.look(connection, shelf(), lambda: office.now))
        assert told == [1, 0]
        assert await announced(office, "CaseEscalated", "{reason}") == ["break_glass", "review_overdue"]
        assert len(await office.audited("review.overdue")) == 1


async def test_without_danger_nobody_releases_alone() -> None:
    async with an_office() as office:
        case = await office.case()
        digest = (await office.draft(case))["digest"]
        answer = await say(office, case, "break-glass", HEAD, digest=digest, reason="I want it.")
        assert kind_of(answer) == (403, "no-danger")
