"""An account that is connected under another agency, with what the first one still had to say on it.

Whoever speaks for an account speaks with their own token: the wall notes with which.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.publisher.adapters.store import credentials
from services.publisher.domain.outcomes import Effect, Outcome
from services.publisher.domain.publications import Publication
from services.publisher.domain.tasks import Task
from services.publisher.ports import Credentials
from shared.database import EVERY_AGENCY
from shared.errors import Dead
from shared.events import AccountConnected, ResponseApproved
from shared.ids import account_id
from tests.publisher.builders import NOW, PAGE, a_connected_account, a_response
from tests.publisher.test_putting_right import VAULT, Wall, World, a_world, corrected, moderation

pytestmark = pytest.mark.asyncio(loop_scope="session")

ACCOUNT = account_id("facebook", PAGE)
NEW = "water-board"


@dataclass
class Listening(Wall):
    """Notes whose words came with which token."""

    said: list[tuple[str, str]] = field(default_factory=list)

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        assert credentials is not None
        self.said.append((publication.agency, credentials.token))
        return await super().send(publication, credentials)

    async def change(self, task: Task, credentials: Credentials | None) -> Effect:
        assert credentials is not None
        self.said.append((task.agency, credentials.token))
        return await super().change(task, credentials)


@asynccontextmanager
async def listening(**wall: Any) -> AsyncIterator[tuple[World, Listening]]:
    heard = Listening(**wall)
    async with a_world(heard) as world:
        yield world, heard


def under(agency: str, **later: float) -> AccountConnected:
    return a_connected_account(agency=agency, name=agency, connected_at=NOW + timedelta(**later))


def an_answer_of(agency: str, **changes: Any) -> ResponseApproved:
    return a_response(agency=agency, **changes)


async def give(world: World, agency: str, token: str) -> None:
    async with world.database.begin([agency]) as connection:
        account = await credentials.account(connection, ACCOUNT)
        assert account is not None
        await credentials.put(connection, account, VAULT.seal(ACCOUNT, token), None, None, "tests")


async def accounts_of(world: World, agency: str) -> list[tuple[Any, ...]]:
    """What this agency sees of its accounts: id, and whether it is disabled."""
    async with world.database.begin([agency]) as connection:
        rows = await connection.execute(text("SELECT agency, id, disabled_at IS NOT NULL FROM account"))
        return [tuple(row) for row in rows]


async def test_what_the_old_agency_had_still_to_say_fails_and_a_person_is_told() -> None:
    async with listening() as (world, wall):
        response = a_response()
        await world.hear(response)
        await world.hear(under(NEW, days=1))
        await give(world, NEW, "of-the-water-board")
        await world.publish()
        assert wall.said == []
        assert await world.states() == ["failed"]
        told = await world.told("PublicationFailed")
        assert [(one["agency"], one["response"], one["reason"]) for one in told] == [
            ("passports", response.response, "not_possible")
        ]
        assert [one["agency"] for one in await world.told("AccountDisabled")] == ["passports"]


async def test_the_new_agency_begins_without_credentials_and_speaks_with_its_own() -> None:
    async with listening() as (world, wall):
        await world.hear(under(NEW, days=1))
        assert await world.rows("SELECT * FROM credentials") == []
        await world.hear(an_answer_of(NEW))
        await world.publish()
        assert wall.said == []
        await give(world, NEW, "of-the-water-board")
        await world.publish()
        assert wall.said == [(NEW, "of-the-water-board")]


async def test_each_agency_sees_its_own_row_and_the_account_only_the_new_one() -> None:
    async with listening() as (world, _):
        await world.hear(under(NEW, days=1))
        ((agency, aside, disabled),) = await accounts_of(world, "passports")
        assert (agency, disabled) == ("passports", True)
        assert aside != ACCOUNT
        assert await accounts_of(world, NEW) == [(NEW, ACCOUNT, False)]
        async with world.database.begin(["passports"]) as connection:
            assert await credentials.account(connection, ACCOUNT) is None


async def test_what_the_old_agency_says_after_the_move_fails_as_well() -> None:
    async with listening() as (world, wall):
        await world.hear(under(NEW, days=1))
        await give(world, NEW, "of-the-water-board")
        await world.hear(a_response())
        await world.publish()
        assert wall.said == []
        assert [one["reason"] for one in await world.told("PublicationFailed")] == ["not_possible"]


async def test_what_may_stand_of_the_old_agency_is_left_to_a_person_and_never_sent_again() -> None:
    async with listening(lost_answers=1) as (world, wall):
        await world.hear(a_response())
        await world.dispatcher.claim_and_start()
        await world.dispatcher.finish()
        assert await world.states() == ["unknown"]
        await world.hear(under(NEW, days=1))
        await give(world, NEW, "of-the-water-board")
        await world.publish()
        assert wall.said == [("passports", "token")]
        ((state, person, detail),) = await world.rows("SELECT state, needs_person, detail FROM publication")
        assert (state, person, detail) == ("unknown", True, "the account is another agency's now")


async def test_what_was_to_be_put_right_or_moderated_for_the_old_agency_is_not_possible_any_more() -> None:
    async with listening() as (world, wall):
        response = a_response()
        await world.hear(response)
        await world.publish()
        await world.hear(corrected(response), moderation("hide", "n1"))
        await world.hear(under(NEW, days=1))
        await give(world, NEW, "of-the-water-board")
        await world.carry_out()
        await world.publish()
        assert wall.said == [("passports", "token")]
        assert [one["reason"] for one in await world.told("PuttingRightFailed")] == ["not_possible"]
        assert [one["reason"] for one in await world.told("ModerationEnded")] == ["not_possible"]


async def test_an_account_that_comes_back_is_the_first_agencys_again() -> None:
    async with listening() as (world, wall):
        await world.hear(under(NEW, days=1))
        await give(world, NEW, "of-the-water-board")
        await world.hear(an_answer_of(NEW, thread="900_2"))
        await world.hear(under("passports", days=2))
        assert await accounts_of(world, "passports") == [("passports", ACCOUNT, False)]
        await give(world, "passports", "once-more")
        await world.hear(a_response())
        await world.publish()
        assert wall.said == [("passports", "once-more")]
        assert [one["agency"] for one in await world.told("PublicationFailed")] == [NEW]


@pytest.mark.parametrize("at_once", [False, True])
async def test_old_news_of_a_connection_takes_an_account_from_nobody(at_once: bool) -> None:
    async with listening() as (world, _):
        if at_once:
            await world.hear(under(NEW, days=1), under("passports"))
        else:
            await world.hear(under(NEW, days=1))
            await world.hear(under("passports"))
        assert await accounts_of(world, NEW) == [(NEW, ACCOUNT, False)]


async def test_a_response_alone_takes_an_account_from_nobody() -> None:
    async with listening() as (world, _):
        with pytest.raises(Dead) as dead:
            await world.hear(an_answer_of(NEW))
        assert dead.value.code == "account_of_another_agency"


async def test_credentials_that_meet_the_move_never_open_the_account_for_the_new_agency() -> None:
    async with listening() as (world, _):
        async with world.database.begin(["passports"]) as connection:
            account = await credentials.account(connection, ACCOUNT)
        await world.hear(under(NEW, days=1))
        async with world.database.begin(["passports"]) as connection:
            at = await credentials.put(connection, account, VAULT.seal(ACCOUNT, "late"), None, None, "tests")
        assert at is None
        async with world.database.begin(EVERY_AGENCY) as connection:
            assert (await connection.execute(text("SELECT count(*) FROM credentials"))).scalar_one() == 0
