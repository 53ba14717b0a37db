"""The tables of callbacks, declared once, on the publisher's metadata.

Impossible states are forbidden here: what is being sent has a lease, nothing that ended is ever due, and an event makes
one delivery for each subscription.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.database import agency_column

TO_DO = "state IN ('waiting', 'sending')"
"""What still has something to be done; spelled alike in the indexes and in the queries that use them."""

_NOW = text("clock_timestamp()")


def subscription_table(metadata: MetaData) -> Table:
    """Who is told of what. One of kind ``callback`` stands for a client whose comments name their own addresses."""
    table = Table(
        "subscription",
        metadata,
        Column("id", Text, primary_key=True),
        agency_column(),
        Column("kind", Text, nullable=False, server_default=text("'subscription'")),
        Column("client", Text, nullable=False),
        Column("url", Text),
        Column("types", ARRAY(Text), nullable=False, server_default=text("'{}'")),
        Column("subjects", ARRAY(Text), nullable=False, server_default=text("'{}'")),
        Column("ordered", Boolean, nullable=False, server_default=text("false")),
        Column("signature", Text, nullable=False, server_default=text("'hmac-sha256'")),
        Column("verification", Text, nullable=False, server_default=text("'none'")),
        Column("sealed", LargeBinary),
        Column("shown", JSONB, nullable=False, server_default=text("'{}'")),
        Column("status", Text, nullable=False, server_default=text("'enabled'")),
        Column("disabled_reason", Text),
        Column("version", Integer, nullable=False, server_default=text("1")),
        Column("troubles", Integer, nullable=False, server_default=text("0")),
        Column("resting_until", DateTime(timezone=True)),
        Column("failures", Integer, nullable=False, server_default=text("0")),
        Column("failing_since", DateTime(timezone=True)),
        Column("last_failed_at", DateTime(timezone=True)),
        Column("warned", Integer, nullable=False, server_default=text("0")),
        Column("notices", JSONB, nullable=False, server_default=text("'[]'")),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
        Column("deleted_at", DateTime(timezone=True)),
        CheckConstraint("kind IN ('subscription', 'callback')", name="subscription_kind"),
        CheckConstraint("status IN ('unverified', 'enabled', 'disabled')", name="subscription_status"),
        CheckConstraint("kind = 'callback' OR url IS NOT NULL", name="subscription_goes_somewhere"),
        CheckConstraint("status <> 'disabled' OR disabled_reason IS NOT NULL", name="subscription_disabled_has_reason"),
    )
    Index("subscription_of_agency", table.c.agency, table.c.id, postgresql_where=table.c.deleted_at.is_(None))
    return table


def signing_key_table(metadata: MetaData) -> Table:
    """Keys that sign, sealed. ``expires_at`` is null for the newest of each algorithm."""
    table = Table(
        "signing_key",
        metadata,
        Column("id", Text, primary_key=True),
        agency_column(),
        Column("subscription", Text, nullable=False),
        Column("algorithm", Text, nullable=False),
        Column("sealed", LargeBinary, nullable=False),
        Column("public", Text),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
        Column("expires_at", DateTime(timezone=True)),
        CheckConstraint("algorithm IN ('hmac-sha256', 'ed25519')", name="signing_key_algorithm"),
        CheckConstraint("(algorithm = 'ed25519') = (public IS NOT NULL)", name="signing_key_has_public_half"),
    )
    Index("signing_key_of_subscription", table.c.subscription, table.c.id)
    return table


def message_table(metadata: MetaData) -> Table:
    """What was told, once for all who were told of it."""
    table = Table(
        "message",
        metadata,
        Column("id", Text, primary_key=True),
        agency_column(),
        Column("type", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("data", Text, nullable=False),
        Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    )
    Index("message_age", table.c.recorded_at, postgresql_using="brin")
    return table


def message_sequence_table(metadata: MetaData) -> Table:
    """How many messages there were of each thread or account, so that a receiver can tell older from newer."""
    return Table(
        "message_sequence",
        metadata,
        agency_column(),
        Column("key", Text, nullable=False),
        Column("last", BigInteger, nullable=False),
        PrimaryKeyConstraint("agency", "key"),
    )


def delivery_table(metadata: MetaData) -> Table:
    """The duty to tell one subscription of one message. ``url`` is only set where a comment named its own."""
    table = Table(
        "delivery",
        metadata,
        Column("id", Text, primary_key=True),
        agency_column(),
        Column("position", BigInteger, Identity(always=True), nullable=False),
        Column("subscription", Text, nullable=False),
        Column("message", Text, nullable=False),
        Column("kind", Text, nullable=False, server_default=text("'event'")),
        Column("url", Text),
        Column("state", Text, nullable=False, server_default=text("'waiting'")),
        Column("due_at", DateTime(timezone=True)),
        Column("lease_token", Uuid),
        Column("sent_at", DateTime(timezone=True)),
        Column("failures", Integer, nullable=False, server_default=text("0")),
        Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
        Column("settled_at", DateTime(timezone=True)),
        CheckConstraint(
            "state IN ('waiting', 'sending', 'delivered', 'exhausted', 'disabled', 'cancelled')", name="delivery_state"
        ),
        CheckConstraint("kind IN ('event', 'test', 'verification')", name="delivery_kind"),
        CheckConstraint("(state = 'sending') = (lease_token IS NOT NULL)", name="delivery_sending_has_lease"),
        CheckConstraint(f"{TO_DO} OR due_at IS NULL", name="delivery_ended_is_not_due"),
    )
    to_do = text(TO_DO)
    Index("delivery_due", table.c.subscription, table.c.due_at, postgresql_where=to_do)
    Index("delivery_oldest", table.c.subscription, table.c.position, postgresql_where=to_do)
    Index("delivery_once", table.c.message, table.c.subscription, unique=True)
    Index("delivery_listed", table.c.subscription, table.c.position)
    Index("delivery_age", table.c.recorded_at, postgresql_using="brin")
    return table


def delivery_attempt_table(metadata: MetaData) -> Table:
    """Every attempt, by the lease under which it was made: so that it is logged once, whoever learns how it ended."""
    return Table(
        "delivery_attempt",
        metadata,
        Column("delivery", Text, nullable=False),
        Column("lease", Uuid, nullable=False),
        agency_column(),
        Column("started_at", DateTime(timezone=True), nullable=False),
        Column("ended_at", DateTime(timezone=True), nullable=False),
        Column("outcome", Text, nullable=False),
        Column("status", Integer),
        Column("excerpt", Text),
        PrimaryKeyConstraint("delivery", "lease"),
    )


def comment_callback_table(metadata: MetaData) -> Table:
    """Where the client who brought a comment wants to hear of its reply."""
    table = Table(
        "comment_callback",
        metadata,
        Column("comment", Text, primary_key=True),
        agency_column(),
        Column("subscription", Text, nullable=False),
        Column("url", Text, nullable=False),
        Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    )
    return table
