"""The shelf follows what is adopted: files at start, drafts in time, on every replica."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.policy.adapters import metrics, succession
from services.policy.adapters.policy_files import Loaded, above
from services.policy.adapters.store import adoptions, policies, policy_drafts
from services.policy.adapters.store.policies import PolicyShelf, UnreadablePolicy
from services.policy.domain.adoption.authorship import Adoption, Consent, PolicyDraft
from services.policy.domain.adoption.standing import Documents, Roster
from services.policy.domain.comments import Comment, History
from services.policy.domain.composing.composition import Above, compose
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.triage.classification import Cues, Verdict
from shared.database import EVERY_AGENCY, Database
from shared.errors import Dead
from tests.policy.builders import LATER, NOW, OFFICERS, document
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio

SOON = NOW + timedelta(days=7)
WHERE = Comment("Where is it?")


def files(**sections: Any) -> Loaded:
    """What a deployment brings for the test agency."""
    written = document(**sections)
    return Loaded(PolicyInForce(compose(written, above())), Documents(written))


@asynccontextmanager
async def a_database() -> AsyncIterator[Database]:
    urls = await fresh_service_database("policy")
    database = Database(urls.working, application_name="test", pool_size=6)
    yield database
    await database.close()


async def rows(database: Database, statement: str) -> list[Any]:
    async with database.begin(EVERY_AGENCY) as connection:
        return list((await connection.execute(text(statement))).all())


async def shelf_at(database: Database, now: datetime = NOW) -> PolicyShelf:
    """The shelf of a replica that looks at ``now``."""
    shelf = PolicyShelf()
    await shelf.refresh(database, now)
    return shelf


async def adopt_a_draft(database: Database, effective_from: datetime, **sections: Any) -> str:
    """Two persons' adoption as the API leaves it; the version."""
    loaded = files(**sections)
    version = loaded.policy.version
    consents = tuple(Consent(by, NOW, "0" * 64) for by in ("a", "b"))
    draft = PolicyDraft(
        f"pol_{version[-12:]}", "test-agency", None, loaded.documents.agency, "author", NOW, NOW,
        state="adopted", adoptions=consents, effective_from=effective_from, version=version,
    )  # fmt: skip
    adoption = Adoption("test-agency", version, effective_from, ("a", "b"), LATER, loaded.documents, draft.id)
    async with database.begin(EVERY_AGENCY) as connection:
        await policy_drafts.put(connection, draft)
        await adoptions.put(connection, adoption, loaded.policy)
    return version


async def test_files_are_in_force_once_adopted() -> None:
    async with a_database() as database:
        loaded = files()
        await succession.adopt_files(database, [loaded], NOW)
        shelf = await shelf_at(database)
        assert shelf.of("test-agency").policy == loaded.policy
        assert [policy.version for policy in shelf.all()] == [loaded.policy.version]
        (row,) = await rows(database, "SELECT origin, adopted_by, draft, documents FROM policy_adoption")
        assert (row.origin, row.adopted_by, row.draft) == ("files", ["deployment"], None)
        assert row.documents["agency"]["name"] == "Test"


async def test_replicas_that_start_together_adopt_once() -> None:
    async with a_database() as database:
        await asyncio.gather(*(succession.adopt_files(database, [files()], NOW) for _ in range(5)))
        assert len(await rows(database, "SELECT 1 FROM policy_adoption")) == 1
        assert len(await rows(database, "SELECT 1 FROM roster")) == 1
        assert [row.action for row in await rows(database, "SELECT action FROM audit ORDER BY number")] == [
            "policy.adopted",
            "roster.changed",
        ]


async def test_the_same_files_at_the_next_start_leave_a_draft_in_force() -> None:
    async with a_database() as database:
        await succession.adopt_files(database, [files()], NOW)
        version = await adopt_a_draft(database, LATER, version=2)
        await succession.adopt_files(database, [files()], LATER)
        assert (await shelf_at(database, LATER)).of("test-agency").policy.version == version


async def test_changed_files_take_over_from_a_draft() -> None:
    async with a_database() as database:
        await succession.adopt_files(database, [files()], NOW)
        await adopt_a_draft(database, LATER, version=2)
        changed = files(version=3)
        await succession.adopt_files(database, [changed], SOON)
        assert (await shelf_at(database, SOON)).of("test-agency").policy.version == changed.policy.version
        (row,) = await rows(database, "SELECT state FROM policy_draft")
        assert row.state == "superseded"


def over_another_baseline(**sections: Any) -> Loaded:
    """The same files under a release whose baseline says something else."""
    written, ours = document(**sections), above()
    newer = Above({**ours.baseline, "step_minutes": 11}, ours.centre)
    return Loaded(PolicyInForce(compose(written, newer)), Documents(written))


@pytest.mark.parametrize("begins", [LATER, SOON], ids=["in force", "yet to come"])
async def test_another_baseline_does_not_undo_what_two_persons_adopted(begins: datetime) -> None:
    async with a_database() as database:
        await succession.adopt_files(database, [files()], NOW)
        version = await adopt_a_draft(database, begins, version=2)
        await succession.adopt_files(database, [over_another_baseline()], LATER + timedelta(days=1))
        assert (await shelf_at(database, SOON)).of("test-agency").policy.version == version
        (row,) = await rows(database, "SELECT state FROM policy_draft")
        assert row.state == "adopted"
        changed = over_another_baseline(version=3)
        await succession.adopt_files(database, [changed], SOON)
        assert (await shelf_at(database, SOON)).of("test-agency").policy.version == changed.policy.version


async def test_another_baseline_is_adopted_over_files() -> None:
    async with a_database() as database:
        await succession.adopt_files(database, [files()], NOW)
        newer = over_another_baseline()
        await succession.adopt_files(database, [newer], LATER)
        assert (await shelf_at(database, LATER)).of("test-agency").policy.version == newer.policy.version


async def test_posts_that_change_in_the_same_moment_are_seen() -> None:
    async with a_database() as database:
        await succession.adopt_files(database, [files()], NOW)
        shelf = await shelf_at(database)
        async with database.begin(EVERY_AGENCY) as connection:
            standing = await adoptions.standing(connection, "test-agency")
            assert standing is not None
            again = files(officers=OFFICERS[1:])
            by, moment = ("a", "b"), standing.adopted_at + timedelta(microseconds=1)
            adoption = Adoption("test-agency", again.policy.version, NOW, by, moment, again.documents, "pol_1")
            await adoptions.put(connection, adoption, again.policy)
            await adoptions.put_roster(connection, "test-agency", Roster(officers=again.policy.officers), NOW, "draft")
        assert await shelf.refresh(database, NOW) == ["test-agency"]
        assert shelf.of("test-agency").policy.officer("desk") is None


@pytest.mark.parametrize("changed", [{"version": 3}, {"calendar": {"time_zone": "Asia/Colombo"}}])
async def test_changed_files_send_back_what_is_yet_to_come(changed: dict[str, Any]) -> None:
    async with a_database() as database:
        await succession.adopt_files(database, [files()], NOW)
        await adopt_a_draft(database, SOON, version=2)
        await succession.adopt_files(database, [files(**changed)], LATER)
        assert (await shelf_at(database, SOON)).of("test-agency").policy.revision == changed.get("version", 1)
        (row,) = await rows(database, "SELECT state, adoptions, version FROM policy_draft")
        assert (row.state, row.adoptions, row.version) == ("review", [], None)
        (entry,) = await rows(database, "SELECT actor FROM audit WHERE action = 'policy.returned'")
        assert entry.actor == "parley:policy"


async def test_other_officers_in_the_files_are_no_new_version() -> None:
    async with a_database() as database:
        await succession.adopt_files(database, [files()], NOW)
        fewer = files(officers=document()["officers"][1:], calendar={"time_zone": "Asia/Colombo"})
        await succession.adopt_files(database, [fewer], LATER)
        assert len(await rows(database, "SELECT 1 FROM policy_adoption")) == 1
        policy = (await shelf_at(database, LATER)).of("test-agency").policy
        assert (policy.officer("desk"), policy.calendar.time_zone) == (None, "Asia/Colombo")
        before = (await shelf_at(database, NOW)).of("test-agency").policy
        assert before.officer("desk") is not None


async def test_a_policy_comes_into_force_when_its_time_has_come() -> None:
    async with a_database() as database:
        await succession.adopt_files(database, [files()], NOW)
        first = await adopt_a_draft(database, LATER, version=2)
        shelf = PolicyShelf()
        for now, version in ((NOW, files().policy.version), (LATER - timedelta(microseconds=1), None), (LATER, first)):
            await succession.refresh(database, shelf, now)
            assert shelf.of("test-agency").policy.version == (version or files().policy.version)


async def test_a_draft_gives_way_when_its_successors_time_has_come() -> None:
    async with a_database() as database:
        await succession.adopt_files(database, [files()], NOW)
        await adopt_a_draft(database, LATER, version=2)
        await adopt_a_draft(database, SOON, version=3)
        shelf = PolicyShelf()
        for now, states in ((LATER, {"adopted"}), (SOON, {"superseded", "adopted"})):
            await succession.refresh(database, shelf, now)
            assert {row.state for row in await rows(database, "SELECT state FROM policy_draft")} == states
        await succession.refresh(database, await shelf_at(database, LATER), SOON)
        assert len(await rows(database, "SELECT 1 FROM audit WHERE action = 'policy.superseded'")) == 1


async def test_nothing_new_is_compiled_when_nothing_was_adopted() -> None:
    async with a_database() as database:
        await succession.adopt_files(database, [files()], NOW)
        shelf = await shelf_at(database)
        known = shelf.of("test-agency")
        assert await shelf.refresh(database, LATER) == []
        assert shelf.of("test-agency") is known


async def test_what_was_in_force_can_be_had_ready_to_decide() -> None:
    async with a_database() as database:
        await succession.adopt_files(database, [files()], NOW)
        await adopt_a_draft(database, LATER, version=2)
        shelf = await shelf_at(database, LATER)
        then = await shelf.at(database, "test-agency", NOW)
        assert then is not None
        assert then.decide(Comment("Well done"), History(1), NOW).policy_version == files().policy.version
        assert await shelf.at(database, "test-agency", NOW - timedelta(days=1)) is None
        assert await shelf.at(database, "nobody", NOW) is None


async def test_a_version_keeps_its_name_when_the_model_has_grown() -> None:
    async with a_database() as database:
        await succession.adopt_files(database, [files()], NOW)
        await rows(database, "UPDATE policy SET content = content::jsonb - 'step_minutes' RETURNING 1")
        policy = (await shelf_at(database)).of("test-agency").policy
        assert (policy.version, policy.digest) == (files().policy.version, files().policy.digest)
        assert policy.step_minutes == 10


async def test_a_version_that_cannot_be_read_is_not_replaced_by_another_and_hinders_no_other_agency() -> None:
    async with a_database() as database:
        others = {"agency": "zoo", "name": "Zoo", "version": 1}
        zoo = Loaded(PolicyInForce(compose(others, above())), Documents(others))
        await succession.adopt_files(database, [files(), zoo], NOW)
        await rows(database, "UPDATE policy SET content = '{\"agency\": 1}' WHERE agency = 'test-agency' RETURNING 1")
        shelf = PolicyShelf([files().in_force])
        with pytest.raises(UnreadablePolicy, match="test-agency/1@"):
            await shelf.refresh(database, NOW)
        assert [policy.agency for policy in shelf.all()] == ["zoo"]
        with pytest.raises(Dead):
            shelf.of("test-agency")
        assert metrics.UNREADABLE._value.get() == 1
        assert await shelf.refresh(database, NOW) == []
        version = await adopt_a_draft(database, LATER, version=2)
        assert await shelf.refresh(database, LATER) == ["test-agency"]
        assert shelf.of("test-agency").policy.version == version
        assert metrics.UNREADABLE._value.get() == 0


async def test_the_service_goes_on_beside_a_version_that_cannot_be_read() -> None:
    async with a_database() as database:
        await succession.adopt_files(database, [files()], NOW)
        shelf = await shelf_at(database)
        version = shelf.of("test-agency").policy.version
        later = await adopt_a_draft(database, LATER, version=2)
        await rows(database, f"UPDATE policy SET content = '{{}}' WHERE version = '{later}' RETURNING 1")
        for _ in range(2):
            await succession.refresh(database, shelf, LATER)
        assert shelf.of("test-agency").policy.version == version
        await succession.refresh(database, at_start := PolicyShelf([files().in_force]), LATER)
        assert at_start.find("test-agency") is None


async def test_a_trained_classifier_stays_when_another_policy_comes_into_force() -> None:
    class Praising:
        """Takes everything for praise."""

        version = "praising"

        def classify(self, cues: Cues) -> Verdict:
            return Verdict(frozenset({"praise"}), 1.0)

    async with a_database() as database:
        await succession.adopt_files(database, [files()], NOW)
        shelf = await shelf_at(database)
        assert shelf.of("test-agency").sort(WHERE).kind == "question"
        await shelf.use({"test-agency": Praising(), "nobody": Praising()})
        assert shelf.of("test-agency").sort(WHERE).kind == "praise"
        await adopt_a_draft(database, LATER, version=2)
        await shelf.refresh(database, LATER)
        assert shelf.of("test-agency").policy.revision == 2
        assert shelf.of("test-agency").sort(WHERE).kind == "praise"


async def test_what_was_compiled_from_files_decides_until_something_in_it_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_database() as database:
        first = files()
        await succession.adopt_files(database, [first], NOW)
        shelf = PolicyShelf([first.in_force])
        with monkeypatch.context() as patch:
            patch.setattr(policies, "PolicyInForce", lambda *_: pytest.fail("this was compiled already"))
            assert await shelf.refresh(database, NOW) == ["test-agency"]
        await succession.adopt_files(database, [files(officers=OFFICERS[1:])], LATER)
        await shelf.refresh(database, LATER)
        changed = shelf.of("test-agency").policy
        assert (changed.version, len(changed.officers)) == (first.policy.version, len(OFFICERS) - 1)


async def test_a_shelf_without_a_database_holds_what_it_was_given() -> None:
    given = PolicyInForce(files().policy)
    shelf = PolicyShelf([given])
    assert shelf.find("test-agency") is given
    assert shelf.find("nobody") is None
