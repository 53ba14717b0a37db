"""``parley policy …``: what an agency's policy owner does at a shell, without a running system where that is possible.

One file a subcommand, in a literal registry. Results go to standard output, ``--json`` for machines; progress to
standard error. Exit codes: 0 done, 1 the thing asked about does not hold, 2 wrong use, 3 a needed part cannot be had.
"""

from argparse import ArgumentParser
from types import ModuleType
from typing import Any

from services.policy.adapters.cli import comparing, linting, replaying, schema, training, trying

_ALL: tuple[ModuleType, ...] = (trying, linting, replaying, training, schema, comparing)
"""Each has ``NAME``, ``HELP``, ``add_options(parser)`` and ``run(options) -> exit code``."""


def add_to(commands: Any) -> None:
    """Put ``policy`` with its subcommands among the commands of ``parley``."""
    policy: ArgumentParser = commands.add_parser("policy", help="try, lint, replay, compare and train policies")
    below = policy.add_subparsers(metavar="subcommand", required=True)
    for each in _ALL:
        command: ArgumentParser = below.add_parser(each.NAME, help=each.HELP, description=each.HELP)
        each.add_options(command)
        command.set_defaults(run=each.run)
