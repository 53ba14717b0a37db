"""``parley policy schema``: the JSON Schema of a policy file, by which editors complete and check what is written."""

import json
from argparse import ArgumentParser, Namespace

from services.policy.adapters.cli.sources import DONE
from services.policy.domain.composing.shapes import json_schema

NAME = "schema"
HELP = "print the JSON Schema of a policy file, for editors"


def add_options(command: ArgumentParser) -> None:
    """There are none."""


def run(_: Namespace) -> int:
    """Print what ``policy.schema.json`` holds."""
    print(text(), end="")
    return DONE


def text() -> str:
    """The schema as it is published."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
