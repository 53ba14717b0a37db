"""Policy documents as they are posted: an object of JSON, or the text of a file, whose faults are told by line."""

import json
from typing import Any, NamedTuple

from services.policy.adapters.policy_files import judged
from services.policy.adapters.policy_places import File, RefusedFile, traced
from services.policy.domain.composing.composition import Document, InvalidPolicy
from services.policy.domain.composing.faults import path_of
from services.policy.domain.composing.shapes import faults_of_shape
from shared import strict_json

_OF_FILES = ("include", "part", "centre")
"""What only files in the folder of a deployment say."""


class Posted(NamedTuple):
    """A document, and the text that it was sent as; an object has none."""

    document: Document
    file: File | None = None

    def placed(self, invalid: InvalidPolicy) -> InvalidPolicy:
        """What does not hold once the document is composed, with the lines of its text."""
        return invalid if self.file is None else RefusedFile(traced(invalid.faults, [self.file]))


def read(given: dict[str, Any] | str) -> Posted:
    """The document that was posted, of the shape of an agency's or a unit's. Raises InvalidPolicy."""
    posted = _of_text(given) if isinstance(given, str) else Posted(_without_schema(given))
    if faults := faults_of_shape(posted.document):
        raise InvalidPolicy([(path_of(location, posted.document), sentence) for location, sentence in faults])
    if foreign := [section for section in _OF_FILES if section in posted.document]:
        raise InvalidPolicy([(section, "a draft stands by itself; this is for files") for section in foreign])
    return posted


def _without_schema(document: Document) -> Document:
    """Where an editor finds the schema is no part of a policy."""
    return {section: part for section, part in document.items() if section != "$schema"}


def _of_text(given: str) -> Posted:
    file = judged(given.encode(), "document.json" if given.lstrip().startswith("{") else "document.yaml")
    try:
        strict_json.read(json.dumps(file.document).encode())
    except strict_json.Malformed as malformed:
        raise InvalidPolicy([("", malformed.detail)]) from None
    return Posted(file.document, file)
