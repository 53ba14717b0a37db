"""Policy files: the folder of a deployment, read with care and refused with file, line, path and a sentence.

A folder holds a file for each agency; beside them files of units (``unit:``), of the centre (``centre: true``) and
parts that others include (``part: true``). What each is stands in the file and not in its name. Every file is first
judged by itself, so that a fault is told where it was written; then they join and are composed.
"""

import functools
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from services.policy.adapters.common_classifier import common_classifier
from services.policy.adapters.policy_documents import SUFFIXES, parsed, refuse_size
from services.policy.adapters.policy_parts import Parts, Whole
from services.policy.adapters.policy_places import File, RefusedFile, placed, refusal, traced
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.domain.adoption.standing import Documents
from services.policy.domain.composing.composition import Above, Document, InvalidPolicy, compose, unit_document
from services.policy.domain.composing.joining import one_centre
from services.policy.domain.composing.shapes import faults_of_shape
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.policies import Policy


class Loaded(NamedTuple):
    """One agency's policy, ready to decide, and the documents that it was composed of, what these include with them."""

    in_force: PolicyInForce
    documents: Documents

    @property
    def policy(self) -> Policy:
        return self.in_force.policy


class Deployment(NamedTuple):
    """What a folder holds: each agency's policy, and what all of them stand between."""

    above: Above
    agencies: tuple[Loaded, ...]

    def shelf(self) -> PolicyShelf:
        """The policies, ready to decide."""
        return PolicyShelf(each.in_force for each in self.agencies)


@functools.cache
def above() -> Above:
    """The baseline, which every agency's policy is composed over, and the floor that comes with Parley.

    Both are parts of the program and long: they are read once, and nobody changes what was read.
    """
    folder = resources.files("services.policy")
    return Above(*(parsed(folder.joinpath(name).read_bytes(), name) for name in ("baseline.yaml", "floor.yaml")))


def read_folder(folder: Path) -> Deployment:
    """The policies of all files of a folder. Raises InvalidPolicy naming file and line."""
    files = {path.name: read_file(path) for path in _policy_files(folder)}
    if not files:
        raise InvalidPolicy([(str(folder), "there is no policy file in this folder")])
    return _deployed(files.values(), Parts(files.get), above())


def load_folder(folder: Path) -> PolicyShelf:
    """The same, ready to decide."""
    return read_folder(folder).shelf()


def load_file(path: Path, between: Above, folders: Iterable[Path] = ()) -> PolicyInForce:
    """The policy of one agency's file, with what it includes, its units and the centre's files beside it.

    What is not beside it is looked for in ``folders``. Other files there are nobody's business. Raises InvalidPolicy
    naming file and line.
    """
    own = read_file(path)
    agency = own.document.get("agency")
    if agency is None or "unit" in own.document:
        raise refusal(own, (), "this is not the file of an agency")
    beside = {other.name: other for folder in (*folders, path.parent) for other in _policy_files(folder)}
    found = {name: file for name, other in beside.items() if name != path.name for file in _readable(other)}
    related = [each for each in found.values() if "centre" in each.document or _is_unit_of(each.document, agency)]
    (loaded,) = _deployed([own, *related], Parts(found.get), between).agencies
    return loaded.in_force


def read_file(path: Path) -> File:
    """One file, judged by itself. Raises InvalidPolicy naming file and line."""
    refuse_size(path.stat().st_size, path.name)
    return judged(path.read_bytes(), path.name)


def judged(content: bytes, name: str) -> File:
    """A file's content, parsed and found to have the shape of a policy file. Raises InvalidPolicy with the line."""
    document = parsed(content, name)
    file = File(name, content, {key: value for key, value in document.items() if key != "$schema"})
    if faults := faults_of_shape(file.document):
        raise RefusedFile(placed(file, faults))
    return file


def _policy_files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.suffix in SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def _readable(path: Path) -> list[File]:
    try:
        return [read_file(path)]
    except (InvalidPolicy, OSError):
        return []


def _is_unit_of(document: Document, agency: str) -> bool:
    return "unit" in document and document.get("agency") == agency


def _deployed(files: Iterable[File], parts: Parts, between: Above) -> Deployment:
    wholes = [parts.whole(file) for file in files if "part" not in file.document]
    centres = [each for each in wholes if "centre" in each.document]
    units = [each for each in wholes if "unit" in each.document]
    agencies: dict[str, Whole] = {}
    for each in wholes:
        if each in centres or each in units:
            continue
        other = agencies.setdefault(each.document["agency"], each)
        if other is not each:
            sentence = f"{each.document['agency']} has a policy in another file already: {other.own.name}"
            raise refusal(each.own, ("agency",), sentence)
    for unit in units:
        if unit.document["agency"] not in agencies:
            raise refusal(unit.own, ("agency",), f"no file of this folder is {unit.document['agency']}'s own")
    if centres:
        between = Above(between.baseline, one_centre([between.centre, *(each.document for each in centres)]))
    loaded = [_loaded(agencies[name], units, centres, between) for name in sorted(agencies)]
    return Deployment(between, tuple(loaded))


def _loaded(agency: Whole, units: Sequence[Whole], centres: Sequence[Whole], between: Above) -> Loaded:
    own = [unit for unit in units if unit.document["agency"] == agency.document["agency"]]
    for unit in own:
        try:
            unit_document(unit.document, agency.document)
        except InvalidPolicy as invalid:
            raise RefusedFile(traced(invalid.faults, unit.files)) from None
    documents = Documents(agency.document, tuple(unit.document for unit in own))
    try:
        policy = compose(documents.agency, between, documents.units)
        return Loaded(PolicyInForce(policy, common_classifier()), documents)
    except InvalidPolicy as invalid:
        files = [file for whole in (*own, agency, *centres) for file in whole.files]
        raise RefusedFile(traced(invalid.faults, files, otherwise=agency.own)) from None
    except ValueError as unfit:
        raise refusal(agency.own, (), str(unfit)) from None
