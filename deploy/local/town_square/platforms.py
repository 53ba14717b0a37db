"""The platforms the town square stands in for, listed in one place.

Another platform is one word here, its own file of routes, and a `Replies.record` where it takes a reply.
"""

from typing import Final, Literal, get_args

Platform = Literal[
    "facebook",
    "messenger",
    "instagram",
    "whatsapp",
    "x",
    "mastodon",
    "bluesky",
    "telegram",
    "viber",
    "line",
    "youtube",
    "discourse",
    "postmark",
    "mailgun",
    "open311",
]

PLATFORMS: Final[tuple[Platform, ...]] = get_args(Platform)
