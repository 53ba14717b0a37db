"""Upgrades of the schema that change rows as well."""

from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from services.policy.adapters.consumers import handler
from services.policy.adapters.store import rows
from shared.cloudevents import Received
from shared.database import EVERY_AGENCY, Database, driver_url
from shared.ids import uuid7
from tests.policy.builders import NOW, received, shelf
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio

BEFORE_CLOCKS, BEFORE_VERSIONS, BEFORE_ORDERS = "0002", "0009", "0011"


async def move_to(url: str, revision: str) -> None:
    def run(connection: Connection) -> None:
        configuration = Config()
        configuration.set_main_option("script_location", "services/policy/migrations")
        configuration.attributes["connection"] = connection
        move = command.upgrade if revision == "head" else command.downgrade
        move(configuration, revision)

    engine = create_async_engine(driver_url(url), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


async def one(database: Database, statement: str) -> Any:
    async with database.begin(EVERY_AGENCY) as connection:
        return (await connection.execute(text(statement))).one()


async def test_an_open_turn_of_before_gets_the_times_of_the_policy_that_decided_it() -> None:
    urls = await fresh_service_database("policy")
    database = Database(urls.working, application_name="test", pool_size=2)
    event = received("Still waiting for my passport, terrible service")
    async with database.begin(EVERY_AGENCY) as connection:
        await handler(shelf(), lambda: NOW)(connection, [Received(event, uuid7(), None)])
    policy = shelf().of("passports").policy
    times = (await one(database, "SELECT decision -> 'times' AS times FROM turn")).times
    async with database.begin(EVERY_AGENCY) as connection:
        await connection.execute(
            text("INSERT INTO policy VALUES (:version, 'passports', :digest, CAST(:content AS json), now())"),
            {"version": policy.version, "digest": policy.digest, "content": policy.model_dump_json(by_alias=True)},
        )
        await connection.execute(text("UPDATE turn SET decision = (decision::jsonb - 'times')::json"))
    await database.close()
    await move_to(urls.owning, BEFORE_CLOCKS)
    await move_to(urls.owning, "head")
    found = await one(database, "SELECT decision, deadlines FROM turn")
    kept = {name: minutes for name, minutes in rows.from_json(times).items() if minutes is not None}
    given = rows.from_json(found.decision)["times"]
    assert {name: given[name] for name in kept} == kept
    assert given["answer"] == 240
    assert found.deadlines is None
    await database.close()


async def test_a_draft_of_before_answers_what_waits_and_weighs_what_its_case_does() -> None:
    urls = await fresh_service_database("policy")
    database = Database(urls.working, application_name="test", pool_size=2)
    event = received("My lawyer will sue you for defamation over the passport fee")
    async with database.begin(EVERY_AGENCY) as connection:
        await handler(shelf(), lambda: NOW)(connection, [Received(event, uuid7(), None)])
    await move_to(urls.owning, BEFORE_VERSIONS)
    async with database.begin(EVERY_AGENCY) as connection:
        await connection.execute(text(_DRAFT))
    await database.close()
    await move_to(urls.owning, "head")
    draft = await one(database, "SELECT * FROM draft")
    case = await one(database, 'SELECT * FROM "case"')
    assert rows.from_json(draft.answers) == ["cmt_1"]
    assert (draft.head_comment, draft.head_revision) == ("cmt_1", 1)
    assert (draft.sensitivity, draft.damage) == (case.sensitivity, case.damage)
    assert rows.from_json(draft.topics) == ["fees"]
    version = await one(database, "SELECT * FROM draft_version")
    assert (version.version, version.author, version.text) == (1, "passports-desk", "We are sorry.")
    await database.close()


async def test_a_consent_of_before_says_of_what_matter_it_is_and_going_back_leaves_no_orders() -> None:
    urls = await fresh_service_database("policy")
    database = Database(urls.working, application_name="test", pool_size=2)
    await move_to(urls.owning, BEFORE_ORDERS)
    async with database.begin(EVERY_AGENCY) as connection:
        await connection.execute(text(_SUBMISSION), {"id": "sub_1", "matter": "answer"})
        await connection.execute(text(_CONSENT), {"submission": "sub_1"})
    await move_to(urls.owning, "head")
    assert (await one(database, "SELECT matter FROM submission_approval")).matter == "answer"
    async with database.begin(EVERY_AGENCY) as connection:
        await connection.execute(text(_ORDER))
        await connection.execute(text("UPDATE submission_approval SET submission = 'ord_1', matter = 'moderation'"))
    await database.close()
    await move_to(urls.owning, BEFORE_ORDERS)
    assert (await one(database, "SELECT count(*) AS kept, min(id) AS id FROM submission")) == (1, "sub_1")
    assert (await one(database, "SELECT count(*) AS kept FROM submission_approval")).kept == 0
    await database.close()
    await move_to(urls.owning, "head")


_SUBMISSION = """
    INSERT INTO submission (id, agency, matter, subject, number, author, content, sensitivity, damage, topics, least,
                            signoffs, approvals, level, policy_version, digest, steps, state, written_at)
    VALUES (:id, 'passports', :matter, 'iss_1', 1, 'desk', '{}', 'S0', 'D0', '[]', 'L2', '[]', 1, 'L2', '', '', '[]',
            'open', now())
"""
_CONSENT = """
    INSERT INTO submission_approval (submission, digest, officer, agency, author, kind, step_level, post, level, at)
    VALUES (:submission, '', 'comms', 'passports', 'desk', 'approval', 'L2', 'Communications', 'L2', now())
"""
_ORDER = """
    INSERT INTO submission (id, agency, matter, subject, number, author, content, sensitivity, damage, topics, least,
                            signoffs, approvals, level, policy_version, digest, steps, state, written_at, case_id)
    SELECT 'ord_1', agency, 'moderation', 'cmt_1', 1, author, content, sensitivity, damage, topics, least, signoffs,
           approvals, level, policy_version, digest, steps, state, written_at, 'case_1' FROM submission
"""
_DRAFT = """
    INSERT INTO draft (case_id, number, agency, version, author, text, digest, policy_version, steps, state, written_at)
    SELECT id, 1, agency, 1, 'passports-desk', 'We are sorry.', '', '', '[]', 'open', now() FROM "case"
"""
