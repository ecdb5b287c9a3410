"""Amazon SNS signs what it posts: is it Amazon's? The certificate is Amazon's own, fetched once and kept while it is valid."""

from __future__ import annotations

import base64
import binascii
import re
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tallystick.mail.fetch import fetch
from tallystick.mail.news import BadProof

HOST: Final = r"sns\.[a-z0-9-]{1,30}\.amazonaws\.com"
"""Where SNS lives. A name that only ends or begins like this is somebody else's."""
_CERTIFICATE = re.compile(rf"https://{HOST}/[A-Za-z0-9._-]{{1,200}}\.pem")
_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED: Final[Mapping[str, tuple[str, ...]]] = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
MOST_KEPT: Final = 16
_kept: OrderedDict[str, x509.Certificate] = OrderedDict()


def check_sns(body: Mapping[str, Any], *, at: datetime) -> None:
    """Check Amazon's signature of a message. `at`: the time on the wall, in which the certificate has to be valid.

    Fetches the certificate when it isn't at hand, so never inside a transaction. Raises BadProof, MailUnavailable when
    the certificate can't be had now, InsideTransaction.
    """
    algorithm, url = _HASHES.get(str(body.get("SignatureVersion"))), str(body.get("SigningCertURL", ""))
    if algorithm is None or not _CERTIFICATE.fullmatch(url):
        raise BadProof("no signature of Amazon's")
    try:
        signature = base64.b64decode(str(body.get("Signature", "")), validate=True)
    except (binascii.Error, ValueError):
        raise BadProof("the signature isn't base64") from None
    certificate = _certificate(url)
    key = certificate.public_key()
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        _kept.pop(url, None)
        raise BadProof("the certificate isn't valid now")
    if not isinstance(key, rsa.RSAPublicKey):
        raise BadProof("the certificate isn't RSA")
    try:
        key.verify(signature, signed_text(body), padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        raise BadProof("the signature doesn't fit") from None


def signed_text(body: Mapping[str, Any]) -> bytes:
    """Return what Amazon signs of a message: some of its fields by name, each with its value. Raises BadProof."""
    names = _SIGNED.get(str(body.get("Type")))
    if names is None:
        raise BadProof("not a message that Amazon signs")
    given = [(name, body.get(name)) for name in names if name in body or name != "Subject"]
    if not all(isinstance(value, str) for _name, value in given):
        raise BadProof("what is signed isn't all there")
    return "".join(f"{name}\n{value}\n" for name, value in given).encode("utf-8", "surrogatepass")


def _certificate(url: str) -> x509.Certificate:
    if url not in _kept:
        content = fetch(url)
        try:
            _kept[url] = x509.load_pem_x509_certificate(content)
        except ValueError:
            raise BadProof("no certificate stands there") from None
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return _kept[url]
