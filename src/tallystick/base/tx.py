"""Transactions, and the guard that keeps the outside world out of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from tallystick.base.crashpoint import crashpoint

_depth: ContextVar[int] = ContextVar("transaction_depth", default=0)


class InsideTransaction(AssertionError):
    """A gateway, mail server, HTTP or PDF client was called while a transaction was open."""


@contextmanager
def inside() -> Iterator[None]:
    """Mark a transaction as open. Only `tenant.tx` and its kin enter this."""
    token = _depth.set(_depth.get() + 1)
    try:
        yield
    finally:
        _depth.reset(token)


def outside(what: str) -> None:
    """Refuse to reach the outside world from inside a transaction.

    A call that is rolled back can't be taken back, and one that waits holds every lock with it: peers charged
    cards two and three times that way. Every boundary (HTTP, SMTP, PDF) calls this first.
    Raises InsideTransaction.
    """
    if _depth.get():
        raise InsideTransaction(f"{what} was called inside a transaction; commit first")
    crashpoint("outside.before")
