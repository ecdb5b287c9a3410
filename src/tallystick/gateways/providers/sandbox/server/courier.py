"""Delivers webhooks: signed, at least once, one at a time for each account, again and again until somebody says 2xx."""

from __future__ import annotations

import itertools
import logging
import secrets
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from sqlite3 import Row

from tallystick.gateways import signatures
from tallystick.gateways.providers.sandbox.server.due import settle_due
from tallystick.gateways.providers.sandbox.server.store import Store

RETRY_S = (1, 2, 5, 15, 60, 300, 1800, 3600, 7200, 14400, 28800, 86400, 86400, 86400)
_TICK_S = 0.1
_TIMEOUT_S = 10
_STALE_S = 3600

log = logging.getLogger(__name__)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


class Courier:
    """A background thread that lets time pass (`settle_due`) and carries deliveries out."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_stopping = threading.Event()
        self._busy: set[str] = set()
        self._guard = threading.Lock()
        self._pool = ThreadPoolExecutor(8, "delivery")
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is on its way, start nothing new."""
        self._is_stopping.set()
        self._thread.join()
        self._pool.shutdown(cancel_futures=True)

    def _run(self) -> None:
        while not self._is_stopping.wait(_TICK_S):
            try:
                self._hand_out()
            except Exception:
                log.exception("courier")

    def _hand_out(self) -> None:
        with self._store.tx() as tx:
            settle_due(tx)
            due = tx.all(
                """SELECT delivery.n, delivery.account, url, tries, mode, event, body, webhook_secret
                   FROM delivery JOIN event ON event.id = event JOIN account ON account.key = delivery.account
                   WHERE delivery.state = 'pending' AND due_at <= ? ORDER BY delivery.account, due_at, delivery.n LIMIT 500""",
                tx.now,
            )
        for account, rows in itertools.groupby(due, lambda row: str(row["account"])):
            with self._guard:
                if account in self._busy:
                    continue
                self._busy.add(account)
            self._pool.submit(self._deliver_all, account, list(rows))

    def _deliver_all(self, account: str, rows: list[Row]) -> None:
        try:
            for row in rows:
                if self._is_stopping.is_set():
                    return
                self._deliver(row)
        except Exception:
            log.exception("delivery")
        finally:
            with self._guard:
                self._busy.discard(account)

    def _deliver(self, row: Row) -> None:
        key = signatures.read_secret(row["webhook_secret"])
        stamp, body = int(time.time()), bytes(row["body"])
        if row["mode"] == "forged":
            key = secrets.token_bytes(32)
        if row["mode"] == "stale" and row["tries"] == 0:
            stamp -= _STALE_S
        request = urllib.request.Request(row["url"], data=body, method="POST")  # noqa: S310
        request.add_header("Content-Type", "application/json")
        request.add_header("webhook-id", row["event"])
        request.add_header("webhook-timestamp", str(stamp))
        request.add_header(
            "webhook-signature", signatures.sign(key=key, event_id=row["event"], timestamp_s=stamp, body=body)
        )
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                is_taken = 200 <= answer.status < 300
        except (OSError, ValueError, urllib.error.URLError):
            is_taken = False
        except Exception:
            log.exception("delivery to %s", row["url"])
            is_taken = False
        self._note(row, is_taken=is_taken)

    def _note(self, row: Row, *, is_taken: bool) -> None:
        tries = row["tries"] + 1
        is_over = tries > len(RETRY_S) or row["mode"] == "forged"
        state = "done" if is_taken else "failed" if is_over else "pending"
        with self._store.tx() as tx:
            wait_s = 0 if state != "pending" else RETRY_S[tries - 1]
            tx.run(
                "UPDATE delivery SET state = ?, tries = ?, due_at = ? WHERE n = ?",
                state,
                tries,
                tx.now + wait_s,
                row["n"],
            )
