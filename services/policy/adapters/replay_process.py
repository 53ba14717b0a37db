"""A replay as a process of its own, so that deciding a hundred thousand comments anew keeps none waiting.

It reads, and writes only its own row: how far it has come, and what came of it. It takes two thirds of a processor
at most, and gives way to everybody else.
"""

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from multiprocessing import parent_process
from typing import Any

from asyncpg import PostgresError
from sqlalchemy.exc import SQLAlchemyError

from services.policy.adapters.common_classifier import common_classifier
from services.policy.adapters.replaying import replay_stored
from services.policy.adapters.store import adoptions, cleared_lines, policy_drafts, replays
from services.policy.adapters.store.replays import UnderWay, Wish
from services.policy.domain.adoption.standing import composed
from services.policy.domain.composing.composition import Above, InvalidPolicy
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.replaying.replay_results import Results
from shared.clock import utc_now
from shared.database import EVERY_AGENCY, Database, is_passing

DONE, TRY_AGAIN = 0, 3
"""Exit codes: what came of it stands in its row; the database is away."""

NICE = 10
REST = 0.5
"""Seconds of rest for each second of a processor: what a container may use is shared with the service within it."""

TOLD_EVERY_SECONDS = 1.0


class Overtaken(Exception):
    """Another process has taken this replay up."""


class CannotReplay(Exception):
    """Why there is nothing to replay. ``errors`` are faults of a document: pairs of a path and a sentence."""

    def __init__(self, sentence: str, errors: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(sentence)
        self.errors = errors


def work(url: str, above: Above, under_way: UnderWay) -> None:
    """Do a replay that was taken up, in a process that was started for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it is told, and ends it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.nice(NICE)
    try:
        asyncio.run(_do(url, above, under_way))
    except Overtaken:
        pass
    except (SQLAlchemyError, PostgresError, OSError) as error:
        if not is_passing(error):
            raise
        sys.exit(TRY_AGAIN)
    sys.exit(DONE)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(TRY_AGAIN)


async def _do(url: str, above: Above, under_way: UnderWay) -> None:
    database = Database(url, application_name="parley-replay", pool_size=2)
    try:
        state, result = await _ended(database, above, under_way)
        async with database.begin(EVERY_AGENCY) as connection:
            await replays.end(connection, under_way, state, result, utc_now())
    except Overtaken:
        raise
    except Exception as error:
        with contextlib.suppress(SQLAlchemyError, PostgresError, OSError):
            async with database.begin(EVERY_AGENCY) as connection:
                await replays.stumble(connection, under_way, type(error).__name__)
        raise
    finally:
        await database.close()


async def _ended(database: Database, above: Above, under_way: UnderWay) -> tuple[str, dict[str, Any]]:
    try:
        return "done", await _result(database, above, under_way)
    except CannotReplay as error:
        faults = [{"path": path, "detail": sentence} for path, sentence in error.errors]
        return "failed", {"error": {"detail": str(error), "errors": faults}}


async def _result(database: Database, above: Above, under_way: UnderWay) -> dict[str, Any]:
    async with database.begin(EVERY_AGENCY) as connection:
        wish = await replays.wish_of(connection, under_way)
    policy = await _policy(database, above, wish)
    results = await replay_stored(database, policy, wish.asked, _Progress(database, under_way).report)
    return result_body(results, policy)


def result_body(results: Results, policy: PolicyInForce) -> dict[str, Any]:
    """A result as it is kept; ``items`` are those that changed, as far as they are kept."""
    return {"summary": {"policy_version": policy.policy.version, **results.summary()}, "items": results.items}


async def _policy(database: Database, above: Above, wish: Wish) -> PolicyInForce:
    """The draft over what stands now, with the lines cleared beside it. Raises CannotReplay."""
    async with database.begin(EVERY_AGENCY) as connection:
        draft = await policy_drafts.find(connection, wish.draft)
        standing = await adoptions.standing(connection, wish.asked.agency)
        beside = await cleared_lines.of(connection, [wish.asked.agency])
    if draft is None or draft.edition != wish.edition:
        raise CannotReplay("The draft has changed since. Ask for a replay of its present edition.")
    try:
        made = composed(draft.agency, draft.unit, draft.document, standing, above)
        return PolicyInForce(made.policy, common_classifier()).with_lines(beside[wish.asked.agency])
    except InvalidPolicy as invalid:
        raise CannotReplay("The draft does not fit what stands now.", invalid.faults[:100]) from None
    except ValueError as unfit:
        raise CannotReplay("The draft does not fit what stands now.", [("", str(unfit))]) from None


class _Progress:
    """Tells now and then how far a replay has come, and lets others work."""

    def __init__(self, database: Database, under_way: UnderWay) -> None:
        self._database, self._under_way = database, under_way
        self._told, self._used = time.monotonic(), time.process_time()

    async def report(self, done: int, total: int) -> None:
        """Raises Overtaken where another process does this replay by now."""
        now = time.monotonic()
        if now - self._told >= TOLD_EVERY_SECONDS:
            self._told = now
            async with self._database.begin(EVERY_AGENCY) as connection:
                if not await replays.tell(connection, self._under_way, min(done / max(total, 1), 1.0)):
                    raise Overtaken
        used, self._used = self._used, time.process_time()
        await asyncio.sleep((self._used - used) * REST)
