"""What policy files include: other files of the same folder, each taken once, never in a circle."""

from collections.abc import Callable
from typing import NamedTuple

from services.policy.adapters.policy_places import File, refusal
from services.policy.domain.composing.composition import Document
from services.policy.domain.composing.joining import with_parts

DEEPEST_INCLUDE = 8


class Whole(NamedTuple):
    """A file with what it includes, as one document; ``files`` are those that it came from, itself first."""

    own: File
    document: Document
    files: tuple[File, ...]


class Parts:
    """Finds what files include. ``find`` gives a file of the folder by its name."""

    def __init__(self, find: Callable[[str], File | None]) -> None:
        self._find = find

    def whole(self, file: File) -> Whole:
        """``file`` with all that it includes, also by way of others. Raises InvalidPolicy."""
        found: dict[str, File] = {}
        self._gather(file, (file.name,), found)
        document = with_parts(file.document, [part.document for part in found.values()])
        return Whole(file, document, (file, *found.values()))

    def _gather(self, file: File, way: tuple[str, ...], found: dict[str, File]) -> None:
        for place, name in enumerate(file.document.get("include", ())):
            location = ("include", place)
            if name in way:
                raise refusal(file, location, " includes ".join((*way[way.index(name) :], name)))
            if len(way) > DEEPEST_INCLUDE:
                raise refusal(file, location, f"files include each other at most {DEEPEST_INCLUDE} deep")
            part = self._find(name)
            if part is None:
                raise refusal(file, location, f"there is no policy file {name} beside this one")
            if "part" not in part.document:
                raise refusal(file, location, f"{name} is not there to be included; it does not say part: true")
            if name not in found:
                found[name] = part
                self._gather(part, (*way, name), found)
