"""Files that travel with a document."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.invoices.errors import InvoiceError, NoSuchInvoice
from tallystick.invoices.models import Attachment, Invoice

MAX_BYTES = 10 * 1024 * 1024
MAX_FILES = 10
_NEVER = (".exe", ".bat", ".cmd", ".com", ".js", ".vbs", ".scr", ".msi", ".html", ".htm", ".svg", ".xhtml")


class FileRefused(InvoiceError):
    """The file can't travel with a document; `reason` is one of empty, too_big, too_many, unsafe."""

    code = "file_refused"

    def __init__(self, reason: str) -> None:
        """Keep the reason for the door."""
        super().__init__(reason)
        self.reason = reason


def attach_file(
    *, seller_id: UUID, invoice_id: UUID, name: str, content_type: str, content: bytes, now: datetime
) -> UUID:
    """Keep a file (at most 10 MB, ten per document, no programs or web pages) with a document and return its id."""
    with tenant.tx(seller_id):
        if not Invoice.objects.filter(id=invoice_id).exists():
            raise NoSuchInvoice(str(invoice_id))
        _check(name, content, Attachment.objects.filter(invoice_id=invoice_id).count())
        row = Attachment.objects.create(
            id=new_id(),
            seller_id=seller_id,
            invoice_id=invoice_id,
            name=name.replace("/", "_").replace("\\", "_")[-200:],
            content_type=content_type[:100] or "application/octet-stream",
            size=len(content),
            sha256=hashlib.sha256(content).digest(),
            content=content,
            created_at=now,
        )
        return row.id


def remove_file(*, seller_id: UUID, invoice_id: UUID, attachment_id: UUID) -> None:
    """Take a file off a document. Idempotent."""
    with tenant.tx(seller_id):
        Attachment.objects.filter(id=attachment_id, invoice_id=invoice_id).delete()


def _check(name: str, content: bytes, already: int) -> None:
    if not content:
        raise FileRefused("empty")
    if len(content) > MAX_BYTES:
        raise FileRefused("too_big")
    if already >= MAX_FILES:
        raise FileRefused("too_many")
    if name.lower().endswith(_NEVER):
        raise FileRefused("unsafe")
