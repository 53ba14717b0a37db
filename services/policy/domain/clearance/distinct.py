"""Giving steps to persons, each to another one."""

from collections.abc import Sequence


def most_different(takers: Sequence[Sequence[str]]) -> int:
    """How many of the steps can be given to different persons, of those who may take each (augmenting paths)."""
    step_of: dict[str, int] = {}

    def give(step: int, asked: set[str]) -> bool:
        for person in takers[step]:
            if person not in asked:
                asked.add(person)
                if person not in step_of or give(step_of[person], asked):
                    step_of[person] = step
                    return True
        return False

    return sum(give(step, set()) for step in range(len(takers)))
