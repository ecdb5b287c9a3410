"""Pages of money that goes back, is settled and is compared: refunds, disputes, payouts, breaks, the allocation desk."""

from __future__ import annotations

from django.urls import URLPattern, path

from tallystick.staff.views import desk, disputes, payouts, refunds

urlpatterns: list[URLPattern] = [
    path("payments/<uuid:payment_id>/refund", refunds.new, name="payment-refund"),
    path("payments/<uuid:payment_id>/keep", refunds.keep, name="payment-keep"),
    path("allocations/<uuid:allocation_id>/move", desk.move, name="allocation-move"),
    path("refunds", refunds.refunds, name="refunds"),
    path("refunds/<uuid:refund_id>/approve", refunds.approve, name="refund-approve"),
    path("refunds/<uuid:refund_id>/reject", refunds.reject, name="refund-reject"),
    path("disputes", disputes.disputes, name="disputes"),
    path("credit", desk.credit, name="credit"),
    path("credit/<uuid:customer_id>/apply", desk.apply, name="credit-apply"),
    path("payouts", payouts.payouts, name="payouts"),
    path("payouts/breaks", payouts.breaks, name="breaks"),
    path("payouts/breaks/<uuid:break_id>/close", payouts.close, name="break-close"),
    path("payouts/accounts/<uuid:account_id>/compare", payouts.compare, name="account-compare"),
    path("payouts/<uuid:payout_id>", payouts.payout, name="payout"),
    path("invoices/<uuid:invoice_id>/write-off", desk.give_up, name="invoice-write-off"),
]
