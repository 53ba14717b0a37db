"""The life of a policy over HTTP: written, submitted, adopted by two, read back as it was."""

import asyncio
import base64
import functools
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
import yaml
from sqlalchemy.exc import IntegrityError

from services.policy.adapters.consumers import handler
from services.policy.adapters.store.policies import PolicyShelf
from shared.clock import rfc3339
from shared.cloudevents import Received
from shared.database import EVERY_AGENCY
from shared.ids import uuid7
from tests.policy.adapters.support import Policy, running_policy, token
from tests.policy.builders import NOW, SAMPLES, received

pytestmark = pytest.mark.asyncio

EVERYTHING = "cases:read cases:write policies:write policies:adopt audit:read"
FILE = (SAMPLES / "passports.yaml").read_text()
SOON = NOW + timedelta(days=7)
RULE = {
    "id": "passports.lost",
    "name": "A lost passport is for communications",
    "stage": "owner",
    "when": {"phrase": {"en": ["lost my passport"]}},
    "then": {"disposition": "refer", "level": "L2", "stop": True},
}


class Office:
    """People with tokens before the running service. Names of sample officers hold their posts."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    async def ask(
        self,
        method: str,
        path: str,
        who: str = "passports-renewals",
        body: Any = None,
        *,
        scopes: str = EVERYTHING,
        agency: str = "passports",
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        sent = {"Authorization": f"Bearer {token(who, *agency.split(), scopes=scopes)}", **(headers or {})}
        if method == "POST":
            sent.setdefault("Idempotency-Key", uuid7().hex)
        return await self.policy.client.request(method, f"/v1/policies{path}", json=body, headers=sent, params=params)

    async def write(self, document: Any = None, who: str = "passports-renewals", **more: Any) -> dict[str, Any]:
        body = {"agency": "passports", "document": with_the_rule() if document is None else document, **more}
        return answered(await self.ask("POST", "", who, body))

    async def submitted(self, document: Any = None, **more: Any) -> dict[str, Any]:
        draft = await self.write(document, **more)
        return answered(await self.ask("POST", f"/{draft['id']}/submissions"))

    async def in_review(self, document: Any = None) -> dict[str, Any]:
        """The same without asking lint, which takes a second or two."""
        draft = await self.write(document)
        await self.policy.rows(f"UPDATE policy_draft SET state = 'review' WHERE id = '{draft['id']}' RETURNING 1")
        return draft

    async def adopt(self, draft: dict[str, Any], who: str, **more: Any) -> httpx.Response:
        digest = (await self.read(draft["id"]))["digest"]
        return await self.ask("POST", f"/{draft['id']}/adoptions", who, {"digest": digest, **more})

    async def adopted(self, document: Any = None, **more: Any) -> dict[str, Any]:
        draft = await self.in_review(document)
        answered(await self.adopt(draft, "passports-head", **more))
        return answered(await self.adopt(draft, "passports-division"))

    async def read(self, name: str, who: str = "passports-renewals", **more: Any) -> dict[str, Any]:
        return answered(await self.ask("GET", f"/{name}", who, **more), 200)

    async def in_force(self) -> str:
        """The version by which comments are decided now."""
        return str((await self.read("passports"))["policy_version"])

    async def trail(self) -> list[str]:
        found = await self.policy.rows("SELECT action FROM audit WHERE agency = 'passports' ORDER BY number")
        return [row.action for row in found]


def answered(answer: httpx.Response, status: int = 201) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


def refused(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def with_the_rule(**sections: Any) -> str:
    document = yaml.safe_load(FILE)
    return yaml.safe_dump({**document, "version": 2, "rules": [*document["rules"], RULE], **sections})


def of_a_unit(unit: str = "lost-and-found", **sections: Any) -> dict[str, Any]:
    topic = {"id": f"{unit}-things", "phrases": {"en": [f"{unit} things"]}}
    return {"agency": "passports", "unit": unit, "name": unit.title(), "version": 1, "topics": [topic], **sections}


async def the_decision(policy: Policy, text: str) -> dict[str, Any]:
    """How another replica, which follows the database, decides a new comment."""
    shelf = PolicyShelf()
    await shelf.refresh(policy.database, NOW)
    async with policy.database.begin(EVERY_AGENCY) as connection:
        await handler(shelf, lambda: NOW)(connection, [Received(received(text), uuid7(), None)])
    (row,) = await policy.rows("SELECT decision FROM turn")
    return dict(row.decision)


async def test_a_rule_is_written_adopted_by_two_and_decides_the_next_comment() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        before = await office.in_force()
        draft = await office.submitted(note="People write to us when they lose their passport.")
        assert (draft["state"], draft["edition"], draft["stands_on"]) == ("review", 1, before)
        first = answered(await office.adopt(draft, "passports-head"))
        assert (first["state"], [each["by"] for each in first["adoptions"]]) == ("review", ["passports-head"])
        assert await office.in_force() == before
        adopted = answered(await office.adopt(draft, "passports-division"))
        after = adopted["policy_version"]
        assert (adopted["state"], adopted["effective_from"]) == ("adopted", rfc3339(NOW))
        assert after.startswith("passports/2@")
        assert after == draft["policy_version"]
        assert await office.in_force() == after
        decision = await the_decision(policy, "I lost my passport at the airport")
        assert decision["policy_version"] == after
        assert "passports.lost" in decision["rules"]


async def test_every_version_can_be_read_as_it_was_in_force() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        before = await office.in_force()
        after = await office.adopted(effective_from=rfc3339(SOON))
        versions = answered(await office.ask("GET", "/passports/versions"), 200)["items"]
        assert [each["policy_version"] for each in versions] == [after["policy_version"], before]
        assert [each["origin"] for each in versions] == ["draft", "files"]
        assert versions[0]["adopted_by"] == ["passports-head", "passports-division"]
        assert versions[1]["adopted_by"] == ["deployment"]
        for time, version in ((NOW, before), (SOON - timedelta(seconds=1), before), (SOON, after["policy_version"])):
            then = answered(await office.ask("GET", "/passports/at", params={"time": time.isoformat()}), 200)
            assert then["policy_version"] == version
            assert then["policy"]["agency"] == "passports"
        early = await office.ask("GET", "/passports/at", params={"time": (NOW - timedelta(days=1)).isoformat()})
        assert refused(early) == (404, "not-found")
        assert "No policy of passports was in force" in early.json()["detail"]
        assert await office.in_force() == before


async def test_a_time_that_is_none_or_that_nobody_means_is_refused() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        for time in ("yesterday", "2026-11-23T10:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
            assert refused(await office.ask("GET", "/passports/at", params={"time": time})) == (422, "invalid-input")
        draft = await office.in_review()
        for time in ("0001-01-01T00:00:00+14:00", "2026-12-01T10:00:00", "soon"):
            assert (await office.adopt(draft, "passports-head", effective_from=time)).status_code == 422
        for place in ("0001-01-01T00:00:00+14:00 0001-01-01T00:00:00+14:00", "2026-12-01 2026-12-01", "now"):
            cursor = base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")
            assert refused(await office.ask("GET", f"/passports/versions?cursor={cursor}"))[0] == 400


async def test_another_agencys_people_see_nothing_of_it() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        draft = await office.in_review()
        digest = {"digest": draft["digest"]}
        stranger = functools.partial(office.ask, who="governor", agency="central-bank")
        for path in (f"/{draft['id']}", "/passports", "/passports/versions", "/passports/at?time=2026-11-24T00:00:00Z"):
            assert refused(await stranger("GET", path)) == (404, "not-found")
        assert refused(await stranger("POST", f"/{draft['id']}/adoptions", body=digest))[0] == 404
        assert (await stranger("GET", "?agency=passports")).json()["items"] == []
        written = await stranger("POST", "", body={"agency": "passports", "document": FILE})
        assert refused(written) == (403, "not-your-agency")


async def test_each_act_asks_for_its_scope() -> None:
    async with running_policy() as policy:
        for method, path, scopes in (
            ("POST", "", "cases:read policies:adopt"),
            ("PUT", "/pol_0", "cases:read policies:adopt"),
            ("POST", "/pol_0/submissions", "cases:read policies:adopt"),
            ("POST", "/pol_0/withdrawals", "cases:read"),
            ("POST", "/pol_0/adoptions", "cases:read policies:write"),
            ("POST", "/pol_0/returns", "cases:read policies:write"),
            ("GET", "/passports", "policies:write"),
            ("GET", "/passports/versions", "policies:write"),
        ):
            answer = await Office(policy).ask(method, path, body={} if method != "GET" else None, scopes=scopes)
            assert refused(answer) == (403, "insufficient-scope"), path


async def test_refusals_of_those_who_may_not_adopt() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        draft = await office.in_review()
        assert refused(await office.adopt(draft, "passports-renewals")) == (403, "own-draft")
        stale = await office.ask("POST", f"/{draft['id']}/adoptions", "passports-head", {"digest": "0" * 64})
        assert refused(stale) == (409, "stale-digest")
        assert stale.json()["digest"] == draft["digest"]
        neither = await office.ask("POST", f"/{draft['id']}/adoptions", "passports-head", {})
        assert refused(neither) == (422, "invalid-input")
        for time in (NOW - timedelta(hours=1), NOW + timedelta(days=400)):
            answer = await office.adopt(draft, "passports-head", effective_from=rfc3339(time))
            assert refused(answer) == (422, "not-this-time")


async def test_one_person_pressing_twice_is_one_person() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        draft = await office.in_review()
        answers = [await office.adopt(draft, "passports-head") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [201, 201, 201]
        assert answers[-1].json()["state"] == "review"
        assert (await office.trail()).count("policy.consented") == 1


async def test_the_same_idempotency_key_has_its_effect_once() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        body, headers = {"agency": "passports", "document": with_the_rule()}, {"Idempotency-Key": "one"}
        answers = [await office.ask("POST", "", body=body, headers=headers) for _ in range(2)]
        assert answers[0].json() == answers[1].json()
        assert len(answered(await office.ask("GET", ""), 200)["items"]) == 1


async def test_of_many_who_adopt_in_one_moment_two_do() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        draft = await office.in_review()
        who = ["passports-head", "passports-division", "passports-legal", "passports-comms"]
        answers = await asyncio.gather(*(office.adopt(draft, each) for each in who))
        assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409]
        (row,) = await policy.rows("SELECT adopted_by FROM policy_adoption WHERE origin = 'draft'")
        assert len(set(row.adopted_by)) == 2
        assert (await office.trail()).count("policy.adopted") == 2  # the files, and this


async def test_of_two_drafts_adopted_in_one_moment_the_second_is_looked_at_anew() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        drafts = [await office.in_review(of_a_unit(unit)) for unit in ("one", "two")]
        for draft in drafts:
            answered(await office.adopt(draft, "passports-head"))
        answers = await asyncio.gather(*(office.adopt(draft, "passports-division") for draft in drafts))
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        (late,) = [draft for draft, answer in zip(drafts, answers, strict=True) if answer.status_code == 409]
        for who in ("passports-head", "passports-division"):
            answered(await office.adopt(late, who))
        topics = {topic["id"] for topic in (await office.read("passports"))["policy"]["topics"]}
        assert {"one-things", "two-things"} <= topics


async def test_a_document_that_is_none_is_refused_with_its_places() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        for document, path in (
            (with_the_rule(ladder={"L3": {"name": "x", "steps": []}}), "ladder.L3.steps"),
            ("agency: [", ""),
            ({"agency": "passports", "name": "P", "version": 1, "colour": "red"}, "colour"),
            (with_the_rule(agency="water-board"), "agency"),
            (of_a_unit(scales={}), "scales"),
            (with_the_rule(kinds=[{"kind": "spam", "patterns": ["(?=x)"]}]), "kinds.spam.patterns.(?=x)"),
            (with_the_rule(include=["other.yaml"]), "include"),
        ):
            answer = await office.ask("POST", "", body={"agency": "passports", "document": document})
            assert refused(answer) == (422, "invalid-policy"), document
            assert path in {error["path"] for error in answer.json()["errors"]}, answer.json()
        assert answered(await office.ask("GET", ""), 200)["items"] == []


async def test_a_fault_in_a_file_is_told_with_its_line() -> None:
    body = {"agency": "passports", "document": FILE.replace("stage: owner", "stage: yesterday", 1)}
    async with running_policy() as policy:
        answer = await Office(policy).ask("POST", "", body=body)
        (error,) = answer.json()["errors"]
        assert FILE.splitlines()[error["line"] - 1].strip() == "stage: owner"
        assert error["path"].endswith(".stage")
        assert "yesterday" in error["detail"]


async def test_a_draft_with_holes_stays_with_its_authors_until_they_are_mended() -> None:
    nobody = [officer for officer in yaml.safe_load(FILE)["officers"] if officer["level"] != "L4"]
    async with running_policy() as policy:
        office = Office(policy)
        draft = await office.write(with_the_rule(officers=nobody))
        answer = await office.ask("POST", f"/{draft['id']}/submissions")
        assert refused(answer) == (409, "policy-has-holes")
        assert "level-without-holder" in {hole["code"] for hole in answer.json()["errors"]}
        found = answered(await office.ask("GET", f"/{draft['id']}/lint"), 200)["lint"]
        assert found["errors"] == answer.json()["errors"]
        silent = {key: part for key, part in yaml.safe_load(with_the_rule()).items() if key != "officers"}
        submitted = await office.submitted(yaml.safe_dump(silent))
        assert (submitted["state"], submitted["lint"]["errors"]) == ("review", [])
        assert submitted["lint"]["warnings"]
        assert answered(await office.ask("GET", "/passports/lint"), 200)["lint"]["errors"] == []


async def test_what_a_draft_changes_is_told_in_sentences() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        before = await office.in_force()
        draft = await office.submitted()
        told = draft["diff"]
        assert (told["before"], told["now"], told["same"]) == (before, draft["policy_version"], False)
        assert {each["id"] for each in told["differences"] if each["section"] == "rules"} == {"passports.lost"}
        assert answered(await office.ask("GET", f"/{draft['id']}/diff"), 200) == told
        against = await office.ask("GET", f"/{draft['id']}/diff", params={"against": before})
        assert answered(against, 200) == told
        nothing = await office.ask("GET", f"/{draft['id']}/diff", params={"against": "passports/9@000000000000"})
        assert refused(nothing) == (404, "not-found")
        for who in ("passports-head", "passports-division"):
            answered(await office.adopt(draft, who))
        adopted = answered(await office.ask("GET", "/passports/diff"), 200)
        assert (adopted["before"], adopted["differences"]) == (before, told["differences"])
        first = answered(await office.ask("GET", "/passports/diff", params={"version": before}), 200)
        assert (first["before"], first["differences"]) == (None, [])


async def test_whose_posts_a_draft_changes_is_told_to_those_who_write_policies_only() -> None:
    fewer = with_the_rule(officers=yaml.safe_load(FILE)["officers"][:-1])
    async with running_policy() as policy:
        office = Office(policy)
        draft = await office.write(fewer)
        for scopes, told in (("cases:read", set()), ("cases:read policies:write", {"officers"})):
            found = answered(await office.ask("GET", f"/{draft['id']}/diff", scopes=scopes), 200)
            assert {each["section"] for each in found["differences"]} & {"officers"} == told


async def test_a_draft_is_edited_by_whom_has_seen_the_last_edition() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        draft = await office.write()
        body = {"document": with_the_rule(name="Passports"), "note": "A shorter name"}
        assert refused(await office.ask("PUT", f"/{draft['id']}", body=body)) == (428, "if-match-missing")
        edited = await office.ask("PUT", f"/{draft['id']}", "passports-comms", body, headers={"If-Match": '"1"'})
        assert (answered(edited, 200)["edition"], edited.headers["etag"]) == (2, '"2"')
        assert edited.json()["digest"] != draft["digest"]
        assert refused(await office.ask("PUT", f"/{draft['id']}", body=body, headers={"If-Match": '"1"'})) == (
            412,
            "stale",
        )
        answered(await office.ask("POST", f"/{draft['id']}/submissions"))
        late = await office.ask("PUT", f"/{draft['id']}", body=body, headers={"If-Match": '"2"'})
        assert refused(late) == (409, "wrong-state")
        assert refused(await office.adopt(draft, "passports-comms")) == (403, "own-draft")


async def test_a_returned_draft_is_its_authors_again_and_a_withdrawn_one_is_over() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        draft = await office.submitted()
        answered(await office.adopt(draft, "passports-head"))
        returned = await office.ask("POST", f"/{draft['id']}/returns", "passports-legal", {"reason": "which desk?"})
        assert (answered(returned)["state"], returned.json()["adoptions"]) == ("draft", [])
        assert answered(await office.ask("POST", f"/{draft['id']}/withdrawals"))["state"] == "withdrawn"
        for state, count in (("withdrawn", 1), ("draft", 0)):
            assert len(answered(await office.ask("GET", f"?state={state}"), 200)["items"]) == count
        assert (await office.trail())[-5:] == [
            "policy.drafted", "policy.submitted", "policy.consented", "policy.returned", "policy.withdrawn",
        ]  # fmt: skip


async def test_people_of_a_unit_write_no_siblings_policy() -> None:
    desk = {"subject": "passports-desk", "post": "Enquiries Officer", "level": "L1", "unit": "lost-and-found"}
    left = {**desk, "subject": "passports-desk-2", "until": "2026-01-01T00:00:00Z"}
    async with running_policy() as policy:
        office = Office(policy)
        await office.adopted(with_the_rule(officers=[desk, left, *yaml.safe_load(FILE)["officers"][2:]]))
        own = {"agency": "passports", "document": of_a_unit()}
        answered(await office.ask("POST", "", "passports-desk", own))
        for body in ({"agency": "passports", "document": of_a_unit("counter")}, {**own, "document": with_the_rule()}):
            assert refused(await office.ask("POST", "", "passports-desk", body)) == (403, "not-your-unit")
            assert refused(await office.ask("POST", "", "passports-desk-2", body)) == (403, "no-post")
        sibling = await office.write(of_a_unit("counter"))
        answer = await office.ask("POST", f"/{sibling['id']}/submissions", "passports-desk")
        assert refused(answer) == (403, "not-your-unit")


async def test_who_has_lost_a_post_of_a_unit_neither_writes_nor_adopts_for_the_agency() -> None:
    helper = {"subject": "helper", "post": "Helper", "level": "L1"}
    async with running_policy() as policy:
        office = Office(policy)
        await office.adopted(of_a_unit(officers=[helper]))
        own = {"agency": "passports", "document": of_a_unit(version=2, officers=[helper])}
        answered(await office.ask("POST", "", "helper", own))
        await office.adopted(of_a_unit(version=3, officers=[]))
        for body in (own, {"agency": "passports", "document": with_the_rule()}):
            assert refused(await office.ask("POST", "", "helper", body)) == (403, "no-post")
        draft = await office.in_review()
        for who in ("helper", "nobody"):
            assert refused(await office.adopt(draft, who)) == (403, "no-post")


async def test_who_looks_after_all_agencies_writes_and_does_not_adopt() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        body = {"agency": "passports", "document": with_the_rule()}
        answered(await office.ask("POST", "", "admin", body, agency=""))
        draft = await office.in_review()
        answer = await office.ask("POST", f"/{draft['id']}/adoptions", "admin", {"digest": draft["digest"]}, agency="")
        assert refused(answer) == (403, "no-post")


async def test_posts_that_an_adopted_document_gives_are_held_and_on_record() -> None:
    new = {"subject": "passports-new", "post": "New Officer", "level": "L3"}
    async with running_policy() as policy:
        office = Office(policy)
        await office.adopted(with_the_rule(officers=[*yaml.safe_load(FILE)["officers"], new]))
        assert "passports-new" in {each["subject"] for each in (await office.read("passports"))["policy"]["officers"]}
        assert (await office.trail())[-2:] == ["policy.adopted", "roster.changed"]
        before = answered(await office.ask("GET", "/passports/versions"), 200)["items"][-1]
        assert before["origin"] == "files"


async def test_a_version_that_cannot_be_read_any_more_is_shown_and_can_give_way() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        version = await office.in_force()
        await policy.rows('UPDATE policy SET content = \'{"agency": "passports", "old": 1}\' RETURNING 1')
        then = answered(await office.ask("GET", "/passports/at", params={"time": NOW.isoformat()}), 200)
        assert (then["policy_version"], then["policy"]["old"]) == (version, 1)
        draft = await office.submitted()
        compared = await office.ask("GET", f"/{draft['id']}/diff")
        assert refused(compared) == (409, "unreadable-version")
        for who in ("passports-head", "passports-division"):
            adopted = answered(await office.adopt(draft, who))
        assert await office.in_force() == adopted["policy_version"]


async def test_a_document_in_force_gives_way_to_its_successor_and_not_to_a_siblings() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        one = await office.adopted(of_a_unit("one"))
        await office.adopted(of_a_unit("two"))
        assert (await office.read(one["id"]))["state"] == "adopted"
        await office.adopted(of_a_unit("one", version=2))
        assert (await office.read(one["id"]))["state"] == "superseded"
        assert (await office.trail()).count("policy.superseded") == 1


async def test_what_is_yet_to_come_stands_in_the_way_until_it_is_called_off() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        later = await office.adopted(effective_from=rfc3339(SOON))
        urgent = await office.in_review(of_a_unit())
        answered(await office.adopt(urgent, "passports-head"))
        blocked = await office.adopt(urgent, "passports-division")
        assert refused(blocked) == (409, "another-is-scheduled")
        assert blocked.json()["policy_version"] == later["policy_version"]
        writer = await office.ask("POST", f"/{later['id']}/withdrawals", scopes="cases:read policies:write")
        assert refused(writer) == (403, "not-your-authority")
        answered(await office.ask("POST", f"/{later['id']}/withdrawals", "passports-legal", {"reason": "flood"}))
        for who in ("passports-head", "passports-division"):
            answer = answered(await office.adopt(urgent, who))
        assert answer["state"] == "adopted"
        assert len(answered(await office.ask("GET", "/passports/versions"), 200)["items"]) == 2


async def test_of_two_that_are_to_begin_together_the_first_is_not_called_off_before_the_second() -> None:
    new = {"subject": "new", "post": "New Officer", "level": "L3"}
    adopters = "cases:read policies:adopt"
    async with running_policy() as policy:
        office = Office(policy)
        first = await office.adopted(effective_from=rfc3339(SOON))
        appointing = with_the_rule(version=3, officers=[*yaml.safe_load(FILE)["officers"], new])
        second = await office.adopted(appointing, effective_from=rfc3339(SOON))
        early = await office.ask("POST", f"/{first['id']}/withdrawals", "passports-legal", scopes=adopters)
        assert refused(early) == (409, "another-is-scheduled")
        assert early.json()["policy_version"] == second["policy_version"]
        for draft in (second, first):
            answered(await office.ask("POST", f"/{draft['id']}/withdrawals", "passports-legal", scopes=adopters))
            assert (await policy.rows(f"SELECT 1 FROM policy_adoption WHERE draft = '{draft['id']}'")) == []
            posts = await policy.rows("SELECT 1 FROM roster WHERE agency = 'passports' AND officers::text ~ 'New Off'")
            assert posts == []


async def test_a_repeated_request_gets_its_answer_whatever_stands_by_then() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        body, headers = {"agency": "passports", "document": of_a_unit("one")}, {"Idempotency-Key": "one"}
        first = await office.ask("POST", "", body=body, headers=headers)
        await office.adopted(of_a_unit("two", topics=of_a_unit("one")["topics"]))
        assert refused(await office.ask("POST", "", body=body)) == (422, "invalid-policy")
        assert answered(await office.ask("POST", "", body=body, headers=headers)) == first.json()
        other = {**body, "note": "another"}
        assert refused(await office.ask("POST", "", body=other, headers=headers)) == (422, "idempotency-key-reused")


async def test_a_refusal_names_the_field() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        unfit = await office.ask("POST", "", body={"agency": "passports", "document": {"agency": "passports", "x": 1}})
        assert {error["pointer"] for error in unfit.json()["errors"]} == {"/document"}
        draft = await office.in_review()
        late = await office.adopt(draft, "passports-head", effective_from=rfc3339(NOW + timedelta(days=400)))
        assert [error["pointer"] for error in late.json()["errors"]] == ["/effective_from"]


async def test_an_object_may_name_its_schema_and_no_agency_has_the_name_of_what_all_have_in_common() -> None:
    document = of_a_unit(**{"$schema": "policy.schema.json"})
    async with running_policy() as policy:
        office = Office(policy)
        assert "$schema" not in (await office.write(document))["document"]
        common = {"agency": "common", "document": {"agency": "common", "name": "C", "version": 1}}
        taken = await office.ask("POST", "", body=common, agency="common")
        assert refused(taken) == (422, "invalid-policy")
        assert [error["path"] for error in taken.json()["errors"]] == ["agency"]


async def test_an_agency_that_nobody_knows_has_no_versions() -> None:
    async with running_policy() as policy:
        assert refused(await Office(policy).ask("GET", "/nobody/versions", agency="")) == (404, "not-found")


async def test_what_is_in_force_is_shown_as_it_was_adopted() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        version = await office.in_force()
        await policy.rows("UPDATE policy SET content = content::jsonb - 'step_minutes' RETURNING 1")
        for params in ({}, {"version": version}):
            found = answered(await office.ask("GET", "/passports", params=params), 200)
            assert (found["policy_version"], "step_minutes" in found["policy"]) == (version, False)


async def test_whoever_adopts_is_told_whether_it_was_replayed() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        draft = await office.in_review()
        assert (draft["replays"], draft["replayed"]) == ([], False)
        for number, version, replayed in ((1, "passports/2@000000000000", False), (2, draft["policy_version"], True)):
            result = f"""{{"summary": {{"policy_version": "{version}"}}, "items": []}}"""
            await policy.rows(
                "INSERT INTO replay"
                " (id, agency, draft, edition, state, asked, asked_by, asked_at, progress, tries, result)"
                f" VALUES ('rpl_{number}', 'passports', '{draft['id']}', 1, 'done', '{{}}', 'a', now(), 1, 1,"
                f" '{result}') RETURNING 1"
            )
            found = await office.read(draft["id"])
            assert (len(found["replays"]), found["replayed"]) == (number, replayed)
        for who in ("passports-head", "passports-division"):
            assert answered(await office.adopt(draft, who))["replayed"]


async def test_officers_are_shown_to_those_who_write_policies_only() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        draft = await office.write()
        assert "officers" in (await office.read(draft["id"], scopes="cases:read policies:write"))["document"]
        assert "officers" not in (await office.read(draft["id"], scopes="cases:read"))["document"]


async def test_an_agency_adopts_its_first_policy_without_a_file() -> None:
    document = {**yaml.safe_load(FILE), "agency": "new-agency", "name": "New"}
    async with running_policy() as policy:
        ask = functools.partial(Office(policy).ask, agency="new-agency")
        body = {"agency": "new-agency", "document": yaml.safe_dump(document)}
        draft = answered(await ask("POST", "", body=body))
        assert draft["stands_on"] is None
        answered(await ask("POST", f"/{draft['id']}/submissions"))
        for who in ("head", "deputy"):
            answered(await ask("POST", f"/{draft['id']}/adoptions", who, {"edition": 1}))
        found = answered(await ask("GET", "/new-agency"), 200)
        assert found["policy_version"].startswith("new-agency/1@")
        assert len(found["policy"]["officers"]) == len(document["officers"])


async def test_lists_come_in_pages() -> None:
    async with running_policy() as policy:
        office = Office(policy)
        written = [(await office.write(of_a_unit(unit)))["id"] for unit in ("one", "two", "three")]
        first = await office.ask("GET", "?limit=2")
        assert [each["id"] for each in answered(first, 200)["items"]] == written[:0:-1]
        rest = await office.ask("GET", f"?limit=2&cursor={first.json()['next']}")
        assert [each["id"] for each in answered(rest, 200)["items"]] == written[:1]
        await office.adopted()
        newest = answered(await office.ask("GET", "/passports/versions?limit=1"), 200)
        oldest = answered(await office.ask("GET", f"/passports/versions?limit=1&cursor={newest['next']}"), 200)
        assert [newest["items"][0]["origin"], oldest["items"][0]["origin"], oldest["next"]] == ["draft", "files", None]
        assert refused(await office.ask("GET", "?cursor=%25")) == (400, "invalid-cursor")


async def test_the_database_forbids_what_the_domain_forbids() -> None:
    adopted = "state = 'adopted', version = 'v', effective_from = now()"
    async with running_policy() as policy:
        await Office(policy).write()
        for change in (
            adopted,
            f"""{adopted}, adoptions = '[{{"by": "a"}}, {{"by": "a"}}]'""",
            f"""{adopted}, adoptions = '[{{"by": "a"}}, {{"by": "passports-renewals"}}]'""",
            f"""{adopted}, editors = '["b"]', adoptions = '[{{"by": "a"}}, {{"by": "b"}}]'""",
            "version = 'v'",
            "state = 'in force'",
        ):
            with pytest.raises(IntegrityError):
                await policy.rows(f"UPDATE policy_draft SET {change} RETURNING 1")
