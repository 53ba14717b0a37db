"""What each platform says, in Parley's words: pure functions from bytes and headers to values.

One platform is one file here, one folder of payloads and one test module, all of one name, and one line below.
"""

from typing import Final

from services.ingest.platforms import (
    bluesky,
    discourse,
    facebook,
    instagram,
    line,
    mailgun,
    mastodon,
    messenger,
    open311,
    postmark,
    rest,
    standard,
    telegram,
    viber,
    whatsapp,
    x,
    youtube,
)
from services.ingest.platforms.base import Platform, Webhook

_ALL: Final = (
    bluesky.PLATFORM,
    discourse.PLATFORM,
    facebook.PLATFORM,
    instagram.PLATFORM,
    line.PLATFORM,
    mailgun.PLATFORM,
    mastodon.PLATFORM,
    messenger.PLATFORM,
    open311.PLATFORM,
    postmark.PLATFORM,
    rest.PLATFORM,
    standard.PLATFORM,
    telegram.PLATFORM,
    viber.PLATFORM,
    whatsapp.PLATFORM,
    x.PLATFORM,
    youtube.PLATFORM,
)

PLATFORMS: Final[dict[str, Platform]] = {platform.name: platform for platform in _ALL}
"""Every platform that a comment can come from, by the name that stands in routes, events and accounts."""

WEBHOOKS: Final[dict[str, Webhook]] = {one.name: one.webhook for one in _ALL if one.webhook is not None}
"""The platforms that push."""

POLLED: Final[frozenset[str]] = frozenset(one.name for one in _ALL if one.polled)
"""The platforms that are asked."""
