"""The only way into the database: one seller, one transaction.

Row-level security compares each row's `seller_id` with the setting `app.seller`, which lives only as long as the
transaction. With nothing set, a query sees no rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from django.db import Error, connection, transaction
from psycopg import errors
from psycopg.pq import ExecStatus

from tallystick.base.bell import close_bells, open_bells
from tallystick.base.crashpoint import crashpoint
from tallystick.base.tx import inside

_BEGIN, _READ_ONLY = "BEGIN", "BEGIN READ ONLY"
_current: ContextVar[UUID | None] = ContextVar("current_seller", default=None)


class WrongSeller(AssertionError):
    """Code working for one seller tried to open another seller's transaction."""


@contextmanager
def tx(seller_id: UUID, *, actor_id: UUID | None = None, read_only: bool = False) -> Iterator[None]:
    """Open a transaction that sees exactly one seller's rows; a nested call for the same seller joins it.

    `actor_id` is the person on whose behalf the audit trail records changes; `read_only` makes the database refuse
    every write, which is how a GET is kept from paying, approving or counting as viewed.
    Raises WrongSeller when nested for another seller.
    """
    outer = _current.get()
    if outer is not None:
        if outer != seller_id:
            raise WrongSeller(f"{seller_id} inside a transaction of {outer}")
        with transaction.atomic(savepoint=False):
            yield
        return
    token, bells, committed = _current.set(seller_id), open_bells(), False
    try:
        with transaction.atomic(), inside():
            _enter(seller_id, actor_id, read_only)
            yield
            crashpoint("commit.before")
        crashpoint("commit.after")
        committed = True
    finally:
        _current.reset(token)
        close_bells(bells, committed=committed)


def _enter(seller_id: UUID, actor_id: UUID | None, read_only: bool) -> None:
    """Begin and say who it is, in one message to the server; psycopg sees that a transaction is open and begins none.

    Everything begins with this: as two statements by way of the ORM it took three times as long.
    """
    actor = actor_id.hex if actor_id else ""
    say = f"SELECT set_config('app.seller', '{seller_id.hex}', true), set_config('app.actor', '{actor}', true)"
    with connection.wrap_database_errors:
        result = connection.connection.pgconn.exec_(f"{_READ_ONLY if read_only else _BEGIN}; {say}".encode())
        if result.status != ExecStatus.TUPLES_OK:
            raise errors.error_from_result(result)


def is_foreign(error: Error) -> bool:
    """Return whether a write failed because the id it was to have is another seller's row, which we can't see."""
    cause = error.__cause__
    if isinstance(cause, errors.UniqueViolation):
        return (cause.diag.constraint_name or "").endswith("_pkey")
    return isinstance(cause, errors.InsufficientPrivilege) and "row-level security" in str(cause)
