"""Mailboxes, and mail that came in."""

from __future__ import annotations

from typing import Final

from django.db import models

from tallystick.base.schema import RowSecurity, Swept, TenantModel

MOST_BYTES: Final = 25 * 1024 * 1024
"""The largest mail that is kept whole."""
DONE: Final = ("bounced", "unverified", "kept")
"""States of a mail that something was made of."""


class Mailbox(TenantModel):
    """The mailbox a seller's bounces and replies come to, read by IMAP. The password is encrypted.

    `address` is the mailbox's own; with `has_plus_addresses` the server delivers `address+anything` there too. Read so
    far is everything up to `last_uid` while the server's `uid_validity` is the same.
    """

    address = models.EmailField()
    has_plus_addresses = models.BooleanField(default=False)
    host = models.CharField(max_length=255)
    port = models.PositiveIntegerField(default=993)
    security = models.CharField(max_length=8, default="tls")
    sealed_login = models.BinaryField()
    folder = models.CharField(max_length=200, default="INBOX")
    intake_version = models.SmallIntegerField(default=1)
    every_minutes = models.SmallIntegerField(default=5)
    uid_validity = models.BigIntegerField(null=True)
    last_uid = models.BigIntegerField(default=0)
    checked_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField()
    trouble = models.CharField(max_length=400, default="")
    """Where and how the last look failed, in the server's words; empty when it worked."""

    class Meta:
        """One mailbox per seller."""

        app_label = "mailboxes"
        db_table = "mailbox"
        indexes = [models.Index(fields=["due_at", "id"], name="mailbox_due")]
        constraints = [
            models.UniqueConstraint(fields=["seller_id"], name="mailbox_once"),
            models.CheckConstraint(
                condition=models.Q(every_minutes__range=(1, 1440), port__range=(1, 65535)), name="mailbox_range"
            ),
            RowSecurity(name="mailbox_tenant"),
            Swept(name="mailbox_swept"),
        ]


class IncomingMessage(TenantModel):
    """One mail as it came, kept before it is read. `digest` (SHA-256 of all of it) is why it can't be kept twice.

    States: waiting, bounced (a report about a message of ours), unverified (a report without our signature: nothing came
    of it), kept (for people), failed (couldn't be read, with the error).
    """

    digest = models.BinaryField()
    source = models.CharField(max_length=8)
    """imap, lmtp or http."""
    raw = models.BinaryField()
    """Empty once it was purged: what was read from it stays."""
    size = models.BigIntegerField()
    """Bytes it had; more than are kept when it was cut."""
    state = models.CharField(max_length=10, default="waiting")
    from_address = models.CharField(max_length=330, default="")
    subject = models.CharField(max_length=500, default="")
    message_id = models.UUIDField(null=True)
    """The message of ours it is proved to answer."""
    received_at = models.DateTimeField()
    due_at = models.DateTimeField()
    tries = models.SmallIntegerField(default=0)
    last_error = models.CharField(max_length=500, default="")

    class Meta:
        """What waits is found by when it is due, what came lately by when it came."""

        app_label = "mailboxes"
        db_table = "incoming_message"
        indexes = [
            models.Index(fields=["due_at", "id"], name="incoming_message_waiting", condition=models.Q(state="waiting")),
            models.Index(fields=["seller_id", "-received_at", "-id"], name="incoming_message_latest"),
            models.Index(
                fields=["seller_id", "received_at", "id"],
                name="incoming_message_whole",
                condition=models.Q(state__in=DONE) & ~models.Q(raw=b""),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["seller_id", "digest"], name="incoming_message_once"),
            RowSecurity(name="incoming_message_tenant"),
            Swept(name="incoming_message_swept"),
        ]

    @property
    def is_cut(self) -> bool:
        """Whether it was too large to be kept whole."""
        return self.size > MOST_BYTES
