"""Processes die, the broker and the database go away, platforms misbehave: nothing is lost, nothing goes out twice.

Everything is judged from outside: what was answered with a 2xx, what the ingest API lists, what the platform recorded.
"""

import random
import signal
import threading
import time
from collections import Counter

import httpx
import pytest

from tests.support.citizen_load import CitizenLoad
from tests.support.parley import OPENING_HOURS, Parley, facebook_comment, wait_for

pytestmark = pytest.mark.system

HEAL_SECONDS = 90.0


def test_a_delivery_repeated_after_ingest_died_is_one_comment(parley: Parley) -> None:
    """The platform never saw our answer: ingest dies between its commit and the answer."""
    account = parley.account("facebook")
    body, headers = facebook_comment(account, "9101_1", OPENING_HOURS)
    with pytest.raises(httpx.TransportError), httpx.Client(timeout=0.001, trust_env=False) as hasty:
        hasty.post(account["webhook"], content=body, headers=headers)
    parley.kill("ingest")
    wait_for(lambda: _takes(parley, body, headers), 20, "ingest takes the repeated delivery")
    assert _takes(parley, body, headers)
    wait_for(lambda: _status(parley, "9101_1") == "answered", HEAL_SECONDS, "the comment is answered")
    _assert_each_answered_once(parley, ["9101_1"])


@pytest.mark.parametrize("service", ["ingest", "policy", "publisher"])
def test_a_service_killed_at_any_point_neither_loses_nor_doubles(parley: Parley, service: str) -> None:
    with CitizenLoad(parley, count=150, per_second=25) as load:
        for _ in range(3):
            time.sleep(random.uniform(0.5, 2.0))
            parley.kill(service)
    _assert_all_end(parley, load)


def test_the_town_square_killed_in_mid_run_gets_every_reply_once(parley: Parley) -> None:
    with CitizenLoad(parley, count=60, per_second=20) as load:
        time.sleep(1)
        parley.kill("town_square")
    _assert_all_end(parley, load)


def test_a_broker_that_is_silent_for_a_minute_refuses_nobody(parley: Parley) -> None:
    load = CitizenLoad(parley, count=60 * 5, per_second=5)
    with load:
        time.sleep(1)
        parley.send_broker(signal.SIGSTOP)
        time.sleep(60)
        parley.send_broker(signal.SIGCONT)
    assert load.refused == []
    _assert_all_end(parley, load)


def test_a_broker_killed_in_mid_run_is_told_what_it_does_not_know(parley: Parley) -> None:
    with CitizenLoad(parley, count=150, per_second=25) as load:
        time.sleep(2)
        parley.kill_broker()
    assert load.refused == []
    _assert_all_end(parley, load)


def test_postgres_restarted_in_mid_transaction_loses_nothing(parley: Parley) -> None:
    with CitizenLoad(parley, count=150, per_second=25) as load:
        time.sleep(2)
        parley.kill("database")
        time.sleep(2)
        parley.send("database", signal.SIGINT)
    _assert_all_end(parley, load)


@pytest.mark.parametrize("platform", ["facebook", "mastodon"])
@pytest.mark.parametrize("kind", ["accept_then_drop", "accept_then_500", "throttle", "down", "token_dead"])
def test_a_platform_that_misbehaves_shows_one_reply(parley: Parley, platform: str, kind: str) -> None:
    parley.misbehave(platform, kind, 1)
    native_id = _ask(parley, platform)
    wait_for(lambda: _status(parley, native_id) == "answered", HEAL_SECONDS, f"answered after {kind}")
    _assert_each_answered_once(parley, [native_id], platform)


@pytest.mark.parametrize("platform", ["facebook", "mastodon"])
def test_a_comment_that_is_gone_from_its_platform_ends_as_not_possible(parley: Parley, platform: str) -> None:
    parley.misbehave(platform, "parent_gone", 1)
    native_id = _ask(parley, platform)

    def failed() -> bool:
        found = parley.get("publisher", "/v1/publications?agency=passports&state=failed&limit=200")
        return any(one["reply_to"] == native_id and one["reason"] == "not_possible" for one in found["items"])

    wait_for(failed, HEAL_SECONDS, "the publication ends as not possible")
    assert native_id not in [reply["parent"] for reply in parley.replies(platform)]


def test_a_reply_that_was_held_and_not_taken_is_sent_again_once(parley: Parley) -> None:
    parley.misbehave("facebook", "hang", 1)
    native_id = _ask(parley, "facebook")
    wait_for(lambda: _status(parley, native_id) == "answered", 120, "answered after the settle time")
    _assert_each_answered_once(parley, [native_id])


def test_a_client_that_is_answered_503_is_told_when_to_come_back(parley: Parley) -> None:
    account = parley.account("facebook")
    parley.send("database", signal.SIGSTOP)
    resume = threading.Timer(8, parley.send, ("database", signal.SIGCONT))
    resume.start()
    body, headers = facebook_comment(account, "9102_1", OPENING_HOURS)
    try:
        answer = httpx.post(account["webhook"], content=body, headers=headers, timeout=30, trust_env=False)
    finally:
        resume.join()
    assert answer.status_code in (200, 503)
    assert answer.status_code == 200 or int(answer.headers["Retry-After"]) > 0
    wait_for(lambda: _takes(parley, body, headers), 30, "ingest takes it in the end")
    wait_for(lambda: _status(parley, "9102_1") == "answered", HEAL_SECONDS)


def _ask(parley: Parley, platform: str) -> str:
    account = parley.account(platform)
    if platform == "mastodon":
        post = {"name": "A citizen", "account": account["account"], "text": OPENING_HOURS}
        answer = parley.client.post(f"{account['base_url']}/citizens/posts", json=post)
        answer.raise_for_status()
        return str(answer.json()["id"])
    comment = f"9103_{random.randrange(10**12)}"
    body, headers = facebook_comment(account, comment, OPENING_HOURS)
    assert _takes(parley, body, headers)
    return comment


def _takes(parley: Parley, body: bytes, headers: dict[str, str]) -> bool:
    try:
        url = parley.account("facebook")["webhook"]
        return httpx.post(url, content=body, headers=headers, timeout=10, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _status(parley: Parley, native_id: str) -> str | None:
    comment = parley.comment(native_id)
    return comment["status"] if comment else None


def _assert_all_end(parley: Parley, load: CitizenLoad) -> None:
    assert load.accepted, "nobody was listened to"
    wanted = set(load.accepted)

    def all_answered() -> bool:
        try:
            answered = {one["native_id"] for one in parley.comments(status="answered", platform="facebook")}
        except (httpx.HTTPError, OSError):
            return False
        return wanted <= answered

    wait_for(all_answered, HEAL_SECONDS, f"all {len(wanted)} comments are answered")
    _assert_each_answered_once(parley, load.accepted)


def _assert_each_answered_once(parley: Parley, native_ids: list[str], platform: str = "facebook") -> None:
    replies = Counter(reply["parent"] for reply in parley.replies(platform))
    assert {one: replies[one] for one in native_ids} == dict.fromkeys(native_ids, 1)
    comments = Counter(one["native_id"] for one in parley.comments(platform=platform))
    assert {one: comments[one] for one in native_ids} == dict.fromkeys(native_ids, 1)
