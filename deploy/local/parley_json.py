"""``parley.json``: how anyone on this machine finds the running Parley.

Written by rename, so that a reader never sees half of it; removed on stop; rewritten whenever a process is started
again.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.local import sample
from deploy.local.addresses import Addresses
from deploy.local.issuer import Issuer
from deploy.local.keep import Keep

NAME = "parley.json"


def document(
    addresses: Addresses, database_url: str, kafka: str, pids: Mapping[str, int | None], keep: Keep, issuer: Issuer
) -> dict[str, Any]:
    """The whole document, with fresh tokens."""
    agencies = sample.agencies()
    client = issuer.token(sample.CLIENT, sample.CLIENT_SCOPE, agencies)
    return {
        **{part: addresses.url(part) for part in ("ingest", "policy", "publisher", "town_square", "issuer")},
        "database_url": database_url,
        "kafka": kafka,
        "pids": dict(pids),
        "accounts": [
            *(_account(account, addresses) for account in sample.accounts(keep)),
            *(_rest_account(agency, addresses, client) for agency in agencies),
        ],
        "officers": [
            {
                "agency": officer.agency,
                "subject": officer.subject,
                "post": officer.post,
                "level": officer.level,
                "token": issuer.token(officer.subject, officer.scope, [officer.agency]),
            }
            for officer in sample.officers()
        ],
        "tokens": {
            "admin": issuer.token("sample-admin", sample.EVERY_SCOPE, "*"),
            "client": client,
            "auditor": issuer.token("sample-auditor", sample.AUDITOR_SCOPE, agencies),
            "open311": sample.secrets_of("open311", keep)["api_key"],
        },
    }


def write(home: Path, content: Mapping[str, Any]) -> None:
    """Put the document in place; only its owner may read it, because it opens doors."""
    draft = home / f".{NAME}.{os.getpid()}"
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(content, indent=1, ensure_ascii=False))
    draft.rename(home / NAME)


def read(home: Path) -> dict[str, Any] | None:
    """The document of a running Parley, or None where none runs."""
    try:
        found: dict[str, Any] = json.loads((home / NAME).read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found


def remove(home: Path) -> None:
    (home / NAME).unlink(missing_ok=True)


def _rest_account(agency: str, addresses: Addresses, token: str) -> dict[str, str]:
    """Nobody connects it: it is there from the client's first comment on."""
    base_url = f"{addresses.url('ingest')}/v1"
    account = f"{sample.CLIENT}@{agency}"
    return {"agency": agency, "platform": "rest", "account": account, "base_url": base_url, "secret": token}


def _account(account: sample.Account, addresses: Addresses) -> dict[str, str]:
    entry = {"agency": account.agency, "platform": account.platform, "account": account.account}
    if account.platform in sample.ASKED:
        entry["base_url"] = addresses.url("town_square")
    elif account.platform == "open311":
        entry["base_url"] = f"{addresses.url('ingest')}/open311/v2"
    else:
        entry["webhook"] = f"{addresses.url('ingest')}/webhooks/{account.platform}/{account.account}"
    entry["secret"] = account.secret
    entry |= {name: account.secrets[name] for name in ("username", "verify_token") if name in account.secrets}
    return entry
