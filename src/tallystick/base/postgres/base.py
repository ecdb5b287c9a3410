"""The engine of DATABASES. psycopg forgets what it prepared on every rollback, and all beyond a hundred statements; we have
more than that, and a refused verb is an everyday rollback. Planning them anew cost a third of the model's walk."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.utils import debug_transaction
from psycopg import errors
from psycopg.pq import ExecStatus, TransactionStatus

PREPARED_MOST = 500
"""Five times what psycopg remembers; a thousand were no faster in the model's walk."""


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that keeps what it prepared over a rollback. That is safe where no schema changes: migrations run over
    the connection `owner`, which is Django's own kind."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect, with room for all statements."""
        made = super().get_new_connection(conn_params)
        made.prepared_max = PREPARED_MOST
        return made

    def _rollback(self) -> None:
        if self.connection is not None and self.connection.pgconn.transaction_status != TransactionStatus.IDLE:
            self._say("ROLLBACK")

    def _savepoint_rollback(self, sid: str) -> None:
        self._say(self.ops.savepoint_rollback_sql(sid))

    def _say(self, command: str) -> None:
        """Say it to the server past psycopg, which would forget."""
        with debug_transaction(self, command), self.wrap_database_errors:
            done = self.connection.pgconn.exec_(command.encode())
            if done.status != ExecStatus.COMMAND_OK:
                raise errors.error_from_result(done)
