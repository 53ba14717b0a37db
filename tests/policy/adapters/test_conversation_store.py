"""A conversation is known from Postgres as it was: what went before, what was answered, and whether it has ended."""

from datetime import timedelta
from typing import Any

import pytest

from services.policy.adapters.consumers import handler
from shared.cloudevents import Received
from shared.database import EVERY_AGENCY, Database
from shared.ids import uuid7
from tests.policy.builders import NOW, in_force, received
from tests.policy.test_conversation import CLOSING, HOURS, OPEN, TOPICS, UNANSWERED, OnePolicy
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio


async def said(database: Database, *texts: str, last_comes: timedelta = timedelta()) -> list[Any]:
    """Each comment in a batch of its own; the turns that they took."""
    policy = in_force(topics=TOPICS, lines=[HOURS, CLOSING])
    for number, text in enumerate(texts, start=1):
        at = NOW + (last_comes if number == len(texts) else timedelta())
        event = received(text, agency="test-agency", comment=f"cmt_{number}", reach=30 * number, received_at=at)
        async with database.begin(EVERY_AGENCY) as connection:
            await handler(OnePolicy(policy), lambda: NOW)(connection, [Received(event, uuid7(), None)])
    async with database.begin(EVERY_AGENCY) as connection:
        return list((await connection.exec_driver_sql("SELECT * FROM turn ORDER BY number")).all())


async def test_an_exchange_ends_and_stays_ended_until_a_new_subject_comes() -> None:
    urls = await fresh_service_database("policy")
    database = Database(urls.working, application_name="test", pool_size=2)
    turns = await said(database, OPEN, OPEN, OPEN, OPEN, UNANSWERED, OPEN)
    assert [(turn.state, turn.decision["line"]) for turn in turns] == [
        ("released", "hours"),
        ("released", "hours"),
        ("released", "closing"),
        ("closed", None),
        ("waiting", None),
        ("waiting", None),
    ]
    known = turns[4].decision["circumstances"]
    assert (known["earlier_topics"], known["reach_before"], known["answered"]) == (["hours"], 120, True)
    assert known["ended"] is True
    assert turns[4].decision["explanation"]["conversation"]["drift"] == ["new_subject"]
    assert "answered" not in turns[5].decision["circumstances"]
    async with database.begin(EVERY_AGENCY) as connection:
        timed = await connection.exec_driver_sql("SELECT DISTINCT turn FROM timer WHERE fired_at IS NULL")
        assert set(timed.scalars()) <= {5, 6}
    await database.close()


async def test_whoever_comes_back_after_thirty_days_is_answered_again() -> None:
    urls = await fresh_service_database("policy")
    database = Database(urls.working, application_name="test", pool_size=2)
    turns = await said(database, OPEN, OPEN, OPEN, OPEN, last_comes=timedelta(days=31))
    assert (turns[3].state, turns[3].decision["circumstances"]["recent_turn"]) == ("waiting", 1)
    await database.close()
