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

from tallystick.base.bell import close_bells, open_bells
from tallystick.base.crashpoint import crashpoint
from tallystick.base.tx import inside

_READ_ONLY = "set_config('transaction_read_only', 'on', true),"
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
    mode = _READ_ONLY if read_only else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {mode} set_config('app.seller', %s, true), set_config('app.actor', %s, true)",
            [str(seller_id), str(actor_id or "")],
        )


def is_foreign(error: Error) -> bool:
    """Return whether a write failed because the id it was to have is another seller's row, which we can't see."""
    cause = error.__cause__
    if isinstance(cause, errors.UniqueViolation):
        return (cause.diag.constraint_name or "").endswith("_pkey")
    return isinstance(cause, errors.InsufficientPrivilege) and "row-level security" in str(cause)
