"""What a server tells of its limits is kept with the account, and what goes out there is measured by it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.publisher import handlers
from services.publisher.adapters.credentials import Vault
from services.publisher.adapters.store import claiming, credentials
from services.publisher.adapters.store.duties import Duties
from services.publisher.adapters.store.keeping import PostgresKeeper
from services.publisher.adapters.store.tasks import PostgresTasks
from services.publisher.domain.outcomes import Probed
from services.publisher.domain.publications import Nature
from services.publisher.ports import Claim, Kept
from shared.database import EVERY_AGENCY, Database
from shared.events import Authorisation, ResponseApproved, ResponseCorrected
from shared.ids import account_id
from shared.secrets import Seal
from tests.publisher.builders import NOW, ROOMS, a_response
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio(loop_scope="session")

VAULT = Vault(Seal(b"k" * 32), {"mastodon": "https://social.example"})
NATURES = {"mastodon": Nature(tasks=frozenset({"edit", "delete"}), chains=True)}
LONG = "We open at 9 a.m. on every working day. " * 20
HERE = {"platform": "mastodon", "account": "109000000000000001"}


@asynccontextmanager
async def an_account(**facts: int) -> AsyncIterator[Database]:
    """An account whose server has told these facts when it was probed."""
    urls = await fresh_service_database("publisher")
    database = Database(urls.working, application_name="tests", pool_size=5)
    try:
        await approve(database, "To make the account known.", response="resp_first")
        known_as = account_id(HERE["platform"], HERE["account"])
        async with database.begin(EVERY_AGENCY) as connection:
            account = await credentials.account(connection, known_as)
            await credentials.put(connection, account, VAULT.seal(known_as, "token"), None, None, "admin")
        keeper = PostgresKeeper(database, VAULT)
        (claim,) = await keeper.claim(ROOMS)
        assert await keeper.settle(claim, Kept(None, Probed({}, facts=facts), timedelta(days=1)))
        yield database
    finally:
        await database.close()


def a_release(words: str, response: str) -> ResponseApproved:
    return a_response(**HERE, text=words, response=response, thread=f"t-{response}", may_split=True)


async def approve(database: Database, words: str, response: str = "resp_1") -> None:
    async with database.begin(EVERY_AGENCY) as connection:
        work = Duties(connection, lambda: NOW)
        await handlers.on_response_approved([(a_release(words, response), None)], work)


async def correct(database: Database, words: str) -> None:
    """Put the first response right, which stands."""
    first = a_release("", "resp_1")
    given = Authorisation(kind="approval", officer="head", post="Head", level="L3", at=NOW)
    order = ResponseCorrected(
        **{name: getattr(first, name) for name in ("agency", "platform", "account", "thread", "case", "response")},
        comments=first.comments, reason="wrong_fact", correction="resp_2", text=words, corrected_at=NOW, level="L3",
        digest="0" * 64, policy_version="v", authorisations=(given,),
    )  # fmt: skip
    async with database.begin(EVERY_AGENCY) as connection:
        await connection.execute(
            text(
                "UPDATE publication SET state = 'published', native_id = '115', published_at = now(), due_at = NULL,"
                " lease_token = NULL, lease_until = NULL WHERE response = 'resp_1'"
            )
        )
        await handlers.on_response_corrected(order, Duties(connection, lambda: NOW), NATURES)


async def claimed(database: Database, response: str) -> Claim:
    found = await claiming.claim(database, VAULT, room=9, room_of={}, each=9, lease=timedelta(seconds=30))
    (one,) = [each for each in found if each.publication.response == response]
    return one


@pytest.mark.parametrize(("facts", "parts"), [({}, 2), ({"most_characters": 5000}, 0), ({"most_characters": 300}, 3)])
async def test_a_text_is_split_as_its_server_needs_it_and_sent_with_what_that_told(
    facts: dict[str, int], parts: int
) -> None:
    async with an_account(**facts) as database:
        await approve(database, LONG)
        claim = await claimed(database, "resp_1")
        assert len(claim.publication.parts) == parts
        assert all(len(part) <= facts.get("most_characters", 500) for part in claim.publication.parts)
        assert claim.credentials is not None
        assert claim.credentials.facts == facts


async def test_other_platforms_go_by_their_own_limits() -> None:
    async with an_account(most_characters=5000) as database, database.begin(EVERY_AGENCY) as connection:
        work = Duties(connection, lambda: NOW)
        known: Any = await work.facts([("passports", "mastodon", HERE["account"]), ("passports", "x", "1")])
        assert known == {("passports", "mastodon", HERE["account"]): {"most_characters": 5000}}


@pytest.mark.parametrize(("facts", "edits"), [({}, False), ({"most_characters": 5000}, True)])
async def test_a_correction_is_an_edit_where_its_server_takes_it_whole(facts: dict[str, int], edits: bool) -> None:
    async with an_account(**facts) as database:
        await approve(database, "We open at 8 a.m.")
        await correct(database, LONG)
        tasks = await PostgresTasks(database, VAULT).claim(ROOMS)
        assert [each.task.kind for each in tasks] == ["edit"] * edits
        if edits:
            assert tasks[0].credentials is not None
            assert tasks[0].credentials.facts == facts
        else:
            assert len((await claimed(database, "resp_2")).publication.parts) == 2
