"""The OpenAPI document of ingest against the running service: what it does not tell of may not happen.

Schemathesis makes requests from the document, good ones and bad ones. No answer may be an error of ours, none may have
a status, a content type or a body that the document does not describe. With the admin's token every route lets it in.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.ids import uuid7
from tests.architecture.applications import application
from tests.support.parley import Parley, running_parley

pytestmark = pytest.mark.system

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
AWAY = 503
EXAMPLES = 30


@pytest.fixture(scope="module")
def unlimited() -> Iterator[Parley]:
    """A Parley of its own, whose clients are not held back."""
    with running_parley(
        env={"PARLEY_LIMITS__REQUESTS_PER_SECOND": "100000", "PARLEY_LIMITS__BURST": "100000"}
    ) as running:
        yield running


@pytest.fixture(scope="module")
def schema(unlimited: Parley) -> Any:
    """The document as the running service gives it out."""
    return schemathesis.openapi.from_url(f"{unlimited.found['ingest']}/openapi.json")


OPERATIONS = [
    (method, path) for path, operations in application("ingest").openapi()["paths"].items() for method in operations
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda part: part)
def test_the_service_answers_as_its_document_says(schema: Any, unlimited: Parley, method: str, path: str) -> None:
    authorization = {"Authorization": f"Bearer {unlimited.found['tokens']['admin']}"}

    @given(case=schema[path][method].as_strategy())
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def ask(case: schemathesis.Case) -> None:
        key = {"Idempotency-Key": uuid7().hex} if method == "post" else {}
        answer = case.call(headers={**authorization, **key})
        case.validate_response(answer, checks=CHECKS)
        assert answer.status_code != AWAY, "nothing is away"

    ask()
