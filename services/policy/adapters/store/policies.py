"""Policies: read from files at start, and every version ever in force kept, so that each decision can be traced."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import text

from services.policy.adapters.store import rows
from services.policy.domain.composition import Above, InvalidPolicy, compose
from services.policy.domain.decisions import PolicyInForce
from services.policy.domain.phrases import BadPattern
from services.policy.domain.policies import Policy
from shared.database import EVERY_AGENCY, Database
from shared.errors import Dead

LARGEST_FILE_BYTES = 10 << 20
DEEPEST = 32


class PolicyShelf:
    """The policies in force, by agency. Implements the ``Policies`` port."""

    def __init__(self, policies: Iterable[PolicyInForce]) -> None:
        self._by_agency = {each.policy.agency: each for each in policies}

    def of(self, agency: str) -> PolicyInForce:
        policy = self._by_agency.get(agency)
        if policy is None:
            raise Dead("unknown_agency", f"no policy is in force for {agency}")
        return policy

    def find(self, agency: str) -> PolicyInForce | None:
        """The agency's policy, or None."""
        return self._by_agency.get(agency)

    def all(self) -> list[Policy]:
        """Every policy in force, by agency."""
        return [self._by_agency[agency].policy for agency in sorted(self._by_agency)]


def above() -> Above:
    """The baseline, which every agency's policy is composed over, and the centre's floor."""
    folder = resources.files("services.policy")
    return Above(*(_document(folder.joinpath(name).read_bytes(), name) for name in ("baseline.yaml", "floor.yaml")))


def load_folder(folder: Path) -> PolicyShelf:
    """The policies of all ``*.yaml`` files of a folder. Raises InvalidPolicy naming the file."""
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise InvalidPolicy([(str(folder), "there is no policy file in this folder")])
    between = above()
    shelf: dict[str, PolicyInForce] = {}
    for file in files:
        policy = load_file(file, between)
        if policy.policy.agency in shelf:
            raise InvalidPolicy([(file.name, f"{policy.policy.agency} has a policy in another file already")])
        shelf[policy.policy.agency] = policy
    return PolicyShelf(shelf.values())


def load_file(file: Path, between: Above) -> PolicyInForce:
    """One agency's policy over the baseline, ready to decide. Raises InvalidPolicy naming the file."""
    if file.stat().st_size > LARGEST_FILE_BYTES:
        raise InvalidPolicy([(file.name, f"a policy file is at most {LARGEST_FILE_BYTES >> 20} MiB")])
    try:
        return PolicyInForce(compose(_document(file.read_bytes(), file.name), between))
    except InvalidPolicy as invalid:
        raise InvalidPolicy([(_at(file.name, path), sentence) for path, sentence in invalid.faults]) from None
    except (BadPattern, ValueError) as bad:
        raise InvalidPolicy([(file.name, str(bad))]) from None


async def remember(database: Database, shelf: PolicyShelf, now: datetime) -> None:
    """Keep the versions in force; those known already stay as they are."""
    policies = shelf.all()
    async with database.begin(EVERY_AGENCY) as connection:
        await connection.execute(
            _REMEMBER,
            {
                "versions": [policy.version for policy in policies],
                "agencies": [policy.agency for policy in policies],
                "digests": [policy.digest for policy in policies],
                "contents": [rows.as_json(policy.model_dump(mode="json", by_alias=True)) for policy in policies],
                "now": now,
            },
        )


def _document(content: bytes, name: str) -> Mapping[str, Any]:
    try:
        _refuse_tricks(content)
        document = yaml.load(content, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise InvalidPolicy([(f"line {line}", f"{error.problem}")]) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidPolicy([("", f"{name} is not YAML ({type(error).__name__})")]) from None
    if not isinstance(document, dict):
        raise InvalidPolicy([("", "a policy is a mapping of sections")])
    return document


_SafeLoader: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


def _refuse_tricks(content: bytes) -> None:
    """Refuse aliases, which can multiply a file, and nesting that would exhaust the stack, before building anything."""
    depth = 0
    for event in yaml.parse(content, Loader=_SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise _refusal("aliases are not used in a policy", event)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise _refusal(f"a policy is nested at most {DEEPEST} deep", event)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _refusal(sentence: str, at: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=sentence, problem_mark=at.start_mark)


class _Loader(_SafeLoader):  # type: ignore[misc]
    """YAML in which a key stands once."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise _refusal(f"{key.value} stands here twice", key)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep=deep)


def _at(file: str, path: str) -> str:
    return f"{file}: {path}" if path else file


_REMEMBER = text("""
    INSERT INTO policy (version, agency, digest, content, loaded_at)
    SELECT version, agency, digest, content, CAST(:now AS timestamptz)
    FROM unnest(CAST(:versions AS text[]), CAST(:agencies AS text[]), CAST(:digests AS text[]),
                CAST(CAST(:contents AS text[]) AS json[])) AS new (version, agency, digest, content)
    ON CONFLICT (version) DO NOTHING
""")
