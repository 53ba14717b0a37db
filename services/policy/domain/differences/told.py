"""One difference between two versions of a policy, and how the differences of a section are gathered."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal, NamedTuple, TypeVar

K = TypeVar("K", bound=str)
T = TypeVar("T")

Change = Literal["added", "removed", "changed"]


class Difference(NamedTuple):
    """One thing that is not as it was. ``tightens``: the new version asks for more care (true) or for less (false);
    None where it is neither, or where that depends on what else is said."""

    section: str
    id: str
    change: Change
    sentence: str
    tightens: bool | None = None


class Told(NamedTuple):
    """What is said of a thing, after its name."""

    sentence: str
    tightens: bool | None = None


Says = Callable[[T], Told]


def is_new(_: object) -> Told:
    """Of a thing that was not there and weighs nothing by itself."""
    return Told("is new.")


def is_gone(_: object) -> Told:
    """Of a thing that is there no longer."""
    return Told("is gone.")


def compared(
    section: str,
    before: Mapping[K, T],
    now: Mapping[K, T],
    *,
    title: Callable[[str, T], str],
    changed: Callable[[T, T], Iterable[Told]],
    added: Says[T] = is_new,
    removed: Says[T] = is_gone,
) -> Iterator[Difference]:
    """The differences between two sections whose entries have names: in the order of the new one, what is gone last."""
    for name, entry in now.items():
        if name not in before:
            told = added(entry)
            yield Difference(section, name, "added", f"{title(name, entry)} {told.sentence}", told.tightens)
        elif before[name] != entry:
            for told in changed(before[name], entry):
                yield Difference(section, name, "changed", f"{title(name, entry)} {told.sentence}", told.tightens)
    for name, entry in before.items():
        if name not in now:
            told = removed(entry)
            yield Difference(section, name, "removed", f"{title(name, entry)} {told.sentence}", told.tightens)
