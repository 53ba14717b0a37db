"""The platforms on which replies are published: one file each, listed here and nowhere else."""

from services.publisher.adapters.http import Http
from services.publisher.adapters.platforms.facebook import Facebook
from services.publisher.adapters.platforms.line import Line
from services.publisher.adapters.platforms.mastodon import Mastodon
from services.publisher.adapters.platforms.rest import Rest
from services.publisher.adapters.platforms.standard import Standard
from services.publisher.adapters.platforms.telegram import Telegram
from services.publisher.adapters.platforms.viber import Viber
from services.publisher.adapters.platforms.x import X
from services.publisher.ports import Channel


def channels(http: Http, *, facebook_version: str) -> dict[str, Channel]:
    """Every channel by its platform's name."""
    return {
        "facebook": Facebook(http, default_version=facebook_version),
        "line": Line(http),
        "mastodon": Mastodon(http),
        "open311": Rest(),
        "rest": Rest(),
        "standard": Standard(),
        "telegram": Telegram(http),
        "viber": Viber(http),
        "x": X(http),
    }
