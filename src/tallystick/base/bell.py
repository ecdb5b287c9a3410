"""Hints to the workers: after a commit, say that a sweeper has something to do.

A hint may be lost, doubled or late; due work is always found again from the domain rows. So it is given after the
commit, outside the transaction, and its failure is nobody's failure.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

log = logging.getLogger(__name__)
_WAITING = "SELECT 1 FROM procrastinate_jobs WHERE queueing_lock = %s AND status = 'todo'"
_rung: dict[str, float] = {}
_bells: ContextVar[set[tuple[str, datetime | None]] | None] = ContextVar("bells", default=None)
_peal: ContextVar[set[tuple[str, datetime | None]] | None] = ContextVar("peal", default=None)


def open_bells() -> object:
    """Start collecting hints; `tenant.tx` does this around a transaction."""
    return _bells.set(set())


def ring(sweeper: str, *, at: datetime | None = None) -> None:
    """Ask for a sweeper (a name in the worker's timetable) once the transaction commits, or at an instant soon after."""
    bells = _bells.get()
    if bells is not None:
        bells.add((sweeper, at))


def close_bells(token: object, *, committed: bool) -> None:
    """Stop collecting; after a commit, hand the hints over."""
    bells = _bells.get() or set()
    _bells.reset(token)  # type: ignore[arg-type]
    peal = _peal.get()
    if committed and peal is not None:
        peal |= bells
    elif committed:
        for sweeper, at in bells:
            _defer(sweeper, at)


@contextmanager
def one_peal() -> Iterator[None]:
    """Hand over the hints of all transactions within once, when the block ends. For blocks of a second or so."""
    peal: set[tuple[str, datetime | None]] = set()
    token = _peal.set(peal)
    try:
        yield
    finally:
        _peal.reset(token)
        for sweeper, at in peal:
            _defer(sweeper, at)


def _defer(sweeper: str, at: datetime | None) -> None:
    """Defer the hint. One that rings again within a second looks first: a refused insert costs more than a look. One for
    later has a lock of its own, as it mustn't stand in the way of one for now.
    """
    lock = f"sweep:{sweeper}:{at:%H%M%S}" if at else f"sweep:{sweeper}"
    try:
        if at is None and _rang_just_now(sweeper) and _is_waiting(sweeper):
            return
        app.configure_task("tallystick.sweep", queueing_lock=lock, schedule_at=at).defer(sweeper=sweeper)
    except AlreadyEnqueued:
        return
    except ConnectorException:
        log.warning("no hint for %s: its sweep comes anyway", sweeper, exc_info=True)


def _rang_just_now(sweeper: str) -> bool:
    now, before = time.monotonic(), _rung.get(sweeper, 0.0)
    _rung[sweeper] = now
    return now - before < 1


def _is_waiting(sweeper: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [f"sweep:{sweeper}"])
        return cursor.fetchone() is not None
