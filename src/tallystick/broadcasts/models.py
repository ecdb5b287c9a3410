"""What is said to many, to whom, and who doesn't want to hear it."""

from __future__ import annotations

from django.db import models

from tallystick.base.schema import Audited, RowSecurity, Swept, TenantKey, TenantModel, referable, same_seller


class SavedList(TenantModel):
    """Customers under a name."""

    name = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    class Meta:
        """A name is used once."""

        app_label = "broadcasts"
        db_table = "saved_list"
        constraints = [
            models.UniqueConstraint(fields=["seller_id", "name"], name="saved_list_name_once"),
            referable("saved_list"),
            RowSecurity(name="saved_list_tenant"),
            Audited(name="saved_list_audited"),
        ]


class SavedListMember(TenantModel):
    """A customer on a list."""

    saved_list = TenantKey("broadcasts.SavedList")
    customer = TenantKey("customers.Customer")

    class Meta:
        """Once on each list; goes with it."""

        app_label = "broadcasts"
        db_table = "saved_list_member"
        constraints = [
            models.UniqueConstraint(fields=["saved_list", "customer"], name="saved_list_member_once"),
            same_seller("saved_list_member", "saved_list_id", "saved_list", on_delete="CASCADE"),
            same_seller("saved_list_member", "customer_id", "customer"),
            RowSecurity(name="saved_list_member_tenant"),
        ]


class Broadcast(TenantModel):
    """A message to many.

    States: draft, scheduled (until `due_at`), running (its recipients are fixed and go into the outbox in batches),
    done, stopped. `audience` is what `audience.Audience` holds, `words` language → subject, body and sms, with
    placeholders. Not `is_transactional`: it carries a way to unsubscribe, and who did is left out.
    """

    name = models.CharField(max_length=80)
    by_email = models.BooleanField()
    by_sms = models.BooleanField()
    is_transactional = models.BooleanField()
    audience = models.JSONField()
    words = models.JSONField()
    state = models.CharField(max_length=10, default="draft")
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True)
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """The sweep looks at what is scheduled or running."""

        app_label = "broadcasts"
        db_table = "broadcast"
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                name="broadcast_due",
                condition=models.Q(state__in=["scheduled", "running"]),
            ),
            models.Index(fields=["seller_id", "created_at", "id"], name="broadcast_newest"),
        ]
        constraints = [
            referable("broadcast"),
            models.CheckConstraint(
                condition=models.Q(state__in=["draft", "stopped"]) | models.Q(due_at__isnull=False),
                name="broadcast_has_its_time",
            ),
            RowSecurity(name="broadcast_tenant"),
            Swept(name="broadcast_swept"),
            Audited(name="broadcast_audited"),
        ]


class BroadcastRecipient(TenantModel):
    """One customer by one way. States: waiting, queued (a message is in the outbox), left_out (with the reason)."""

    broadcast = TenantKey("broadcasts.Broadcast")
    customer = TenantKey("customers.Customer")
    channel = models.CharField(max_length=5)
    address = models.CharField(max_length=254)
    """The email address or the number in E.164; empty when there is none."""
    state = models.CharField(max_length=8)
    reason = models.CharField(max_length=20, default="")

    class Meta:
        """Once per customer and way; its id is in the link to unsubscribe."""

        app_label = "broadcasts"
        db_table = "broadcast_recipient"
        indexes = [
            models.Index(fields=["broadcast", "id"], name="broadcast_waiting", condition=models.Q(state="waiting")),
            models.Index(fields=["broadcast", "state", "id"], name="broadcast_recipient_state"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["broadcast", "customer", "channel"], name="broadcast_recipient_once"),
            referable("broadcast_recipient"),
            same_seller("broadcast_recipient", "broadcast_id", "broadcast"),
            same_seller("broadcast_recipient", "customer_id", "customer"),
            RowSecurity(name="broadcast_recipient_tenant"),
            Swept(name="broadcast_recipient_swept"),
        ]


class Unsubscribed(TenantModel):
    """An address, or a number, that gets no broadcasts any more, other than those about its own business."""

    address = models.CharField(max_length=254)
    """In lower case."""
    at = models.DateTimeField()
    recipient_id = models.UUIDField(null=True)
    """Through which broadcast's link."""

    class Meta:
        """One row per address."""

        app_label = "broadcasts"
        db_table = "unsubscribed"
        constraints = [
            models.UniqueConstraint(fields=["seller_id", "address"], name="unsubscribed_once"),
            RowSecurity(name="unsubscribed_tenant"),
            Audited(name="unsubscribed_audited"),
        ]
