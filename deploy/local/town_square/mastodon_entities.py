"""Statuses, accounts and notifications in Mastodon's words.

The shapes follow the entities of docs.joinmastodon.org; fields that nothing here could fill carry what a
server sends when there is nothing.
"""

from typing import Any, Final

from .clock import rfc3339
from .people import People, Person
from .statuses import Notification, Status, Statuses
from .writing import CHARACTERS_PER_URL, MOST_CHARACTERS, html

Entity = dict[str, Any]

_NOTHING_ATTACHED: Final[Entity] = {
    "sensitive": False,
    "spoiler_text": "",
    "reblog": None,
    "application": None,
    "media_attachments": [],
    "tags": [],
    "emojis": [],
    "card": None,
    "poll": None,
}
_NEVER_DONE: Final[Entity] = {
    "reblogs_count": 0,
    "favourites_count": 0,
    "quotes_count": 0,
    "favourited": False,
    "reblogged": False,
    "muted": False,
    "bookmarked": False,
    "pinned": False,
}


class Entities:
    """Says things as Mastodon would; needs to look up authors and counts for it."""

    def __init__(self, statuses: Statuses, people: People, base_url: str, domain: str) -> None:
        """Make addresses below `base_url`."""
        self._statuses = statuses
        self._people = people
        self._base_url = base_url
        self._domain = domain

    def account(self, person: Person) -> Entity:
        """Describe an author."""
        return {
            "id": person.id,
            "username": person.username,
            "acct": person.username,
            "display_name": person.name,
            "locked": False,
            "bot": person.official,
            "discoverable": True,
            "group": False,
            "created_at": "2026-01-01T00:00:00.000Z",
            "note": "",
            "url": self._profile(person),
            "uri": f"{self._base_url}/users/{person.username}",
            "avatar": "",
            "avatar_static": "",
            "header": "",
            "header_static": "",
            "followers_count": 0,
            "following_count": 0,
            "statuses_count": self._statuses.count(person.id),
            "last_status_at": None,
            "emojis": [],
            "fields": [],
        }

    def own_account(self, person: Person) -> Entity:
        """Describe an author to itself."""
        source = {"privacy": "public", "sensitive": False, "language": None, "note": "", "fields": []}
        return self.account(person) | {"source": source}

    def status(self, status: Status) -> Entity:
        """Describe a status."""
        author = self._author(status)
        return {
            "id": str(status.id),
            "uri": f"{self._base_url}/users/{author.username}/statuses/{status.id}",
            "url": f"{self._profile(author)}/{status.id}",
            "created_at": rfc3339(status.created_at),
            "edited_at": rfc3339(status.edited_at) if status.edited_at else None,
            "in_reply_to_id": str(status.parent) if status.parent else None,
            "in_reply_to_account_id": self._parent_author(status),
            "visibility": status.visibility,
            "language": status.language,
            "content": self._html(status.text),
            "account": self.account(author),
            "mentions": [self._mention(person) for person in self._statuses.mentioned(status.text)],
            "replies_count": self._statuses.count_replies(status.id),
            **_NEVER_DONE,
            **_NOTHING_ATTACHED,
        }

    def notification(self, notification: Notification) -> Entity:
        """Describe a notification."""
        return {
            "id": str(notification.id),
            "type": notification.kind,
            "created_at": rfc3339(notification.at),
            "group_key": f"ungrouped-{notification.id}",
            "account": self.account(self._author(notification.status)),
            "status": self.status(notification.status),
        }

    def history(self, status: Status) -> list[Entity]:
        """Describe every version a status has had."""
        author = self.account(self._author(status))
        return [
            {
                "content": self._html(text),
                "spoiler_text": "",
                "sensitive": False,
                "created_at": rfc3339(at),
                "account": author,
                "media_attachments": [],
                "emojis": [],
            }
            for text, at in self._statuses.history(status)
        ]

    def application(self) -> Entity:
        """Describe the one application that every token here belongs to."""
        return {
            "id": "1",
            "name": "Parley",
            "website": None,
            "scopes": ["read", "write"],
            "redirect_uri": "urn:ietf:wg:oauth:2.0:oob",
            "redirect_uris": ["urn:ietf:wg:oauth:2.0:oob"],
        }

    def instance(self) -> Entity:
        """Describe the server."""
        return {
            "domain": self._domain,
            "title": "Town square",
            "version": "4.5.0",
            "description": "A small stand-in for a Mastodon server.",
            "languages": ["en", "si", "ta"],
            "configuration": {
                "urls": {"streaming": self._base_url.replace("http", "ws", 1)},
                "accounts": {"max_featured_tags": 0, "max_pinned_statuses": 0},
                "statuses": {
                    "max_characters": MOST_CHARACTERS,
                    "max_media_attachments": 0,
                    "characters_reserved_per_url": CHARACTERS_PER_URL,
                },
            },
            "registrations": {"enabled": False, "approval_required": False, "message": None},
            "rules": [],
        }

    def _author(self, status: Status) -> Person:
        author = self._people.with_id(status.author)
        assert author is not None
        return author

    def _parent_author(self, status: Status) -> str | None:
        parent = self._statuses.find(status.parent)
        return parent.author if parent else None

    def _profile(self, person: Person) -> str:
        return f"{self._base_url}/@{person.username}"

    def _mention(self, person: Person) -> Entity:
        return {
            "id": person.id,
            "username": person.username,
            "acct": person.username,
            "url": self._profile(person),
        }

    def _html(self, text: str) -> str:
        return html(text, self._mention_link)

    def _mention_link(self, name: str, domain: str | None) -> str | None:
        person = self._statuses.meant_by(name, domain)
        if person is None:
            return None
        return (
            f'<span class="h-card" translate="no"><a href="{self._profile(person)}" class="u-url mention">'
            f"@<span>{person.username}</span></a></span>"
        )
