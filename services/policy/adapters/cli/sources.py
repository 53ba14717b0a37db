"""Which policy a command speaks of: the one in an agency's file, or a file that is being worked on."""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from services.policy.adapters.policy_files import above, load_file, load_folder
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.domain.composing.composition import InvalidPolicy
from services.policy.domain.deciding.decisions import PolicyInForce

DONE, DOES_NOT_HOLD, WRONG_USE, CANNOT = 0, 1, 2, 3


def add_options(command: ArgumentParser, *, agency_required: bool = False) -> None:
    """``--agency``, ``--policy`` and ``--policies``."""
    command.add_argument("--agency", required=agency_required, help="whose policy")
    command.add_argument("--policy", type=Path, metavar="FILE", help="this file instead of the one in force")
    command.add_argument(
        "--policies",
        type=Path,
        metavar="DIR",
        help="folder of agency files (default: PARLEY_POLICIES__PATH, or the samples)",
    )


def folder_of(options: Namespace) -> Path:
    """The folder of agency files. Exits with 3 where there is none."""
    given: Path | str | None = options.policies or os.environ.get("PARLEY_POLICIES__PATH")
    if given is not None:
        return Path(given)
    try:
        samples: Path = import_module("deploy.local.sample").AGENCIES_FOLDER
    except ImportError:
        print("Say with --policies where the agencies' files are.", file=sys.stderr)
        sys.exit(CANNOT)
    return samples


def shelf_of(options: Namespace, *, refused: int = DOES_NOT_HOLD) -> PolicyShelf:
    """All policies of the folder. Exits with ``refused`` where a file cannot be taken."""
    try:
        return load_folder(folder_of(options))
    except InvalidPolicy as invalid:
        refuse(invalid, refused)


def policy_of(options: Namespace) -> PolicyInForce:
    """The policy that is asked about. Exits with 1 for a file that cannot be taken, 2 for an unknown agency."""
    if options.policy is not None:
        return policy_in(options.policy, options.agency)
    shelf = shelf_of(options)
    known = [policy.agency for policy in shelf.all()]
    agency = options.agency or (known[0] if len(known) == 1 else None)
    found = shelf.find(agency) if agency else None
    if found is None:
        wanted = f"There is no policy of {agency}" if agency else "Say with --agency whose policy"
        print(f"{wanted}; known are: {', '.join(known)}", file=sys.stderr)
        sys.exit(WRONG_USE)
    return found


def policy_in(
    file: Path, agency: str | None = None, *, folders: Sequence[Path] = (), refused: int = DOES_NOT_HOLD
) -> PolicyInForce:
    """The policy in a file, with units and parts from its folder or from ``folders``.

    Exits with ``refused`` where it cannot be taken, 2 for another agency's, 3 where it cannot be read.
    """
    try:
        found = load_file(file, above(), folders)
    except OSError as error:
        print(f"{file} cannot be read: {error.strerror}", file=sys.stderr)
        sys.exit(CANNOT)
    except InvalidPolicy as invalid:
        refuse(invalid, refused)
    if agency is not None and found.policy.agency != agency:
        print(f"{file} is the policy of {found.policy.agency}, not of {agency}.", file=sys.stderr)
        sys.exit(WRONG_USE)
    return found


def refuse(invalid: InvalidPolicy, code: int = DOES_NOT_HOLD) -> NoReturn:
    """Say what is wrong with a file, a line each, and end."""
    for path, sentence in invalid.faults:
        print(f"{path}: {sentence}" if path else sentence, file=sys.stderr)
    sys.exit(code)
