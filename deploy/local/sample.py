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
    "publications:read publications:write audit:read"
)
OFFICER_SCOPE = "cases:read cases:write comments:read publications:read"
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


@dataclass(frozen=True)
class Officer:
    """Someone in an agency's policy who may decide."""

    agency: str
    subject: str
    post: str
    level: str


def agencies() -> list[str]:
    """The names of the sample agencies."""
    return sorted(path.stem for path in AGENCIES_FOLDER.glob("*.yaml"))


def officers() -> list[Officer]:
    """Everyone who holds a post in the sample agencies, lowest level first."""
    found = [
        Officer(agency, entry["subject"], entry["post"], entry["level"])
        for agency in agencies()
        for entry in _policy(agency)["officers"]
    ]
    return sorted(found, key=lambda officer: (officer.agency, officer.level))


def accounts(keep: Keep) -> list[Account]:
    """A Page for the passport office; a Mastodon account and a signed generic source for everyone."""
    facebook = Account(
        "passports",
        "facebook",
        "110000000000001",
        "Passport Office",
        {"app_secret": keep.facebook_secret, "verify_token": keep.facebook_verify_token},
        keep.page_token,
    )
    found = [facebook]
    for number, agency in enumerate(agencies(), start=1):
        name = agency.replace("-", " ").title()
        token = f"{keep.mastodon_token}{number}"
        found.append(Account(agency, "mastodon", f"10900000000000000{number}", name, {"token": token}, token))
        found.append(
            Account(agency, "standard", f"{agency}-portal", f"{name} portal", {"secret": keep.standard_secret})
        )
    return found


def _policy(agency: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((AGENCIES_FOLDER / f"{agency}.yaml").read_text())
    return found
