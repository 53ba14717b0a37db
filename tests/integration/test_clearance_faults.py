"""Policy dies while officers clear answers: what was approved goes out once, and what was not does not."""

import concurrent.futures
import random
import threading
import time
from collections import Counter

import httpx
import pytest

from shared.ids import uuid7
from tests.support.parley import Json, Parley, facebook_comment, wait_for

pytestmark = pytest.mark.system

CASES, NEVER_APPROVED, CLERKS = 40, 5, 6
HEAL_SECONDS = 90.0
COMPLAINT = "Still waiting for my passport, terrible service, and nobody answers the telephone"


def test_policy_killed_while_officers_clear_lets_every_answer_out_once(parley: Parley) -> None:
    natives = [_write(parley, number) for number in range(CASES)]
    wait_for(lambda: len(_cases(parley, natives)) == CASES, HEAL_SECONDS, "every comment has its case")
    cases = _cases(parley, natives)
    over = threading.Event()
    killer = threading.Thread(target=_kill_again_and_again, args=(parley, over))
    killer.start()
    try:
        with concurrent.futures.ThreadPoolExecutor(CLERKS) as clerks:
            cleared = clerks.map(lambda native: _clear(parley, cases[native]), natives[NEVER_APPROVED:])
            assert set(cleared) == {"released"}
        for native in natives[:NEVER_APPROVED]:
            _press(parley, "passports-desk", f"/v1/cases/{cases[native]}/drafts", {"text": "Not yet."})
    finally:
        over.set()
        killer.join()
    wait_for(
        lambda: _answered(parley, natives) == CASES - NEVER_APPROVED, HEAL_SECONDS, "what was approved is answered"
    )
    replies = Counter(one["parent"] for one in parley.replies("facebook") if one["parent"] in cases)
    assert replies == Counter(natives[NEVER_APPROVED:])


def _kill_again_and_again(parley: Parley, over: threading.Event) -> None:
    wait = random.uniform(0.2, 1.0)
    while not over.wait(wait):
        parley.kill("policy")
        wait = random.uniform(3, 5)  # it takes a while to be up again


def _write(parley: Parley, number: int) -> str:
    native = f"900000000000001_{uuid7().int % 10**12}"
    account = parley.account("facebook")
    body, headers = facebook_comment(account, native, COMPLAINT, author=f"71000000000{number:04}")
    httpx.post(account["webhook"], content=body, headers=headers, trust_env=False).raise_for_status()
    return native


def _cases(parley: Parley, natives: list[str]) -> dict[str, str]:
    found = {one["native_id"]: one["case"] for one in parley.comments(platform="facebook") if one["case"]}
    return {native: found[native] for native in natives if native in found}


def _clear(parley: Parley, case: str) -> str:
    """Draft and approve an answer, as officers do whose service goes away again and again."""
    drafts = f"/v1/cases/{case}/drafts"
    draft = _press(parley, "passports-desk", drafts, {"text": "We are sorry; your passport is on its way."})
    approvals = f"{drafts}/{draft['number']}/approvals"
    for who in ("passports-comms", "passports-division"):
        if any(step["taken"] is None for step in draft["steps"]):
            draft = _press(parley, who, approvals, {"digest": draft["digest"]})
    return str(draft["state"])


def _press(parley: Parley, who: str, path: str, body: Json) -> Json:
    """Send it, and again with the same key until it is answered."""
    token = next(one["token"] for one in parley.found["officers"] if one["subject"] == who)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid7().hex}
    time.sleep(random.uniform(0, 0.5))
    deadline = time.monotonic() + HEAL_SECONDS
    answer = None
    with httpx.Client(timeout=60, trust_env=False) as client:
        while time.monotonic() < deadline:
            try:
                answer = client.post(f"{parley.found['policy']}{path}", json=body, headers=headers)
            except httpx.TransportError:
                time.sleep(0.2)
                continue
            if answer.status_code != 503 and "request-in-progress" not in answer.text:
                break
            time.sleep(0.2)
    assert answer is not None, "policy was never up"
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


def _answered(parley: Parley, natives: list[str]) -> int:
    known = set(natives)
    return sum(one["status"] == "answered" for one in parley.comments(platform="facebook") if one["native_id"] in known)
