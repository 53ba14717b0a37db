"""What a channel answers where its platform has nothing to offer."""

from services.publisher.domain.outcomes import (
    CannotDo,
    CannotSee,
    Effect,
    Measure,
    Probe,
    Probed,
    Refresh,
    Unknown,
    Unmeasured,
    View,
)
from services.publisher.domain.tasks import Task
from services.publisher.ports import Credentials


class Sparse:
    """A platform that takes replies and nothing else; a channel overrides what its platform does offer."""

    async def change(self, task: Task, credentials: Credentials | None) -> Effect:
        return CannotDo(f"{task.platform} has no way to {task.kind} this")

    async def view(self, account: str, native_id: str, credentials: Credentials | None) -> View:
        return CannotSee("posts on this platform cannot be read back", never=True)

    async def measure(self, account: str, native_id: str, credentials: Credentials | None) -> Measure:
        return Unmeasured("not_offered")

    async def probe(self, account: str, credentials: Credentials) -> Probe:
        return Probed({}, "this platform does not tell what credentials allow")

    async def refresh(self, account: str, credentials: Credentials) -> Refresh:
        return Unknown("credentials of this platform are not renewed")
