"""The sample agencies of the embedded run: their accounts, officers and clients.

Three agencies show why policy is made agency by agency. Their policies are the files in ``agencies/``; the officers
are read from there, so that nobody stands in two lists.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.local.keep import Keep

AGENCIES_FOLDER = Path(__file__).parent / "agencies"

EVERY_SCOPE = (
    "comments:read comments:write accounts:read accounts:write cases:read cases:write "
    "publications:read publications:write subscriptions:read subscriptions:write audit:read policies:write"
)
"""All but adopting policies: that is for two persons of the agency, and neither wrote what they adopt."""
OFFICER_SCOPE = "cases:read cases:write comments:read publications:read"
POLICY_OWNER_SCOPE = f"{OFFICER_SCOPE} policies:write policies:adopt"
POLICY_OWNERS_FROM = "L3"
"""From this level on officers write and adopt their agency's policy."""
CLIENT_SCOPE = "comments:read comments:write"
AUDITOR_SCOPE = "comments:read cases:read publications:read accounts:read audit:read"
CLIENT = "sample-client"


@dataclass(frozen=True)
class Account:
    """An agency's presence on a platform. ``secrets`` go to ingest, ``token`` to the publisher."""

    agency: str
    platform: str
    account: str
    name: str
    secrets: dict[str, str]
    token: str | None = None

    @property
    def secret(self) -> str:
        """The one with which its platform proves itself, or with which it is asked."""
        return self.secrets[PROOF[self.platform]]


@dataclass(frozen=True)
class Officer:
    """Someone in an agency's policy who may decide."""

    agency: str
    subject: str
    post: str
    level: str

    @property
    def scope(self) -> str:
        """What this officer's token allows."""
        return POLICY_OWNER_SCOPE if self.level >= POLICY_OWNERS_FROM else OFFICER_SCOPE


def agencies() -> list[str]:
    """The names of the sample agencies."""
    return sorted(path.stem for path in AGENCIES_FOLDER.glob("*.yaml") if "unit" not in _policy(path.stem))


def officers() -> list[Officer]:
    """Everyone who holds a post in the sample agencies, lowest level first."""
    found = [
        Officer(agency, entry["subject"], entry["post"], entry["level"])
        for agency in agencies()
        for entry in _policy(agency)["officers"]
    ]
    return sorted(found, key=lambda officer: (officer.agency, officer.level))


def accounts(keep: Keep) -> list[Account]:
    """The passport office is on every platform; every agency has Mastodon, a signed portal and Open311."""
    name = _NAMES["passports"]
    found = [
        Account("passports", platform, account, name, secrets_of(platform, keep), _token(platform, account, keep))
        for platform, account in _OF_PASSPORTS.items()
    ]
    for number, agency in enumerate(agencies(), start=1):
        name = _NAMES.get(agency) or agency.replace("-", " ").title()
        token = keep.secret(f"mastodon.{agency}", 40)
        # The same for both directions, so that one secret is enough to play the server's part as well.
        both = {"token": token, "webhook_secret": token}
        found.append(Account(agency, "mastodon", f"10900000000000000{number}", name, both, token))
        found.append(Account(agency, "standard", f"{agency}-portal", f"{name} portal", secrets_of("standard", keep)))
        found.append(Account(agency, "open311", agency, f"{name} reports", secrets_of("open311", keep)))
    return found


def secrets_of(platform: str, keep: Keep) -> dict[str, str]:
    """The sample secrets of a platform's accounts, by the names that ingest knows them under."""
    if platform in ("facebook", "messenger", "instagram", "whatsapp"):
        # One app of the agency's at Meta signs for all four.
        return {"app_secret": keep.secret("meta.app_secret"), "verify_token": keep.secret("meta.verify_token")}
    if platform == "standard":
        return {"secret": keep.signing_secret("standard")}
    if platform == "postmark":
        return {"username": "postmark", "password": keep.secret("postmark")}
    return {PROOF[platform]: keep.secret(platform)}


def _token(platform: str, account: str, keep: Keep) -> str:
    """What the publisher sends with, as the platform gives it out."""
    if platform in ("facebook", "messenger", "instagram", "whatsapp"):
        return keep.secret("facebook.page_token", 64)
    if platform in ("bluesky", "youtube", "viber"):
        # The same for both directions.
        return secrets_of(platform, keep)[PROOF[platform]]
    if platform == "telegram":
        return f"{account}:{keep.secret('telegram.token', 35)}"
    return keep.secret(f"{platform}.token", 40)


def beside_the_token(account: Account) -> dict[str, str]:
    """What the publisher needs beside the token, as its platform asks for it."""
    match account.platform:
        case "discourse":
            return {"username": account.account}
        case "viber":
            return {"sender_name": account.name}
        case _:
            return {}


_NAMES = {"passports": "Passport Office"}
"""What an agency calls itself on platforms, where it is not what its file is called."""

PROOF = {
    "facebook": "app_secret",
    "messenger": "app_secret",
    "instagram": "app_secret",
    "whatsapp": "app_secret",
    "x": "consumer_secret",
    "telegram": "secret_token",
    "viber": "auth_token",
    "line": "channel_secret",
    "discourse": "secret",
    "mastodon": "token",
    "bluesky": "app_password",
    "youtube": "api_key",
    "postmark": "password",
    "mailgun": "signing_key",
    "standard": "secret",
    "open311": "api_key",
}
"""Each platform's secret that a client needs in order to play the platform's part."""

ASKED = frozenset({"mastodon", "bluesky", "youtube"})
"""Platforms that do not push; for the samples the town square answers in their place."""

_OF_PASSPORTS = {
    "facebook": "110000000000001",
    "messenger": "110000000000001",
    "instagram": "17841400000000001",
    "whatsapp": "106540000000001",
    "x": "1590000000000000001",
    "telegram": "7000000001",
    "viber": "pa:7000000000000000001",
    "line": "U70617373706f7274206f666669636520",
    "discourse": "passport-office",
    "bluesky": "did:plc:passportoffice2222222222",
    "youtube": "UCpassportoffice00000000",
    "postmark": "info@passports.example",
    "mailgun": "ask@passports.example",
}


def _policy(agency: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((AGENCIES_FOLDER / f"{agency}.yaml").read_text())
    return found
