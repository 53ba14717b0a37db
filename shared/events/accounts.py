"""Events about accounts: sent by ingest and the publisher."""

from pydantic import AwareDatetime

from shared.events.base import Event, Platform


class AccountEvent(Event):
    """An event about an agency's presence on a platform; ``account`` is the platform's own id."""

    account_id: str
    platform: Platform
    account: str

    @property
    def key(self) -> str:
        return self.account_id

    @property
    def subject(self) -> str:
        return self.account_id


class AccountConnected(AccountEvent):
    """An account takes part from now on."""

    name: str
    connected_at: AwareDatetime


class AccountDegraded(AccountEvent):
    """An account does not work as it should. ``reason`` is for machines, ``detail`` for people."""

    reason: str
    detail: str
    degraded_at: AwareDatetime


class AccountRestored(AccountEvent):
    """An account works again."""

    restored_at: AwareDatetime


class AccountDisabled(AccountEvent):
    """An account takes no part any more, until it is connected again."""

    disabled_at: AwareDatetime
