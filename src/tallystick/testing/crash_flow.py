"""One flow in a process of its own, to be killed at an armed point: `python -m tallystick.testing.crash_flow FLOW JSON`."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from uuid import UUID

import django


def main(flow: str, given: dict[str, str]) -> None:
    """Run one flow to its end, unless a crash point is armed."""
    django.setup()
    from tallystick.base.ids import new_id
    from tallystick.invoices.issue import issue_invoices
    from tallystick.invoices.send import send_document
    from tallystick.payments.collect import send_charge
    from tallystick.payments.start import start_charge
    from tallystick.worker.sweeps import drain, sweep_inbox

    seller_id, invoice_id, now = UUID(given["seller"]), UUID(given["invoice"]), datetime.fromisoformat(given["now"])
    if flow == "issue":
        issue_invoices(seller_id=seller_id, invoice_ids=[invoice_id], now=now, today=now.date())
        drain(seller_id)
    elif flow == "send":
        send_document(
            seller_id=seller_id,
            invoice_id=invoice_id,
            message_id=UUID(given["message"]),
            recipients=["nora@kestrel.example"],
            subject="Invoice",
            body="Here it is.",
            now=now,
        )
        drain(seller_id)
    elif flow == "pay":
        attempt = start_charge(
            seller_id=seller_id,
            invoice_id=invoice_id,
            gateway_account_id=UUID(given["account"]),
            amount_minor=None,
            attempt_id=UUID(given["attempt"]) if given.get("attempt") else new_id(),
            language="en",
            now=now,
        )
        send_charge(seller_id=seller_id, attempt_id=attempt.id, now=now)
    elif flow == "webhook":
        sweep_inbox(seller_id)
        drain(seller_id)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
