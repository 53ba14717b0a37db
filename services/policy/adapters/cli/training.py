"""``parley policy train``: an agency's model of comments' kinds, from what its officers corrected.

Offline: nothing waits for it, and a running service takes the newest version by itself. What was learned is measured
on comments that were held out, and kept only if it sorts them no worse than before.
"""

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.policy.adapters import training
from services.policy.adapters.cli import running, sources
from services.policy.adapters.cli.sources import CANNOT, DOES_NOT_HOLD, DONE, WRONG_USE
from services.policy.adapters.store import classifiers, corrections
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.learning.examples import Example
from services.policy.domain.scales import Kind
from services.policy.learning import FEWEST_CORRECTIONS, CannotLearn, Lesson, learn
from services.policy.ports import PARLEY
from shared import audit
from shared.clock import rfc3339, utc_now
from shared.database import Database

NAME = "train"
HELP = "learn from officers' corrections of what kind comments are"

LONGEST_TEXT = 50_000


class Corrected(BaseModel):
    """One line of a file of corrections; what else stands in it is passed over."""

    model_config = ConfigDict(extra="ignore", strict=True)

    text: str = Field(min_length=1, max_length=LONGEST_TEXT)
    kind: Kind


class Given(NamedTuple):
    """What there is to learn from, and the policy whose classifier it is measured against."""

    policy: PolicyInForce
    examples: list[Example]


def add_options(command: ArgumentParser) -> None:
    """The options of the subcommand."""
    sources.add_options(command, agency_required=True)
    running.add_options(command)
    command.add_argument("--file", type=Path, metavar="F", help="corrections as JSON lines {text, kind} instead")
    command.add_argument("--days", type=_count, metavar="N", help="corrections of the last N days (default: all)")
    command.add_argument(
        "--min",
        type=_count,
        metavar="N",
        default=FEWEST_CORRECTIONS,
        help=f"refuse to learn from fewer corrections (default {FEWEST_CORRECTIONS})",
    )
    command.add_argument("--out", type=Path, metavar="F", help="write the model there instead of into the database")
    command.add_argument("--json", action="store_true", help="version and scores as JSON")


def run(options: Namespace) -> int:
    """Learn, measure, keep, and say how good it is."""
    if options.file is not None and options.days is not None:
        print("--days is about corrections in the database, not in a file.", file=sys.stderr)
        return WRONG_USE
    try:
        training.require_installed()
        given = _given(options)
        lesson = learn(given.policy, given.examples, training.train, options.min, _tell)
        version, at = _keep(lesson, options)
    except training.NotInstalled as missing:
        print(missing, file=sys.stderr)
        return CANNOT
    except CannotLearn as refusal:
        print(refusal, file=sys.stderr)
        return DOES_NOT_HOLD
    except OSError as error:
        print(f"{error.filename or 'The database'}: {error.strerror or error}", file=sys.stderr)
        return CANNOT
    if options.json:
        print(json.dumps({**_named(options.agency, version, at), "scores": scores_of(lesson)}, ensure_ascii=False))
    else:
        print("\n".join(_report(version, lesson)))
    return DONE


def scores_of(lesson: Lesson) -> dict[str, Any]:
    """What is kept of how a model was measured."""
    return {
        "examples": lesson.examples,
        "folds": lesson.folds,
        "before": lesson.before._asdict(),
        "learned": lesson.learned._asdict(),
    }


def _given(options: Namespace) -> Given:
    if options.file is not None:
        return Given(sources.policy_of(options), list(_in_file(options.file)))
    since = utc_now() - timedelta(days=options.days) if options.days else None
    at_hand = sources.policy_of(options) if options.policy or options.policies else None

    async def read(database: Database) -> Given | None:
        policy = at_hand or await running.in_force(database, options.agency, utc_now())
        async with database.begin([options.agency]) as connection:
            found = await corrections.examples(connection, options.agency, since)
        return None if policy is None else Given(policy, found)

    given = running.with_database(options, read)
    if given is None:
        print(f"No policy of {options.agency} is in force there.", file=sys.stderr)
        sys.exit(WRONG_USE)
    return given


def _in_file(file: Path) -> Iterator[Example]:
    """The corrections of a file. Exits with 1 if a line is none, naming each such line."""
    refused = False
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                corrected = Corrected.model_validate_json(line)
            except ValidationError as invalid:
                refused = True
                error = invalid.errors()[0]
                place = ".".join(str(part) for part in error["loc"])
                print(f"{file}: line {number}: {place + ': ' if place else ''}{error['msg']}", file=sys.stderr)
            else:
                yield Example(corrected.text, corrected.kind)
    if refused:
        sys.exit(DOES_NOT_HOLD)


def _keep(lesson: Lesson, options: Namespace) -> tuple[str, datetime]:
    """The version of what was learned, and when it came to be; nothing new where nothing new was learned."""
    agency, at = options.agency, utc_now()
    digest = lesson.model.digest[:12]
    version = f"{agency}/{at:%Y%m%dT%H%M%SZ}@{digest}"
    if options.out is not None:
        content = {**_named(agency, version, at), "scores": scores_of(lesson), "model": lesson.model.as_json()}
        options.out.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")
        return version, at

    async def keep(database: Database) -> tuple[str, datetime]:
        async with database.begin([agency]) as connection:
            known = await classifiers.newest_of(connection, agency)
            if known is not None and known[0].endswith(f"@{digest}"):
                return known
            await classifiers.put(connection, agency, version, lesson.model, scores_of(lesson), at)
            details = {
                "examples": lesson.examples,
                "right": lesson.learned.accuracy,
                "right_before": lesson.before.accuracy,
            }
            trained = audit.Entry(agency, PARLEY, "classifier.trained", version, details=details)
            await audit.append(connection, [trained], at)
        return version, at

    return running.with_database(options, keep)


def _named(agency: str, version: str, at: datetime) -> dict[str, str]:
    return {"agency": agency, "version": version, "trained_at": rfc3339(at)}


def _report(version: str, lesson: Lesson) -> Iterator[str]:
    told = ", ".join(f"{count} {source}" for source, count in sorted(lesson.examples.items(), reverse=True))
    yield f"{version}: {told}; measured on {lesson.folds} folds held out"
    yield ""
    yield f"  {'':<20}{'before':>9}{'model':>9}"
    for name, share in (("right", "accuracy"), ("sure", "sure"), ("surely wrong", "surely_wrong")):
        yield f"  {name:<20}{getattr(lesson.before, share):>9.1%}{getattr(lesson.learned, share):>9.1%}"
    yield ""
    yield f"  {'kind':<20}{'comments':>9}{'precision':>16}{'recall':>16}"
    nothing = {"comments": 0, "precision": None, "recall": None}
    for kind, learned in lesson.learned.kinds.items():
        before = lesson.before.kinds.get(kind, nothing)
        shares = "".join(f"{_from_to(before[name], learned[name]):>16}" for name in ("precision", "recall"))
        yield f"  {kind:<20}{learned['comments']:>9}{shares}"


def _from_to(before: float | None, learned: float | None) -> str:
    return " → ".join("–" if share is None else f"{share:.2f}" for share in (before, learned))


def _tell(progress: str) -> None:
    print(progress, file=sys.stderr)


def _count(given: str) -> int:
    if not given.isdecimal() or not 1 <= int(given) <= 10_000:
        raise ArgumentTypeError(f"{given!r} is not a number from 1 to 10000")
    return int(given)
