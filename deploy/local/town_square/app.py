"""Puts the town square together; nothing happens before `create_app` is called."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError

from .accounts import AccountRoutes, Accounts
from .bluesky import BlueskyRoutes, answer_xrpc_error
from .bluesky_forum import BlueskyForum
from .bluesky_gates import GateRoutes, Gates
from .bluesky_posts import Posts
from .bluesky_sessions import Sessions, XrpcError
from .bluesky_stream import StreamRoutes
from .bluesky_views import Views
from .bot_messages import BotMessages
from .citizens import CitizenRoutes
from .clock import Clock, system_clock
from .discourse import DiscourseRoutes
from .discourse_errors import DiscourseError, answer_discourse_error
from .discourse_posts import ForumPosts
from .faults import FaultRoutes, Faults
from .graph import GraphRoutes
from .graph_calls import GraphCalls
from .graph_errors import GraphError, answer_graph_error
from .graph_instagram import InstagramRoom
from .graph_messages import MessagesRoom
from .graph_pages import PageRoom
from .graph_tokens import TokensRoom
from .graph_whatsapp import WhatsAppRoom
from .instagram_comments import InstagramComments
from .line import LineError, LineRoutes, answer_line_error
from .mailgun import MailgunError, MailgunRoutes, answer_mailgun_error
from .mastodon import MastodonError, MastodonRoutes, answer_mastodon_error
from .mastodon_entities import Entities
from .mastodon_streaming import StreamingRoutes
from .open311 import Open311Error, Open311Routes, answer_open311_error
from .page import PageRoutes
from .page_comments import PageComments
from .people import People
from .postmark import PostmarkError, PostmarkRoutes, answer_postmark_error
from .private_messages import CitizenMessageRoutes, PrivateMessages
from .refusals import Refused, answer_invalid, answer_refused
from .replies import Replies, ReplyRoutes
from .sent_mail import SentMail
from .settings import Settings
from .statuses import Statuses
from .store import Store
from .telegram import TelegramError, TelegramRoutes, answer_telegram_error
from .viber import ViberError, ViberRoutes, answer_viber_error
from .x import XRoutes
from .x_errors import OAuthError, XError, answer_x_error
from .x_grants import Grants
from .x_known import KnownPosts
from .x_posts import XPosts
from .youtube import YouTubeRoutes, answer_youtube_error
from .youtube_comments import Comments
from .youtube_errors import YouTubeError
from .youtube_forum import YouTubeForum
from .youtube_keys import Keys
from .youtube_owner import OwnerRoutes
from .youtube_tokens import Tokens


def create_app(settings: Settings, clock: Clock = system_clock) -> FastAPI:
    """Build a town square that keeps its memory in the folder of these settings."""
    store = Store(settings.database)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        store.close()

    # The pages of documentation would load scripts from elsewhere.
    app = FastAPI(title="Town square", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.add_exception_handler(Refused, answer_refused)
    app.add_exception_handler(RequestValidationError, answer_invalid)
    app.add_exception_handler(MastodonError, answer_mastodon_error)
    app.add_exception_handler(GraphError, answer_graph_error)
    app.add_exception_handler(XrpcError, answer_xrpc_error)
    app.add_exception_handler(YouTubeError, answer_youtube_error)
    app.add_exception_handler(XError, answer_x_error)
    app.add_exception_handler(OAuthError, answer_x_error)
    app.add_exception_handler(TelegramError, answer_telegram_error)
    app.add_exception_handler(ViberError, answer_viber_error)
    app.add_exception_handler(LineError, answer_line_error)
    app.add_exception_handler(DiscourseError, answer_discourse_error)
    app.add_exception_handler(PostmarkError, answer_postmark_error)
    app.add_exception_handler(MailgunError, answer_mailgun_error)
    app.add_exception_handler(Open311Error, answer_open311_error)
    app.add_api_route("/live", live, methods=["GET"])
    _include_routes(app, settings, clock, store)
    return app


async def live() -> dict[str, str]:
    """Say that the square answers."""
    return {"status": "live"}


def _include_routes(app: FastAPI, settings: Settings, clock: Clock, store: Store) -> None:
    accounts, replies = Accounts(store), Replies(store)
    faults = Faults(store, settings.hang_seconds, settings.late_seconds)
    people = People(store, accounts)
    statuses = Statuses(store, people, replies, clock, settings.domain)
    comments = PageComments(store, replies, clock)
    messages = PrivateMessages(store, replies, clock)
    posts = Posts(store, accounts, people, replies, clock)
    gates = Gates(store)
    views = Views(posts, gates)
    videos = Comments(store, people, replies, clock)
    tokens = Tokens(store, accounts, clock)
    keys = Keys(accounts, tokens, clock, settings.youtube_units_a_day)
    known = KnownPosts(store, clock)
    bots = BotMessages(store, replies, clock)
    forums = (BlueskyForum(accounts, posts, views), YouTubeForum(accounts, videos))
    entities = Entities(statuses, people, settings.base_url, settings.domain)
    for routes in (
        AccountRoutes(accounts),
        FaultRoutes(faults),
        ReplyRoutes(replies),
        MastodonRoutes(settings, clock, people, statuses, faults, entities),
        StreamingRoutes(people, statuses, entities),
        _graph(accounts, comments, messages, InstagramComments(store, replies, clock), faults, clock),
        CitizenMessageRoutes(accounts, messages),
        BlueskyRoutes(Sessions(store, accounts, clock), posts, views, faults, clock),
        StreamRoutes(posts, clock),
        GateRoutes(gates),
        YouTubeRoutes(keys, videos, faults),
        OwnerRoutes(keys, videos, tokens),
        XRoutes(Grants(store, accounts, clock), XPosts(store, replies, clock), known, faults, clock),
        known,
        TelegramRoutes(store, accounts, bots, faults, clock),
        ViberRoutes(accounts, bots, faults),
        LineRoutes(accounts, bots, faults, clock),
        DiscourseRoutes(accounts, ForumPosts(store, replies, clock), faults),
        PostmarkRoutes(accounts, SentMail(store, replies, clock), faults),
        MailgunRoutes(accounts, SentMail(store, replies, clock), faults),
        Open311Routes(accounts, store, replies, faults, clock),
        CitizenRoutes(clock, accounts, people, statuses, comments, forums),
        PageRoutes(),
    ):
        app.include_router(routes.router())


def _graph(
    accounts: Accounts,
    comments: PageComments,
    messages: PrivateMessages,
    pictures: InstagramComments,
    faults: Faults,
    clock: Clock,
) -> GraphRoutes:
    calls = GraphCalls(accounts)
    return GraphRoutes(
        calls,
        TokensRoom(calls, clock),
        PageRoom(comments, faults),
        MessagesRoom(messages, faults, clock),
        InstagramRoom(pictures, faults),
        WhatsAppRoom(messages, faults),
    )
