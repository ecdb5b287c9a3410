"""Who changed which setting, when, from what to what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tallystick.base.audit import audit_rows
from tallystick.base.models import AuditRow

TABLES = ("customer", "tax_rate", "bank_account", "member", "gateway_account", "number_series", "seller")
_HIDDEN = frozenset({"id", "seller_id", "sort_key", "search", "logo"})


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change of one row; `action` is added, changed or removed; `name` is what people call the row."""

    at: datetime
    actor_id: UUID | None
    table: str
    row_id: UUID
    action: str
    name: str
    changes: tuple[Change, ...]


def audit_page(*, table: str = "", cursor: str = "", size: int = 50) -> tuple[Sequence[AuditEntry], str]:
    """Return one page of changes, newest first, optionally of one table, and the next page's cursor. One query."""
    page = audit_rows(table=table if table in TABLES else "", cursor=cursor, size=size)
    return [_entry(row) for row in page.rows], page.next_cursor


def _entry(row: AuditRow) -> AuditEntry:
    old, new = row.old or {}, row.new or {}
    action = "changed" if row.old and row.new else "added" if row.new else "removed"
    fields = [name for name in {**old, **new} if name not in _HIDDEN and old.get(name) != new.get(name)]
    changes = tuple(Change(name, old.get(name), new.get(name)) for name in fields)
    kept = new or old
    name = next((str(kept[key]) for key in ("name", "label", "iban", "pattern") if kept.get(key)), "")
    return AuditEntry(row.at, row.actor_id, row.table_name, row.row_id, action, name, changes)
