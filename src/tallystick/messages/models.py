"""Messages: the outbox, and the record of what was said."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models

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

HOLD = timedelta(seconds=20)
"""How long a sender has a message for itself that waits for its turn, among those it took together."""
LEASE = timedelta(minutes=5)
"""How long it has the one whose turn it is; longer than the mail server's longest answer."""


class Message(TenantModel):
    """One email or text message to one set of people. `dedupe_key` is why it can't be said twice.

    States: queued, held (by a person or the brake), sending, sent, skipped (with the reason), failed (with the server's
    words), cancelled. What became of one that was sent is its `outcome`: nothing heard, delayed, delivered, opened or
    bounced, the last of `MessageOutcome`.
    """

    dedupe_key = models.TextField()
    kind = models.CharField(max_length=30)
    customer = TenantKey("customers.Customer", null=True)
    document_id = models.UUIDField(null=True)
    payment_id = models.UUIDField(null=True)
    channel = models.CharField(max_length=5, default="email")
    recipients = ArrayField(models.CharField(max_length=254))
    """Email addresses, or telephone numbers in E.164, by `channel`."""
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
    outcome = models.CharField(max_length=10, default="")
    message_id = models.TextField()
    provider_id = models.TextField(default="")
    """What the provider calls it, when it gives what it takes a name of its own."""
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    tries = models.SmallIntegerField(default=0)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True)
    sent_at = models.DateTimeField(null=True)
    may_have_left = models.BooleanField(default=False)
    """Its turn has come, or had come when a sender stopped or the last answer was lost: nobody knows whether it left then.
    It stays true of a message that ends otherwise, or is sent again."""

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
            models.Index(
                fields=["seller_id", "provider_id"], name="message_of_provider", condition=~models.Q(provider_id="")
            ),
            models.Index(fields=["seller_id", "state", "created_at"], name="message_by_state"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["seller_id", "dedupe_key"], name="message_once"),
            same_seller("message", "customer_id", "customer"),
            referable("message"),
            RowSecurity(name="message_tenant"),
            Swept(name="message_swept"),
        ]

    @property
    def taken_at(self) -> datetime:
        """When the sender that has it took it. Only of what `claim_messages` returned."""
        assert self.lease_until
        return self.lease_until - HOLD


class MessageOutcome(TenantModel):
    """What was heard about one recipient of a message that was sent: a bounce, a delivery, an opening.

    `kind` is delayed, delivered, opened, bounced_soft, bounced_hard, complained or rejected; `source` is who says so
    (dsn, server, or a provider's name); `code` and `words` are theirs. Never changed; the same news twice is one row.
    """

    message = TenantKey("messages_.Message")
    recipient = models.CharField(max_length=254)
    kind = models.CharField(max_length=14)
    source = models.CharField(max_length=20)
    code = models.CharField(max_length=20, default="")
    words = models.CharField(max_length=500, default="")
    at = models.DateTimeField()

    class Meta:
        """Once per message, person and kind of news."""

        app_label = "messages_"
        db_table = "message_outcome"
        indexes = [models.Index(fields=["seller_id", "at"], name="message_outcome_at")]
        constraints = [
            models.UniqueConstraint(
                fields=["seller_id", "message_id", "recipient", "kind"], name="message_outcome_once"
            ),
            same_seller("message_outcome", "message_id", "message"),
            RowSecurity(name="message_outcome_tenant"),
            AppendOnly(name="message_outcome_forever"),
        ]


class SilencedAddress(TenantModel):
    """An address, or a number, that a seller writes to no more: it bounced for good, complained, or asked to be left alone.

    `soft_count` counts temporary bounces in a row before that; `silenced_at` is empty until it is enough. `reason` is
    bounced, complained, stopped or unsubscribed. What a person lifts is written to again.
    """

    address = models.CharField(max_length=254)
    """In lower case."""
    soft_count = models.SmallIntegerField(default=0)
    silenced_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=14, default="")
    words = models.CharField(max_length=500, default="")
    message_id = models.UUIDField(null=True)

    class Meta:
        """One row per address."""

        app_label = "messages_"
        db_table = "silenced_address"
        constraints = [
            models.UniqueConstraint(fields=["seller_id", "address"], name="silenced_address_once"),
            RowSecurity(name="silenced_address_tenant"),
            Audited(name="silenced_address_audited"),
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
    sms = models.TextField(default="")
    """The text message that goes with it; without one, none goes."""

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
    remind_before_days = models.SmallIntegerField(default=0)
    """Days before the due date a reminder goes; 0 is never."""
    remind_late_days = models.SmallIntegerField(default=0)
    """Days after the due date a late notice goes; 0 is never."""
    is_digest = models.BooleanField(default=False)
    """One email per customer and day for everything issued that day, at 08:00."""

    class Meta:
        """One row per seller."""

        app_label = "messages_"
        db_table = "send_rules"
        constraints = [
            models.UniqueConstraint(fields=["seller_id"], name="send_rules_once"),
            models.CheckConstraint(
                condition=models.Q(
                    delay_minutes__range=(0, 60),
                    brake_factor__range=(1, 100),
                    remind_before_days__range=(0, 60),
                    remind_late_days__range=(0, 60),
                ),
                name="send_rules_range",
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
