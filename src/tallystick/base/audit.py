"""The audit trail: rows a trigger writes, read page by page."""

from __future__ import annotations

from tallystick.base.models import AuditRow
from tallystick.base.pages import Page, keyset_page


def audit_rows(*, table: str = "", cursor: str = "", size: int = 50) -> Page[AuditRow]:
    """Return one page of changes, newest first, optionally of one table. One query. Inside `tenant.tx`."""
    rows = AuditRow.objects.filter(table_name=table) if table else AuditRow.objects.all()
    return keyset_page(rows, keys=("-id",), cursor=cursor, size=size)
