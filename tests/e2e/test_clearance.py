"""Clearance in the running system, from the citizen's comment to the reply on the platform."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.clock import rfc3339
from shared.ids import uuid7
from tests.support.parley import Parley, facebook_comment, wait_for

pytestmark = pytest.mark.system

SECONDS = 30.0
POST = "900000000000001"
LAWSUIT = "My lawyer will sue you for defamation over the passport fee"
QUEUE = "The queue at the Matara counter is four hours long and nobody tells us why, please explain what is wrong there"

Json = dict[str, Any]


class Office:
    """Citizens and officers of one agency, as the system meets them."""

    def __init__(self, parley: Parley, agency: str = "passports") -> None:
        self.parley, self.agency = parley, agency
        self.account = parley.account("facebook")

    def write(self, text: str, thread: str | None = None, **about: Any) -> str:
        """A citizen writes a comment; the platform's id of it."""
        native = about.pop("native", None) or f"{POST}_{uuid7().int % 10**12}"
        if thread is not None:
            about["parent_id"] = thread
        author = {"author": f"7{uuid7().int % 10**12}", **about}
        body, headers = facebook_comment(self.account, native, text, **author)
        httpx.post(self.account["webhook"], content=body, headers=headers, trust_env=False).raise_for_status()
        return str(native)

    def case(self, native: str) -> str:
        """The case that a comment came to."""
        wait_for(lambda: (self.parley.comment(native, self.agency) or {}).get("case"), SECONDS, "it is routed")
        comment = self.parley.comment(native, self.agency)
        assert comment is not None
        return str(comment["case"])

    def shown(self, case: str) -> Json:
        return self.parley.get("policy", f"/v1/cases/{case}")

    def act(self, who: str, path: str, body: Json, expected: int = 201) -> Json:
        """An officer posts something."""
        answer = self.parley.client.post(
            f"{self.parley.found['policy']}{path}", json=body, headers={**self._as(who), "Idempotency-Key": uuid7().hex}
        )
        assert answer.status_code == expected, answer.text
        found: Json = answer.json()
        return found

    def look(self, who: str, path: str) -> Json:
        answer = self.parley.client.get(f"{self.parley.found['policy']}{path}", headers=self._as(who))
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    def draft(self, case: str, who: str = "passports-desk", text: str = "We are looking into it.") -> Json:
        return self.act(who, f"/v1/cases/{case}/drafts", {"text": text})

    def approve(self, who: str, case: str, digest: str, expected: int = 201) -> Json:
        number = self.shown(case)["drafts"][-1]["number"]
        return self.act(who, f"/v1/cases/{case}/drafts/{number}/approvals", {"digest": digest}, expected)

    def sign_off(self, who: str, case: str, digest: str) -> Json:
        number = self.shown(case)["drafts"][-1]["number"]
        body = {"digest": digest, "kind": "legal"}
        return self.act(who, f"/v1/cases/{case}/drafts/{number}/signoffs", body)

    def digest(self, case: str) -> str:
        return str(self.shown(case)["drafts"][-1]["digest"])

    def replies(self, native: str) -> list[str]:
        return [one["text"] for one in self.parley.replies("facebook") if one["parent"] == native]

    def response(self, native: str) -> Json:
        """The response by which a comment was answered."""
        wait_for(lambda: (self.parley.comment(native, self.agency) or {}).get("reply"), SECONDS, "it is answered")
        comment = self.parley.comment(native, self.agency)
        assert comment is not None
        return self.parley.get("publisher", f"/v1/responses/{comment['reply']['response']}")

    def _as(self, who: str) -> dict[str, str]:
        officers = self.parley.found["officers"]
        token = next(one["token"] for one in officers if one["subject"] == who)
        return {"Authorization": f"Bearer {token}"}


def test_what_the_citizen_changes_has_to_be_approved_again_and_goes_out_once(parley: Parley) -> None:
    office = Office(parley)
    native = office.write(LAWSUIT, author="7000000000000042")
    case = office.case(native)
    seen = office.draft(case)["digest"]
    office.approve("passports-comms", case, seen)
    office.write(f"{LAWSUIT}, and I mean it", native=native, verb="edited", author="7000000000000042")
    wait_for(lambda: office.digest(case) != seen, SECONDS, "the edit has come through")
    stale = office.approve("passports-division", case, seen, 409)
    assert (stale["type"], stale["digest"]) == ("urn:parley:problem:stale-digest", office.digest(case))
    for who in ("passports-comms", "passports-division"):
        office.approve(who, case, office.digest(case))
    assert office.replies(native) == []
    office.sign_off("passports-legal", case, office.digest(case))
    response = office.response(native)
    assert [each["officer"] for each in response["authorisations"]] == [
        "passports-comms",
        "passports-division",
        "passports-legal",
    ]
    assert office.replies(native) == ["We are looking into it."]


def test_a_passer_by_with_another_matter_holds_nothing_up(parley: Parley) -> None:
    office = Office(parley)
    native = office.write(LAWSUIT)
    case = office.case(native)
    digest = office.draft(case)["digest"]
    office.approve("passports-comms", case, digest)
    other = office.write("What documents do I need for a birth abroad, both parents?", thread=native)
    assert office.case(other) == case
    assert office.digest(case) == digest
    office.approve("passports-division", case, digest)
    office.sign_off("passports-legal", case, digest)
    assert office.response(native)["comments"]
    waiting = [turn["comment"] for turn in office.shown(case)["turns"] if turn["state"] == "waiting"]
    assert waiting == [(parley.comment(other) or {})["id"]]


def test_who_acts_for_another_is_on_record_with_the_instrument(parley: Parley) -> None:
    office = Office(parley)
    granted = office.act(
        "passports-division",
        "/v1/delegations",
        {
            "agency": "passports",
            "delegate": {"subject": "passports-desk-2"},
            "ceiling": {"sensitivity": "S3", "damage": "D3"},
            "until": rfc3339(datetime.now(UTC) + timedelta(hours=1)),
        },
    )
    native = office.write(LAWSUIT)
    case = office.case(native)
    digest = office.draft(case)["digest"]
    office.approve("passports-desk-2", case, digest)
    office.approve("passports-comms", case, digest)
    office.sign_off("passports-legal", case, digest)
    given = {each["officer"]: each for each in office.response(native)["authorisations"]}["passports-desk-2"]
    assert (given["level"], given["instrument"]) == ("L3", granted["id"])
    assert given["on_behalf_of"]["officer"] == "passports-division"

    office.act("passports-division", f"/v1/delegations/{granted['id']}/revocations", {"reason": "back again"})
    other = office.case(office.write(LAWSUIT))
    refused = office.approve("passports-desk-2", other, office.draft(other)["digest"], 403)
    assert refused["type"] == "urn:parley:problem:not-your-authority"


def test_a_third_follow_up_on_one_subject_goes_one_level_up(parley: Parley) -> None:
    office = Office(parley)
    author = f"7{uuid7().int % 10**12}"
    native = office.write("Still waiting for my passport, terrible service", author=author)
    case = office.case(native)
    for number in (2, 3):
        again = office.write(f"Still waiting for my passport, no reply {number}", thread=native, author=author)
        assert office.case(again) == case
    levels = [turn["level"] for turn in office.shown(case)["turns"]]
    assert levels[-1] > levels[0]


def test_many_who_ask_the_same_are_answered_under_one_approval(parley: Parley) -> None:
    office = Office(parley)
    natives = [office.write(QUEUE) for _ in range(3)]
    for native in natives:
        office.case(native)
    issues = office.look("passports-comms", "/v1/issues?agency=passports")["items"]
    issue = next(each["id"] for each in issues if each["comments"] >= len(natives))
    text = "A machine is being repaired in Matara. All counters are open again on 30 November."
    until = rfc3339(datetime.now(UTC) + timedelta(days=2))
    answer = office.act(
        "passports-desk",
        f"/v1/issues/{issue}/answers",
        {"texts": {"en": text}, "limits": {"threads": 10, "until": until}},
    )
    path = f"/v1/issues/{issue}/answers/{answer['number']}"
    while any(step["taken"] is None for step in answer["steps"]):
        missing = next(step for step in answer["steps"] if step["taken"] is None)
        who = {"L2": "passports-comms", "L3": "passports-division"}[missing["level"]]
        answer = office.act(who, f"{path}/approvals", {"digest": answer["digest"]})
    responses = [office.response(native) for native in natives]
    assert [office.replies(native) for native in natives] == [[text]] * 3
    assert len({tuple(each["officer"] for each in response["authorisations"]) for response in responses}) == 1
    members = office.look("passports-desk", path)["members"]
    assert {member["response"] for member in members["in"]} >= {response["id"] for response in responses}


def test_a_hole_is_named_before_it_comes(parley: Parley) -> None:
    office = Office(parley, "water-board")
    begin = datetime.now(UTC) + timedelta(hours=1)
    away = [each["subject"] for each in parley.found["officers"] if each["subject"] in ("water-head", "water-division")]
    for who in away:
        span = {"agency": "water-board", "from": rfc3339(begin), "until": rfc3339(begin + timedelta(days=12))}
        office.act(who, "/v1/leaves", span)
    found = office.look("water-comms", "/v1/clearance/authorities?agency=water-board&days=14")
    assert any("S4" in hole["sensitivities"] for hole in found["holes"]), found["holes"]
