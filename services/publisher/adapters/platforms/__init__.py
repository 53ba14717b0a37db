"""The platforms on which replies are published: one file each, listed here and nowhere else."""

from services.publisher.adapters.http import Http
from services.publisher.adapters.platforms.bluesky import Bluesky
from services.publisher.adapters.platforms.facebook import Facebook
from services.publisher.adapters.platforms.mastodon import Mastodon
from services.publisher.adapters.platforms.rest import Rest
from services.publisher.adapters.platforms.standard import Standard
from services.publisher.adapters.platforms.youtube import YouTube
from services.publisher.ports import Channel


def channels(http: Http, *, facebook_version: str) -> dict[str, Channel]:
    """Every channel by its platform's name."""
    return {
        "bluesky": Bluesky(http),
        "facebook": Facebook(http, default_version=facebook_version),
        "mastodon": Mastodon(http),
        "open311": Rest(),
        "rest": Rest(),
        "standard": Standard(),
        "youtube": YouTube(http),
    }
