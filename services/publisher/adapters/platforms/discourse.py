"""Replies to posts of a Discourse forum, as the user that the account names.

Sources: Discourse's own code (``posts_controller.rb``, ``post_actions_controller.rb``, ``session_controller.rb``,
``application_controller.rb``, ``new_post_manager.rb``, ``post_serializer.rb``, ``site_controller.rb``,
``site_settings.yml``) and its API documentation (docs.discourse.org). What must stay true:

- A comment's native id is a post's, a thread is ``t<topic>``; a reply names the post that it answers by its number
  within the topic. Both are looked up first, since posts are moved to other topics.
- Discourse knows no idempotency key (``external_id`` is for topics). A reply that came into doubt is looked for among
  the replies to the post, and before that among those that wait for approval: one that is approved between the two
  looks is still seen. The same text within ``unique_posts_mins`` (5) is refused with 422, in whichever topic it was.
- Errors have no codes. 403 is said of a dead key and of a closed topic alike; ``X-Discourse-Username`` stands in every
  answer to a key that is good.
- ``hide`` is a staff member's flag with ``take_action``; anybody else's flag would only call the staff.
"""

import asyncio
import json
from collections.abc import Collection, Mapping
from datetime import datetime
from urllib.parse import quote

from services.publisher.adapters.http import Answer, Http, NoAnswer, NothingSent
from services.publisher.adapters.platforms import discourse_answers as answers
from services.publisher.adapters.platforms import discourse_look as look
from services.publisher.adapters.platforms.base import Sparse
from services.publisher.domain import formatting
from services.publisher.domain.outcomes import (
    NOT_POSSIBLE,
    CannotDo,
    CannotSee,
    CredentialsDead,
    Done,
    Effect,
    Measure,
    Outcome,
    Probe,
    Probed,
    Refused,
    Sighting,
    Throttled,
    Unavailable,
    Unknown,
    Unmeasured,
    View,
)
from services.publisher.domain.publications import Nature, Publication
from services.publisher.domain.tasks import Task
from services.publisher.ports import Credentials
from shared import lengths

PLATFORM = "discourse"
INAPPROPRIATE = 4
"""``PostActionType``: the flag that says a post goes against the rules of the forum."""

LOOK_UP_SECONDS = 4.0
"""How long finding the post may take, so that the attempt ends within its 15 seconds whatever follows."""
SEND_SECONDS = 10.5


class Discourse(Sparse):
    """Replies to posts under the username in the secrets, or else that which the account is called by."""

    nature = Nature(
        can_look=True,
        absence_proves=True,
        tasks=frozenset({"edit", "delete", "hide", "show", "remove"}),
        measures=True,
    )
    needs_credentials = True

    def __init__(self, http: Http) -> None:
        self._http = http

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        """``POST /posts.json`` with ``raw``, ``topic_id`` and ``reply_to_post_number``."""
        assert credentials is not None
        unfit = length_refused(publication.text, credentials, public=publication.public)
        if unfit is not None:
            return unfit
        username = username_of(publication.account, credentials)
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                found = await self._post_of(publication.reply_to, username, credentials)
        except TimeoutError:
            return Unavailable("the post that is answered could not be looked up in time; nothing was sent")
        if not isinstance(found, look.Place):
            return found
        reply = {"raw": publication.text, "topic_id": found.topic, "reply_to_post_number": found.number}
        try:
            async with asyncio.timeout(SEND_SECONDS):
                answer = await self._call("POST", "/posts.json", username, credentials, reply)
                if answer.status == 403:
                    return await self._forbidden(answer, username, credentials)
        except NothingSent as nothing:
            return Unavailable(str(nothing))
        except NoAnswer as unanswered:
            return Unknown(str(unanswered))
        except TimeoutError:
            return Unknown(f"no answer within {SEND_SECONDS:g} s")
        return answers.outcome_of(answer, credentials.base_url)

    async def find(
        self, publication: Publication, sent_at: datetime, taken: Collection[str], credentials: Credentials | None
    ) -> Sighting:
        """Look among what waits for approval, then among the replies to the post."""
        assert credentials is not None
        username = username_of(publication.account, credentials)

        async def read(path: str) -> Answer:
            return await self._call("GET", path, username, credentials)

        try:
            async with asyncio.timeout(LOOK_UP_SECONDS + SEND_SECONDS):
                return await look.find(read, credentials.base_url, username, publication, sent_at, taken)
        except (NothingSent, NoAnswer) as unseen:
            return CannotSee(str(unseen))
        except TimeoutError:
            return CannotSee("the look took too long")

    async def change(self, task: Task, credentials: Credentials | None) -> Effect:
        """Edit or delete our reply; hide, show or remove a citizen's post, which only staff may."""
        assert credentials is not None
        username = username_of(task.account, credentials)
        # Whether it stands in a message is not told: the forum itself refuses what is too short for a post.
        unfit = length_refused(task.text or "", credentials, public=False) if task.kind == "edit" else None
        if unfit is not None:
            return unfit
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS + SEND_SECONDS):
                return await self._change(task, username, credentials)
        except NothingSent as nothing:
            return Unavailable(str(nothing))
        except NoAnswer as unanswered:
            return Unknown(str(unanswered))
        except TimeoutError:
            return Unknown("the change took too long")

    async def view(self, account: str, native_id: str, credentials: Credentials | None) -> View:
        """``GET /posts/{id}.json``."""
        assert credentials is not None
        try:
            answer = await self._call("GET", post_path(native_id), username_of(account, credentials), credentials)
        except (NothingSent, NoAnswer) as unseen:
            return CannotSee(str(unseen))
        return answers.view_of(answer)

    async def measure(self, account: str, native_id: str, credentials: Credentials | None) -> Measure:
        """``GET /posts/{id}.json``: reads, likes, replies and quotes."""
        assert credentials is not None
        try:
            answer = await self._call("GET", post_path(native_id), username_of(account, credentials), credentials)
        except (NothingSent, NoAnswer) as unanswered:
            return Unmeasured("no_answer", str(unanswered))
        return answers.measure_of(answer)

    async def probe(self, account: str, credentials: Credentials) -> Probe:
        """``GET /session/current.json``: whose key it is, and whether of the staff; ``GET /site/settings.json``: how
        long a post may be."""
        username = username_of(account, credentials)
        try:
            answer = await self._call("GET", SESSION, username, credentials)
            if answer.status in (401, 403, 404):
                return CredentialsDead(f"status {answer.status}: the key opens no session")
            staff = answers.is_staff(answer)
            if staff is None:
                return Unknown(f"status {answer.status}")
            settings = await self._call("GET", SETTINGS, username, credentials)
            if settings.status == 429 or settings.status >= 500:
                # Asked again soon; what it told before holds until then.
                return Unknown(f"status {settings.status}")
        except NothingSent as nothing:
            return Unavailable(str(nothing))
        except NoAnswer as unanswered:
            return Unknown(str(unanswered))
        may = {"reply": True, "edit": True, "delete": True, "hide": staff, "read": True, "reach": True}
        detail = "the key of the staff" if staff else "the key of a user who is not of the staff"
        return Probed(may, detail, answers.limits_of(settings))

    async def _post_of(self, native_id: str, username: str, credentials: Credentials) -> look.Place | Outcome:
        """Where the post that is answered stands now; whatever else this returns, nothing of the reply was sent."""
        try:
            answer = await self._call("GET", post_path(native_id), username, credentials)
            if answer.status == 403:
                return await self._forbidden(answer, username, credentials)
        except (NothingSent, NoAnswer) as unseen:
            return Unavailable(f"the post that is answered could not be looked up: {unseen}")
        place = look.place_of(answer)
        if place is not None:
            return place
        if answer.status in (404, 410) or answers.is_gone(answer.object()):
            return Refused(NOT_POSSIBLE, "the post that is answered is gone")
        if answer.status == 429:
            return Throttled(answers.wait_of(answer), "status 429")
        if answer.status == 401:
            return CredentialsDead("status 401")
        return Unavailable(f"the post that is answered could not be looked up: status {answer.status}")

    async def _change(self, task: Task, username: str, credentials: Credentials) -> Effect:
        if task.kind == "hide":
            current = await self._call("GET", SESSION, username, credentials)
            if answers.is_staff(current) is False:
                return Refused("not_permitted", "only staff of the forum can hide a post")
        answer = await self._call(*request_of(task), username, credentials, body_of(task))
        if answer.status == 403:
            refused = await self._forbidden(answer, username, credentials)
            return await self._why_forbidden(task, refused, username, credentials)
        if answer.status == 422:
            return await self._why_forbidden(task, answers.effect_of(answer, task.kind), username, credentials)
        return answers.effect_of(answer, task.kind)

    async def _why_forbidden(self, task: Task, refused: Effect, username: str, credentials: Credentials) -> Effect:
        """Discourse forbids as well what is so already, and what it no longer allows to anybody: the post tells."""
        if not isinstance(refused, Refused):
            return refused
        post = await self._call("GET", post_path(task.native_id), username, credentials)
        gone = post.status in (404, 410) or answers.is_gone(post.object())
        if task.kind in ("delete", "remove"):
            return Done(detail="it was gone already") if gone else refused
        if gone:
            return CannotDo("the post is gone")
        return answers.never(post.object(), task.kind) or refused

    async def _forbidden(
        self, answer: Answer, username: str, credentials: Credentials
    ) -> Refused | CredentialsDead | Unavailable:
        """Whether 403 was said of this one thing or of the key."""
        if "x-discourse-username" in answer.headers:
            return Refused("not_permitted", "the forum does not allow it: closed, archived, or not for this user")
        if answers.says_key_is_bad(answer):
            return CredentialsDead("the forum does not know the key or its user")
        try:
            # A proxy may have taken the header away, and the words may be in any language.
            current = await self._call("GET", SESSION, username, credentials)
        except (NothingSent, NoAnswer) as unseen:
            return Unavailable(f"forbidden, and whether the key is good could not be asked: {unseen}")
        if current.status == 200:
            return Refused("not_permitted", "the forum does not allow it: closed, archived, or not for this user")
        return CredentialsDead("the forum does not know the key or its user")

    async def _call(
        self,
        method: str,
        path: str,
        username: str,
        credentials: Credentials,
        content: Mapping[str, object] | None = None,
    ) -> Answer:
        headers = {"api-key": credentials.token, "api-username": username, "accept": "application/json"}
        if content is None:
            return await self._http.request(PLATFORM, method, credentials.base_url + path, headers)
        body = json.dumps(content, ensure_ascii=False).encode()
        with_type = {**headers, "content-type": "application/json"}
        return await self._http.request(PLATFORM, method, credentials.base_url + path, with_type, body)


SESSION = "/session/current.json"
SETTINGS = "/site/settings.json"


def username_of(account: str, credentials: Credentials) -> str:
    """Who speaks: the account is the agency's username, which the secrets may spell otherwise."""
    return credentials.secrets.get("username") or account


def post_path(native_id: str) -> str:
    """Where a post is read, changed and deleted."""
    return f"/posts/{quote(native_id, safe='')}.json"


def length_refused(text: str, credentials: Credentials, *, public: bool) -> Refused | None:
    """The refusal of a text that is too short or too long for the forum, before anything is sent."""
    misfit = lengths.excess(PLATFORM, text, public, credentials.facts)
    if misfit is None:
        return None
    if misfit.is_too_long:
        return formatting.too_long(misfit.length, misfit.most)
    return Refused("rejected", f"the reply has {misfit.length} characters; the forum takes none under {misfit.least}")


def request_of(task: Task) -> tuple[str, str]:
    """Method and path of a change."""
    match task.kind:
        case "edit":
            return "PUT", post_path(task.native_id)
        case "delete" | "remove":
            return "DELETE", post_path(task.native_id)
        case "hide":
            return "POST", "/post_actions.json"
        case "show":
            return "PUT", f"/posts/{quote(task.native_id, safe='')}/unhide.json"


def body_of(task: Task) -> Mapping[str, object] | None:
    """What a change says beside its path."""
    match task.kind:
        case "edit":
            return {"post": {"raw": task.text, "edit_reason": task.reason}}
        case "hide":
            # "true" as a word: this is compared as a form would write it.
            return {"id": task.native_id, "post_action_type_id": INAPPROPRIATE, "take_action": "true"}
        case _:
            return None
