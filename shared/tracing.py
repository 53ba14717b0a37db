"""One trace from the platform's request to the reply: W3C Trace Context (``traceparent``)."""

import re

from shared.entropy import Entropy

_ENTROPY = Entropy(24)
_VALID = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def traceparent(incoming: str | None) -> str:
    """The caller's trace if it sent a valid one, else a new one."""
    if incoming and _VALID.fullmatch(incoming):
        return incoming
    random = _ENTROPY.take().hex()
    return f"00-{random[:32]}-{random[32:]}-01"
