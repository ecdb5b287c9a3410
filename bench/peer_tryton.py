"""Tryton's side of `bench/peers.py`: run by its own venv, in process through its own API, on the PostgreSQL server it is given.

Makes its database, says "ready", and then obeys lines of `draft COUNT` and `post COUNT` (invoices), answering in JSON.
"""

from __future__ import annotations

import datetime
import json
import sys
import time
from decimal import Decimal
from typing import Any

BATCH, CUSTOMERS = 25, 200
LINES = (("Planning drawings", 240, "3.80"), ("Design statements", 40, "14.50"), ("Monograph", 25, "18.40"))


def main() -> None:
    """Draft and post on demand, in batches, one transaction each."""
    from trytond.tests.test_tryton import DB_NAME

    given = _prepare()
    given["parties"] = _parties(DB_NAME, given)
    locks: dict[str, object] = {}
    drafts: list[int] = []
    print("ready", flush=True)
    for asked in sys.stdin:
        verb, count = asked.split()
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(int(count) // BATCH):
            if verb == "draft":
                drafts += _draft(DB_NAME, given)
            else:
                _post(DB_NAME, given["company"], drafts[:BATCH], locks)
                del drafts[:BATCH]
        spent = {"cpu_ms": (time.process_time() - cpu) * 1000, "wall_ms": (time.perf_counter() - wall) * 1000}
        print(json.dumps({**spent, **_posted(DB_NAME)}), flush=True)


def _prepare() -> dict[str, Any]:
    """A company with a chart of accounts, a fiscal year, a 20 % tax; the ids that an invoice needs."""
    from proteus import Model
    from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, create_tax, get_accounts
    from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences
    from trytond.modules.company.tests.tools import create_company, get_company
    from trytond.tests.tools import activate_modules

    activate_modules("account_invoice", create_company, create_chart)
    company, accounts = get_company(), get_accounts()
    set_fiscalyear_invoice_sequences(create_fiscalyear(today=datetime.datetime.now(datetime.UTC).date())).click(
        "create_period"
    )
    tax = create_tax(Decimal(".20"))
    tax.save()
    [journal] = Model.get("account.journal").find([("type", "=", "revenue")], limit=1)
    return {
        "company": company.id,
        "currency": company.currency.id,
        "receivable": accounts["receivable"].id,
        "revenue": accounts["revenue"].id,
        "tax": tax.id,
        "journal": journal.id,
    }


def _parties(database: str, given: dict[str, Any]) -> list[tuple[int, int]]:
    """Save the customers; return (party, address) of each."""
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    with Transaction().start(database, 1, context={"company": given["company"]}) as transaction:
        parties = (
            Pool()
            .get("party.party")
            .create([{"name": f"Customer {n}", "addresses": [("create", [{}])]} for n in range(CUSTOMERS)])
        )
        transaction.commit()
        return [(party.id, party.addresses[0].id) for party in parties]


def _draft(database: str, given: dict[str, Any]) -> list[int]:
    """Save one batch of drafts of three lines, each for another customer."""
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    with Transaction().start(database, 1, context={"company": given["company"]}) as transaction:
        lines = [
            {
                "type": "line",
                "description": text,
                "quantity": quantity,
                "unit_price": Decimal(price),
                "account": given["revenue"],
                "taxes": [("add", [given["tax"]])],
            }
            for text, quantity, price in LINES
        ]
        model = Pool().get("account.invoice")
        invoices = model.create(
            [
                {
                    "type": "out",
                    "company": given["company"],
                    "currency": given["currency"],
                    "party": party,
                    "invoice_address": address,
                    "account": given["receivable"],
                    "journal": given["journal"],
                    "invoice_date": datetime.datetime.now(datetime.UTC).date(),
                    "lines": [("create", lines)],
                }
                for party, address in given["parties"][:BATCH]
            ]
        )
        model.update_taxes(invoices)
        transaction.commit()
        given["parties"] = given["parties"][BATCH:] + given["parties"][:BATCH]
        return [invoice.id for invoice in invoices]


def _post(database: str, company: int, ids: list[int], locks: dict[str, object]) -> None:
    """Post one batch as Tryton's dispatcher does: when it asks for locks at the start, begin again with them.

    They are kept for the next batch, so that only the first pays for the second try.
    """
    from trytond.pool import Pool
    from trytond.transaction import Transaction, TransactionError

    while True:
        with Transaction().start(database, 1, context={"company": company}, **locks) as transaction:
            try:
                invoices = Pool().get("account.invoice")
                invoices.post(invoices.browse(ids))
                transaction.commit()
                return
            except TransactionError as refused:
                transaction.rollback()
                refused.fix(locks)


def _posted(database: str) -> dict[str, object]:
    """How many invoices are posted and numbered, and what the book sums to: the proof that the work was done."""
    from trytond.transaction import Transaction

    with Transaction().start(database, 1, readonly=True) as transaction:
        cursor = transaction.connection.cursor()
        cursor.execute("SELECT count(number), sum(total_amount_cache) FROM account_invoice WHERE state = 'posted'")
        count, total = cursor.fetchone()
        cursor.execute("SELECT sum(debit) - sum(credit) FROM account_move_line")
        [difference] = cursor.fetchone()
    return {"posted": count, "total": str(total), "book_difference": str(difference)}


if __name__ == "__main__":
    main()
