"""What time alone brings."""

from __future__ import annotations

from tallystick.gateways.providers.sandbox.server.balance import settle_payouts
from tallystick.gateways.providers.sandbox.server.cards import BY_NUMBER
from tallystick.gateways.providers.sandbox.server.disputes import settle_disputes
from tallystick.gateways.providers.sandbox.server.events import record_event
from tallystick.gateways.providers.sandbox.server.payments import settle, take_money
from tallystick.gateways.providers.sandbox.server.refunds import settle_refunds
from tallystick.gateways.providers.sandbox.server.sessions import end_session
from tallystick.gateways.providers.sandbox.server.store import Tx


def settle_due(tx: Tx) -> None:
    """Slow payments and refunds settle, sessions expire, late charges and disputes appear, payouts go out and arrive."""
    for pending in tx.all("SELECT * FROM try WHERE outcome = 'processing' AND settle_at <= ?", tx.now):
        settle(tx, pending)
    for session in tx.all(
        """SELECT * FROM session WHERE state IN ('open', 'processing') AND cancel_at <= ?
             AND (state = 'open' OR kind = 'charge')
           UNION ALL SELECT * FROM session WHERE state = 'open' AND cancel_at IS NULL AND expires_at <= ?""",
        tx.now, tx.now,
    ):  # fmt: skip
        end_session(tx, session)
    for session in tx.all("SELECT * FROM session WHERE late_charge_at <= ?", tx.now):
        take_money(tx, session, BY_NUMBER["4242424242424242"].label)
        record_event(tx, session, "session.completed")
    settle_refunds(tx)
    settle_disputes(tx)
    settle_payouts(tx)
