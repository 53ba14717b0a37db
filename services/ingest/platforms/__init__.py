"""What each platform says, in Parley's words: pure functions from bytes and headers to values.

One platform is one file here, one folder of payloads and one test module, all of one name, and one line below.
"""

from typing import Final

from services.ingest.platforms import facebook, mastodon, rest, standard
from services.ingest.platforms.base import Polled, Source, Webhook

WEBHOOKS: Final[dict[str, Webhook]] = {
    "facebook": facebook,
    "standard": standard,
}
"""The platforms that push, by their name in the route."""

POLLED: Final[dict[str, Polled]] = {
    "mastodon": mastodon,
}
"""The platforms that are asked."""

SOURCES: Final[dict[str, Source]] = {**WEBHOOKS, **POLLED, "rest": rest}
"""Every platform that a comment can come from."""
