"""The announcement of what could not be handled, on a topic's ``.dead``."""

from shared.events.base import Event


class MessageDied(Event):
    """A record could not be handled; the dead letter in the service's Postgres has its bytes."""

    dead_letter: str
    source: str
    partition: int | None = None
    offset: int | None = None
    code: str
    reason: str

    @property
    def key(self) -> str:
        return self.dead_letter

    @property
    def subject(self) -> str:
        return self.dead_letter
