"""What a token of Meta's allows, and until when.

Source: Meta, "Graph API: debug_token" (``is_valid``, ``scopes``, ``granular_scopes``, ``expires_at``,
``data_access_expires_at``). ``GET /me/permissions`` knows only the tokens of persons, not those of Pages and system
users. The app itself may always ask: its token is ``{app_id}|{app_secret}``. Without these two secrets the token asks
for itself, which Graph grants to some kinds of token only; then ``GET /me`` tells at least whether it lives. The token
asked about stands in the address, for Graph takes it nowhere else: so nothing of an error in between is repeated.
"""

from collections.abc import Mapping
from typing import Any

from services.publisher.adapters.http import Answer, NoAnswer, NothingSent
from services.publisher.adapters.platforms import meta
from services.publisher.adapters.platforms.meta import Graph
from services.publisher.domain.outcomes import CredentialsDead, Probe, Probed, Unavailable, Unknown
from services.publisher.ports import Credentials

Needs = Mapping[str, tuple[frozenset[str], ...]]
"""For each right the permissions that give it: all of any one of the sets."""

FACTS = ("expires_at", "data_access_expires_at")
"""Moments in seconds since 1970; 0 stands for never, and is left out."""


async def probe(graph: Graph, needs: Needs, credentials: Credentials, *, page: str | None = None) -> Probe:
    """Ask ``debug_token`` for the token's permissions and, where the account is a Page, whether they hold for it."""
    try:
        answer = await graph.get(_asking(credentials), ("debug_token",), {"input_token": credentials.token})
        token = answer.object().get("data")
        if answer.status == 200 and isinstance(token, dict):
            return _rights(token, page, needs)
        if isinstance(meta.refusal_of(answer, graph.dialect), CredentialsDead) and not _app_token(credentials):
            return CredentialsDead(f"status {answer.status}, code {meta.code_of(answer)[0]}")
        return await _life(graph, needs, credentials)
    except NothingSent:
        return Unavailable("no connection")
    except NoAnswer:
        return Unknown("no answer")


async def _life(graph: Graph, needs: Needs, credentials: Credentials) -> Probe:
    answer: Answer = await graph.get(credentials, ("me",), {"fields": "id"})
    if answer.status == 200 and "id" in answer.object():
        return Probed(dict.fromkeys(needs), "the token lives; only the app's own token is told what it allows")
    refusal = meta.refusal_of(answer, graph.dialect)
    return refusal if isinstance(refusal, CredentialsDead) else Unknown(f"status {answer.status}")


def _rights(token: Mapping[str, Any], page: str | None, needs: Needs) -> Probe:
    if token.get("is_valid") is not True:
        error = token.get("error")
        code = error.get("code") if isinstance(error, dict) else None
        return CredentialsDead(f"the token is not valid, code {code}")
    held = _held(token, page)
    rights = {right: any(enough <= held for enough in ways) for right, ways in needs.items()}
    facts = {name: moment for name in FACTS if isinstance(moment := token.get(name), int) and moment > 0}
    return Probed(rights, facts=facts)


def _held(token: Mapping[str, Any], page: str | None) -> frozenset[str]:
    """The permissions that hold; those for Pages (``pages_…``) may name the only ones that they hold for.

    Other permissions name businesses or accounts by ids that are not those of our accounts.
    """
    listed = token.get("scopes")
    scopes = {scope for scope in listed if isinstance(scope, str)} if isinstance(listed, list) else set()
    granular = token.get("granular_scopes")
    if page is None or not isinstance(granular, list):
        return frozenset(scopes)
    return frozenset(scopes - {grant.get("scope") for grant in granular if _is_for_others(grant, page)})


def _is_for_others(grant: object, page: str) -> bool:
    scope, targets = (grant.get("scope"), grant.get("target_ids")) if isinstance(grant, dict) else (None, None)
    is_for_pages = isinstance(scope, str) and scope.startswith("pages_")
    return is_for_pages and isinstance(targets, list) and page not in map(str, targets)


def _asking(credentials: Credentials) -> Credentials:
    app = _app_token(credentials)
    return credentials if app is None else Credentials(app, credentials.base_url, credentials.version)


def _app_token(credentials: Credentials) -> str | None:
    known = credentials.secrets
    return f"{known['app_id']}|{known['app_secret']}" if "app_id" in known and "app_secret" in known else None
