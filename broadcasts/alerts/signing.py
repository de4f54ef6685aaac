"""Signatures on published CAP documents: enveloped XML signatures (CAP 1.2, 3.3.4.1) of this installation's key.

Who signs speaks for the document as it stands, whoever wrote it: a forwarded alert is signed by who forwards it.
"""

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from lxml import etree
from signxml.algorithms import SignatureMethod
from signxml.signer import XMLSigner

from broadcasts.alerts.cap_xml import parse

_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"


class UnusableKey(Exception):
    """The key or certificate for CAP documents cannot be used; the message says why and what would help."""


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """A private key and the certificate, in PEM, that others check its signatures with."""

    key: EllipticCurvePrivateKey | RSAPrivateKey
    certificate: bytes


def read_signing_key(key_file: str, certificate_file: str) -> SigningKey | None:
    """The key of those two files; None when neither is named. Raises UnusableKey."""
    if not key_file and not certificate_file:
        return None
    if not key_file or not certificate_file:
        raise UnusableKey(
            "signing needs both KRAJAI_CAP_SIGNING_KEY_FILE and KRAJAI_CAP_SIGNING_CERTIFICATE_FILE"
        )
    try:
        key, certificate = Path(key_file).read_bytes(), Path(certificate_file).read_bytes()
    except OSError as fault:
        raise UnusableKey(f"{fault.filename} cannot be read: {fault.strerror}") from fault
    try:
        private, public = load_pem_private_key(key, password=None), load_pem_x509_certificate(certificate)
    except (TypeError, ValueError) as fault:
        raise UnusableKey(
            f"the CAP signing key and certificate must be PEM without a password: {fault}"
        ) from fault
    if not isinstance(private, EllipticCurvePrivateKey | RSAPrivateKey):
        raise UnusableKey(f"{key_file} is neither an RSA nor an elliptic-curve key")
    if private.public_key() != public.public_key():
        raise UnusableKey(f"{certificate_file} is not the certificate of the key in {key_file}")
    return SigningKey(key=private, certificate=certificate)


def signed(document: bytes, key: SigningKey) -> bytes:
    """A stored document with our signature; one that carries somebody's already is given back as it is."""
    root = parse(document).alerts[0]
    if root.find(_SIGNATURE) is not None:
        return document
    is_elliptic = isinstance(key.key, EllipticCurvePrivateKey)
    signer = XMLSigner(
        signature_algorithm=SignatureMethod.ECDSA_SHA256 if is_elliptic else SignatureMethod.RSA_SHA256
    )
    signature = signer.sign(root, key=key.key, cert=key.certificate.decode())
    return etree.tostring(signature, xml_declaration=True, encoding="UTF-8")
