"""What a platform tells afterwards of something that it had taken from us: sent by ingest."""

from pydantic import AwareDatetime, model_validator

from shared.events.base import Event, Platform


class ReplyUndelivered(Event):
    """Something that an account has sent reached nobody, although its platform had taken it.

    ``native_id`` is the platform's own id of it, ``publication`` the publication's key that we had it carry along; a
    platform tells either or both. ``reason`` is one of those for which publications fail, never ``not_possible``:
    that nothing is left to answer, a platform cannot know. Nobody may know here whether it was Parley who sent it.
    """

    platform: Platform
    account: str
    native_id: str | None = None
    publication: str | None = None
    reason: str
    detail: str | None = None
    failed_at: AwareDatetime

    @model_validator(mode="after")
    def _names_something(self) -> "ReplyUndelivered":
        if self.native_id is None and self.publication is None:
            raise ValueError("it names neither the platform's id nor ours")
        return self

    @property
    def key(self) -> str:
        return f"{self.platform}:{self.account}:{self.subject}"

    @property
    def subject(self) -> str:
        return self.native_id or self.publication or ""
