"""What a request that got no answer means, the same on every platform."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from services.publisher.adapters.http import Answer, NoAnswer, NothingSent
from services.publisher.domain.outcomes import CannotSee, Unavailable, Unknown

Read = TypeVar("Read")


async def asked(answer: Awaitable[Answer], read: Callable[[Answer], Read]) -> Read | Unavailable | Unknown:
    """What ``read`` makes of the answer to something that the platform was to do."""
    try:
        return read(await answer)
    except NothingSent as nothing:
        return Unavailable(str(nothing))
    except NoAnswer as unanswered:
        return Unknown(str(unanswered))


async def looked(answer: Awaitable[Answer], read: Callable[[Answer], Read]) -> Read | CannotSee:
    """What ``read`` makes of the answer to a look."""
    try:
        return read(await answer)
    except (NothingSent, NoAnswer) as unseen:
        return CannotSee(str(unseen))
