"""The same request twice is one effect and one answer, also when both come at once or the first one dies."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from shared.database import EVERY_AGENCY, Database
from shared.idempotency import KEPT_HOURS, MOST_CHARACTERS, Answer, Claim, claim_of, idempotency_key, once, tidy
from shared.problems import Problem
from tests.shared.builders import effects, execute, rows, shared_database

CLAIM = Claim("passports", "client-7", "POST", "/v1/comments", "key-1", "ab" * 32)

Effect = Callable[[], Awaitable[Answer]]


def effect_on(connection: AsyncConnection, *, seconds: float = 0) -> Effect:
    async def effect() -> Answer:
        await connection.execute(text("INSERT INTO effect (agency, subject) VALUES ('passports', 'done')"))
        await asyncio.sleep(seconds)
        number = (await connection.execute(text("SELECT max(number) FROM effect"))).scalar_one()
        return Answer(202, {"id": f"cmt_{number}", "text": "නළ"}, {"Location": f"/v1/comments/cmt_{number}"})

    return effect


async def request_once(database: Database, claim: Claim = CLAIM, *, seconds: float = 0) -> Answer:
    async with database.begin([claim.agency]) as connection:
        return await once(connection, claim, effect_on(connection, seconds=seconds))


def request(**headers: str) -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b'{"text": "a"}', "more_body": False}

    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/v1/comments", "headers": raw, "query_string": b""}
    return Request(scope, receive)


@pytest.mark.asyncio
async def test_the_second_request_gets_the_first_ones_answer() -> None:
    async with shared_database() as database:
        first = await request_once(database)
        assert await request_once(database) == first
        assert await effects(database) == ["done"]


@pytest.mark.asyncio
async def test_twenty_at_once_have_one_effect_and_one_answer() -> None:
    async with shared_database(pool_size=20) as database:
        results = await asyncio.gather(
            *(request_once(database, seconds=0.2) for _ in range(20)), return_exceptions=True
        )
        assert await effects(database) == ["done"]
        answers = [result for result in results if isinstance(result, Answer)]
        refusals = [result for result in results if isinstance(result, Problem)]
        assert len(answers) + len(refusals) == 20
        assert len(answers) >= 1
        assert all(answer == answers[0] for answer in answers)
        assert {refusal.status for refusal in refusals} <= {409}


@pytest.mark.asyncio
async def test_a_request_that_runs_long_makes_the_second_one_409() -> None:
    async with shared_database() as database:
        first = asyncio.create_task(request_once(database, seconds=3))
        await asyncio.sleep(0.3)
        with pytest.raises(Problem) as refused:
            await request_once(database)
        assert (refused.value.status, refused.value.kind) == (409, "request-in-progress")
        assert refused.value.headers["Retry-After"] == "1"
        assert await request_once_more(database, first) == await first


async def request_once_more(database: Database, first: "asyncio.Task[Answer]") -> Answer:
    await first
    return await request_once(database)


@pytest.mark.asyncio
async def test_the_same_key_with_another_body_is_422() -> None:
    async with shared_database() as database:
        await request_once(database)
        with pytest.raises(Problem) as refused:
            await request_once(database, replace(CLAIM, fingerprint="cd" * 32))
        assert (refused.value.status, refused.value.kind) == (422, "idempotency-key-reused")
        assert await effects(database) == ["done"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "other",
    [
        replace(CLAIM, principal="client-8"),
        replace(CLAIM, path="/v1/comments/batch"),
        replace(CLAIM, method="PUT"),
        replace(CLAIM, key="key-2"),
        replace(CLAIM, agency="central-bank"),
    ],
)
async def test_a_key_is_of_one_principal_one_route_and_one_agency(other: Claim) -> None:
    async with shared_database() as database:
        await request_once(database)
        async with database.begin(EVERY_AGENCY) as connection:
            await once(connection, other, effect_on(connection))
        assert await effects(database) == ["done", "done"]


@pytest.mark.asyncio
async def test_a_process_killed_before_its_commit_leaves_nothing_behind() -> None:
    async with shared_database() as database:
        with pytest.raises(DBAPIError):  # noqa: PT012
            async with database.begin(["passports"]) as connection:
                await once(connection, CLAIM, effect_on(connection))
                pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
                await execute(database, "SELECT pg_terminate_backend(:pid)", pid=pid)
                await connection.execute(text("SELECT 1"))
        assert await effects(database) == []
        assert await rows(database, "SELECT 1 FROM idempotency_key") == []
        assert (await request_once(database)).status == 202
        assert await effects(database) == ["done"]


@pytest.mark.asyncio
async def test_a_refusal_is_not_kept() -> None:
    async with shared_database() as database:

        async def refuse() -> Answer:
            raise Problem(422, "invalid-input")

        with pytest.raises(Problem):
            async with database.begin(["passports"]) as connection:
                await once(connection, CLAIM, refuse)
        assert (await request_once(database)).status == 202


@pytest.mark.asyncio
async def test_answers_are_forgotten_after_their_time_and_not_before() -> None:
    async with shared_database() as database:
        await request_once(database)
        await request_once(database, replace(CLAIM, key="key-2"))
        await execute(
            database,
            """UPDATE idempotency_key SET claimed_at = claimed_at - make_interval(hours => :hours)
               WHERE key = 'key-1'""",
            hours=KEPT_HOURS,
        )
        await tidy(database)
        assert [row.key for row in await rows(database, "SELECT key FROM idempotency_key")] == ["key-2"]


@pytest.mark.parametrize(("header", "key"), [("abc", "abc"), ('"abc"', "abc"), ("  abc ", "abc"), ('"a b"', "a b")])
def test_a_key_may_be_quoted_or_bare(header: str, key: str) -> None:
    assert idempotency_key(request(idempotency_key=header)) == key


@pytest.mark.parametrize("header", [None, "", '""', "   ", "x" * (MOST_CHARACTERS + 1), "a\x07b"])
def test_no_usable_key_is_400(header: str | None) -> None:
    given = {} if header is None else {"idempotency_key": header}
    with pytest.raises(Problem) as refused:
        idempotency_key(request(**given))
    assert (refused.value.status, refused.value.kind) == (400, "idempotency-key-missing")


@pytest.mark.asyncio
async def test_a_claim_is_bound_to_the_raw_body() -> None:
    claim = await claim_of(request(idempotency_key="abc"), "client-7", "passports")
    assert (claim.method, claim.path, claim.key, claim.principal) == ("POST", "/v1/comments", "abc", "client-7")
    assert len(claim.fingerprint) == 64
