"""``parley policy diff``: what differs between two versions of a policy, in sentences."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from services.policy.adapters.cli.sources import DONE, WRONG_USE, folder_of, policy_in, shelf_of
from services.policy.domain.differences import Difference, differences
from services.policy.domain.policies import Policy

NAME = "diff"
HELP = "what differs between two versions of a policy, in words"

THEY_DIFFER = 1
_MARKS = {"added": "+", "removed": "-", "changed": "~"}
_WEIGHTS = {True: "  (tighter)", False: "  (looser)", None: ""}


def add_options(command: ArgumentParser) -> None:
    """The options of the subcommand."""
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help="OLD and NEW; or NEW, with --agency")
    command.add_argument("--agency", help="compare one file with this agency's policy in the folder")
    command.add_argument(
        "--policies", type=Path, metavar="DIR", help="folder of agency files (default: as for the other commands)"
    )
    command.add_argument("--json", action="store_true", help="one JSON object")


def run(options: Namespace) -> int:
    """Say what differs. 0 the same, 1 they differ, 2 a file that cannot be taken, 3 one that cannot be read."""
    if len(options.files) != (2 if options.agency is None else 1):
        print("Give two files, or one file and --agency.", file=sys.stderr)
        return WRONG_USE
    before, now = _both(options)
    found = differences(before, now)
    if options.json:
        print(json.dumps(_body(before, now, found), ensure_ascii=False))
    else:
        print("\n".join(_lines(before, now, found)))
    return THEY_DIFFER if found else DONE


def _both(options: Namespace) -> tuple[Policy, Policy]:
    *first, last = options.files
    if first:
        before = policy_in(first[0], refused=WRONG_USE).policy
        return before, policy_in(last, before.agency, refused=WRONG_USE).policy
    in_force = shelf_of(options, refused=WRONG_USE).find(options.agency)
    if in_force is None:
        print(f"There is no policy of {options.agency} in the folder.", file=sys.stderr)
        sys.exit(WRONG_USE)
    # The agency's units stand in the folder and stay as they are.
    now = policy_in(last, options.agency, folders=[folder_of(options)], refused=WRONG_USE)
    return in_force.policy, now.policy


def _body(before: Policy, now: Policy, found: Sequence[Difference]) -> dict[str, Any]:
    return {
        "agency": now.agency,
        "before": before.version,
        "now": now.version,
        "same": not found,
        "differences": [each._asdict() for each in found],
    }


def _lines(before: Policy, now: Policy, found: Sequence[Difference]) -> Iterator[str]:
    yield f"  {before.version}  →  {now.version}"
    if not found:
        yield "  They say the same."
    for section, several in groupby(found, lambda each: each.section):
        yield f"\n  {section.replace('_', ' ')}"
        for each in several:
            yield f"    {_MARKS[each.change]} {each.sentence}{_WEIGHTS[each.tightens]}"
