"""``parley policy replay``: what a draft would have decided for the comments of the last weeks. It sends nothing.

The comments are those of a running Parley's database, each beside what was decided for it then; or those of a file,
beside what the policy in force decides for them.
"""

import asyncio
import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asyncpg import PostgresError
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from services.policy.adapters.cli import running, sources
from services.policy.adapters.cli.progress import Progress
from services.policy.adapters.cli.replay_table import item_line, table
from services.policy.adapters.cli.sources import CANNOT, DOES_NOT_HOLD, DONE, WRONG_USE
from services.policy.adapters.cli.trying import Given
from services.policy.adapters.replaying import Asked, replay_stored
from services.policy.domain.adoption.standing import Roster
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.deciding.outcomes import Terms
from services.policy.domain.replaying.replay import Decided, Replay
from services.policy.domain.replaying.replay_results import Results
from shared.clock import utc_now
from shared.database import Database

NAME = "replay"
HELP = "run a draft over past comments, and compare with what was decided"

DAYS = 30
MOST_DAYS = 10_000
EARLIEST_YEAR = 2000
_EVERY = 500


def add_options(command: ArgumentParser) -> None:
    """The options of the subcommand."""
    sources.add_options(command, agency_required=True)
    running.add_options(command)
    command.add_argument("--days", type=_days, metavar="N", help=f"comments of the last N days (default {DAYS})")
    command.add_argument("--from", dest="since", type=_moment, metavar="TIME", help="comments received from then on")
    command.add_argument(
        "--to", dest="until", type=_moment, metavar="TIME", help="before then (default now); the time of what has none"
    )
    command.add_argument("--file", type=Path, metavar="F", help="comments as JSON lines instead, as `policy try` reads")
    command.add_argument("--limit", type=_count, metavar="N", help="the first N comments only")
    command.add_argument("--items", action="store_true", help="every comment that would have gone otherwise, too")
    command.add_argument("--json", action="store_true", help="the result as one JSON object")


def run(options: Namespace) -> int:
    """Replay, and say what would have changed; that something would is no failure."""
    now = utc_now()
    if options.file is not None and (options.days or options.since):
        return _wrong("--days and --from are about comments in the database, not in a file.")
    if options.days and (options.since or options.until):
        return _wrong("Say --days, or --from and --to.")
    asked = Asked(options.agency, *_period(options, now), limit=options.limit)
    if asked.since >= asked.until:
        return _wrong("--from comes before --to, and before now.")
    try:
        version, results = _of_file(options, asked.until) if options.file else _of_database(options, asked, now)
    except (SQLAlchemyError, PostgresError, OSError) as error:
        said = str(getattr(error, "orig", None) or error) or type(error).__name__
        print(f"The replay broke off: {said.splitlines()[0]}", file=sys.stderr)
        return CANNOT
    _show(version, results, options)
    return DONE


def _period(options: Namespace, now: datetime) -> tuple[datetime, datetime]:
    until = min(options.until or now, now)
    return options.since or until - timedelta(days=options.days or DAYS), until


def _of_database(options: Namespace, asked: Asked, now: datetime) -> tuple[str, Results]:
    at_hand = sources.policy_of(options) if options.policy or options.policies else None

    async def replay(database: Database) -> tuple[str, Results] | None:
        policy = at_hand or await running.in_force(database, options.agency, now)
        if policy is None:
            return None
        report = Progress("comments").report
        return policy.policy.version, await replay_stored(database, policy, asked, report, _kept(options))

    replayed = running.with_database(options, replay)
    if replayed is None:
        sys.exit(_wrong(f"No policy of {options.agency} is in force there."))
    return replayed


def _of_file(options: Namespace, at: datetime) -> tuple[str, Results]:
    policy = sources.policy_of(options)
    in_force = sources.shelf_of(options).find(options.agency)
    if in_force is None:
        sys.exit(_wrong(f"No policy of {options.agency} is in the folder, to compare with."))
    return policy.policy.version, asyncio.run(_replay_file(options, policy, in_force, at))


async def _replay_file(options: Namespace, policy: PolicyInForce, in_force: PolicyInForce, at: datetime) -> Results:
    stood = in_force.policy
    roster = Roster(officers=stood.officers, calendar=stood.calendar)
    replay = Replay(policy, [(at, roster)], versions={stood.version: Terms.of(stood)})
    results, progress = Results(_kept(options)), Progress("comments")
    given = list(_given(options.file))[: options.limit]
    for number, (line, comment) in enumerate(given, 1):
        decided = _decided(line, comment, in_force, at)
        results.take(replay.item(decided), decided)
        if number % _EVERY == 0 or number == len(given):
            await progress.report(number, len(given))
    return results


def _decided(line: int, given: Given, in_force: PolicyInForce, otherwise: datetime) -> Decided:
    at = given.now or given.sent_at or otherwise
    words, history = given.comment(), given.history()
    decision = in_force.decide(words, history, at)
    return Decided(
        comment=str(line if given.id is None else given.id),
        case=None,
        turn=given.turn,
        received_at=at,
        language=decision.language,
        words=words,
        history=history,
        at=at,
        decision=decision._asdict(),
    )


def _given(file: Path) -> Iterator[tuple[int, Given]]:
    """The comments of a file by their lines. Exits with 1 if a line is none, naming each such line."""
    refused = False
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield number, Given.model_validate_json(line)
            except ValidationError as invalid:
                refused = True
                error = invalid.errors()[0]
                place = ".".join(str(part) for part in error["loc"])
                print(f"{file}: line {number}: {place + ': ' if place else ''}{error['msg']}", file=sys.stderr)
    if refused:
        sys.exit(DOES_NOT_HOLD)


def _kept(options: Namespace) -> int:
    return sys.maxsize if options.items else 0


def _show(version: str, results: Results, options: Namespace) -> None:
    if options.json:
        items = {"items": results.items} if options.items else {}
        print(json.dumps({"policy_version": version, **results.summary(), **items}, ensure_ascii=False))
        return
    print("\n".join(table(version, results)))
    for item in results.items:
        print(item_line(item))


def _count(given: str) -> int:
    if not given.isdecimal() or int(given) < 1:
        raise ArgumentTypeError(f"{given!r} is not a number from 1 on")
    return int(given)


def _days(given: str) -> int:
    if _count(given) > MOST_DAYS:
        raise ArgumentTypeError(f"{given!r} is more than {MOST_DAYS} days")
    return int(given)


def _moment(given: str) -> datetime:
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None or moment.year < EARLIEST_YEAR:
        raise ArgumentTypeError(f"{given!r}: a time from {EARLIEST_YEAR} on reads like 2026-11-23T09:30:00+05:30")
    return moment.astimezone(UTC)


def _wrong(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return WRONG_USE
