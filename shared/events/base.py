"""What every event has, and the words that several kinds of events use."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

Level = Literal["L0", "L1", "L2", "L3", "L4", "L5"]
Disposition = Literal[
    "no_response",
    "let_stand",
    "monitor",
    "acknowledge",
    "hold",
    "correct_facts",
    "restore",
    "answer",
    "refer",
    "transfer",
    "moderate",
    "escalate",
]
Purpose = Literal["answer", "holding", "acknowledgement", "closing"]
"""What a response is for. Only an ``answer`` answers: after a ``holding`` reply or an ``acknowledgement`` the citizen
waits on."""


Platform = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,31}$")]


class Value(BaseModel):
    """A frozen part of an event; unknown fields of a newer producer are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Value):
    """What every event says: whose it is, and what it is about."""

    VERSION: ClassVar[int] = 1

    agency: str

    @property
    def key(self) -> str:
        """Kafka key: events with the same key keep their order."""
        raise AssertionError(f"{type(self).__name__} names no key")

    @property
    def subject(self) -> str:
        """The id of the thing that the event is about (CloudEvents ``subject``)."""
        raise AssertionError(f"{type(self).__name__} names no subject")


class Conversation(Event):
    """An event of one thread: the platform conversation on one account of an agency.

    ``thread`` is the platform's own id of its root. The key joins it with platform and account, because two
    platforms may use the same id.
    """

    platform: Platform
    account: str
    thread: str

    @property
    def key(self) -> str:
        return f"{self.platform}:{self.account}:{self.thread}"
