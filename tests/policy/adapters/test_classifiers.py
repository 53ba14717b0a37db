"""Models in the database: the newest of an agency is in use, on every replica, before long."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from services.policy.adapters.common_classifier import common_classifier
from services.policy.adapters.store import classifiers
from services.policy.adapters.store.classifiers import ClassifiersInUse
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.domain.learning.linear_model import LinearModel
from services.policy.domain.scales import Kind
from shared.database import EVERY_AGENCY, Database
from tests.policy.builders import LATER, NOW, decided, sample
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio

UNKNOWN = "the blue bus"
COMMON = common_classifier().version


def a_model(kind: Kind) -> LinearModel:
    """A model that takes everything for ``kind``."""
    return LinearModel([kind, "other"], [math.log(99), 0.0], {}, {})


@asynccontextmanager
async def a_database() -> AsyncIterator[Database]:
    urls = await fresh_service_database("policy")
    database = Database(urls.working, application_name="test", pool_size=4)
    yield database
    await database.close()


async def trained(database: Database, version: str, kind: Kind, at: datetime = NOW, agency: str = "passports") -> None:
    async with database.begin([agency]) as connection:
        await classifiers.put(connection, agency, version, a_model(kind), {"folds": 5}, at)


async def changed(database: Database, statement: str, **values: Any) -> None:
    async with database.begin(EVERY_AGENCY) as connection:
        await connection.execute(text(statement), values)


def sorting(shelf: PolicyShelf, agency: str = "passports") -> tuple[str, str]:
    """Of what kind an unknown text is held to be, and by whom."""
    decision = decided(UNKNOWN, shelf.of(agency))
    return decision.kind, decision.explanation["classifier"]


def a_shelf() -> PolicyShelf:
    return PolicyShelf([sample("passports"), sample("water-board")])


async def test_the_newest_model_of_each_agency_is_in_use() -> None:
    async with a_database() as database:
        shelf = a_shelf()
        in_use = ClassifiersInUse(database, shelf)
        await in_use.look()
        assert sorting(shelf) == ("other", COMMON)
        await trained(database, "passports/1@000000000001", "complaint")
        await in_use.look()
        assert sorting(shelf) == ("complaint", "passports/1@000000000001")
        assert sorting(shelf, "water-board") == ("other", COMMON)
        await trained(database, "passports/2@000000000002", "venting", LATER)
        await trained(database, "water-board/1@000000000003", "praise", agency="water-board")
        await in_use.look()
        assert sorting(shelf) == ("venting", "passports/2@000000000002")
        assert sorting(shelf, "water-board") == ("praise", "water-board/1@000000000003")


async def test_a_model_is_read_once() -> None:
    async with a_database() as database:
        await trained(database, "passports/1@000000000001", "complaint")
        first = await classifiers.newest(database)
        await changed(database, "UPDATE classifier SET model = '{}'")
        assert await classifiers.newest(database, first) == first


async def test_where_all_models_are_gone_the_common_one_speaks_again() -> None:
    async with a_database() as database:
        shelf = a_shelf()
        in_use = ClassifiersInUse(database, shelf)
        await trained(database, "passports/1@000000000001", "complaint")
        await in_use.look()
        await changed(database, "DELETE FROM classifier")
        await in_use.look()
        assert sorting(shelf) == ("other", COMMON)


async def test_a_model_that_cannot_be_read_leaves_the_one_before_in_use() -> None:
    async with a_database() as database:
        shelf = a_shelf()
        in_use = ClassifiersInUse(database, shelf)
        await trained(database, "passports/1@000000000001", "complaint")
        await in_use.look()
        await trained(database, "passports/2@000000000002", "praise", LATER)
        await changed(database, "UPDATE classifier SET model = '{\"scheme\": 9}' WHERE version LIKE 'passports/2%'")
        await in_use.look()
        assert sorting(shelf) == ("complaint", "passports/1@000000000001")
        another = a_shelf()
        await ClassifiersInUse(database, another).look()
        assert sorting(another) == ("other", COMMON)


async def test_the_newest_version_is_known_by_its_time() -> None:
    async with a_database() as database:
        await trained(database, "passports/2@000000000002", "praise", LATER)
        await trained(database, "passports/9@000000000009", "complaint", NOW)
        async with database.begin(["passports"]) as connection:
            assert await classifiers.newest_of(connection, "passports") == ("passports/2@000000000002", LATER)
            assert await classifiers.newest_of(connection, "water-board") is None
