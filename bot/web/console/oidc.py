"""Signing in through the agency's identity provider (OpenID Connect Core 1.0, 3.1; PKCE, RFC 7636), as an option.

It stands in for the password only: an officer who is entered here with that verified e-mail address goes on to her
second factor. State, nonce and verifier live ten minutes in a sealed cookie of this browser and are used once.
"""

import secrets
from dataclasses import dataclass
from typing import Annotated, Any

import requests
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bot.settings import Settings
from bot.web.console.sign_in import SECOND
from bot.web.console.transport import Cookie, RequestRefused, own_origin
from bot.web.console.visits import Visit, anybody, carry, start_session
from storage.audit import record
from storage.officers import OfficerState, with_email
from storage.sealing import SealBroken, seal, unseal
from storage.sessions import Stage

log = structlog.get_logger()

router = APIRouter()

BACK = "/console/sign-in/oidc/back"
TIMEOUT_SECONDS = (5, 10)
LIVES_SECONDS = 600
ALGORITHMS = ["RS256", "PS256", "ES256", "RS384", "ES384", "RS512", "ES512"]
"""Signed with the provider's own key; never `none`, never the shared secret."""

_COOKIE = Cookie(name="krajai_oidc", max_age_seconds=LIVES_SECONDS, most_letters=2_000)
_PURPOSE = "oidc"
_REFUSED = (
    AuthlibBaseError,
    JoseError,
    requests.RequestException,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
)


@dataclass(frozen=True, kw_only=True)
class Provider:
    """What the issuer says of itself (OpenID Connect Discovery 1.0, 4.2)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


@router.get("/console/sign-in/oidc")
def leave(visit: Annotated[Visit, anybody()]) -> Response:
    """To the provider, with what its answer must bring back."""
    chosen = _chosen(visit)
    try:
        provider = discover(chosen.oidc_issuer)
    except _REFUSED as fault:
        raise _away(fault) from fault
    asked = {
        "state": secrets.token_urlsafe(24),
        "nonce": secrets.token_urlsafe(24),
        "verifier": secrets.token_urlsafe(48),
        "until": visit.at.timestamp() + LIVES_SECONDS,
    }
    with _client(visit) as client:
        address, _ = client.create_authorization_url(
            provider.authorization_endpoint,
            state=asked["state"],
            nonce=asked["nonce"],
            code_verifier=asked["verifier"],
        )
    answer = RedirectResponse(address, status_code=303)
    _COOKIE.set(visit.request, answer, seal(visit.secret_key, asked, purpose=_PURPOSE))
    return answer


@router.get(BACK)
def come_back(visit: Annotated[Visit, anybody()]) -> Response:
    """With a code: who is she, as the provider vouches for it?"""
    chosen, asked = _chosen(visit), _asked(visit)
    state = visit.request.query_params.get("state", "")
    if not secrets.compare_digest(state.encode(), str(asked["state"]).encode()):
        raise RequestRefused(403, "console.error_oidc")
    try:
        provider = discover(chosen.oidc_issuer)
        claims = _claims(visit, provider, asked)
    except _REFUSED as fault:
        raise _away(fault) from fault
    email = str(claims.get("email", "")).strip().lower() if claims.get("email_verified") is True else ""
    with visit.writing() as session:
        officer = with_email(session, email) if email else None
        if officer is None or officer.id is None or officer.state != OfficerState.ACTIVE:
            who, subject = (
                ("nobody known", "officer/unknown")
                if officer is None
                else (officer.name, f"officer/{officer.id}")
            )
            record(
                session, visit.at, actor=who, action="sign_in.fail", subject=subject, detail={"step": "oidc"}
            )
            token = ""
        else:
            token, _ = start_session(visit, session, officer.id, Stage.PASSWORD)
    if not token:
        raise RequestRefused(403, "console.error_oidc_unknown")
    answer = carry(visit, RedirectResponse(SECOND, status_code=303), token)
    _COOKIE.clear(visit.request, answer)
    return answer


def discover(issuer: str) -> Provider:
    """What the issuer says of itself; raises ValueError when it is not the one that was asked."""
    said = _get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if said["issuer"].rstrip("/") != issuer.rstrip("/"):
        raise ValueError("the provider calls itself otherwise than KRAJAI_OIDC_ISSUER")
    provider = Provider(**{name: said[name] for name in Provider.__dataclass_fields__})
    is_local = issuer.startswith(("http://127.0.0.1:", "http://localhost:"))
    ends = (provider.authorization_endpoint, provider.token_endpoint, provider.jwks_uri)
    if not is_local and not all(each.startswith("https://") for each in ends):
        raise ValueError("the provider's addresses are not https")
    return provider


def _claims(visit: Visit, provider: Provider, asked: dict[str, Any]) -> dict[str, Any]:
    """The verified claims of the ID token (OpenID Connect Core, 3.1.3.7)."""
    with _client(visit) as client:
        answered = client.fetch_token(
            provider.token_endpoint,
            code=visit.request.query_params.get("code", ""),
            code_verifier=asked["verifier"],
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
    keys = KeySet.import_key_set(_get(provider.jwks_uri))
    token = jwt.decode(answered["id_token"], keys, algorithms=ALGORITHMS)
    audience = visit.krajai.settings.oidc_client_id
    jwt.JWTClaimsRegistry(
        now=lambda: int(visit.at.timestamp()),
        leeway=60,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": asked["nonce"]},
    ).validate(token.claims)
    claims: dict[str, Any] = token.claims
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != audience:
        raise ValueError("the ID token is for another client as well")
    return claims


def _chosen(visit: Visit) -> Settings:
    chosen = visit.krajai.settings
    if not (chosen.oidc_issuer and chosen.oidc_client_id):
        raise RequestRefused(404, "console.error_not_found")
    return chosen


def _asked(visit: Visit) -> dict[str, Any]:
    """What this browser was sent away with. Raises RequestRefused when that is over, or never was."""
    try:
        asked = unseal(visit.secret_key, _COOKIE.read(visit.request), purpose=_PURPOSE)
    except SealBroken:
        raise RequestRefused(403, "console.error_oidc") from None
    if asked["until"] < visit.at.timestamp():
        raise RequestRefused(403, "console.error_oidc")
    return asked


def _client(visit: Visit) -> OAuth2Session:
    chosen = visit.krajai.settings
    base = chosen.public_url.rstrip("/") or own_origin(visit.request)
    return OAuth2Session(
        chosen.oidc_client_id,
        chosen.oidc_client_secret.get_secret_value() or None,
        scope="openid email",
        redirect_uri=f"{base}{BACK}",
        code_challenge_method="S256",
    )


def _get(address: str) -> Any:
    answer = requests.get(address, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    answer.raise_for_status()
    return answer.json()


def _away(fault: Exception) -> RequestRefused:
    log.warning("the identity provider cannot be used", kind=type(fault).__name__)
    return RequestRefused(502, "console.error_oidc")
