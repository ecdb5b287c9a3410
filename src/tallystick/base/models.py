"""Rows every room shares: facts, what gateways told us, and the audit trail."""

from __future__ import annotations

from django.db import models

from tallystick.base.schema import AppendOnly, RowSecurity, Swept, TenantModel


class Event(TenantModel):
    """A fact, recorded in the transaction that made it true. Feeds the switchboard and every timeline."""

    kind = models.TextField()
    subject_id = models.UUIDField()
    customer_id = models.UUIDField(null=True)
    data = models.JSONField(default=dict)
    actor_id = models.UUIDField(null=True)
    at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    tries = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField()
    last_error = models.TextField(default="")

    class Meta:
        """Undone facts are few: a partial index keeps the sweep flat."""

        app_label = "base"
        db_table = "event"
        indexes = [
            models.Index(fields=["seller_id", "subject_id", "at"], name="event_timeline"),
            models.Index(
                fields=["seller_id", "customer_id", "at"],
                name="event_of_customer",
                condition=models.Q(customer_id__isnull=False),
            ),
            models.Index(fields=["due_at", "id"], name="event_undone", condition=models.Q(done_at__isnull=True)),
        ]
        constraints = [RowSecurity(name="event_tenant"), Swept(name="event_swept")]


class InboundEvent(TenantModel):
    """A webhook as it arrived, signature checked, kept once per gateway account and event id."""

    gateway_account_id = models.UUIDField()
    event_id = models.TextField()
    kind = models.TextField()
    subject = models.CharField(max_length=10, default="attempt")
    reference = models.TextField(default="")
    charge_ref = models.TextField(default="")
    attempt_id = models.UUIDField(null=True)
    body = models.BinaryField()
    received_at = models.DateTimeField()
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    tries = models.SmallIntegerField(default=0)
    last_error = models.TextField(default="")

    class Meta:
        """The unique key is the dedupe."""

        app_label = "base"
        db_table = "inbound_event"
        constraints = [
            models.UniqueConstraint(fields=["seller_id", "gateway_account_id", "event_id"], name="inbound_event_once"),
            RowSecurity(name="inbound_event_tenant"),
            Swept(name="inbound_event_swept"),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="inbound_event_undone", condition=models.Q(done_at__isnull=True))
        ]


class AuditRow(models.Model):
    """One change of a settings-like row: who, when, before and after. Written by a trigger."""

    id = models.BigAutoField(primary_key=True)
    seller_id = models.UUIDField()
    table_name = models.TextField()
    row_id = models.UUIDField()
    at = models.DateTimeField()
    actor_id = models.UUIDField(null=True)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)

    class Meta:
        """Append-only."""

        app_label = "base"
        db_table = "audit_row"
        indexes = [models.Index(fields=["seller_id", "-id"], name="audit_row_recent")]
        constraints = [RowSecurity(name="audit_row_tenant"), AppendOnly(name="audit_row_forever")]
