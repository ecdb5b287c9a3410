"""Identifiers: UUIDv7, made before the row, so that the id is also the idempotency key."""

from __future__ import annotations

import os
import time
from uuid import UUID

_VERSION_AND_VARIANT = (0x7 << 76) | (0x2 << 62)
_RANDOM_BITS = (0xFFF << 64) | ((1 << 62) - 1)


def new_id() -> UUID:
    """Return a UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then randomness; sorts by time of birth."""
    return _uuid7(time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10)))


def new_ids(count: int) -> list[UUID]:
    """Return `count` fresh UUIDv7 in ascending order, with one look at the clock and one at the entropy pool."""
    milliseconds, noise = time.time_ns() // 1_000_000, os.urandom(10 * count)
    parts = sorted(int.from_bytes(noise[at : at + 10]) & _RANDOM_BITS for at in range(0, 10 * count, 10))
    return [_uuid7(milliseconds, part) for part in parts]


def _uuid7(milliseconds: int, noise: int) -> UUID:
    return UUID(int=(milliseconds << 80) | _VERSION_AND_VARIANT | (noise & _RANDOM_BITS))
