"""The PDF: rendered once after issue, stored with its hash, the same bytes ever after."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.invoices.models import Rendering
from tallystick.invoices.queries import Document, document, stored_pdf
from tallystick.pdf.port import render_document
from tallystick.sellers.queries import logo_of


def pdf_of(*, seller_id: UUID, invoice_id: UUID) -> tuple[Document, bytes]:
    """Return an issued document and its PDF without storing anything: the stored bytes, or the ones that would be.

    Opens read-only transactions of its own; the rendering stands between them. Raises NoSuchInvoice.
    """
    with tenant.tx(seller_id, read_only=True):
        found, content = document(invoice_id), stored_pdf(invoice_id)
        logo = logo_of(seller_id)
    return found, content or render_document(found.content, pay_url=found.pay_url, logo=logo)


def render_invoice(*, seller_id: UUID, invoice_id: UUID, now: datetime) -> bytes:
    """Render and store the PDF unless it is stored already, and return the stored bytes. Idempotent: the first one stays."""
    with tenant.tx(seller_id, read_only=True):
        if stored := stored_pdf(invoice_id):
            return stored
    _, content = pdf_of(seller_id=seller_id, invoice_id=invoice_id)
    with tenant.tx(seller_id):
        Rendering.objects.bulk_create(
            [
                Rendering(
                    id=new_id(),
                    seller_id=seller_id,
                    invoice_id=invoice_id,
                    sha256=hashlib.sha256(content).digest(),
                    content=content,
                    rendered_at=now,
                )
            ],
            ignore_conflicts=True,
        )
        return stored_pdf(invoice_id) or content
