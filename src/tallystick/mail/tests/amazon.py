"""Amazon SNS, as far as its signatures go: a key and a certificate of our own where Amazon's would be fetched."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from tallystick.base import http
from tallystick.base.http import Request, Response
from tallystick.mail.providers.esp import sns

CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
HASHES = {"1": hashes.SHA1(), "2": hashes.SHA256()}


@dataclass
class Amazon:
    """Signs what it says; answers for its certificate with `status`, and remembers what else it was asked."""

    key: rsa.RSAPrivateKey
    pem: bytes
    status: int = 200
    asked: list[str] = field(default_factory=list)

    def sign(self, said: Mapping[str, Any], *, version: str = "2", **given: Any) -> dict[str, Any]:
        """Return what it says with its signature. What isn't a message that gets signed stays as it is."""
        body = {**said, "SignatureVersion": version, "SigningCertURL": CERTIFICATE, **given}
        try:
            text = sns.signed_text(body)
        except sns.BadProof:
            return body
        signature = self.key.sign(text, padding.PKCS1v15(), HASHES[version])
        return {"Signature": base64.b64encode(signature).decode(), **body}

    def send(self, request: Request, **_given: Any) -> Response:
        """Answer in the place of the network."""
        self.asked.append(request.url)
        return Response(self.status, {}, self.pem if request.url.endswith(".pem") else b"")


@contextmanager
def open_amazon(*, days: int = 30) -> Iterator[Amazon]:
    """Let Amazon be where it would be, with a certificate that is valid for so many days."""
    key, name = rsa.generate_private_key(65537, 2048), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.test")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now - timedelta(days=60)).not_valid_after(now + timedelta(days=days))
    amazon = Amazon(key, made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http, "send", amazon.send)
        patch.setattr(sns, "_kept", type(sns._kept)())
        yield amazon
