"""Looking back: the ledger's trial balance and the audit log."""

from __future__ import annotations

from itertools import groupby
from typing import Any, NamedTuple

from django.http import HttpResponse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from tallystick.ledger.queries import AccountTotal, trial_balance
from tallystick.reports.audit import TABLES, audit_page
from tallystick.sellers.queries import names_of
from tallystick.sellers.roles import AUDIT, LEDGER
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.views.answer import page


class CurrencyBook(NamedTuple):
    """The book in one currency; `difference_minor` is 0, or something is very wrong."""

    currency: str
    rows: list[tuple[str, AccountTotal]]
    debit_minor: int
    credit_minor: int

    @property
    def difference_minor(self) -> int:
        """Debits less credits."""
        return self.debit_minor - self.credit_minor


def account_name(account: str) -> str:
    """Return what people call an account."""
    named = {
        "receivable": _("Customers owe us"),
        "unapplied": _("Customers' credit"),
        "revenue": _("Revenue"),
        "tax_payable": _("Tax to pay"),
        "rounding": _("Rounding"),
        "write_off": _("Written off"),
        "bank": _("Bank"),
        "cash": _("Cash"),
        "cheques": _("Cheques"),
        "card_machine": _("Card machine"),
        "disputed": _("Held in disputes"),
        "suspense": _("To be cleared up"),
        "gateway_fees": _("Providers' fees"),
        "gateway_adjustments": _("Providers' adjustments"),
        "exchange": _("Changed between currencies"),
    }
    kind, _colon, name = account.partition(":")
    if kind == "clearing":
        return _("Held by %(gateway)s until paid out") % {"gateway": name}
    return named.get(account, account)


@door(LEDGER)
def ledger(request: StaffRequest) -> HttpResponse:
    """Show debits and credits per account and currency; each currency sums to zero."""
    try:
        on = parse_date(request.GET.get("on", ""))
    except ValueError:
        on = None
    books = []
    for currency, rows in groupby(trial_balance(on=on), key=lambda row: row.currency):
        held = [(account_name(row.account), row) for row in rows]
        debit, credit = sum(row.debit_minor for _n, row in held), sum(row.credit_minor for _n, row in held)
        books.append(CurrencyBook(currency, held, debit, credit))
    return page(request, "ledger", nav="ledger", books=books, on=on)


@door(AUDIT)
def audit(request: StaffRequest) -> HttpResponse:
    """Show who changed which setting, from what to what."""
    table = request.GET.get("of", "") if request.GET.get("of") in TABLES else ""
    entries, following = audit_page(table=table, cursor=request.GET.get("after", ""))
    people = names_of({entry.actor_id for entry in entries if entry.actor_id})
    tables = _tables()
    return page(
        request,
        "audit",
        nav="audit",
        rows=[
            (entry, tables.get(entry.table, entry.table), people.get(entry.actor_id) if entry.actor_id else None)
            for entry in entries
        ],
        next=following,
        first_page=not request.GET.get("after"),
        of=table,
        tables=[(key, tables[key]) for key in TABLES],
    )


def _tables() -> dict[str, Any]:
    return {
        "customer": _("Customer"),
        "tax_rate": _("Tax rate"),
        "bank_account": _("Bank account"),
        "member": _("Member"),
        "gateway_account": _("Online payments"),
        "number_series": _("Numbering"),
        "seller": _("Business"),
    }
