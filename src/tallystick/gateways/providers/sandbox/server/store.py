"""The sandbox's truth: one SQLite file, one writer at a time, one clock that can be moved forward."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

DAY_S = 86400
_VERSION = 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS clock (id INTEGER PRIMARY KEY CHECK (id = 1), advance_s REAL NOT NULL, payout_at REAL);
INSERT OR IGNORE INTO clock VALUES (1, 0, NULL);
CREATE TABLE IF NOT EXISTS account (
  key TEXT PRIMARY KEY, name TEXT NOT NULL, webhook_urls TEXT NOT NULL DEFAULT '', webhook_secret TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS customer (
  ref TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account, email TEXT NOT NULL, created_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS method (
  ref TEXT PRIMARY KEY, account TEXT NOT NULL, customer TEXT NOT NULL REFERENCES customer, card TEXT NOT NULL,
  expiry_month INTEGER NOT NULL, expiry_year INTEGER NOT NULL, charges_tried INTEGER NOT NULL DEFAULT 0,
  created_at REAL NOT NULL, removed_at REAL);
CREATE INDEX IF NOT EXISTS method_of_customer ON method (customer);
CREATE TABLE IF NOT EXISTS session (
  ref TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account,
  kind TEXT NOT NULL CHECK (kind IN ('session', 'charge', 'dashboard')), client_reference TEXT NOT NULL,
  amount_minor INTEGER NOT NULL CHECK (amount_minor > 0 OR (amount_minor = 0 AND saves AND kind = 'session')),
  currency TEXT NOT NULL, description TEXT NOT NULL, return_url TEXT NOT NULL, customer_email TEXT NOT NULL,
  language TEXT NOT NULL, customer TEXT REFERENCES customer, saves INTEGER NOT NULL DEFAULT 0,
  method TEXT REFERENCES method,
  state TEXT NOT NULL CHECK (state IN ('open', 'processing', 'paid', 'failed', 'expired')),
  created_at REAL NOT NULL, expires_at REAL NOT NULL, cancel_at REAL, late_charge_at REAL);
CREATE INDEX IF NOT EXISTS session_by_reference ON session (account, client_reference);
CREATE INDEX IF NOT EXISTS session_to_expire ON session (expires_at) WHERE state = 'open' AND cancel_at IS NULL;
CREATE INDEX IF NOT EXISTS session_to_cancel ON session (cancel_at) WHERE state IN ('open', 'processing') AND cancel_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS session_to_charge_late ON session (late_charge_at) WHERE late_charge_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS try (
  id TEXT PRIMARY KEY, session TEXT NOT NULL REFERENCES session, method_label TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('challenge', 'processing', 'succeeded', 'declined', 'dropped')),
  code TEXT NOT NULL DEFAULT '', at REAL NOT NULL, settle_at REAL, settles_as TEXT NOT NULL DEFAULT '',
  card TEXT NOT NULL, expiry_month INTEGER NOT NULL, expiry_year INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS try_of_session ON try (session);
CREATE INDEX IF NOT EXISTS try_to_settle ON try (settle_at) WHERE outcome = 'processing';
CREATE TABLE IF NOT EXISTS charge (
  n INTEGER PRIMARY KEY AUTOINCREMENT, ref TEXT NOT NULL UNIQUE, session TEXT NOT NULL REFERENCES session,
  account TEXT NOT NULL, take INTEGER NOT NULL, amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, at REAL NOT NULL,
  method_label TEXT NOT NULL, refunded_minor INTEGER NOT NULL DEFAULT 0, dispute_at REAL, changed_at REAL NOT NULL,
  is_hidden INTEGER NOT NULL DEFAULT 0,
  CHECK (refunded_minor BETWEEN 0 AND amount_minor), UNIQUE (session, take));
CREATE INDEX IF NOT EXISTS charge_to_dispute ON charge (dispute_at) WHERE dispute_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS charge_by_change ON charge (account, changed_at, n);
CREATE TABLE IF NOT EXISTS refund (
  ref TEXT PRIMARY KEY, charge TEXT NOT NULL REFERENCES charge (ref), refund_id TEXT,
  amount_minor INTEGER NOT NULL CHECK (amount_minor > 0), at REAL NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('processing', 'succeeded', 'failed')), settle_at REAL, settles_as TEXT);
CREATE INDEX IF NOT EXISTS refund_of_charge ON refund (charge);
CREATE INDEX IF NOT EXISTS refund_to_settle ON refund (settle_at) WHERE settle_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS dispute (
  ref TEXT PRIMARY KEY, charge TEXT NOT NULL UNIQUE REFERENCES charge (ref), amount_minor INTEGER NOT NULL,
  reason TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('needs_response', 'under_review', 'won', 'lost')),
  at REAL NOT NULL, evidence_due_at REAL NOT NULL, evidence TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS dispute_to_answer ON dispute (evidence_due_at) WHERE state = 'needs_response';
CREATE TABLE IF NOT EXISTS movement (
  n INTEGER PRIMARY KEY AUTOINCREMENT, ref TEXT NOT NULL UNIQUE, account TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('charge', 'refund', 'refund_failure', 'dispute', 'dispute_reversal', 'payout')),
  amount_minor INTEGER NOT NULL, fee_minor INTEGER NOT NULL, currency TEXT NOT NULL, at REAL NOT NULL,
  source TEXT NOT NULL, charge TEXT, payout TEXT REFERENCES payout, changed_at REAL NOT NULL,
  is_hidden INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS movement_by_change ON movement (account, changed_at, n);
CREATE INDEX IF NOT EXISTS movement_of_payout ON movement (payout);
CREATE INDEX IF NOT EXISTS movement_to_pay_out ON movement (account, currency, at) WHERE payout IS NULL;
CREATE TABLE IF NOT EXISTS payout (
  ref TEXT PRIMARY KEY, account TEXT NOT NULL, amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
  currency TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('in_transit', 'paid')), at REAL NOT NULL,
  arrives_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS payout_to_arrive ON payout (arrives_at) WHERE state = 'in_transit';
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
CREATE INDEX IF NOT EXISTS event_of_reference ON event (account, client_reference);
CREATE INDEX IF NOT EXISTS delivery_of_event ON delivery (event);
CREATE INDEX IF NOT EXISTS delivery_held ON delivery (account) WHERE is_held AND state = 'pending';
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (due_at) WHERE state = 'pending';
CREATE TABLE IF NOT EXISTS fault (
  n INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, client_reference TEXT, operation TEXT, remaining INTEGER,
  params TEXT NOT NULL, until REAL, hits INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS fault_armed ON fault (client_reference, kind) WHERE remaining <> 0;
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
    """The file. A commit survives a killed process; nothing half done ever does.

    `days_ahead`: a file that says by how many days the clock is ahead, which the demo's visitors move.
    """

    def __init__(self, path: Path, days_ahead: Path | None = None) -> None:
        self._lock, self._days_ahead = threading.Lock(), days_ahead
        _put_aside_if_older(path)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.executescript(_SCHEMA)
        self._db.execute(f"PRAGMA user_version = {_VERSION}")

    @contextmanager
    def tx(self) -> Iterator[Tx]:
        """One transaction; nothing inside may wait on a socket."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                advance_s = float(self._db.execute("SELECT advance_s FROM clock").fetchone()[0])
                yield Tx(self._db, time.time() + advance_s + self._ahead_s())
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _ahead_s(self) -> float:
        try:
            return DAY_S * int(self._days_ahead.read_text()) if self._days_ahead else 0
        except (OSError, ValueError):
            return 0

    def close(self) -> None:
        """Close the file once the running transaction has ended."""
        with self._lock:
            self._db.close()


def _put_aside_if_older(path: Path) -> None:
    """A file of an older release is kept as `<name>.old`; the sandbox begins anew, for no real money is in it."""
    if not path.exists():
        return
    with closing(sqlite3.connect(path)) as db:
        [version] = db.execute("PRAGMA user_version").fetchone()
        is_empty = db.execute("SELECT 1 FROM sqlite_master").fetchone() is None
    if version < _VERSION and not is_empty:
        path.replace(path.with_name(path.name + ".old"))


def instant(at: float) -> str:
    """Epoch seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat()
