"""The citizens' side of the square: what the page posts and what it shows.

There are no passwords here. Whoever knows a post's id may change it; the page offers that only for what
was posted from the same browser. An agency's statuses cannot be touched from here.
"""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import BaseModel, StringConstraints

from .accounts import Account, Accounts
from .clock import Clock, rfc3339
from .forums import Forum, Shown
from .page_comments import PageComment, PageComments
from .paging import number
from .people import People, Person
from .refusals import Refused
from .statuses import Draft, Status, Statuses
from .writing import MOST_CHARACTERS, language, leading_mentions, length

_NEWEST: Final = 40

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000)]


class NewPost(BaseModel):
    """What a citizen wants to say, and to which agency's account."""

    name: Name
    account: str
    text: Text
    in_reply_to_id: str | None = None


class ChangedPost(BaseModel):
    """What a citizen's post shall say instead."""

    text: Text


class CitizenRoutes:
    """`/citizens`: posts and the feed of conversations."""

    def __init__(
        self,
        clock: Clock,
        accounts: Accounts,
        people: People,
        statuses: Statuses,
        comments: PageComments,
        forums: Sequence[Forum],
    ) -> None:
        """Serve these conversations."""
        self._clock = clock
        self._accounts = accounts
        self._people = people
        self._statuses = statuses
        self._comments = comments
        self._forums = forums

    def router(self) -> APIRouter:
        """Bind the routes."""
        router = APIRouter(prefix="/citizens")
        router.add_api_route("/feed", self.feed, methods=["GET"])
        router.add_api_route("/posts", self.post, methods=["POST"], status_code=201)
        router.add_api_route("/posts/{post:path}", self.change, methods=["PUT"])
        router.add_api_route("/posts/{post:path}", self.delete, methods=["DELETE"], status_code=204)
        return router

    async def post(self, new: NewPost) -> Shown:
        """Say something to an agency's account, on the platform of that account; on Mastodon it becomes a public
        status that mentions it."""
        for forum in self._forums:
            if self._accounts.with_id(forum.platform, new.account):
                return forum.write(new.name, new.account, new.text, new.in_reply_to_id)
        account = self._accounts.with_id("mastodon", new.account)
        if account is None:
            raise Refused(422, "account", "no agency speaks here under this account")
        parent = self._answered(new.in_reply_to_id)
        text = _fitting(_addressed(new.text, Person.of(account)))
        citizen = self._people.citizen_called(new.name, self._clock())
        status = self._statuses.post(citizen, Draft(text, parent, "public", language(new.text)))
        return self._shown(status)

    async def change(self, post: str, changed: ChangedPost) -> Shown:
        """Replace what a citizen said; whom it is addressed to stays."""
        for forum in self._forums:
            if forum.has(post):
                return forum.change(post, changed.text)
        status = self._by_citizen(post)
        addressees = leading_mentions(status.text)
        text = changed.text if changed.text.startswith(addressees) else addressees + changed.text
        return self._shown(self._statuses.edit(status, _fitting(text)))

    async def delete(self, post: str) -> None:
        """Take a citizen's post away."""
        for forum in self._forums:
            if forum.has(post):
                forum.delete(post)
                return
        self._statuses.delete(self._by_citizen(post))

    async def feed(self) -> Shown:
        """Show whom one can write to, the newest conversations, and the newest replies on Pages."""
        accounts = self._accounts.active()
        pages = {account.id: account.name for account in accounts if account.platform == "facebook"}
        open_to_all = {"mastodon", *(forum.platform for forum in self._forums)}
        return {
            "accounts": [_addressee(account) for account in accounts if account.platform in open_to_all],
            "conversations": self._newest_conversations(),
            "page_replies": [_page_reply(each, pages) for each in self._comments.newest(_NEWEST)],
        }

    def _newest_conversations(self) -> list[Shown]:
        on_mastodon = (self._conversation(each) for each in self._statuses.conversations(_NEWEST))
        found = [conversation for conversation in on_mastodon if conversation]
        for forum in self._forums:
            found += forum.conversations(_NEWEST)
        return sorted(found, key=lambda conversation: str(conversation["posts"][0]["at"]), reverse=True)[:_NEWEST]

    def _conversation(self, statuses: list[Status]) -> Shown | None:
        if all(status.deleted for status in statuses):
            return None
        asked = next((person for person in self._statuses.mentioned(statuses[0].text) if person.official), None)
        # A deleted post keeps its place at the head of its answers, and nowhere else.
        shown = [status for status in statuses if not status.deleted or status.id == status.root]
        return {
            "id": str(statuses[0].root),
            "platform": "mastodon",
            "account": asked.id if asked else None,
            "account_name": asked.name if asked else None,
            "posts": [self._shown(status) for status in shown],
        }

    def _shown(self, status: Status) -> Shown:
        author = self._people.with_id(status.author)
        assert author is not None
        said = status.text.removeprefix(leading_mentions(status.text))
        return {
            "id": str(status.id),
            "in_reply_to_id": str(status.parent) if status.parent else None,
            "name": author.name,
            "username": author.username,
            "official": status.official,
            "text": "" if status.deleted else said,
            "language": status.language,
            "at": rfc3339(status.created_at),
            "edited_at": rfc3339(status.edited_at) if status.edited_at else None,
            "deleted": status.deleted,
        }

    def _answered(self, post: str | None) -> Status | None:
        if post is None:
            return None
        parent = self._statuses.find(number(post))
        if parent is None:
            raise Refused(404, "in_reply_to_id", "this post is gone")
        return parent

    def _by_citizen(self, post: str) -> Status:
        status = self._statuses.find(number(post))
        if status is None or status.official:
            raise Refused(404, "id", "no citizen's post has this id")
        return status


def _addressed(text: str, to: Person) -> str:
    mention = f"@{to.username}"
    return text if mention.lower() in text.lower().split() else f"{mention} {text}"


def _fitting(text: str) -> str:
    if length(text) > MOST_CHARACTERS:
        raise Refused(422, "text", f"longer than {MOST_CHARACTERS} characters, the agency's name included")
    return text


def _addressee(account: Account) -> Shown:
    return {"account": account.id, "agency": account.agency, "name": account.name, "platform": account.platform}


def _page_reply(comment: PageComment, pages: dict[str, str]) -> Shown:
    return {
        "id": comment.id,
        "parent": comment.parent,
        "name": pages.get(comment.page or "", comment.page),
        "text": comment.text,
        "language": language(comment.text or ""),
        "at": rfc3339(comment.created_at),
        "edited_at": rfc3339(comment.edited_at) if comment.edited_at else None,
    }
