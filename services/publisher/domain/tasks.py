"""What is to be done to something that stands on a platform: putting our own replies right, moderating comments.

    pending ──try──▶ done
       ▲  │          not_possible   (the platform cannot, or it is gone: with the evidence)
       └──┘          failed         (refused, or not carried out in time)

Unlike a publication a task does no harm when it is carried out twice: what is deleted stays deleted. So an unknown
outcome is simply tried again.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["edit", "delete", "hide", "show", "remove"]
"""Our own reply: ``edit``, ``delete``. A citizen's comment: ``hide``, ``show`` (again), ``remove`` (for good)."""

State = Literal["pending", "done", "not_possible", "failed"]


@dataclass(frozen=True, slots=True)
class Task:
    """One change to one thing on one account.

    ``native_id`` is the platform's id of what is changed, ``thread`` and ``reply_to`` where it stands; ``text`` is what
    an edited reply shall read, already as the platform takes it. ``ours`` is whether we wrote it, ``public`` whether
    everybody can read it: some platforms keep private messages elsewhere.
    """

    task: str
    agency: str
    platform: str
    account: str
    thread: str
    kind: Kind
    native_id: str
    reply_to: str | None = None
    text: str | None = None
    mention: str | None = None
    language: str | None = None
    reason: str = ""
    public: bool = True

    @property
    def ours(self) -> bool:
        """Whether it is done to a reply of our own."""
        return self.kind in ("edit", "delete")
