"""Generic sources that speak Standard Webhooks: their replies are read like those of the REST interface.

A signed callback that carries ``ResponsePublished`` to the source is the subscriptions' business, not this channel's.
"""

from services.publisher.adapters.platforms.rest import Rest


class Standard(Rest):
    """Publishes by saying so, as ``Rest`` does."""
