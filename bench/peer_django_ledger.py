"""django-ledger's side of `bench/peers.py`: run by its own venv, in process through its own API, on the given PostgreSQL.

Makes its database, says "ready", and then obeys lines of `draft COUNT` and `post COUNT` (invoices), answering in JSON.
It knows no sales tax, and approves one invoice at a time.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from datetime import UTC, datetime
from typing import Any

import django
import psycopg
from django.conf import settings

CUSTOMERS = 200
LINES = (("Planning drawings", 240, 3.80), ("Design statements", 40, 14.50), ("Monograph", 25, 18.40))
APPS = ("auth", "contenttypes", "sessions", "messages")


def main() -> None:
    """Draft and approve on demand."""
    warnings.simplefilter("ignore")
    given = _prepare()
    drafts: list[Any] = []
    print("ready", flush=True)
    for asked in sys.stdin:
        verb, count = asked.split()
        cpu = time.process_time()
        for at in range(int(count)):
            if verb == "draft":
                drafts.append(_draft(given, at))
            else:
                _approve(given, drafts.pop(0))
        print(json.dumps({"cpu_ms": (time.process_time() - cpu) * 1000, **_posted()}), flush=True)


def _prepare() -> dict[str, Any]:
    """An entity with its chart of accounts, customers and items."""
    name = os.environ["DB_NAME"]
    with psycopg.connect(dbname="postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    settings.configure(
        INSTALLED_APPS=[*(f"django.contrib.{app}" for app in APPS), "django_ledger"],
        DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": name}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        USE_TZ=True,
    )
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django_ledger.models import EntityModel

    call_command("migrate", verbosity=0)
    admin = User.objects.create_user("admin")
    entity = EntityModel.create_entity(name="Acme", use_accrual_method=True, admin=admin, fy_start_month=1)
    entity.create_chart_of_accounts(assign_as_default=True, commit=True, coa_name="Acme")
    entity.populate_default_coa(activate_accounts=True)
    unit = entity.create_uom(name="Piece", unit_abbr="pcs")
    items = [_service(entity, unit, name) for name, _, _ in LINES]
    customers = [
        entity.create_customer(
            customer_model_kwargs={"customer_name": f"Customer {n}", "active": True, "description": ""}
        )
        for n in range(CUSTOMERS)
    ]
    return {"entity": entity, "admin": admin, "items": items, "customers": customers}


def _service(entity: Any, unit: Any, name: str) -> Any:
    """What `create_item_service` does, but for its look-up of the cost account, which fails on the default chart."""
    from django_ledger.io import roles
    from django_ledger.models import ItemModel

    accounts = entity.get_coa_accounts(active=True).is_role_default()
    item = ItemModel(
        entity=entity,
        name=name,
        uom=unit,
        item_role=ItemModel.ITEM_ROLE_SERVICE,
        item_type=ItemModel.ITEM_TYPE_LABOR,
        earnings_account=accounts.get(role=roles.INCOME_OPERATIONAL),
        cogs_account=accounts.filter(role__in=roles.GROUP_COGS).first(),
    )
    item.clean()
    item.save()
    return item


def _draft(given: dict[str, Any], at: int) -> Any:
    today = datetime.now(UTC).date()
    invoice = given["entity"].create_invoice(
        customer_model=given["customers"][at % CUSTOMERS], terms="net_30", date_draft=today
    )
    lines = {
        item.item_number: {"unit_cost": price, "quantity": quantity, "total_amount": None}
        for item, (_, quantity, price) in zip(given["items"], LINES, strict=True)
    }
    invoice.migrate_itemtxs(itemtxs=lines, operation="append", commit=True)
    return invoice


def _approve(given: dict[str, Any], invoice: Any) -> None:
    today = datetime.now(UTC).date()
    invoice.mark_as_review(commit=True, date_in_review=today)
    invoice.mark_as_approved(
        entity_slug=given["entity"].slug, user_model=given["admin"], commit=True, date_approved=today
    )


def _posted() -> dict[str, Any]:
    """How many are approved, and by how much the book is out of balance."""
    from django.db.models import Case, F, Sum, When
    from django_ledger.models import InvoiceModel, TransactionModel

    signed = Case(When(tx_type="debit", then=F("amount")), default=-F("amount"))
    difference = TransactionModel.objects.aggregate(total=Sum(signed))["total"] or 0
    return {
        "posted": InvoiceModel.objects.filter(invoice_status="approved").count(),
        "book_difference": str(difference),
    }


if __name__ == "__main__":
    main()
