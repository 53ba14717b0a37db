"""Who may be reported to: every jurisdiction with its services, and whom a key opens.

A jurisdiction is an account of the platform ``open311``. Services are told with the jurisdiction before their own code
(``passports.enquiry``), so that a code stands for one service of one agency; together with a ``jurisdiction_id``, or
where there is only one jurisdiction, a service's own code will do.
"""

import hmac
from collections.abc import Sequence

from services.ingest.adapters.accounts import AccountBook
from services.ingest.adapters.open311.answers import Refused
from services.ingest.adapters.open311.catalogues import NOTHING_SAID, Catalogue, Catalogues
from services.ingest.domain.accounts import Account
from services.ingest.domain.reports import Service
from services.ingest.platforms.open311 import PLATFORM


class Jurisdictions:
    """The connected jurisdictions, as they are at each request."""

    def __init__(self, book: AccountBook, catalogues: Catalogues) -> None:
        self._book = book
        self._catalogues = catalogues

    def named(self, jurisdiction: str | None) -> Sequence[Account]:
        """The one that is named, or all. Raises ``Refused`` 404, and ``AccountsAway`` before accounts are known."""
        one = self._book.find(PLATFORM.name, jurisdiction or "")
        if not jurisdiction:
            return sorted(self._book.of(PLATFORM.name), key=lambda account: account.account)
        if one is None:
            raise Refused(404, "jurisdiction_id: there is none of this name; leave it out to see all services.")
        return [one]

    def catalogue(self, account: Account) -> Catalogue:
        """What ``account`` offers."""
        return self._catalogues.get(account.agency, NOTHING_SAID)

    def service(self, code: str | None, jurisdiction: str | None) -> tuple[Account, Service]:
        """A service and who offers it. Raises ``Refused`` 400 where no code is sent, 404 where nobody has it."""
        accounts = self.named(jurisdiction)
        if not code:
            raise Refused(400, "service_code: send the code of a service in the service list.")
        for account in accounts:
            for service in self.catalogue(account).services:
                if code == full_code(account, service) or (code == service.code and len(accounts) == 1):
                    return account, service
        raise Refused(404, "service_code: there is no such service; take a code from the service list.")

    def full(self, codes: Sequence[str], jurisdiction: str | None) -> list[str]:
        """``codes`` with their jurisdiction, where that is named or the only one. Raises ``Refused`` 404."""
        accounts = self.named(jurisdiction)
        prefix = f"{accounts[0].account}." if len(accounts) == 1 else ""
        return [code if "." in code else prefix + code for code in codes]

    def opened_by(self, key: str | None) -> Sequence[Account]:
        """The jurisdictions that ``key`` opens; one key may be given for several. Raises ``Refused`` 403 for none."""
        # Every live key is compared, whatever matched before it, so that the time taken tells nothing.
        opened = [account for account in self.named(None) if _opens(account, (key or "").encode())]
        if not opened:
            raise wrong_key()
        return opened


def full_code(account: Account, service: Service) -> str:
    """The code under which clients know a service. A service's own code has no dot."""
    return f"{account.account}.{service.code}"


def wrong_key() -> Refused:
    return Refused(403, "api_key: send the key that was given to you for this jurisdiction.")


def _opens(account: Account, key: bytes) -> bool:
    return any([hmac.compare_digest(key, live.encode()) for live in account.every("api_key")])
