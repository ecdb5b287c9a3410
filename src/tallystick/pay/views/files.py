"""What a payer may take home: the invoice, the receipt, the logo."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from tallystick.invoices.render import pdf_of
from tallystick.pay.door import PayRequest, door, lost
from tallystick.payments.receipts import receipt_pdf
from tallystick.sellers.queries import logo_of


@door(own_transaction=True, kind="paper")
def pdf(request: PayRequest) -> HttpResponse:
    """The document: the stored bytes, or the ones that would be."""
    document, content = pdf_of(seller_id=request.counter.seller_id, invoice_id=request.counter.page.id)
    return _file(content, f"{document.number}.pdf")


@door(own_transaction=True)
def receipt(request: PayRequest, payment_id: UUID) -> HttpResponse:
    """The receipt of a payment that paid this document and no other."""
    page = request.counter.page
    if not any(each.id == payment_id and each.is_only_this for each in page.receipts):
        return lost(request)
    number, content = receipt_pdf(seller_id=page.seller_id, payment_id=payment_id)
    return _file(content, f"{number}.pdf")


@door(old_links=True, kind="paper")
def logo(request: PayRequest) -> HttpResponse:
    """The seller's logo, when it is too big to stand in the page."""
    content = logo_of(request.counter.seller_id)
    if content is None:
        return lost(request)
    return HttpResponse(content, content_type="image/png", headers={"Cache-Control": "private, max-age=86400"})


def _file(content: bytes, name: str) -> HttpResponse:
    headers: dict[str, Any] = {"Content-Disposition": content_disposition_header(True, name)}
    return HttpResponse(content, content_type="application/pdf", headers=headers)
