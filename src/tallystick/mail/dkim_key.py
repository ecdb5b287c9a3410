"""The key that signs an operator's mail: made here, and its public half as DNS has to show it."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

BITS = 2048
"""What every receiver checks and one TXT entry holds."""


def make_key() -> bytes:
    """Return a new private key in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_record(private_key: bytes) -> str:
    """Return the TXT entry that shows a key's public half. Raises ValueError for what isn't an RSA key in PEM."""
    try:
        key = serialization.load_pem_private_key(private_key, None)
    except (TypeError, ValueError) as error:
        raise ValueError(f"not a private key in PEM without a password: {error}") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"
