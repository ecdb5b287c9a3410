"""Flows to be killed at an armed point, each in a fresh fork of a process that has everything loaded and nothing open.

`python -m tallystick.testing.crash_flow` reads one JSON object a line ({"flow", "crash_at", …}) and answers each with the
exit code of the fork that ran it: 0 when it survived, 137 when it died where it was told to.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import django

django.setup()

from tallystick.base import clock, http
from tallystick.base.crashpoint import arm
from tallystick.invoices.issue import issue_invoices
from tallystick.invoices.send import send_document
from tallystick.payments.collect import cancel_charge, send_charge
from tallystick.payments.refund import request_refund, send_refund
from tallystick.payments.run import run_scheduled_charge
from tallystick.payments.start import start_charge
from tallystick.pdf import port as pdf
from tallystick.worker.sweeps import SWEEPS, drain, sweep_inbox

Given = Mapping[str, str]


def issue(given: Given) -> None:
    """Issue a draft and react to it."""
    now = datetime.fromisoformat(given["now"])
    issue_invoices(seller_id=UUID(given["seller"]), invoice_ids=[UUID(given["invoice"])], now=now, today=now.date())
    drain(UUID(given["seller"]))


def send(given: Given) -> None:
    """Send an invoice by email."""
    send_document(
        seller_id=UUID(given["seller"]),
        invoice_id=UUID(given["invoice"]),
        message_id=UUID(given["message"]),
        recipients=["nora@kestrel.example"],
        subject="Invoice",
        body="Here it is.",
        now=datetime.fromisoformat(given["now"]),
    )
    drain(UUID(given["seller"]))


def pay(given: Given) -> None:
    """Reserve a charge, and open the gateway's page or charge the kept card while the customer is there."""
    seller_id, now = UUID(given["seller"]), datetime.fromisoformat(given["now"])
    attempt = start_charge(
        seller_id=seller_id,
        invoice_id=UUID(given["invoice"]),
        gateway_account_id=UUID(given["account"]),
        amount_minor=None,
        attempt_id=UUID(given["attempt"]),
        payment_method_id=UUID(given["method"]) if given.get("method") else None,
        language="en",
        now=now,
    )
    send_charge(seller_id=seller_id, attempt_id=attempt.id, now=now)


def charge(given: Given) -> None:
    """Run a scheduled charge whose time has come."""
    now = datetime.fromisoformat(given["now"])
    run_scheduled_charge(seller_id=UUID(given["seller"]), charge_id=UUID(given["charge"]), now=now)


def cancel(given: Given) -> None:
    """Close an open page at the gateway."""
    now = datetime.fromisoformat(given["now"])
    cancel_charge(seller_id=UUID(given["seller"]), attempt_id=UUID(given["attempt"]), now=now)


def refund(given: Given) -> None:
    """Ask for a refund of half a payment, and order it."""
    seller_id, now = UUID(given["seller"]), datetime.fromisoformat(given["now"])
    row = request_refund(
        seller_id=seller_id,
        refund_id=UUID(given["refund"]),
        payment_id=UUID(given["payment"]),
        amount_minor=int(given["amount"]),
        reason="half",
        now=now,
    )
    send_refund(seller_id=seller_id, refund_id=row.id, now=now)


def recover(given: Given) -> None:
    """What the worker does with the money that was on its way, a while later."""
    with clock.at(datetime.fromisoformat(given["now"]) + timedelta(minutes=int(given["minutes"]))):
        for name in ("inbox", "attempts", "charges", "refunds", "events"):
            SWEEPS[name](UUID(given["seller"]))


def webhook(given: Given) -> None:
    """Act on the webhooks that wait, and on what follows from them."""
    sweep_inbox(UUID(given["seller"]))
    drain(UUID(given["seller"]))


FLOWS: Mapping[str, Callable[[Given], None]] = {
    "issue": issue,
    "send": send,
    "pay": pay,
    "charge": charge,
    "cancel": cancel,
    "refund": refund,
    "recover": recover,
    "webhook": webhook,
}


def main() -> None:
    """Fork for each line, and say how the fork ended."""
    http.warm_up()
    pdf.warm_up()
    for line in sys.stdin:
        given = json.loads(line)
        child = os.fork()
        if not child:
            _run(given)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run(given: Given) -> None:
    if given["crash_at"]:
        arm(given["crash_at"])
    try:
        FLOWS[given["flow"]](given)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
