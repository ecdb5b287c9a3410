"""Threads of mail with customers, what was said in them, and the files that came along."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q

from tallystick.base.schema import Audited, RowSecurity, TenantKey, TenantModel, referable, same_seller


class Conversation(TenantModel):
    """One thread: a customer, or an address nobody knows yet, and one subject.

    `state` is open, later or done. `shown_at` is where it stands in the list: when it last moved, or the morning until
    which it was put off; a later one whose morning has come is open again, with nobody doing anything.
    """

    customer = TenantKey("customers.Customer", null=True)
    maybe_ids = ArrayField(models.UUIDField(), default=list)
    """Other customers with the address it came from."""
    address = models.CharField(max_length=254, blank=True)
    """Whom we talk with, in lower case."""
    subject = models.CharField(max_length=300, blank=True)
    topic = models.CharField(max_length=300, blank=True)
    """The subject without "Re:" and its kin: what a thread is matched by."""
    document_id = models.UUIDField(null=True)
    state = models.CharField(max_length=5, default="open")
    assignee_id = models.UUIDField(null=True)
    """The person who takes care of it."""
    is_unread = models.BooleanField(default=False)
    preview = models.CharField(max_length=200, blank=True)
    last_direction = models.CharField(max_length=6, default="in")
    last_at = models.DateTimeField()
    shown_at = models.DateTimeField()
    created_at = models.DateTimeField()
    search = models.GeneratedField(
        expression=models.Func(
            models.Value("simple"),
            models.Func(
                models.F("subject"),
                models.F("address"),
                function="tally_words",
                output_field=models.TextField(),
            ),
            function="tally_vector",
            output_field=SearchVectorField(),
        ),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        """Listed by state, matched by customer or address and topic."""

        app_label = "conversations"
        db_table = "conversation"
        indexes = [
            models.Index(fields=["seller_id", "state", "shown_at", "id"], name="conversation_listed"),
            models.Index(fields=["seller_id"], name="conversation_unread", condition=Q(is_unread=True)),
            models.Index(fields=["seller_id", "customer", "topic"], name="conversation_of_customer"),
            models.Index(fields=["seller_id", "address", "topic"], name="conversation_of_address"),
            GinIndex(fields=["search"], name="conversation_search"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["open", "later", "done"]), name="conversation_state"),
            same_seller("conversation", "customer_id", "customer"),
            referable("conversation"),
            RowSecurity(name="conversation_tenant"),
        ]


class ConversationMail(TenantModel):
    """One thing said: `direction` in (by them), out (by us) or notice (a mail server, about one of ours).

    `source_id` is why it is filed once: the mailbox's own name for what came in, our message for what went out.
    `text` is the new part as plain text; `quoted` the whole of it when that is more; `html` is cleaned and safe to
    show. `is_automatic` was filed quietly. A notice has the mail server's `code` and words, and `is_hard` when it was
    final.
    """

    conversation = TenantKey("conversations.Conversation")
    direction = models.CharField(max_length=6)
    source_id = models.CharField(max_length=300)
    mail_id = models.CharField(max_length=255, blank=True)
    """Its Message-ID, with the brackets."""
    references = ArrayField(models.CharField(max_length=255), default=list)
    message = TenantKey("messages_.Message", null=True)
    from_name = models.CharField(max_length=200, blank=True)
    from_address = models.CharField(max_length=254, blank=True)
    to = ArrayField(models.CharField(max_length=254), default=list)
    subject = models.CharField(max_length=300, blank=True)
    text = models.TextField(blank=True)
    quoted = models.TextField(blank=True)
    html = models.TextField(blank=True)
    is_automatic = models.BooleanField(default=False)
    code = models.CharField(max_length=20, blank=True)
    is_hard = models.BooleanField(default=False)
    by_id = models.UUIDField(null=True)
    """The person who wrote it, for what a person sent from here."""
    at = models.DateTimeField()

    class Meta:
        """In order of time within its thread; the same mail never twice."""

        app_label = "conversations"
        db_table = "conversation_mail"
        indexes = [
            models.Index(fields=["seller_id", "conversation", "at", "id"], name="conversation_mail_of"),
            models.Index(fields=["seller_id", "message"], name="conversation_mail_message"),
            models.Index(fields=["seller_id", "mail_id"], name="conversation_mail_known"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["seller_id", "source_id"], name="conversation_mail_once"),
            models.UniqueConstraint(
                fields=["seller_id", "mail_id"],
                condition=Q(direction="in") & ~Q(mail_id=""),
                name="conversation_mail_id_once",
            ),
            same_seller("conversation_mail", "conversation_id", "conversation"),
            same_seller("conversation_mail", "message_id", "message"),
            referable("conversation_mail"),
            RowSecurity(name="conversation_mail_tenant"),
        ]


class ConversationFile(TenantModel):
    """A file that came with a mail or goes out with one. What may not be kept is here by name, with `refused` saying why."""

    mail = TenantKey("conversations.ConversationMail")
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    """What the bytes are, whatever they were called."""
    size = models.IntegerField()
    refused = models.CharField(max_length=10, blank=True)
    """Why it wasn't kept: empty, too_big, too_many, program, web_page or unknown; empty when it was."""
    content = models.BinaryField(null=True)

    class Meta:
        """Goes with its mail; has its bytes unless it was refused."""

        app_label = "conversations"
        db_table = "conversation_file"
        indexes = [models.Index(fields=["seller_id", "mail"], name="conversation_file_of")]
        constraints = [
            models.CheckConstraint(
                condition=Q(refused="", content__isnull=False) | (~Q(refused="") & Q(content__isnull=True)),
                name="conversation_file_kept",
            ),
            same_seller("conversation_file", "mail_id", "conversation_mail"),
            RowSecurity(name="conversation_file_tenant"),
        ]


class SavedReply(TenantModel):
    """Words a seller says often, with placeholders. Without a row: the house's few."""

    name = models.CharField(max_length=80)
    language = models.CharField(max_length=8)
    body = models.TextField()

    class Meta:
        """Named once per language."""

        app_label = "conversations"
        db_table = "saved_reply"
        constraints = [
            models.UniqueConstraint(fields=["seller_id", "language", "name"], name="saved_reply_once"),
            RowSecurity(name="saved_reply_tenant"),
            Audited(name="saved_reply_audited"),
        ]
