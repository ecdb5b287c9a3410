"""Documents: invoices and credit notes, with their lines, taxes, due items, files and numbers."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from tallystick.base.schema import (
    AppendOnly,
    Audited,
    RowSecurity,
    Swept,
    TenantKey,
    TenantModel,
    referable,
    same_seller,
)


class NumberSeries(TenantModel):
    """How a kind of document is numbered, e.g. `LP-{number}` or `{year}-{number:4}`."""

    kind = models.CharField(max_length=20)
    pattern = models.CharField(max_length=40)
    is_default = models.BooleanField(default=True)

    class Meta:
        """One default per kind."""

        app_label = "invoices"
        db_table = "number_series"
        constraints = [
            referable("number_series"),
            models.UniqueConstraint(
                fields=["seller_id", "kind"], condition=Q(is_default=True), name="number_series_one_default"
            ),
            RowSecurity(name="number_series_tenant"),
            Audited(name="number_series_audited"),
        ]


class NumberCounter(models.Model):
    """The next number of a series and period (a year, or 0). Updated last in the issuing transaction: no gaps."""

    pk = models.CompositePrimaryKey("series_id", "period")
    seller_id = models.UUIDField()
    series = TenantKey("invoices.NumberSeries")
    period = models.SmallIntegerField()
    next = models.BigIntegerField()

    class Meta:
        """Locked by the update itself."""

        app_label = "invoices"
        db_table = "number_counter"
        constraints = [
            same_seller("number_counter", "series_id", "number_series"),
            RowSecurity(name="number_counter_tenant"),
        ]


class Invoice(TenantModel):
    """An invoice or a credit note. A draft may change; once it has a number only what happened to it may.

    `open_minor` is what is still to pay (invoice) or still to apply (credit note); `due_on` is the date of the
    oldest open due item. What the customer sees is `DocumentContent`.
    """

    kind = models.CharField(max_length=12, default="invoice")
    customer = TenantKey("customers.Customer")
    credits = TenantKey("invoices.Invoice", null=True)
    currency = models.CharField(max_length=3)
    language = models.CharField(max_length=8)
    po_number = models.CharField(max_length=60, blank=True)
    delivered_on = models.DateField(null=True)
    notes = models.TextField(blank=True)
    terms = models.JSONField(default=dict)
    terms_note = models.TextField(blank=True)
    issue_on = models.DateField(null=True)
    release_at = models.DateTimeField(null=True)
    """When a draft dated ahead is issued by itself: as its day begins, in the seller's zone."""
    is_sent_on_release = models.BooleanField(db_default=False)
    net_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    rounding_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField(default=0)
    series = TenantKey("invoices.NumberSeries", null=True)
    number_period = models.SmallIntegerField(null=True)
    number_index = models.BigIntegerField(null=True)
    number = models.CharField(max_length=60, null=True)
    issued_on = models.DateField(null=True)
    issued_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    viewed_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)
    void_reason = models.CharField(max_length=300, default="")
    allocated_minor = models.BigIntegerField(default=0)
    credited_minor = models.BigIntegerField(default=0)
    due_on = models.DateField(null=True)
    open_minor = models.GeneratedField(
        expression=models.Case(
            models.When(Q(number__isnull=True) | Q(voided_at__isnull=False), then=models.Value(0)),
            default=F("total_minor") - F("allocated_minor") - F("credited_minor"),
        ),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    link_version = models.SmallIntegerField(default=1)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    created_by = models.UUIDField(null=True)

    class Meta:
        """Open documents have small indexes of their own, so that history does not cost."""

        app_label = "invoices"
        db_table = "invoice"
        indexes = [
            models.Index(
                fields=["seller_id", "due_on", "id"],
                name="invoice_open",
                condition=Q(open_minor__gt=0, kind="invoice"),
            ),
            models.Index(fields=["seller_id", "customer", "id"], name="invoice_of_customer"),
            models.Index(fields=["seller_id", "id"], name="invoice_drafts", condition=Q(number__isnull=True)),
            models.Index(
                fields=["release_at", "id"],
                name="invoice_release",
                condition=Q(number__isnull=True, release_at__isnull=False),
            ),
        ]
        constraints = [
            referable("invoice"),
            models.UniqueConstraint(
                fields=["seller_id", "series", "number_period", "number_index"], name="invoice_number_once"
            ),
            models.UniqueConstraint(fields=["seller_id", "kind", "number"], name="invoice_name_once"),
            models.CheckConstraint(
                condition=Q(number__isnull=True, issued_at__isnull=True)
                | Q(number__isnull=False, issued_at__isnull=False, issued_on__isnull=False),
                name="invoice_number_iff_issued",
            ),
            models.CheckConstraint(
                condition=Q(
                    allocated_minor__gte=0,
                    credited_minor__gte=0,
                    allocated_minor__lte=F("total_minor") - F("credited_minor"),
                )
                | Q(number__isnull=True, allocated_minor=0, credited_minor=0),
                name="invoice_never_overpaid",
            ),
            models.CheckConstraint(
                condition=Q(voided_at__isnull=True) | Q(number__isnull=False, allocated_minor=0, credited_minor=0),
                name="invoice_void_is_unpaid",
            ),
            same_seller("invoice", "customer_id", "customer"),
            same_seller("invoice", "credits_id", "invoice"),
            same_seller("invoice", "series_id", "number_series"),
            RowSecurity(name="invoice_tenant"),
            Swept(name="invoice_swept"),
        ]

    @property
    def was_released(self) -> bool:
        """Whether it was issued by itself on its day, not by a person before."""
        return bool(self.release_at and self.issued_at and self.release_at <= self.issued_at)


class InvoiceLine(TenantModel):
    """A line as priced when the draft was saved; sealed with its invoice."""

    invoice = TenantKey("invoices.Invoice")
    position = models.SmallIntegerField()
    item_code = models.CharField(max_length=40, blank=True)
    description = models.CharField(max_length=2000)
    detail = models.CharField(max_length=2000, blank=True)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    unit = models.CharField(max_length=20, blank=True)
    unit_price = models.DecimalField(max_digits=18, decimal_places=6)
    discount_percent = models.DecimalField(max_digits=7, decimal_places=4, default=0)
    tax_rate = TenantKey("catalog.TaxRate")
    net_minor = models.BigIntegerField()

    class Meta:
        """Goes with its draft."""

        app_label = "invoices"
        db_table = "invoice_line"
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="invoice_line_position"),
            same_seller("invoice_line", "invoice_id", "invoice", on_delete="CASCADE"),
            same_seller("invoice_line", "tax_rate_id", "tax_rate"),
            RowSecurity(name="invoice_line_tenant"),
        ]


class DocumentAdjustment(TenantModel):
    """An allowance or charge on the whole document (EN 16931 BG-20, BG-21)."""

    invoice = TenantKey("invoices.Invoice")
    position = models.SmallIntegerField()
    label = models.CharField(max_length=200)
    is_charge = models.BooleanField(default=False)
    percent = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    amount_minor = models.BigIntegerField()
    tax_rate = TenantKey("catalog.TaxRate")

    class Meta:
        """Goes with its draft."""

        app_label = "invoices"
        db_table = "document_adjustment"
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="document_adjustment_position"),
            same_seller("document_adjustment", "invoice_id", "invoice", on_delete="CASCADE"),
            same_seller("document_adjustment", "tax_rate_id", "tax_rate"),
            RowSecurity(name="document_adjustment_tenant"),
        ]


class DocumentContent(models.Model):
    """The document as the customer sees it, as JSON: composed with each save, sealed with the number.

    Page, email, PDF and e-invoice all read this, so that they can't disagree.
    """

    invoice = models.OneToOneField(
        Invoice, models.DO_NOTHING, primary_key=True, related_name="+", db_constraint=False, db_column="invoice_id"
    )
    seller_id = models.UUIDField()
    content = models.JSONField()

    class Meta:
        """Goes with its draft."""

        app_label = "invoices"
        db_table = "document_content"
        constraints = [
            same_seller("document_content", "invoice_id", "invoice", on_delete="CASCADE"),
            RowSecurity(name="document_content_tenant"),
        ]


class DueItem(TenantModel):
    """One dated amount of an invoice: the unit of paying, reminding and aging. Made at issue."""

    invoice = TenantKey("invoices.Invoice")
    customer = TenantKey("customers.Customer")
    position = models.SmallIntegerField()
    kind = models.CharField(max_length=12)
    due_on = models.DateField()
    amount_minor = models.BigIntegerField()
    settled_minor = models.BigIntegerField(default=0)
    is_void = models.BooleanField(default=False)
    open_minor = models.GeneratedField(
        expression=models.Case(
            models.When(is_void=True, then=models.Value(0)), default=F("amount_minor") - F("settled_minor")
        ),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )

    class Meta:
        """The partial covering index answers what a customer owes without touching history."""

        app_label = "invoices"
        db_table = "due_item"
        indexes = [
            models.Index(
                fields=["seller_id", "customer", "due_on"],
                name="due_item_open",
                include=["open_minor", "invoice"],
                condition=Q(open_minor__gt=0),
            ),
            models.Index(fields=["seller_id", "due_on"], name="due_item_ahead", condition=Q(open_minor__gt=0)),
        ]
        constraints = [
            referable("due_item"),
            models.UniqueConstraint(fields=["invoice", "position"], name="due_item_position"),
            models.CheckConstraint(
                condition=Q(settled_minor__gte=0, settled_minor__lte=F("amount_minor")), name="due_item_settled"
            ),
            same_seller("due_item", "invoice_id", "invoice"),
            same_seller("due_item", "customer_id", "customer"),
            RowSecurity(name="due_item_tenant"),
        ]


class Attachment(TenantModel):
    """A file that travels with a document."""

    invoice = TenantKey("invoices.Invoice")
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.IntegerField()
    sha256 = models.BinaryField()
    content = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        """Goes with its draft."""

        app_label = "invoices"
        db_table = "attachment"
        indexes = [models.Index(fields=["seller_id", "invoice"], name="attachment_of_invoice")]
        constraints = [
            referable("attachment"),
            same_seller("attachment", "invoice_id", "invoice", on_delete="CASCADE"),
            RowSecurity(name="attachment_tenant"),
        ]


class Rendering(TenantModel):
    """The PDF of an issued document, rendered once, kept with its hash."""

    invoice = TenantKey("invoices.Invoice")
    sha256 = models.BinaryField()
    content = models.BinaryField()
    rendered_at = models.DateTimeField()

    class Meta:
        """Append-only, one per document."""

        app_label = "invoices"
        db_table = "rendering"
        constraints = [
            models.UniqueConstraint(fields=["seller_id", "invoice"], name="rendering_once"),
            same_seller("rendering", "invoice_id", "invoice"),
            RowSecurity(name="rendering_tenant"),
            AppendOnly(name="rendering_forever"),
        ]
