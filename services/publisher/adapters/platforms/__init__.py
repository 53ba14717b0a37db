"""The platforms on which replies are published: one file each, listed here and nowhere else."""

from services.publisher.adapters.http import Http
from services.publisher.adapters.platforms.bluesky import Bluesky
from services.publisher.adapters.platforms.discourse import Discourse
from services.publisher.adapters.platforms.facebook import Facebook
from services.publisher.adapters.platforms.instagram import Instagram
from services.publisher.adapters.platforms.line import Line
from services.publisher.adapters.platforms.mailgun import Mailgun
from services.publisher.adapters.platforms.mastodon import Mastodon
from services.publisher.adapters.platforms.messenger import Messenger
from services.publisher.adapters.platforms.open311 import Open311
from services.publisher.adapters.platforms.postmark import Postmark
from services.publisher.adapters.platforms.rest import Rest
from services.publisher.adapters.platforms.standard import Standard
from services.publisher.adapters.platforms.telegram import Telegram
from services.publisher.adapters.platforms.viber import Viber
from services.publisher.adapters.platforms.whatsapp import WhatsApp
from services.publisher.adapters.platforms.x import X
from services.publisher.adapters.platforms.youtube import YouTube
from services.publisher.ports import Channel


def channels(http: Http, *, facebook_version: str) -> dict[str, Channel]:
    """Every channel by its platform's name."""
    return {
        "bluesky": Bluesky(http),
        "discourse": Discourse(http),
        "facebook": Facebook(http, default_version=facebook_version),
        "instagram": Instagram(http, default_version=facebook_version),
        "line": Line(http),
        "mailgun": Mailgun(http),
        "mastodon": Mastodon(http),
        "messenger": Messenger(http, default_version=facebook_version),
        "open311": Open311(http),
        "postmark": Postmark(http),
        "rest": Rest(),
        "standard": Standard(),
        "telegram": Telegram(http),
        "viber": Viber(http),
        "whatsapp": WhatsApp(http, default_version=facebook_version),
        "youtube": YouTube(http),
        "x": X(http),
    }
