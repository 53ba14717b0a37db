"""What was asked on a platform and answered there is on the public record within seconds, and has its receipt."""

import httpx
import pytest

from shared.ids import uuid7
from tests.support.parley import Json, Parley, facebook_comment, wait_for

pytestmark = pytest.mark.system

SECONDS = 30.0
HOME = "/public/passports"


def read(parley: Parley, path: str) -> httpx.Response:
    return httpx.get(f"{parley.found['publisher']}{HOME}{path}", trust_env=False, timeout=10)


def test_an_answer_is_on_record_and_its_comment_has_a_receipt(parley: Parley) -> None:
    account = parley.account("facebook")
    native, mark = f"{account['account']}_{uuid7().int % 10**12}", uuid7().hex
    body, headers = facebook_comment(account, native, f"What are your opening hours? {mark}")
    httpx.post(account["webhook"], content=body, headers=headers, trust_env=False).raise_for_status()
    wait_for(lambda: (parley.comment(native) or {}).get("reply"), SECONDS, "its answer is published")
    comment: Json = parley.comment(native) or {}
    (publication,) = parley.get("publisher", f"/v1/responses/{comment['reply']['response']}")["publications"]
    items = read(parley, "/feed.json").json()["items"]
    assert f"urn:parley:publication:{publication['id']}" in [item["id"] for item in items]
    assert mark not in read(parley, "").text + read(parley, "/feed.json").text + read(parley, "/feed.atom").text

    def receipt() -> Json:
        answer = read(parley, f"/receipts?comment={comment['id']}")
        found: Json = answer.json()
        return found if answer.status_code == 200 and found["outcome"] == "answered" and found["rules"] else {}

    wait_for(receipt, SECONDS, "its receipt says so")
    assert (receipt()["level"], receipt()["manner"], receipt()["clock"]["from"]) == ("L0", "prepared_line", "received")


def test_what_needs_no_answer_has_its_receipt_as_well(parley: Parley) -> None:
    account = parley.account("facebook")
    native = f"{account['account']}_{uuid7().int % 10**12}"
    body, headers = facebook_comment(account, native, f"Wonderful service, thank you all so much! {uuid7().hex}")
    httpx.post(account["webhook"], content=body, headers=headers, trust_env=False).raise_for_status()
    wait_for(lambda: (parley.comment(native) or {}).get("status") == "closed", SECONDS, "it is let stand")
    known_as = (parley.comment(native) or {})["id"]
    wait_for(
        lambda: read(parley, f"/receipts?comment={known_as}").json().get("reason") == "needs_no_answer",
        SECONDS,
        "its receipt says so",
    )
