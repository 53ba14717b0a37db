"""Models in Postgres: every version that was ever trained for an agency stays, so that each decision can be traced to
the one that sorted its comment. The newest is in use; every replica follows within a minute or so."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.common_classifier import common_classifier
from services.policy.adapters.store import rows
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.domain.learning.learned import Learned
from services.policy.domain.learning.linear_model import BadModel, LinearModel
from services.policy.domain.triage.classification import Classifier
from shared import telemetry
from shared.database import EVERY_AGENCY, Database

LOOK_SECONDS = 60.0


async def put(
    connection: AsyncConnection, agency: str, version: str, model: LinearModel, scores: Mapping[str, Any], at: datetime
) -> None:
    """Keep a model; from now on it is its agency's newest."""
    content = {"model": rows.as_json(model.as_json()), "scores": rows.as_json(scores)}
    await connection.execute(_PUT, {"agency": agency, "version": version, **content, "at": at})


async def newest_of(connection: AsyncConnection, agency: str) -> tuple[str, datetime] | None:
    """The version of an agency's newest model and when it was trained, or None."""
    row = (await connection.execute(_NEWEST_OF, {"agency": agency})).one_or_none()
    return None if row is None else (row.version, row.trained_at)


async def newest(database: Database, known: Mapping[str, Classifier] | None = None) -> dict[str, Classifier]:
    """Each agency's newest classifier; those that are ``known`` already are not read again.

    A model that this release cannot apply is passed over: the one known before stays, or else the common one.
    """
    found = dict(known or {})
    async with database.begin(EVERY_AGENCY) as connection:
        versions = {row.agency: row.version for row in await connection.execute(_NEWEST)}
        changed = {agency: version for agency, version in versions.items() if _version(found.get(agency)) != version}
        stored = await _models(connection, changed) if changed else {}
    for agency, model in stored.items():
        used = await asyncio.to_thread(_applied, model, changed[agency])
        found[agency] = used or found.get(agency) or common_classifier()
    return {agency: found[agency] for agency in versions}


class ClassifiersInUse:
    """Lets a shelf of policies use each agency's newest model. An agency whose models are gone has the common one."""

    def __init__(self, database: Database, shelf: PolicyShelf) -> None:
        self._database, self._shelf = database, shelf
        self._used: dict[str, Classifier] = {}

    async def look(self) -> None:
        """Use what is newest now."""
        gone: dict[str, Classifier] = dict.fromkeys(self._used, common_classifier())
        found = gone | await newest(self._database, self._used)
        changed = {agency: each for agency, each in found.items() if _version(self._used.get(agency)) != each.version}
        if changed:
            await self._shelf.use(changed)
            versions = {agency: each.version for agency, each in changed.items()}
            telemetry.logger().info("classifiers.used", versions=versions)
        self._used = found

    async def keep_up(self) -> None:
        """Follow what is trained, for as long as the service runs."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()


def _version(classifier: Classifier | None) -> str | None:
    return None if classifier is None else classifier.version


async def _models(connection: AsyncConnection, versions: Mapping[str, str]) -> dict[str, Any]:
    asked = {"agencies": list(versions), "versions": list(versions.values())}
    return {row.agency: row.model for row in await connection.execute(_MODELS, asked)}


def _applied(stored: Any, version: str) -> Classifier | None:
    """A stored model, ready to be asked; off the event loop, because a great one takes long to read."""
    try:
        return Learned(common_classifier(), LinearModel.from_json(rows.from_json(stored)), version)
    except BadModel as bad:
        telemetry.logger().error("classifier.unusable", version=version, said=str(bad))
        return None


_PUT = text("""
    INSERT INTO classifier (agency, version, model, scores, trained_at)
    VALUES (:agency, :version, CAST(:model AS json), CAST(:scores AS json), :at)
""")
_NEWEST_OF = text("""
    SELECT version, trained_at FROM classifier WHERE agency = :agency ORDER BY trained_at DESC, version DESC LIMIT 1
""")
_NEWEST = text("""
    SELECT DISTINCT ON (agency) agency, version FROM classifier ORDER BY agency, trained_at DESC, version DESC
""")
_MODELS = text("""
    SELECT c.agency, c.model FROM classifier AS c
    JOIN unnest(CAST(:agencies AS text[]), CAST(:versions AS text[])) AS wanted (agency, version)
        ON c.agency = wanted.agency AND c.version = wanted.version
""")
