"""Budgets that platforms tell of in headers: when an account had better rest, and for how long."""

import json
from datetime import UTC, datetime

import pytest

from services.publisher.adapters.platforms.budgets import regain_of_meta, rest_of_meta, rest_of_rate_limit

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def of_app(**percent: object) -> dict[str, str]:
    return {"x-app-usage": json.dumps(percent)}


def of_business(*usages: object) -> dict[str, str]:
    return {"x-business-use-case-usage": json.dumps({"110000000000001": usages})}


@pytest.mark.parametrize(
    ("headers", "rest"),
    [
        ({"x-ratelimit-limit": "300", "x-ratelimit-remaining": "299"}, None),
        ({"x-ratelimit-limit": "300", "x-ratelimit-remaining": "7", "x-ratelimit-reset": "30"}, None),
        (
            {
                "x-ratelimit-limit": "300",
                "x-ratelimit-remaining": "6",
                "x-ratelimit-reset": "2026-11-22T08:35:00.000000Z",
            },
            300.0,
        ),
        ({"x-rate-limit-limit": "100", "x-rate-limit-remaining": "0", "x-rate-limit-reset": "1795336215"}, 15.0),
        ({"ratelimit-limit": "100, 100;w=60", "ratelimit-remaining": "0", "ratelimit-reset": "12"}, 12.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-11-22T08:00:00Z"}, 0.0),
        ({"x-ratelimit-remaining": "0"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-11-22T08:35:00"}, None),
        ({"x-ratelimit-remaining": "-1", "x-ratelimit-reset": "5"}, None),
        ({}, None),
    ],
)
def test_a_nearly_spent_rate_limit_rests_until_its_reset(headers: dict[str, str], rest: float | None) -> None:
    assert rest_of_rate_limit(headers, NOW) == rest


@pytest.mark.parametrize(
    ("headers", "rest"),
    [
        (of_app(call_count=94, total_time=3, total_cputime=0), None),
        (of_app(call_count=3, total_time=95, total_cputime=0), 60.0),
        (of_business({"type": "pages", "call_count": 12}, {"type": "messenger", "total_cputime": 100}), 60.0),
        (of_business({"call_count": 100, "estimated_time_to_regain_access": 3}), 180.0),
        (of_business({"call_count": "many"}, "nonsense"), None),
        ({"x-app-usage": "[]", "x-business-use-case-usage": "{"}, None),
        ({}, None),
    ],
)
def test_metas_usage_rests_near_its_end(headers: dict[str, str], rest: float | None) -> None:
    assert rest_of_meta(headers) == rest


def test_access_is_regained_when_the_slowest_use_is() -> None:
    usages = ({"estimated_time_to_regain_access": 2}, {"estimated_time_to_regain_access": 5}, {"call_count": 1})
    assert regain_of_meta(of_business(*usages)) == 300.0
    assert regain_of_meta(of_business({"estimated_time_to_regain_access": 0})) is None
