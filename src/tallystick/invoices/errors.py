"""What can go wrong with a document, each with a stable code."""

from __future__ import annotations


class InvoiceError(Exception):
    """A verb of this room refused. `code` is stable; the message is for logs, doors say it in the reader's words."""

    code = "invoice"


class NoSuchInvoice(InvoiceError):
    """There is no such document at this seller."""

    code = "no_such_invoice"


class AlreadyIssued(InvoiceError):
    """An issued document can't be edited; correct it by a credit note."""

    code = "already_issued"


class DraftChanged(InvoiceError):
    """Someone else saved the draft after the caller read it."""

    code = "draft_changed"


class NotIssuable(InvoiceError):
    """A draft lacks something; `reason` is one of empty, negative, no_series, not_ahead (its day has come)."""

    code = "not_issuable"

    def __init__(self, reason: str) -> None:
        """Keep the reason for the door."""
        super().__init__(reason)
        self.reason = reason


class NotVoidable(InvoiceError):
    """Money is on it or on its way; `reason` is one of draft, paid, credited, paying."""

    code = "not_voidable"

    def __init__(self, reason: str) -> None:
        """Keep the reason for the door."""
        super().__init__(reason)
        self.reason = reason


class OverCredited(InvoiceError):
    """A credit note may not exceed what is left of the invoice."""

    code = "over_credited"
