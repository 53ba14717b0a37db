"""``parley policy lint``: whether a policy holds together, and a comment for each hole, without a running system."""

import json
import sys
import textwrap
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from services.policy.adapters.cli import sources
from services.policy.adapters.cli.sources import DOES_NOT_HOLD, DONE, WRONG_USE
from services.policy.adapters.common_classifier import common_classifier
from services.policy.adapters.policy_files import above
from services.policy.domain.composing.composition import compose
from services.policy.domain.lint import CODES, Example, Hole, lint
from services.policy.domain.policies import Policy
from services.policy.domain.scales import LEVELS
from shared.clock import utc_now

NAME = "lint"
HELP = "prove that a policy holds together, or show a comment for each hole"

_WIDTH = 100
_PLAIN_FIELDS = ("text", "now")


def add_options(command: ArgumentParser) -> None:
    """The options of the subcommand."""
    sources.add_options(command)
    command.add_argument("--at", type=_moment, metavar="TIME", help="as posts are held at this time (default now)")
    command.add_argument("--all", action="store_true", help="the warnings that come with the baseline as well")
    command.add_argument("--json", action="store_true", help="one JSON object a policy")


def run(options: Namespace) -> int:
    """Lint one policy or all of a folder; warnings are no failure."""
    now: datetime = options.at or utc_now()
    policies = _asked_for(options)
    inherited = _of_the_baseline(now)
    failed = False
    for policy in policies:
        holes = lint(policy, now, common_classifier())
        failed = failed or any(hole.severity == "error" for hole in holes)
        if options.json:
            print(json.dumps(_body(policy, holes, inherited), ensure_ascii=False))
        else:
            print("\n".join(_lines(policy, holes, set() if options.all else inherited)))
    return DOES_NOT_HOLD if failed else DONE


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None:
        raise ArgumentTypeError(f"{text}: a time reads like 2026-11-23T09:30:00+05:30")
    return moment


def _asked_for(options: Namespace) -> Sequence[Policy]:
    if options.policy is not None:
        return [sources.policy_of(options).policy]
    policies = sources.shelf_of(options).all()
    chosen = [policy for policy in policies if options.agency in (None, policy.agency)]
    if not chosen:
        known = ", ".join(policy.agency for policy in policies)
        print(f"There is no policy of {options.agency}; known are: {known}", file=sys.stderr)
        sys.exit(WRONG_USE)
    return chosen


_Known = set[tuple[str, str, str]]


def _of_the_baseline(now: datetime) -> _Known:
    """The warnings of an agency that says nothing but who works there: they are not its own to mend."""
    posts = [
        {
            "subject": f"{level.lower()}-{each}",
            "post": level,
            "level": level,
            "specialisms": ["facts", "legal", "security"],
        }
        for level in LEVELS[1:]
        for each in (1, 2)
    ]
    policy = compose({"agency": "baseline", "name": "Baseline", "version": 1, "officers": posts}, above())
    return {_known_by(hole) for hole in lint(policy, now, common_classifier()) if hole.severity == "warning"}


def _known_by(hole: Hole) -> tuple[str, str, str]:
    return hole.code, hole.path, hole.sentence


def _body(policy: Policy, holes: Sequence[Hole], inherited: _Known) -> dict[str, Any]:
    """``inherited``: the hole is the baseline's own."""
    return {
        "agency": policy.agency,
        "policy_version": policy.version,
        "holes": [{**hole.as_json(), "inherited": _known_by(hole) in inherited} for hole in holes],
    }


def _lines(policy: Policy, holes: Sequence[Hole], hidden: _Known) -> Iterator[str]:
    shown = [hole for hole in holes if hole.severity == "error" or _known_by(hole) not in hidden]
    errors = sum(hole.severity == "error" for hole in holes)
    baselines = f", and {len(holes) - len(shown)} of the baseline (--all)" if len(holes) > len(shown) else ""
    counted = f"{_count(errors, 'error')}, {_count(len(shown) - errors, 'warning')}"
    yield f"{policy.name}, {policy.version}: {counted}{baselines}"
    yield ""
    for (severity, code), of_a_code in groupby(shown, key=lambda hole: (hole.severity, hole.code)):
        yield f"{severity.upper()} {code}: {CODES[code]}"
        yield ""
        for hole in of_a_code:
            yield from _paragraph(hole)
            yield ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + "s" * (number != 1)


def _paragraph(hole: Hole) -> Iterator[str]:
    yield f"  {hole.path}"
    yield from textwrap.wrap(hole.sentence, _WIDTH, initial_indent="    ", subsequent_indent="    ")
    if hole.example is not None:
        yield from textwrap.wrap(_shown(hole.example), _WIDTH, initial_indent="    ", subsequent_indent="      ")


def _shown(example: Example) -> str:
    about = ", ".join(f"{name} {_plain(value)}" for name, value in example.comment.items() if name not in _PLAIN_FIELDS)
    decided = example.decided
    rules = ", ".join(decided["rules"]) or "no rule"
    return (
        f"“{example.comment['text']}”{f' ({about})' if about else ''} → "
        f"{decided['disposition']} on {decided['level']}, {decided['clock']}, by {rules}"
    )


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name} {each}" for name, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value).lower()
