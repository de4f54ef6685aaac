"""Passkeys (WebAuthn level 2, 7.1 and 7.2), verified by the package webauthn; challenges live in the session."""

import json
import secrets
from collections.abc import Sequence
from typing import Any

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from bot.web.console.transport import own_host, own_origin
from bot.web.console.visits import OfficerVisit
from storage import officer_factors, sessions
from storage.officer_factors import FactorKind, OfficerFactor
from storage.sealing import seal, unseal

MOST_CHALLENGES = 5
"""One for each tab that is open; the oldest goes."""

_BROKEN = (WebAuthnException, ValueError, KeyError, TypeError)


def ask(visit: OfficerVisit, known: Sequence[OfficerFactor]) -> str:
    """Options for `navigator.credentials.get` as JSON; '' without a passkey, or where none can work."""
    if not known or not own_host(visit.request):
        return ""
    options = generate_authentication_options(
        rp_id=own_host(visit.request),
        challenge=_new_challenge(visit, "ask"),
        allow_credentials=_descriptors(known),
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return options_to_json(options)


def offer_new(visit: OfficerVisit) -> str:
    """Options for `navigator.credentials.create` as JSON; '' where the address is a mere number."""
    if not own_host(visit.request):
        return ""
    with visit.reading() as session:
        known = officer_factors.factors(session, visit.officer_id, FactorKind.PASSKEY)
    options = generate_registration_options(
        rp_id=own_host(visit.request),
        rp_name="Krajai",
        user_name=visit.officer.name,
        user_id=f"krajai-officer-{visit.officer_id}".encode(),
        user_display_name=visit.officer.shown_name,
        challenge=_new_challenge(visit, "new"),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=_descriptors(known),
    )
    return options_to_json(options)


def is_answered(visit: OfficerVisit, answer: str) -> bool:
    """Whether one of her passkeys signed a challenge of this session, which is used up by it."""
    with visit.reading() as session:
        known = officer_factors.factors(session, visit.officer_id, FactorKind.PASSKEY)
    try:
        credential = json.loads(answer)
        challenge = _take_challenge(visit, "ask", credential)
        factor = next(each for each in known if each.credential_id == credential["id"])
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=own_host(visit.request),
            expected_origin=own_origin(visit.request),
            credential_public_key=base64url_to_bytes(factor.secret),
            # Whether the counter went back is looked at when it is written, also for two at once.
            credential_current_sign_count=0,
        )
    except (*_BROKEN, StopIteration):
        return False
    assert factor.id is not None
    with visit.writing() as session:
        return officer_factors.use_passkey(session, factor.id, verified.new_sign_count, visit.at)


def read_new(visit: OfficerVisit, answer: str) -> dict[str, Any] | None:
    """What to keep of a new passkey (`credential_id`, `public_key`, `counter`); None when it cannot be verified."""
    try:
        credential = json.loads(answer)
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=_take_challenge(visit, "new", credential),
            expected_rp_id=own_host(visit.request),
            expected_origin=own_origin(visit.request),
        )
    except _BROKEN:
        return None
    return {
        "credential_id": bytes_to_base64url(verified.credential_id),
        "public_key": bytes_to_base64url(verified.credential_public_key),
        "counter": verified.sign_count,
    }


def remembered(visit: OfficerVisit) -> dict[str, Any]:
    """What the session's steps remember."""
    pending = visit.session.pending
    return unseal(visit.secret_key, pending, purpose=_purpose(visit)) if pending else {}


def remember(visit: OfficerVisit, **changed: Any) -> None:
    """Put something beside it."""
    kept = {**remembered(visit), **changed}
    visit.session.pending = seal(visit.secret_key, kept, purpose=_purpose(visit))
    with visit.writing() as session:
        sessions.remember(session, visit.session_id, visit.session.pending)


def _new_challenge(visit: OfficerVisit, kind: str) -> bytes:
    challenge = secrets.token_bytes(32)
    known = remembered(visit).get(kind, [])
    remember(visit, **{kind: [*known, bytes_to_base64url(challenge)][-MOST_CHALLENGES:]})
    return challenge


def _take_challenge(visit: OfficerVisit, kind: str, credential: Any) -> bytes:
    """The challenge that the answer says it signed, if it is one of this session's. Raises ValueError."""
    signed = json.loads(base64url_to_bytes(credential["response"]["clientDataJSON"]))["challenge"]
    known = remembered(visit).get(kind, [])
    if signed not in known:
        raise ValueError("a challenge that was not asked here, or was used before")
    remember(visit, **{kind: [each for each in known if each != signed]})
    return base64url_to_bytes(signed)


def _descriptors(known: Sequence[OfficerFactor]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(each.credential_id)) for each in known]


def _purpose(visit: OfficerVisit) -> str:
    return f"officer_session/{visit.session_id}"
