"""Every error is a problem that helps whoever sent the request, and tells nothing that is not theirs."""

from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query
from pydantic import BaseModel, Field, field_validator
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from shared import problems
from shared.group_commit import Closed
from shared.problems import Problem, not_found, unavailable
from shared.strict_json import StrictRoute

pytestmark = pytest.mark.asyncio


class Author(BaseModel):
    id: Annotated[str, Field(min_length=1)]


class Comment(BaseModel):
    text: Annotated[str, Field(max_length=5)]
    authors: list[Author] = []
    extra: dict[str, int] = {}

    @field_validator("text")
    @classmethod
    def _no_oath(cls, text: str) -> str:
        if text == "oath":
            raise ValueError("choose other words")
        return text


RAISED: dict[str, Exception] = {
    "problem": Problem(409, "stale-digest", "The case moved on", detail="Look again.", digest="ab"),
    "not_found": not_found("case"),
    "unavailable": unavailable(),
    "closed": Closed(),
    "pool": PoolTimeout(),
    "refused": ConnectionRefusedError("postgresql://parley:hush@db"),
    "bug": KeyError("canary"),
    "http": HTTPException(404, "canary"),
    "teapot": HTTPException(418),
}


@pytest.fixture
def app() -> FastAPI:
    router = APIRouter(route_class=StrictRoute)

    @router.post("/comments")
    async def create(comment: Comment, limit: Annotated[int, Query(le=200)] = 1) -> dict[str, Any]:
        return {}

    @router.get("/fail/{how}")
    async def fail(how: str) -> None:
        raise RAISED[how]

    made = FastAPI()
    problems.install(made)
    made.include_router(router)
    return made


async def ask(app: FastAPI, method: str, path: str, **options: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(method, path, **options)


async def test_a_problem_has_type_title_status_detail_and_members(app: FastAPI) -> None:
    answer = await ask(app, "GET", "/fail/problem")
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:parley:problem:stale-digest",
        "title": "The case moved on",
        "status": 409,
        "detail": "Look again.",
        "digest": "ab",
    }


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/text"),
        ({"text": 5}, "/text"),
        ({"text": "too long"}, "/text"),
        ({"text": "a", "authors": [{"id": "x"}, {"id": ""}]}, "/authors/1/id"),
        ({"text": "a", "extra": {"a/b~c": "x"}}, "/extra/a~1b~0c"),
    ],
)
async def test_invalid_input_is_named_by_pointer(app: FastAPI, body: dict[str, Any], pointer: str) -> None:
    answer = await ask(app, "POST", "/comments", json=body)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:parley:problem:invalid-input"
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_an_invalid_parameter_is_named_with_a_question_mark(app: FastAPI) -> None:
    answer = await ask(app, "POST", "/comments", params={"limit": 500}, json={"text": "a"})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["?limit"]


@pytest.mark.parametrize(
    "body",
    [
        {"text": "canary and more"},
        {"text": ["canary"]},
        {"text": "oath", "authors": "canary"},
        {"text": "a", "extra": {"x": "canary"}},
    ],
)
async def test_the_answer_never_repeats_the_input(app: FastAPI, body: dict[str, Any]) -> None:
    answer = await ask(app, "POST", "/comments", json=body)
    assert answer.status_code == 422
    assert "canary" not in answer.text


async def test_a_validators_own_sentence_reaches_the_client(app: FastAPI) -> None:
    answer = await ask(app, "POST", "/comments", json={"text": "oath"})
    assert answer.json()["errors"][0]["detail"] == "Choose other words"


async def test_a_thousand_errors_are_not_all_listed(app: FastAPI) -> None:
    answer = await ask(app, "POST", "/comments", json={"text": "a", "authors": [{}] * 1000})
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 20


@pytest.mark.parametrize("how", ["unavailable", "closed", "pool", "refused"])
async def test_what_will_pass_is_503_with_retry_after(app: FastAPI, how: str) -> None:
    answer = await ask(app, "GET", f"/fail/{how}")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "hush" not in answer.text


async def test_a_bug_is_500_and_says_nothing_of_itself(app: FastAPI) -> None:
    answer = await ask(app, "GET", "/fail/bug")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:parley:problem:internal"
    assert "canary" not in answer.text


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/fail/http", 404), ("/fail/teapot", 418)])
async def test_the_frameworks_own_errors_are_problems_too(app: FastAPI, path: str, status: int) -> None:
    answer = await ask(app, "GET", path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "canary" not in answer.text


async def test_a_wrong_method_is_405_and_names_the_right_ones(app: FastAPI) -> None:
    answer = await ask(app, "DELETE", "/comments")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert answer.json()["type"] == "urn:parley:problem:method-not-allowed"


async def test_what_belongs_to_others_is_simply_not_there(app: FastAPI) -> None:
    answer = await ask(app, "GET", "/fail/not_found")
    assert answer.status_code == 404
    assert "or it is not yours to see" in answer.json()["detail"]
