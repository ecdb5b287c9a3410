"""Secrets at rest, and the keyed digests behind links.

Both hang on `TALLYSTICK_SECRET_KEY`; older keys in `TALLYSTICK_OLD_SECRET_KEYS` still open what they closed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from functools import cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def _derive(key: str, purpose: str) -> bytes:
    return hashlib.sha256(f"tallystick/{purpose}/{key}".encode()).digest()


@cache
def _vault(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derive(key, "at-rest"))) for key in keys])


def seal(values: Mapping[str, str]) -> bytes:
    """Encrypt a small mapping of strings (gateway keys, SMTP passwords) with authenticated encryption."""
    return _vault(tuple(settings.SECRET_KEYS)).encrypt(json.dumps(dict(values), sort_keys=True).encode())


def unseal(token: bytes | memoryview) -> dict[str, str]:
    """Decrypt what `seal` made. Raises cryptography.fernet.InvalidToken when it was altered or the key is gone."""
    opened = json.loads(_vault(tuple(settings.SECRET_KEYS)).decrypt(bytes(token)))
    return {str(name): str(value) for name, value in opened.items()}


def digest(purpose: str, *parts: bytes) -> bytes:
    """Return the 32-byte HMAC-SHA256 of `parts` (each length-prefixed) for one purpose."""
    message = b"".join(len(part).to_bytes(4) + part for part in parts)
    return hmac.digest(_derive(settings.SECRET_KEY, purpose), message, "sha256")
