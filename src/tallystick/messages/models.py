"""Messages: the outbox, and the record of what was said."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tallystick.base.schema import Audited, RowSecurity, Swept, TenantKey, TenantModel, same_seller


class Message(TenantModel):
    """One email to one set of people. `dedupe_key` is why it can't be said twice.

    States: queued, held (by a person or the brake), sending, sent, skipped (with the reason), failed (with the server's
    words), cancelled.
    """

    dedupe_key = models.TextField()
    kind = models.CharField(max_length=30)
    customer = TenantKey("customers.Customer", null=True)
    document_id = models.UUIDField(null=True)
    payment_id = models.UUIDField(null=True)
    recipients = ArrayField(models.EmailField())
    copies = ArrayField(models.EmailField(), default=list)
    language = models.CharField(max_length=8)
    subject = models.CharField(max_length=300)
    body = models.TextField()
    attach_pdf = models.BooleanField(default=True)
    payment_link = models.BooleanField(default=True)
    attachment_ids = ArrayField(models.UUIDField(), default=list)
    data = models.JSONField(default=dict)
    state = models.CharField(max_length=12, default="queued")
    reason = models.TextField(default="")
    message_id = models.TextField()
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    tries = models.SmallIntegerField(default=0)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        """The outbox is the partial index over what still waits."""

        app_label = "messages_"
        db_table = "message"
        indexes = [
            models.Index(
                fields=["due_at", "id"], name="message_waiting", condition=models.Q(state__in=["queued", "sending"])
            ),
            models.Index(
                fields=["seller_id", "due_at", "id"],
                name="message_outbox",
                condition=models.Q(state__in=["queued", "held", "sending"]),
            ),
            models.Index(fields=["seller_id", "document_id", "created_at"], name="message_of_document"),
            models.Index(fields=["seller_id", "state", "created_at"], name="message_by_state"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["seller_id", "dedupe_key"], name="message_once"),
            same_seller("message", "customer_id", "customer"),
            RowSecurity(name="message_tenant"),
            Swept(name="message_swept"),
        ]


class MessageSwitch(TenantModel):
    """Whether a seller sends a kind of message by itself, and whether it carries its PDF. Without a row: the kind's own default."""

    kind = models.CharField(max_length=30)
    is_on = models.BooleanField()
    attach_pdf = models.BooleanField()

    class Meta:
        """One row per kind."""

        app_label = "messages_"
        db_table = "message_switch"
        constraints = [
            models.UniqueConstraint(fields=["seller_id", "kind"], name="message_switch_once"),
            RowSecurity(name="message_switch_tenant"),
            Audited(name="message_switch_audited"),
        ]


class MessageTemplate(TenantModel):
    """A seller's own words for a kind of message in one language. Without a row: the house's words."""

    kind = models.CharField(max_length=30)
    language = models.CharField(max_length=8)
    subject = models.CharField(max_length=300)
    body = models.TextField()
    button = models.CharField(max_length=60, default="")

    class Meta:
        """One row per kind and language."""

        app_label = "messages_"
        db_table = "message_template"
        constraints = [
            models.UniqueConstraint(fields=["seller_id", "kind", "language"], name="message_template_once"),
            RowSecurity(name="message_template_tenant"),
            Audited(name="message_template_audited"),
        ]


class SendRules(TenantModel):
    """Which documents a seller sends by themselves when issued, and how long after. Without a row: none."""

    auto_kinds = ArrayField(models.CharField(max_length=30), default=list)
    delay_minutes = models.SmallIntegerField(default=5)
    brake_factor = models.SmallIntegerField(default=3)

    class Meta:
        """One row per seller."""

        app_label = "messages_"
        db_table = "send_rules"
        constraints = [
            models.UniqueConstraint(fields=["seller_id"], name="send_rules_once"),
            models.CheckConstraint(
                condition=models.Q(delay_minutes__range=(0, 60), brake_factor__range=(1, 100)), name="send_rules_range"
            ),
            RowSecurity(name="send_rules_tenant"),
            Audited(name="send_rules_audited"),
        ]


class MessageDay(TenantModel):
    """How many messages were decided on by themselves on one UTC day: the brake's memory."""

    on = models.DateField()
    count = models.IntegerField()

    class Meta:
        """One row per day."""

        app_label = "messages_"
        db_table = "message_day"
        constraints = [
            models.UniqueConstraint(fields=["seller_id", "on"], name="message_day_once"),
            RowSecurity(name="message_day_tenant"),
        ]
