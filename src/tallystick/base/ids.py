"""Identifiers: UUIDv7, made before the row, so that the id is also the idempotency key."""

from __future__ import annotations

import os
import time
from uuid import UUID

_VERSION_AND_VARIANT = (0x7 << 76) | (0x2 << 62)
_NOISE = (1 << 62) - 1


def new_id() -> UUID:
    """Return a UUIDv7: it sorts by time of birth, to a quarter of a microsecond.

    48 bits of Unix milliseconds, 12 of their fraction (RFC 9562, 6.2, method 3), 62 random ones.
    """
    return _uuid7(_clock(), int.from_bytes(os.urandom(8)))


def new_ids(count: int) -> list[UUID]:
    """Return `count` fresh UUIDv7 in ascending order, with one look at the clock and one at the entropy pool."""
    clock, noise = _clock(), os.urandom(8 * count)
    parts = sorted(int.from_bytes(noise[at : at + 8]) & _NOISE for at in range(0, 8 * count, 8))
    return [_uuid7(clock, part) for part in parts]


def _clock() -> int:
    """Now, as the first 64 bits of an id but its version: milliseconds, and 4,096ths of one."""
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    return (milliseconds << 16) | (rest * 4096 // 1_000_000)


def _uuid7(clock: int, noise: int) -> UUID:
    return UUID(int=(clock << 64) | _VERSION_AND_VARIANT | (noise & _NOISE))
