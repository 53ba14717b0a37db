"""What errors of Meta's mean to each of its platforms."""

import json
from typing import Any

import pytest

from services.publisher.adapters.http import Answer
from services.publisher.adapters.platforms import meta, meta_messages, whatsapp
from services.publisher.domain.outcomes import CredentialsDead, Outcome, Published, Refused, Throttled, Unknown

COMMON = meta.Dialect("facebook")
MESSAGES = meta_messages.dialect("messenger")


def an_error(code: Any, subcode: Any = None, status: int = 400, **members: Any) -> Answer:
    error = {"message": "…", "type": "OAuthException", "code": code, "error_subcode": subcode, **members}
    return Answer(status, {}, json.dumps({"error": error}).encode())


def outcome_of(answer: Answer, dialect: meta.Dialect) -> Outcome:
    return meta.outcome_of(answer, dialect, lambda body: body.get("id"))


@pytest.mark.parametrize("dialect", [COMMON, MESSAGES, whatsapp.DIALECT])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (an_error(1, status=500), Unknown),
        (an_error(2, status=503), Unknown),
        (an_error(12345, is_transient=True), Unknown),
        (an_error(12345, status=502), Unknown),
        *((an_error(code, 33, status=500), Unknown) for code in (4, 10, 102, 190, 200, 368, 80001)),
        (an_error(506), Unknown),
        (an_error("4"), Unknown),
        (an_error([4]), Unknown),
        (an_error(None), Unknown),
        *((an_error(code), Throttled) for code in (4, 17, 32, 341, 613, 80001, 80002, 80006, 80007, 80014)),
        (Answer(429, {}, b""), Throttled),
        *((an_error(190, subcode, 401), CredentialsDead) for subcode in (458, 459, 460, 463, 464, 467, None)),
        (an_error(102), CredentialsDead),
        *((an_error(code), Refused) for code in (3, 10, 200, 299, 368, 100, 12345)),
    ],
)
def test_the_common_table_holds_everywhere(dialect: meta.Dialect, answer: Answer, kind: type[Outcome]) -> None:
    assert isinstance(outcome_of(answer, dialect), kind)


@pytest.mark.parametrize(
    ("code", "subcode", "reason"),
    [
        (10, 2018278, "window_closed"),
        (10, 2018065, "window_closed"),
        (10, 2534022, "window_closed"),
        (10, 2018108, "blocked"),
        (10, None, "not_permitted"),
        (551, None, "blocked"),
        (551, 1545041, "blocked"),
        (200, 1545041, "blocked"),
        (200, 2018028, "not_permitted"),
        (100, 2018001, "not_possible"),
        (100, 2018109, "rejected"),
        (368, None, "blocked"),
    ],
)
def test_a_refused_private_message_says_why(code: int, subcode: int | None, reason: str) -> None:
    outcome = outcome_of(an_error(code, subcode), MESSAGES)
    assert isinstance(outcome, Refused)
    assert outcome.reason == reason


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (131047, "window_closed"),
        (131026, "not_possible"),
        (131049, "blocked"),
        (131050, "blocked"),
        (368, "blocked"),
        (131005, "not_permitted"),
        (131030, "not_permitted"),
        (130403, "not_permitted"),
        (130497, "not_permitted"),
        (10, "not_permitted"),
        (131008, "rejected"),
        (131009, "rejected"),
        (131051, "rejected"),
        (131062, "rejected"),
    ],
)
def test_a_refused_whatsapp_message_says_why(code: int, reason: str) -> None:
    outcome = outcome_of(an_error(code), whatsapp.DIALECT)
    assert isinstance(outcome, Refused)
    assert outcome.reason == reason


@pytest.mark.parametrize(
    ("code", "subcode", "dialect"),
    [
        (100, 33, MESSAGES),
        (100, 33, whatsapp.DIALECT),
        *((code, None, whatsapp.DIALECT) for code in (0, 33, 131031, 131037, 131042, 131045, 133010)),
    ],
)
def test_an_account_that_a_person_has_to_see_to_is_parked(
    code: int, subcode: int | None, dialect: meta.Dialect
) -> None:
    assert isinstance(outcome_of(an_error(code, subcode), dialect), CredentialsDead)


@pytest.mark.parametrize(
    ("code", "wait"), [(130429, None), (131048, None), (131056, 6.0), (131057, None), (80007, None), (4, None)]
)
def test_whatsapp_says_how_long_a_pair_waits(code: int, wait: float | None) -> None:
    outcome = outcome_of(an_error(code), whatsapp.DIALECT)
    assert isinstance(outcome, Throttled)
    assert outcome.retry_after == wait


def test_what_the_answer_says_of_the_wait_comes_first() -> None:
    throttled = an_error(131056)
    asked = Answer(throttled.status, {"retry-after": "9"}, throttled.body)
    outcome = outcome_of(asked, whatsapp.DIALECT)
    assert isinstance(outcome, Throttled)
    assert outcome.retry_after == 9.0


@pytest.mark.parametrize(
    ("code", "dialect"), [(1200, MESSAGES), (131000, whatsapp.DIALECT), (131016, whatsapp.DIALECT)]
)
def test_a_failure_that_may_have_sent_is_unknown(code: int, dialect: meta.Dialect) -> None:
    assert isinstance(outcome_of(an_error(code), dialect), Unknown)


@pytest.mark.parametrize(
    "body",
    [
        b'{"messages": []}',
        b'{"messages": "wamid"}',
        b'{"messages": [7]}',
        b'{"messages": [{"id": 7}]}',
        b"{}",
        b"<html>",
    ],
)
def test_a_success_without_an_id_is_unknown(body: bytes) -> None:
    assert isinstance(whatsapp.outcome_of(Answer(200, {}, body)), Unknown)


def test_a_success_names_the_message() -> None:
    answer = Answer(200, {}, b'{"messaging_product": "whatsapp", "messages": [{"id": "wamid.HBg"}]}')
    assert whatsapp.outcome_of(answer) == Published("wamid.HBg")


def test_only_graph_itself_says_that_something_is_gone() -> None:
    assert meta.is_gone(an_error(100, 33))
    assert meta.is_gone(an_error(803, status=404))
    assert not meta.is_gone(Answer(404, {}, b"<html>no such host</html>"))
