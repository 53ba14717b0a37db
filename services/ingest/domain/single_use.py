"""A proof that could be carried off to another body, and the one body that it is good for."""

from datetime import datetime
from typing import NamedTuple


class SingleUse(NamedTuple):
    """Where a platform signs something beside the body: what it signed, the SHA-256 of the body that came with it (as
    far as it says anything), and from when on the proof would be too old in any case."""

    token: str
    digest: bytes
    until: datetime
