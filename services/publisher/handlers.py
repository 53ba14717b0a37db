"""What events do here: a released response becomes a duty, and whatever happens a message to those who want to be told.
``dispatch`` and ``callbacks`` carry them out.

Handlers take all events of a kind of one batch, because the duties of a batch are written with one statement.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from services.publisher.callback_ports import Audience, CommentCallback
from services.publisher.domain import formatting
from services.publisher.domain.messages import OUTCOMES, TOLD, message_of, reply_of
from services.publisher.domain.publications import Nature, Publication, Release
from services.publisher.ports import AccountKey, Work
from shared import lengths
from shared.events import (
    AccountConnected,
    AccountDisabled,
    CommentReceived,
    Event,
    ModerationOrdered,
    PublicationEvent,
    ResponseApproved,
    ResponseCorrected,
    ResponseRetracted,
)
from shared.ids import PublicationId, new_id

CLIENTS = "rest"
"""The platform of those who bring comments over our own API."""


async def on_response_approved(events: Sequence[tuple[ResponseApproved, str | None]], work: Work) -> None:
    """Write down the duty to publish each response; events come with their ``traceparent``."""
    own = {whose(event) for event, _ in events if event.platform in lengths.OF_THEIR_SERVER}
    told = await work.facts(own) if own else {}
    await work.record(
        [
            (duty(event, traceparent, told.get(whose(event), lengths.NOTHING_TOLD)), release(event))
            for event, traceparent in events
        ]
    )


async def on_account_connected(events: Sequence[AccountConnected], work: Work) -> None:
    """Remember accounts, so that credentials can be given to them."""
    await work.connect(events)


async def on_account_disabled(events: Sequence[AccountDisabled], work: Work) -> None:
    """Let accounts rest: nothing goes out on them until they are connected again."""
    await work.disable(events)


async def on_response_retracted(event: ResponseRetracted, work: Work) -> None:
    """Take a response back."""
    await work.retract(event)


async def on_response_corrected(event: ResponseCorrected, work: Work, natures: Mapping[str, Nature]) -> None:
    """Put a response right, in the way that its platform allows."""
    await work.correct(event, natures)


async def on_moderation_ordered(event: ModerationOrdered, traceparent: str | None, work: Work) -> None:
    """Write down what is to be done with a citizen's comment."""
    await work.moderate(event, traceparent)


def whose(event: ResponseApproved) -> AccountKey:
    """The account that a response goes out on, with the agency whose it is."""
    return event.account_agency or event.agency, event.platform, event.account


def duty(
    event: ResponseApproved, traceparent: str | None = None, facts: lengths.Facts = lengths.NOTHING_TOLD
) -> Publication:
    """The publication that a released response asks for: the business of the agency whose account it goes out on.

    Its wording is fixed here, once, by the limits that its server told (``facts``): what is split is split alike in
    every attempt, whatever version of us makes it.
    """
    whole = Publication(
        publication=PublicationId(new_id("pub")),
        agency=whose(event)[0],
        platform=event.platform,
        account=event.account,
        thread=event.thread,
        response=event.response,
        case=event.case,
        comments=event.comments,
        reply_to=event.reply_to,
        text=event.text,
        mention=event.mention,
        visibility=event.visibility,
        public=event.public,
        language=event.language,
        traceparent=traceparent,
        purpose=event.purpose,
        valid_until=event.valid_until,
        may_split=event.may_split,
        subject_line=event.subject_line,
    )
    parts = formatting.wording_of(whole, facts)
    return replace(whole, parts=parts) if len(parts) > 1 else whole


def release(event: ResponseApproved) -> Release:
    """The authority under which a response goes out."""
    return Release(
        level=event.level,
        digest=event.digest,
        policy_version=event.policy_version,
        authorisations=json.dumps([one.model_dump(mode="json") for one in event.authorisations]),
        approved_at=event.approved_at,
    )


async def on_anything_told(events: Sequence[tuple[Event, UUID]], audience: Audience) -> None:
    """Tell subscribers what happened, and clients what became of the comments that they brought; events come with
    their ids."""
    await audience.remember([found for event, _ in events if (found := callback_of(event)) is not None])
    await audience.tell([message_of(event, event_id) for event, event_id in events if type(event) in TOLD])
    await audience.tell_clients(
        [
            (comment, reply_of(event, event_id, comment))
            for event, event_id in events
            if isinstance(event, PublicationEvent) and type(event) in OUTCOMES and event.platform == CLIENTS
            for comment in event.comments
        ]
    )


def callback_of(event: Event) -> CommentCallback | None:
    """Where the client who brought a comment wants to hear of its reply."""
    if not isinstance(event, CommentReceived) or event.callback is None or event.platform != CLIENTS:
        return None
    thread_key = chr(31).join((event.agency, event.platform, event.account, event.thread))
    client = event.account.removesuffix(f"@{event.agency}")
    return CommentCallback(event.comment, event.agency, client, event.callback, thread_key)
