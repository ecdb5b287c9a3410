"""Hints to the workers: after a commit, say that a sweeper has something to do.

A hint may be lost, doubled or late; due work is always found again from the domain rows. So it is given after the
commit, outside the transaction, and its failure is nobody's failure.
"""

from __future__ import annotations

import logging
import time
from contextvars import ContextVar

from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

log = logging.getLogger(__name__)
_WAITING = "SELECT 1 FROM procrastinate_jobs WHERE queueing_lock = %s AND status = 'todo'"
_rung: dict[str, float] = {}
_bells: ContextVar[set[str] | None] = ContextVar("bells", default=None)


def open_bells() -> object:
    """Start collecting hints; `tenant.tx` does this around a transaction."""
    return _bells.set(set())


def ring(sweeper: str) -> None:
    """Ask for a sweeper (a name in the worker's timetable) once the transaction commits."""
    bells = _bells.get()
    if bells is not None:
        bells.add(sweeper)


def close_bells(token: object, *, committed: bool) -> None:
    """Stop collecting; after a commit, hand the hints over."""
    bells = _bells.get() or set()
    _bells.reset(token)  # type: ignore[arg-type]
    if committed:
        for sweeper in bells:
            _defer(sweeper)


def _defer(sweeper: str) -> None:
    """Defer the hint. One that rings again within a second looks first: a refused insert costs more than a look."""
    now, before = time.monotonic(), _rung.get(sweeper, 0.0)
    _rung[sweeper] = now
    try:
        if now - before < 1 and _is_waiting(sweeper):
            return
        app.configure_task("tallystick.sweep", queueing_lock=f"sweep:{sweeper}").defer(sweeper=sweeper)
    except AlreadyEnqueued:
        return
    except ConnectorException:
        log.warning("no hint for %s: its sweep comes anyway", sweeper, exc_info=True)


def _is_waiting(sweeper: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [f"sweep:{sweeper}"])
        return cursor.fetchone() is not None
