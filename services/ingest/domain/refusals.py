"""Why a delivery is not taken in, each reason with a name. The docstring of each is its message.

Refusal
├── UnknownAccount    no agency has this account here
├── BadSignature      not signed, or not by a live secret of the account
├── StaleSignature    signed, but too long ago or ahead of time
├── ReusedSignature   signed, but the signature is another body's
├── BadHandshake      the platform's question was asked with another token
└── Unreadable        authentic, but not what the platform's documentation describes
"""


class Refusal(Exception):
    """This delivery is not taken in."""

    def __init__(self, reason: str | None = None) -> None:
        super().__init__(reason or type(self).__doc__)


class UnknownAccount(Refusal):
    """No agency has this account here."""


class BadSignature(Refusal):
    """The body is not signed by a live secret of this account."""


class StaleSignature(Refusal):
    """The signature was made too long ago or ahead of time."""


class ReusedSignature(Refusal):
    """The signature came with another body before."""


class BadHandshake(Refusal):
    """The handshake does not carry the token agreed for this account."""


class Unreadable(Refusal):
    """The body is authentic but cannot be read."""

    @property
    def reason(self) -> str:
        """What could not be read, without quoting the body."""
        return str(self)
