"""Bearer tokens: only the issuer's, only for us, only while they are valid, only for what they say."""

import base64
import hmac
import json
import time
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from shared import auth, problems
from shared.auth import Caller, Tokens, requires
from shared.settings import AuthSettings

pytestmark = pytest.mark.asyncio

SETTINGS = AuthSettings(issuer="https://login.example", jwks_url="https://login.example/keys")

Key = ECKey | RSAKey | OctKey


class Issuer:
    """The other side: publishes keys, and counts how often it is asked."""

    def __init__(self, *keys: Key) -> None:
        self.keys = list(keys)
        self.asked = 0
        self.away = False

    async def fetch(self, url: str) -> dict[str, Any]:
        assert url == SETTINGS.jwks_url
        self.asked += 1
        if self.away:
            raise httpx.ConnectError("nobody answers")
        return {"keys": [key.as_dict(private=False) for key in self.keys]}

    def tokens(self) -> Tokens:
        return Tokens(SETTINGS, self.fetch)


def ec_key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "alg": "ES256", "use": "sig"})


def token(key: Key, *, alg: str = "ES256", kid: str | None = "1", **changed: Any) -> str:
    """A good token, with some claims replaced, or left out where the value is None."""
    claims = {
        "iss": SETTINGS.issuer,
        "aud": "parley",
        "sub": "client-7",
        "exp": int(time.time()) + 600,
        "scope": "cases:read comments:write",
        "agencies": ["passports"],
    } | changed
    header = {"alg": alg, "typ": "at+jwt"} | ({"kid": kid} if kid else {})
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(header, kept, key, algorithms=[alg])


EVERYTHING = {"iss": SETTINGS.issuer, "aud": "parley", "sub": "x", "exp": 4_000_000_000, "agencies": "*"}


def _part(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value).encode())


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


async def refusal(issuer: Issuer, given: str) -> int:
    with pytest.raises(problems.Problem) as refused:
        await issuer.tokens().caller(given)
    return refused.value.status


async def test_a_good_token_tells_who_calls_and_what_they_may() -> None:
    key = ec_key("1")
    caller = await Issuer(key).tokens().caller(token(key))
    assert caller == Caller("client-7", frozenset({"passports"}), frozenset({"cases:read", "comments:write"}))
    assert caller.may_see("passports")
    assert not caller.may_see("central-bank")


@pytest.mark.parametrize("alg", ["RS256", "PS256"])
async def test_rsa_signatures_are_taken_too(alg: str) -> None:
    key = RSAKey.generate_key(2048, {"kid": "1"})
    assert (await Issuer(key).tokens().caller(token(key, alg=alg))).subject == "client-7"


async def test_a_star_means_every_agency() -> None:
    key = ec_key("1")
    caller = await Issuer(key).tokens().caller(token(key, agencies="*"))
    assert caller.agencies is None
    assert caller.scope == "*"


@pytest.mark.parametrize("agencies", ["passports", {"a": 1}, ["*"], ["passports", "*"], 7, True, [7], None])
async def test_no_other_spelling_of_agencies_opens_every_agency(agencies: Any) -> None:
    key = ec_key("1")
    issuer = Issuer(key)
    if agencies is None:
        assert (await issuer.tokens().caller(token(key, agencies=None))).scope == []
    else:
        assert await refusal(issuer, token(key, agencies=agencies)) == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"exp": "tomorrow"},
        {"aud": "another-service"},
        {"aud": None},
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"sub": None},
        {"nbf": int(time.time()) + 3600},
    ],
)
async def test_a_token_with_a_wrong_claim_is_refused(changed: dict[str, Any]) -> None:
    key = ec_key("1")
    assert await refusal(Issuer(key), token(key, **changed)) == 401


@pytest.mark.parametrize("given", ["", "a", "a.b.c", "..", "é.é.é", "eyJhbGciOiJFUzI1NiJ9.e30.", "{}", "a." * 5000])
async def test_what_is_no_token_is_refused(given: str) -> None:
    assert await refusal(Issuer(ec_key("1")), given) == 401


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
async def test_a_token_without_a_signature_is_refused(algorithm: str) -> None:
    unsigned = f"{_part({'alg': algorithm, 'kid': '1'})}.{_part(EVERYTHING)}."
    assert await refusal(Issuer(ec_key("1")), unsigned) == 401


async def test_a_public_key_used_as_a_shared_secret_is_refused() -> None:
    key = RSAKey.generate_key(2048, {"kid": "1"})
    signed = f"{_part({'alg': 'HS256', 'kid': '1'})}.{_part(EVERYTHING)}"
    signature = hmac.digest(key.as_pem(private=False), signed.encode(), "sha256")
    assert await refusal(Issuer(key), f"{signed}.{_base64(signature)}") == 401


async def test_a_token_that_another_key_signed_is_refused() -> None:
    assert await refusal(Issuer(ec_key("1")), token(ec_key("1"))) == 401


async def test_a_changed_token_is_refused_even_if_the_original_is_remembered() -> None:
    key = ec_key("1")
    tokens = Issuer(key).tokens()
    good = token(key)
    await tokens.caller(good)
    head, _, signature = good.split(".")
    other_claims = token(key, agencies="*").split(".")[1]
    with pytest.raises(problems.Problem):
        await tokens.caller(f"{head}.{other_claims}.{signature}")


async def test_keys_are_fetched_once_for_many_tokens() -> None:
    key = ec_key("1")
    issuer = Issuer(key)
    tokens = issuer.tokens()
    for subject in range(20):
        await tokens.caller(token(key, sub=f"client-{subject}"))
    assert issuer.asked == 1


async def test_an_unknown_key_is_fetched_once_and_then_works(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = ec_key("1"), ec_key("2")
    issuer = Issuer(old)
    tokens = issuer.tokens()
    await tokens.caller(token(old))
    issuer.keys.append(new)
    monkeypatch.setattr(auth, "REFRESH_SECONDS", 0.0)
    assert (await tokens.caller(token(new, kid="2"))).subject == "client-7"
    assert issuer.asked == 2


async def test_unknown_keys_do_not_hammer_the_issuer() -> None:
    key = ec_key("1")
    issuer = Issuer(key)
    tokens = issuer.tokens()
    await tokens.caller(token(key))
    for number in range(20):
        with pytest.raises(problems.Problem):
            await tokens.caller(token(ec_key(f"made-up-{number}"), kid=f"made-up-{number}"))
    assert issuer.asked <= 2


async def test_while_the_keys_cannot_be_had_the_answer_is_503() -> None:
    key = ec_key("1")
    issuer = Issuer(key)
    issuer.away = True
    tokens = issuer.tokens()
    with pytest.raises(problems.Problem) as refused:
        await tokens.caller(token(key))
    assert refused.value.status == 503
    assert refused.value.headers["Retry-After"]
    issuer.away = False
    assert (await tokens.caller(token(key))).subject == "client-7"


async def test_keys_once_had_serve_on_while_the_issuer_is_away() -> None:
    key = ec_key("1")
    issuer = Issuer(key)
    tokens = issuer.tokens()
    await tokens.caller(token(key))
    issuer.away = True
    assert (await tokens.caller(token(key, sub="client-8"))).subject == "client-8"


async def test_a_remembered_token_ends_when_it_expires() -> None:
    key = ec_key("1")
    tokens = Issuer(key).tokens()
    # Within the leeway for clocks that differ: good, but for less than nothing in the memory.
    good = token(key, exp=int(time.time()) - 5)
    await tokens.caller(good)
    assert tokens._known[good][0] <= time.monotonic()


def app_with(tokens: Tokens, *scopes: str) -> FastAPI:
    app = FastAPI()
    app.state.tokens = tokens
    problems.install(app)

    @app.get("/cases")
    async def cases(caller: Caller = requires(*(scopes or ("cases:read",)))) -> dict[str, str]:
        return {"subject": caller.subject}

    return app


async def ask(app: FastAPI, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.get("/cases", headers=headers)


async def test_a_route_takes_a_token_with_its_scope() -> None:
    key = ec_key("1")
    answer = await ask(app_with(Issuer(key).tokens()), authorization=f"Bearer {token(key)}")
    assert answer.json() == {"subject": "client-7"}


@pytest.mark.parametrize(("given", "status"), [("audit:read", 200), ("cases:read x", 200), ("cases:write", 403)])
async def test_where_a_route_names_two_scopes_one_of_them_will_do(given: str, status: int) -> None:
    key = ec_key("1")
    app = app_with(Issuer(key).tokens(), "cases:read", "audit:read")
    assert (await ask(app, authorization=f"Bearer {token(key, scope=given)}")).status_code == status


async def test_a_missing_scope_is_403_and_names_the_scope() -> None:
    key = ec_key("1")
    given = token(key, scope="comments:write cases:readers")
    answer = await ask(app_with(Issuer(key).tokens()), authorization=f"Bearer {given}")
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:parley:problem:insufficient-scope"
    assert 'scope="cases:read"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Token x", "Bearer x y"])
async def test_no_usable_token_is_401_and_asks_for_one(header: str) -> None:
    answer = await ask(app_with(Issuer(ec_key("1")).tokens()), authorization=header)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_token_in_the_address_is_not_looked_at() -> None:
    key = ec_key("1")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app_with(Issuer(key).tokens())), base_url="http://test"
    ) as client:
        answer = await client.get("/cases", params={"access_token": token(key)})
    assert answer.status_code == 401
