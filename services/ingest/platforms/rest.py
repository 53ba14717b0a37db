"""Other government systems, over our own ``POST /v1/comments``: no secrets, no server, only a bearer token.

Their account is ``<client>@<agency>`` and exists from the first comment on.
"""

from services.ingest.platforms.base import Platform, Says


def account_of(client: str, agency: str) -> str:
    """The account under which ``client`` writes to ``agency``."""
    return f"{client}@{agency}"


PLATFORM = Platform(name="rest", says=Says("native_id, and Idempotency-Key", message=True))
