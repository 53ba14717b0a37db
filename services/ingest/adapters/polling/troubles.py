"""What is wrong with an account that cannot be read, in the words that people read about it."""

from collections.abc import Mapping
from typing import Final

from services.ingest.adapters.polling.answers import Reason
from services.ingest.domain.health import Trouble

_DETAILS: Final[Mapping[Reason, str]] = {
    "token_invalid": "The platform does not accept the account's token; connect it with a new one.",
    "token_expired": "The account's token has expired; connect it with a new one.",
    "forbidden": "The platform does not let the account's token read; give it the permission, or connect a new one.",
    "payment_required": "The platform wants to be paid before it answers; look at the plan of the app.",
    "account_gone": "The platform does not have this account any more.",
    "request_refused": "The platform refuses to be asked about this account; look at its token and its address.",
    "unreachable": "The platform has given no meaningful answer for a while; look at the account's address.",
}


def trouble(reason: Reason) -> Trouble:
    """The trouble that a refusal means."""
    return Trouble("token", reason, _DETAILS[reason])
