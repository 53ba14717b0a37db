"""Taking back, correcting and moderating: from the event to the platform and back, on a real Postgres.

The platform is a channel that keeps what stands on it; what counts is what stands there at the end.
"""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.publisher.adapters.bell import Bell
from services.publisher.adapters.consumers import handler
from services.publisher.adapters.credentials import Vault
from services.publisher.adapters.platforms.base import Sparse
from services.publisher.adapters.store import credentials
from services.publisher.adapters.store.claims import PostgresClaims
from services.publisher.adapters.store.tasks import PostgresTasks
from services.publisher.dispatch import Dispatcher, Limits
from services.publisher.domain.outcomes import (
    Absent,
    CannotSee,
    Captured,
    Done,
    Effect,
    Found,
    Gone,
    Outcome,
    Published,
    Refused,
    Sighting,
    Unknown,
    View,
)
from services.publisher.domain.pacing import Backoff
from services.publisher.domain.publications import Nature, Publication
from services.publisher.domain.settlements import RetryPolicy
from services.publisher.domain.tasks import Kind, Patience, Task
from services.publisher.ports import Credentials
from services.publisher.putting_right import PuttingRight
from shared.database import EVERY_AGENCY, Database
from shared.events import (
    AccountDisabled,
    Authorisation,
    Event,
    ModerationOrdered,
    ResponseApproved,
    ResponseCorrected,
    ResponseRetracted,
)
from shared.ids import account_id
from shared.secrets import Seal
from tests.publisher.builders import NOW, PAGE, a_connected_account, a_response, received
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio(loop_scope="session")

VAULT = Vault(Seal(b"k" * 32), {"facebook": "https://graph.example"})
AUTHORITY: dict[str, Any] = {
    "level": "L2",
    "digest": "b" * 64,
    "policy_version": "1",
    "authorisations": (Authorisation(kind="approval", officer="officer-2", post="Head", level="L2", at=NOW),),
}
EVERYTHING: frozenset[Kind] = frozenset({"edit", "delete", "hide", "show", "remove"})


@dataclass
class Wall(Sparse):
    """A platform on which texts stand until they are taken away; ``effects`` are what the next changes meet."""

    nature: Nature = field(default_factory=lambda: Nature(can_look=True, absence_proves=True, tasks=EVERYTHING))
    needs_credentials = True
    standing: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    parents: dict[str, str] = field(default_factory=dict)
    subject_lines: list[str | None] = field(default_factory=list)
    changes: list[tuple[str, str]] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    lost_answers: int = 0
    blind: bool = False
    gate: asyncio.Event | None = None

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        if self.gate is not None:
            await self.gate.wait()
        native_id = f"n{len(self.parents) + 1}"
        self.standing[native_id] = publication.text
        self.parents[native_id] = publication.reply_to
        self.subject_lines.append(publication.subject_line)
        if self.lost_answers:
            self.lost_answers -= 1
            return Unknown("no answer")
        return Published(native_id)

    async def find(
        self, publication: Publication, sent_at: datetime, taken: Collection[str], credentials: Credentials | None
    ) -> Sighting:
        for native_id, words in self.standing.items():
            if words == publication.text and native_id not in taken:
                return Found(native_id)
        return Absent()

    async def change(self, task: Task, credentials: Credentials | None) -> Effect:
        self.changes.append((task.kind, task.native_id))
        if self.effects:
            return self.effects.pop(0)
        match task.kind:
            case "edit":
                self.standing[task.native_id] = task.text or ""
            case "delete" | "remove":
                self.standing.pop(task.native_id, None)
            case "hide":
                self.hidden.add(task.native_id)
            case "show":
                self.hidden.discard(task.native_id)
        return Done()

    async def view(self, account: str, native_id: str, credentials: Credentials | None) -> View:
        if self.blind:
            return CannotSee("no answer")
        words = self.standing.get(native_id)
        return Gone("404") if words is None else Captured(words, {"id": native_id})


@dataclass
class World:
    """A publisher over one wall, without Kafka and without loops of its own."""

    database: Database
    wall: Wall
    dispatcher: Dispatcher
    putting_right: PuttingRight

    async def hear(self, *events: Event) -> None:
        handle = handler({"facebook": self.wall.nature})
        async with self.database.begin(EVERY_AGENCY) as connection:
            await handle(connection, [received(one) for one in events])

    async def publish(self) -> None:
        for _ in range(12):
            await self.dispatcher.claim_and_start()
            await self.dispatcher.finish()
            await asyncio.sleep(0.01)

    async def carry_out(self) -> None:
        for _ in range(6):
            await self.putting_right.carry_out_due()
            await asyncio.sleep(0.02)

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.database.begin(EVERY_AGENCY) as connection:
            return [tuple(row) for row in await connection.execute(text(statement))]

    async def told(self, kind: str) -> list[dict[str, Any]]:
        return [row[0] for row in await self.rows(f"SELECT payload FROM outbox WHERE type = '{kind}' ORDER BY seq")]

    async def states(self) -> list[str]:
        return [row[0] for row in await self.rows("SELECT state FROM publication ORDER BY position")]


@asynccontextmanager
async def a_world(wall: Wall | None = None) -> AsyncIterator[World]:
    urls = await fresh_service_database("publisher")
    database = Database(urls.working, application_name="tests", pool_size=5)
    wall = wall or Wall()
    quick = Backoff(0.001, 0.002)
    policy = RetryPolicy(failures=quick, looks=quick, parked=quick, settle_after=timedelta(milliseconds=1))
    claims = PostgresClaims(database, VAULT, lease=timedelta(seconds=30))
    dispatcher = Dispatcher(claims, {"facebook": wall}, Bell(), policy, Limits())
    tasks = PostgresTasks(database, VAULT)
    putting_right = PuttingRight(tasks, {"facebook": wall}, Bell(), Patience(waits=quick))
    world = World(database, wall, dispatcher, putting_right)
    try:
        await world.hear(a_connected_account())
        async with database.begin(EVERY_AGENCY) as connection:
            account = await credentials.account(connection, account_id("facebook", PAGE))
            await credentials.put(connection, account, VAULT.seal(account.id, "token"), None, None, "tests")
        yield world
    finally:
        await claims.close()
        await database.close()


def retracted(response: ResponseApproved, **changes: Any) -> ResponseRetracted:
    return ResponseRetracted(
        **{
            **_of(response),
            "reason": "wrong_thread",
            "retraction": "rtr_1",
            "retracted_at": NOW,
            **AUTHORITY,
            **changes,
        }
    )


def corrected(response: ResponseApproved, **changes: Any) -> ResponseCorrected:
    return ResponseCorrected(
        **{
            **_of(response),
            "reason": "wrong_fact",
            "correction": "rsp_corrected",
            "text": "Correction: we open at 10 a.m.",
            "corrected_at": NOW,
            **AUTHORITY,
            **changes,
        }
    )


def _of(response: ResponseApproved) -> dict[str, Any]:
    return response.model_dump(include={"agency", "platform", "account", "thread", "response", "case"})


def moderation(action: str, native_id: str = "c9") -> ModerationOrdered:
    return ModerationOrdered(
        agency="passports",
        platform="facebook",
        account=PAGE,
        thread="900_1",
        order=f"ord_{action}",
        case="case_1",
        comment="cmt_9",
        native_id=native_id,
        action=action,
        reason="private_data",
        rule="house-3",
        text="Call me: 077 123 4567",
        author="nimal",
        ordered_at=NOW,
        **AUTHORITY,
    )


async def test_a_response_that_still_waits_is_never_sent_once_it_is_taken_back() -> None:
    async with a_world() as world:
        response = a_response()
        await world.hear(response)
        await world.hear(retracted(response))
        await world.publish()
        assert world.wall.parents == {}
        assert await world.states() == ["retracted"]
        told = await world.told("PublicationRetracted")
        assert [(one["was_published"], one["reason"]) for one in told] == [(False, "wrong_thread")]


async def test_a_published_response_is_deleted_and_said_to_be_taken_back_once() -> None:
    async with a_world() as world:
        response = a_response()
        await world.hear(response)
        await world.publish()
        await world.hear(retracted(response), retracted(response))
        await world.carry_out()
        assert world.wall.standing == {}
        assert await world.states() == ["retracted"]
        assert [one["was_published"] for one in await world.told("PublicationRetracted")] == [True]
        assert world.wall.changes == [("delete", "n1")]


async def test_a_response_taken_back_while_it_is_being_sent_is_deleted_as_soon_as_it_stands() -> None:
    async with a_world() as world:
        response = a_response()
        world.wall.gate = asyncio.Event()
        await world.hear(response)
        await world.dispatcher.claim_and_start()
        await world.hear(retracted(response))
        world.wall.gate.set()
        await world.dispatcher.finish()
        await world.carry_out()
        assert world.wall.standing == {}
        assert await world.states() == ["retracted"]


async def test_a_doubtful_response_that_is_taken_back_is_looked_for_and_deleted_where_it_stands() -> None:
    async with a_world(Wall(lost_answers=1)) as world:
        response = a_response()
        world.wall.gate = asyncio.Event()
        await world.hear(response)
        await world.dispatcher.claim_and_start()
        await world.hear(retracted(response))
        world.wall.gate.set()
        await world.publish()
        await world.carry_out()
        assert len(world.wall.parents) == 1
        assert world.wall.standing == {}
        assert await world.states() == ["retracted"]


async def test_where_deleting_is_not_possible_the_response_stays_published_and_somebody_is_told() -> None:
    async with a_world(Wall(nature=Nature())) as world:
        response = a_response()
        await world.hear(response)
        await world.publish()
        await world.hear(retracted(response))
        await world.carry_out()
        assert await world.states() == ["published"]
        told = await world.told("PuttingRightFailed")
        assert [(one["order"], one["action"], one["reason"]) for one in told] == [("rtr_1", "retract", "not_possible")]


async def test_a_correction_edits_where_the_platform_can() -> None:
    async with a_world() as world:
        response = a_response()
        await world.hear(response)
        await world.publish()
        await world.hear(corrected(response))
        await world.carry_out()
        assert world.wall.standing == {"n1": "Correction: we open at 10 a.m."}
        assert [(one["how"], one["correction"]) for one in await world.told("PublicationCorrected")] == [
            ("edit", "rsp_corrected")
        ]
        evidence = (await world.rows("SELECT evidence FROM task"))[0][0]
        assert evidence[0]["text"] == response.text


@pytest.mark.parametrize("nature", [Nature(), Nature(tasks=EVERYTHING, edit_for=timedelta(0))])
async def test_a_correction_follows_as_a_reply_where_nothing_can_be_edited(nature: Nature) -> None:
    async with a_world(Wall(nature=nature)) as world:
        response = a_response()
        await world.hear(response)
        await world.publish()
        await world.hear(corrected(response))
        await world.publish()
        assert world.wall.standing == {"n1": response.text, "n2": "Correction: we open at 10 a.m."}
        assert world.wall.parents["n2"] == "n1"
        told = await world.told("PublicationCorrected")
        assert [(one["how"], one["response"], one["native_id"]) for one in told] == [("reply", response.response, "n2")]
        assert len(await world.told("ResponsePublished")) == 1


async def test_a_correction_that_follows_has_the_subject_of_the_letter_that_it_puts_right() -> None:
    async with a_world(Wall(nature=Nature())) as world:
        response = a_response(subject_line="Passport PA-1183")
        await world.hear(response)
        await world.publish()
        await world.hear(corrected(response))
        await world.publish()
        assert world.wall.subject_lines == ["Passport PA-1183"] * 2


async def test_a_correction_follows_as_a_reply_where_the_platform_refuses_the_edit() -> None:
    async with a_world(Wall(effects=[Refused("not_permitted", "too old")])) as world:
        response = a_response()
        await world.hear(response)
        await world.publish()
        await world.hear(corrected(response))
        await world.carry_out()
        await world.publish()
        assert world.wall.parents == {"n1": "900_1", "n2": "n1"}
        assert [one["how"] for one in await world.told("PublicationCorrected")] == ["reply"]


async def test_a_response_corrected_before_it_went_out_gives_way_to_its_correction() -> None:
    async with a_world() as world:
        response = a_response()
        await world.hear(response)
        await world.hear(corrected(response))
        await world.publish()
        assert list(world.wall.standing.values()) == ["Correction: we open at 10 a.m."]
        assert world.wall.parents == {"n1": "900_1"}
        assert await world.states() == ["retracted", "published"]


async def test_taking_back_a_corrected_response_takes_its_corrections_back_too() -> None:
    async with a_world(Wall(nature=Nature(can_look=True, tasks=frozenset({"delete"})))) as world:
        response = a_response()
        await world.hear(response)
        await world.publish()
        await world.hear(corrected(response))
        await world.publish()
        await world.hear(retracted(response))
        await world.carry_out()
        assert world.wall.standing == {}
        assert await world.states() == ["retracted", "retracted"]


async def test_a_long_response_that_may_be_split_stands_as_a_thread_once() -> None:
    async with a_world() as world:
        sentence = "The counters are open from 9 a.m. to 4 p.m. on all working days of the week. "
        await world.hear(a_response(text=sentence * 200, may_split=True))
        await world.publish()
        assert await world.states() == ["published"]
        words = " ".join(part.rpartition(" (")[0] for part in world.wall.standing.values())
        assert words.split() == (sentence * 200).split()
        assert next(iter(world.wall.standing.values())).endswith("(1/2)")
        assert len(await world.told("ResponsePublished")) == 1


async def test_a_whole_thread_is_taken_back_part_by_part_and_said_to_be_once() -> None:
    async with a_world() as world:
        response = a_response(text="The counters are open from 9 a.m. to 4 p.m. each day. " * 300, may_split=True)
        await world.hear(response)
        await world.publish()
        assert len(world.wall.standing) > 1
        await world.hear(retracted(response))
        await world.carry_out()
        assert world.wall.standing == {}
        assert len(await world.told("PublicationRetracted")) == 1


async def test_a_correction_too_long_to_be_edited_in_follows_as_a_thread() -> None:
    async with a_world() as world:
        response = a_response()
        await world.hear(response)
        await world.publish()
        await world.hear(corrected(response, text="We were wrong about the hours of one counter. " * 250))
        await world.publish()
        assert world.wall.changes == []
        assert len(world.wall.standing) == 3
        assert [one["how"] for one in await world.told("PublicationCorrected")] == ["reply"]


@pytest.mark.parametrize("action", ["hide", "show", "remove"])
async def test_a_comment_is_moderated_after_it_was_captured(action: str) -> None:
    async with a_world(Wall(standing={"c9": "Call me: 077 123 4567"}, hidden={"c9"})) as world:
        await world.hear(moderation(action))
        await world.carry_out()
        told = await world.told("ModerationEnded")
        assert [(one["action"], one["outcome"], one["comment"]) for one in told] == [(action, "done", "cmt_9")]
        evidence, release = (await world.rows("SELECT evidence, release FROM task"))[0]
        assert evidence[0]["text"] == "Call me: 077 123 4567"
        assert release["captured"]["author"] == "nimal"
        assert ("c9" in world.wall.standing, "c9" in world.wall.hidden) == (action != "remove", action != "show")


async def test_nothing_is_moderated_of_which_nothing_could_be_captured() -> None:
    async with a_world(Wall(standing={"c9": "x"}, blind=True)) as world:
        await world.hear(moderation("remove"))
        await world.carry_out()
        assert world.wall.changes == []
        world.wall.blind = False
        await world.carry_out()
        assert world.wall.standing == {}


async def test_a_comment_that_is_gone_ends_as_not_possible_with_the_proof() -> None:
    async with a_world() as world:
        await world.hear(moderation("hide"))
        await world.carry_out()
        told = (await world.told("ModerationEnded"))[0]
        assert (told["outcome"], told["reason"]) == ("failed", "not_possible")
        assert (await world.rows("SELECT evidence FROM task"))[0][0][0]["seen"] == "gone"


async def test_a_moderation_whose_outcome_is_unknown_is_carried_out_again() -> None:
    async with a_world(Wall(standing={"c9": "x"}, effects=[Unknown("no answer")])) as world:
        await world.hear(moderation("hide"))
        await world.carry_out()
        assert world.wall.changes == [("hide", "c9")] * 2
        assert len(await world.told("ModerationEnded")) == 1


async def test_nothing_goes_out_on_an_account_that_takes_no_part_any_more_until_it_is_connected_again() -> None:
    async with a_world() as world:
        known_as = account_id("facebook", PAGE)
        whose = {"agency": "passports", "platform": "facebook", "account": PAGE, "account_id": known_as}
        await world.hear(AccountDisabled(**whose, disabled_at=NOW + timedelta(seconds=1)), a_response())
        await world.publish()
        assert world.wall.parents == {}
        await world.hear(a_connected_account(connected_at=NOW + timedelta(seconds=2)))
        await world.publish()
        assert len(world.wall.parents) == 1
