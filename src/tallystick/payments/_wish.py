"""From amounts per invoice, as staff think, to amounts per due item, as the book thinks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from tallystick.core.allocation import Allocation, allocate, allocate_exact
from tallystick.invoices.queries import OwedItem, oldest_open_items, open_items
from tallystick.payments.models import Payment


def share_payment(
    payment: Payment, amount_minor: int, wanted: Mapping[UUID, int] | None
) -> tuple[list[OwedItem], Allocation]:
    """Share out a payment's money as `wanted`, else to the oldest due first; return it with the items it was shared over.

    Under the customer's lock. Raises core's OverAllocated as `share_out` does.
    """
    if wanted is None:
        items = oldest_open_items(payment.customer_id, currency=payment.currency, amount_minor=amount_minor)
        return items, allocate(amount_minor, items, spill=True)
    items = open_items(payment.customer_id, currency=payment.currency, invoice_ids=list(wanted))
    return items, share_out(wanted, items, amount_minor=amount_minor)


def share_out(wanted: Mapping[UUID, int], items: Sequence[OwedItem], *, amount_minor: int) -> Allocation:
    """Spread each invoice's wish over its due items, oldest first, and check the whole against the amount.

    Raises core's OverAllocated when a wish exceeds what its invoice owes, or the wishes exceed the money.
    """
    by_invoice: dict[UUID, list[OwedItem]] = defaultdict(list)
    for item in items:
        by_invoice[item.invoice_id].append(item)
    exact: dict[UUID, int] = {}
    for invoice_id, amount in wanted.items():
        own = by_invoice.get(invoice_id, [])
        shared = allocate(amount, own, spill=True)
        exact.update({share.id: share.amount_minor for share in shared.shares})
        if shared.rest_minor:
            last = own[-1].id if own else invoice_id
            exact[last] = exact.get(last, 0) + shared.rest_minor
    return allocate_exact(exact, items, amount_minor=amount_minor)
