"""A model in a file, as ``parley policy train --out`` writes it, for commands that are to sort comments with it."""

import json
import sys
from pathlib import Path
from typing import NoReturn

from services.policy.adapters.cli.sources import WRONG_USE
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.learning.learned import Learned
from services.policy.domain.learning.linear_model import BadModel, LinearModel


def with_model(policy: PolicyInForce, file: Path) -> PolicyInForce:
    """The same policy, with the model in a file to sort comments. Exits with 2 where there is none for its agency."""
    try:
        stored = json.loads(file.read_bytes())
        agency, version, model = stored["agency"], stored["version"], LinearModel.from_json(stored["model"])
    except OSError as error:
        _refuse(f"{file} cannot be read: {error.strerror}")
    except BadModel as bad:
        _refuse(f"{file}: {bad}")
    except (ValueError, KeyError, TypeError, RecursionError):
        _refuse(f"{file} is no model that `parley policy train --out` wrote.")
    if agency != policy.policy.agency:
        _refuse(f"{file} is the model of {agency}, not of {policy.policy.agency}.")
    return policy.with_classifier(Learned(policy.classifier, model, str(version)))


def _refuse(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(WRONG_USE)
