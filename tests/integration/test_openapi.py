"""The OpenAPI document of ingest against the running service: what it does not tell of may not happen.

Schemathesis makes requests from the document, good ones and bad ones. No answer may be an error of ours, none may have
a status, a content type or a body that the document does not describe. With the admin's token every route lets it in.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.ids import uuid7
from tests.support.parley import Parley, running_parley

pytestmark = pytest.mark.system

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
AWAY = 503


@pytest.fixture(scope="module")
def unlimited() -> Iterator[Parley]:
    """A Parley of its own, whose clients are not held back."""
    with running_parley(
        env={"PARLEY_LIMITS__REQUESTS_PER_SECOND": "100000", "PARLEY_LIMITS__BURST": "100000"}
    ) as running:
        yield running


@pytest.fixture(scope="module")
def document(unlimited: Parley) -> Any:
    return schemathesis.openapi.from_url(f"{unlimited.found['ingest']}/openapi.json")


schema = schemathesis.pytest.from_fixture("document")


@schema.parametrize()
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_the_service_answers_as_its_document_says(case: schemathesis.Case, unlimited: Parley) -> None:
    headers = {"Authorization": f"Bearer {unlimited.found['tokens']['admin']}"}
    if case.method == "POST":
        headers["Idempotency-Key"] = uuid7().hex
    answer = case.call(headers=headers)
    case.validate_response(answer, checks=CHECKS)
    assert answer.status_code != AWAY, "nothing is away"
