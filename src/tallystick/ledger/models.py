"""Journal entries and their lines; a customer's balance kept beside them."""

from __future__ import annotations

from django.db import models

from tallystick.base.schema import AppendOnly, RowSecurity, TenantModel, same_seller


class JournalLine(models.Model):
    """One side of an entry: debit positive, credit negative, never zero.

    Lines are written before their entry; writing the entry seals them. So an entry can neither be unbalanced nor
    gain a line later (see the triggers in the first migration).
    """

    pk = models.CompositePrimaryKey("entry_id", "position")
    entry_id = models.UUIDField()
    position = models.SmallIntegerField()
    seller_id = models.UUIDField()
    account = models.TextField()
    customer_id = models.UUIDField(null=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()

    class Meta:
        """Append-only."""

        app_label = "ledger"
        db_table = "journal_line"
        indexes = [
            models.Index(
                fields=["seller_id", "customer_id", "entry_id"],
                name="journal_line_of_customer",
                condition=models.Q(customer_id__isnull=False),
            )
        ]
        constraints = [
            models.CheckConstraint(condition=~models.Q(amount_minor=0), name="journal_line_not_zero"),
            same_seller("journal_line", "entry_id", "journal_entry", initially="DEFERRED"),
            RowSecurity(name="journal_line_tenant"),
            AppendOnly(name="journal_line_forever"),
        ]


class JournalEntry(TenantModel):
    """A dated, balanced fact of the book. `UNIQUE (seller, kind, source)` makes posting idempotent."""

    kind = models.TextField()
    source_id = models.UUIDField()
    subject_id = models.UUIDField()
    effective_on = models.DateField()
    recorded_at = models.DateTimeField()

    class Meta:
        """Append-only."""

        app_label = "ledger"
        db_table = "journal_entry"
        constraints = [
            models.UniqueConstraint(fields=["seller_id", "id"], name="journal_entry_of_seller"),
            models.UniqueConstraint(fields=["seller_id", "kind", "source_id"], name="journal_entry_once"),
            RowSecurity(name="journal_entry_tenant"),
            AppendOnly(name="journal_entry_forever"),
        ]


class CustomerBalance(models.Model):
    """What a customer owes and has unapplied, per currency: maintained by `post_entries`, provable from the lines."""

    pk = models.CompositePrimaryKey("customer_id", "currency")
    seller_id = models.UUIDField()
    customer_id = models.UUIDField()
    currency = models.CharField(max_length=3)
    receivable_minor = models.BigIntegerField(default=0)
    unapplied_minor = models.BigIntegerField(default=0)

    class Meta:
        """`unapplied_minor` is credit in the customer's favour, kept positive."""

        app_label = "ledger"
        db_table = "customer_balance"
        constraints = [
            models.CheckConstraint(condition=models.Q(unapplied_minor__gte=0), name="customer_balance_credit"),
            same_seller("customer_balance", "customer_id", "customer"),
            RowSecurity(name="customer_balance_tenant"),
        ]
