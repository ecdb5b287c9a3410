"""Who may do what: one table, role by permission. Doors ask `allows`; the permission matrix test walks every route."""

from __future__ import annotations

VIEW = "view"
SELL = "sell"  # write and issue invoices and credit notes, send them
VOID = "void"
CUSTOMERS = "customers"
CATALOG = "catalog"
RECORD = "record"  # record money received by hand
ALLOCATE = "allocate"  # say which invoice money pays
CHARGE = "charge"  # charge kept cards, plan charges, the virtual terminal, payment links
REFUND = "refund"  # give money back, write small rests off
ANSWER = "answer"  # answer customers in the inbox, and say what becomes of each thread
LEDGER = "ledger"
SETTINGS = "settings"  # business, branding, numbering, taxes, email
BANK = "bank"  # bank accounts and gateways: where money goes
MEMBERS = "members"
AUDIT = "audit"
OPERATE = "operate"

ROLES: dict[str, frozenset[str]] = {
    "admin": frozenset(
        {
            *(VIEW, SELL, VOID, CUSTOMERS, CATALOG, RECORD, ALLOCATE, CHARGE, REFUND, ANSWER),
            *(LEDGER, SETTINGS, BANK, MEMBERS, AUDIT, OPERATE),
        }
    ),
    "cashier": frozenset({VIEW, RECORD, CHARGE}),
    "sales": frozenset({VIEW, SELL, CUSTOMERS, CHARGE, ANSWER}),
    "sales_allocations": frozenset({VIEW, SELL, CUSTOMERS, RECORD, ALLOCATE, CHARGE, ANSWER}),
    "sales_manager": frozenset({VIEW, SELL, VOID, CUSTOMERS, CATALOG, RECORD, ALLOCATE, CHARGE, REFUND, ANSWER, AUDIT}),
    "collector": frozenset({VIEW, RECORD, ANSWER}),
    "accountant": frozenset(
        {VIEW, SELL, VOID, CUSTOMERS, CATALOG, RECORD, ALLOCATE, CHARGE, REFUND, ANSWER, LEDGER, AUDIT}
    ),
    "read_only": frozenset({VIEW}),
}


def allows(role: str, permission: str) -> bool:
    """Return whether a role includes a permission; an unknown role includes none."""
    return permission in ROLES.get(role, frozenset())
