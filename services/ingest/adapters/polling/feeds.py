"""Every feed there is: one line each."""

from typing import Final

from services.ingest.adapters.polling.bluesky import BlueskyFeed
from services.ingest.adapters.polling.discourse import DiscourseFeed
from services.ingest.adapters.polling.facebook import FacebookFeed
from services.ingest.adapters.polling.feed import Feed
from services.ingest.adapters.polling.instagram import InstagramFeed
from services.ingest.adapters.polling.mastodon import MastodonFeed
from services.ingest.adapters.polling.x import XFeed
from services.ingest.adapters.polling.youtube import YouTubeFeed

FEEDS: Final[tuple[type[Feed], ...]] = (
    BlueskyFeed,
    DiscourseFeed,
    FacebookFeed,
    InstagramFeed,
    MastodonFeed,
    XFeed,
    YouTubeFeed,
)
