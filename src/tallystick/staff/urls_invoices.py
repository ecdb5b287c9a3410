"""Pages of documents: the list, the document, the editor, the compose screen."""

from __future__ import annotations

from django.urls import path

from tallystick.staff.views import compose, editor, invoice_actions, invoices

urlpatterns = [
    path("invoices", invoices.invoices, name="invoices"),
    path("invoices/bulk", invoice_actions.bulk, name="invoices-bulk"),
    path("invoices/new", editor.new, name="invoice-new"),
    path("invoices/price", editor.price, name="invoice-price"),
    path("invoices/customers", editor.find_customers, name="invoice-customers"),
    path("invoices/items", editor.find_items, name="invoice-items"),
    path("invoices/<uuid:invoice_id>", invoices.invoice, name="invoice"),
    path("invoices/<uuid:invoice_id>/edit", editor.edit, name="invoice-edit"),
    path("invoices/<uuid:invoice_id>/pdf", invoices.pdf, name="invoice-pdf"),
    path("invoices/<uuid:invoice_id>/send", compose.compose, name="invoice-send"),
    path("invoices/<uuid:invoice_id>/send/preview", compose.preview, name="invoice-send-preview"),
    path("invoices/<uuid:invoice_id>/issue", invoice_actions.issue, name="invoice-issue"),
    path("invoices/<uuid:invoice_id>/unsend/<uuid:message_id>", compose.unsend, name="invoice-unsend"),
    path("invoices/<uuid:invoice_id>/unplan", invoice_actions.unplan, name="invoice-unplan"),
    path("invoices/<uuid:invoice_id>/discard", invoice_actions.discard, name="invoice-discard"),
    path("invoices/<uuid:invoice_id>/duplicate", invoice_actions.duplicate, name="invoice-duplicate"),
    path("invoices/<uuid:invoice_id>/mark-sent", invoice_actions.mark_as_sent, name="invoice-mark-sent"),
    path("invoices/<uuid:invoice_id>/replace-link", invoice_actions.new_link, name="invoice-replace-link"),
    path("invoices/<uuid:invoice_id>/void", invoice_actions.void, name="invoice-void"),
    path("invoices/<uuid:invoice_id>/credit", invoice_actions.credit, name="invoice-credit"),
    path("invoices/<uuid:invoice_id>/files", invoice_actions.attach, name="invoice-attach"),
    path("invoices/<uuid:invoice_id>/files/<uuid:attachment_id>", invoices.file, name="invoice-file"),
    path("invoices/<uuid:invoice_id>/files/<uuid:attachment_id>/remove", invoice_actions.detach, name="invoice-detach"),
    path("invoices/<uuid:invoice_id>/emails/<uuid:message_id>/retry", invoice_actions.retry, name="message-retry"),
    path("invoices/<uuid:invoice_id>/emails/<uuid:message_id>/now", invoice_actions.send_at_once, name="message-now"),
    path("invoices/<uuid:invoice_id>/emails/<uuid:message_id>/cancel", invoice_actions.cancel, name="message-cancel"),
]
