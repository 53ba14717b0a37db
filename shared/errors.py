"""The fates a message can meet, each with a name.

    Fate
    ├── Ignored      not for us: counted and passed by
    ├── Retryable    not now: wait and try the same again
    └── Dead         never: set aside with its reason, where a person can see it

The docstring of each is its message.
"""


class Fate(Exception):
    """What happens to a message that cannot be handled as usual."""

    def __init__(self, reason: str | None = None) -> None:
        super().__init__(reason or type(self).__doc__)


class Ignored(Fate):
    """This message is not for us."""


class Retryable(Fate):
    """This message cannot be handled now."""


class Dead(Fate):
    """This message can never be handled."""

    def __init__(self, code: str, reason: str | None = None) -> None:
        super().__init__(reason)
        self.code = code
