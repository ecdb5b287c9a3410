"""The sandbox's truth: one SQLite file, one writer at a time, one clock that can be moved forward."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS clock (id INTEGER PRIMARY KEY CHECK (id = 1), advance_s REAL NOT NULL);
INSERT OR IGNORE INTO clock VALUES (1, 0);
CREATE TABLE IF NOT EXISTS account (
  key TEXT PRIMARY KEY, name TEXT NOT NULL, webhook_urls TEXT NOT NULL DEFAULT '', webhook_secret TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS session (
  ref TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account, client_reference TEXT NOT NULL,
  amount_minor INTEGER NOT NULL CHECK (amount_minor > 0), currency TEXT NOT NULL, description TEXT NOT NULL,
  return_url TEXT NOT NULL, customer_email TEXT NOT NULL, language TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'processing', 'paid', 'failed', 'expired')),
  created_at REAL NOT NULL, expires_at REAL NOT NULL, cancel_at REAL, late_charge_at REAL);
CREATE INDEX IF NOT EXISTS session_by_reference ON session (account, client_reference);
CREATE INDEX IF NOT EXISTS session_to_expire ON session (min(expires_at, ifnull(cancel_at, expires_at))) WHERE state = 'open';
CREATE INDEX IF NOT EXISTS session_to_charge_late ON session (late_charge_at) WHERE late_charge_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS try (
  id TEXT PRIMARY KEY, session TEXT NOT NULL REFERENCES session, method_label TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('challenge', 'processing', 'succeeded', 'declined', 'dropped')),
  code TEXT NOT NULL DEFAULT '', at REAL NOT NULL, settle_at REAL, settles_as TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS try_of_session ON try (session);
CREATE INDEX IF NOT EXISTS try_to_settle ON try (settle_at) WHERE outcome = 'processing';
CREATE TABLE IF NOT EXISTS charge (
  n INTEGER PRIMARY KEY AUTOINCREMENT, ref TEXT NOT NULL UNIQUE, session TEXT NOT NULL REFERENCES session,
  account TEXT NOT NULL, take INTEGER NOT NULL, amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, at REAL NOT NULL,
  method_label TEXT NOT NULL, refunded_minor INTEGER NOT NULL DEFAULT 0, dispute_at REAL, disputed_at REAL,
  CHECK (refunded_minor BETWEEN 0 AND amount_minor), UNIQUE (session, take));
CREATE INDEX IF NOT EXISTS charge_to_dispute ON charge (dispute_at) WHERE dispute_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS charge_of_account ON charge (account, n);
CREATE TABLE IF NOT EXISTS refund (
  ref TEXT PRIMARY KEY, charge TEXT NOT NULL REFERENCES charge (ref), amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
  at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS refund_of_charge ON refund (charge);
CREATE TABLE IF NOT EXISTS idempotency (
  account TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body BLOB NOT NULL,
  at REAL NOT NULL, PRIMARY KEY (account, key));
CREATE TABLE IF NOT EXISTS event (
  id TEXT PRIMARY KEY, account TEXT NOT NULL, kind TEXT NOT NULL, client_reference TEXT NOT NULL, body BLOB NOT NULL,
  at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS delivery (
  n INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL REFERENCES event, account TEXT NOT NULL, url TEXT NOT NULL,
  due_at REAL NOT NULL, tries INTEGER NOT NULL DEFAULT 0, mode TEXT NOT NULL DEFAULT '', is_held INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'lost', 'failed')));
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (due_at) WHERE state = 'pending';
CREATE TABLE IF NOT EXISTS fault (
  n INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, client_reference TEXT, operation TEXT, remaining INTEGER,
  params TEXT NOT NULL, until REAL, hits INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS fault_of_one ON fault (client_reference, kind);
"""


@dataclass(frozen=True, slots=True)
class Tx:
    """An open transaction and its time: epoch seconds on the sandbox's own clock."""

    db: sqlite3.Connection
    now: float

    def one(self, sql: str, *values: object) -> sqlite3.Row | None:
        """The first row, or None."""
        row: sqlite3.Row | None = self.db.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Every row."""
        return self.db.execute(sql, values).fetchall()

    def run(self, sql: str, *values: object) -> int:
        """Change rows; returns how many."""
        return self.db.execute(sql, values).rowcount


class Store:
    """The file. A commit survives a killed process; nothing half done ever does."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.executescript(_SCHEMA)

    @contextmanager
    def tx(self) -> Iterator[Tx]:
        """One transaction; nothing inside may wait on a socket."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                advance_s = float(self._db.execute("SELECT advance_s FROM clock").fetchone()[0])
                yield Tx(self._db, time.time() + advance_s)
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file once the running transaction has ended."""
        with self._lock:
            self._db.close()


def instant(at: float) -> str:
    """Epoch seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat()
