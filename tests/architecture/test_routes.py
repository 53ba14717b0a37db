"""Every route has exactly one rule of access, and the outside of the services is what the contract says."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import Route

from tests.architecture.applications import SERVICES, application

DOCUMENTATION = {"/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"}
"""What the framework itself serves, and anyone may read."""

PROBES = {"/live", "/ready", "/metrics"}


def routes(service: str) -> list[Route]:
    return [route for route in _walk(application(service).routes) if route.path not in DOCUMENTATION]


def _walk(found: Iterable[Any]) -> Iterator[Route]:
    for route in found:
        if hasattr(route, "original_router"):
            yield from _walk(route.original_router.routes)
        else:
            assert isinstance(route, Route), f"{route!r} is no route that this test can judge"
            yield route


def rules(route: Route) -> list[str]:
    own = getattr(route.endpoint, "rule", None)
    within = _rules_of(route.dependant) if isinstance(route, APIRoute) else []
    return [*([own] if own else []), *within]


def methods(route: Route) -> set[str]:
    return set(route.methods or ())


def _rules_of(dependant: Dependant) -> list[str]:
    found = []
    for inner in dependant.dependencies:
        rule = getattr(inner.call, "rule", None)
        found += [rule] if rule else []
        found += _rules_of(inner)
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_has_exactly_one_rule(service: str) -> None:
    judged = {f"{sorted(methods(route))} {route.path}": rules(route) for route in routes(service)}
    assert len(judged) > len(PROBES)
    assert {path: found for path, found in judged.items() if len(found) != 1} == {}


@pytest.mark.parametrize("service", SERVICES)
def test_every_rule_is_of_a_kind_that_is_checked(service: str) -> None:
    kinds = {rule.partition(" ")[0].rstrip(":") for route in routes(service) for rule in rules(route)}
    assert kinds <= {"scope", "public", "signed", "api_key"}


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_public_says_why(service: str) -> None:
    public = [rule for route in routes(service) for rule in rules(route) if rule.startswith("public")]
    assert public
    assert all(len(rule.removeprefix("public:").strip()) > 10 for rule in public)


@pytest.mark.parametrize("service", SERVICES)
def test_what_changes_something_is_never_public(service: str) -> None:
    changing = [route for route in routes(service) if methods(route) - {"GET", "HEAD", "OPTIONS"}]
    assert [route.path for route in changing if any(rule.startswith("public") for rule in rules(route))] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_probes(service: str) -> None:
    assert {route.path for route in routes(service)} >= PROBES


@pytest.mark.parametrize("service", SERVICES)
def test_no_two_routes_answer_the_same(service: str) -> None:
    answered = [(method, route.path) for route in routes(service) for method in methods(route)]
    assert len(answered) == len(set(answered))


@pytest.mark.parametrize("service", SERVICES)
def test_the_openapi_document_can_be_made(service: str) -> None:
    document = application(service).openapi()
    assert document["paths"]
    undescribed = [
        f"{method} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if not (operation.get("description") or operation.get("summary"))
    ]
    assert undescribed == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_error_in_the_document_is_a_problem_or_of_another_standard(service: str) -> None:
    """What the framework would say of invalid input is never what a service answers."""
    document = application(service).openapi()
    theirs = [
        f"{method} {path}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "HTTPValidationError" in str(operation["responses"])
    ]
    assert theirs == []
