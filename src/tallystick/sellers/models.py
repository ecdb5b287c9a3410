"""The seller and its people."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models

from tallystick.base.ids import new_id
from tallystick.base.schema import Audited, RowSecurity, Swept, TenantModel


class UserManager(BaseUserManager["User"]):
    """Makes people who sign in by email address."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> User:
        """Create a person; without a password the account can only be opened by a reset link."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in; may be a member of several sellers."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)
    full_name = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=8, default="en")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        """Global: belongs to no seller."""

        app_label = "sellers"
        db_table = "user_account"

    def get_full_name(self) -> str:
        """Return the name to show, or the address while there is none."""
        return self.full_name or self.email


class Seller(models.Model):
    """A business that sells: the tenant. Its id is the `seller_id` of every row it owns."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    legal_name = models.CharField(max_length=200, blank=True)
    street = models.CharField(max_length=300, blank=True)
    city = models.CharField(max_length=120, blank=True)
    postcode = models.CharField(max_length=20, blank=True)
    region = models.CharField(max_length=120, blank=True)
    country = models.CharField(max_length=2)
    tax_id = models.CharField(max_length=40, blank=True)
    company_no = models.CharField(max_length=60, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    time_zone = models.CharField(max_length=60, default="UTC")
    language = models.CharField(max_length=8, default="en")
    currency = models.CharField(max_length=3)
    brand = models.CharField(max_length=7, default="#0c5f78")
    logo = models.BinaryField(null=True)
    terms = models.JSONField(default=dict)
    terms_note = models.TextField(blank=True)
    partial_payments = models.BooleanField(default=True)
    minimum_partial_percent = models.PositiveSmallIntegerField(default=10)
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        """Its own id is the tenant."""

        app_label = "sellers"
        db_table = "seller"
        constraints = [RowSecurity(name="seller_tenant", column="id"), Swept(name="seller_swept")]


class Member(TenantModel):
    """A person's place at a seller: the role decides what they may do."""

    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    role = models.CharField(max_length=20)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField()

    class Meta:
        """A person joins a seller once."""

        app_label = "sellers"
        db_table = "member"
        constraints = [
            models.UniqueConstraint(fields=["seller_id", "user"], name="member_once"),
            RowSecurity(name="member_tenant"),
            Swept(name="member_swept"),
            Audited(name="member_audited"),
        ]


class Invitation(TenantModel):
    """An emailed offer to join; the link carries a secret of which only the digest is kept."""

    email = models.EmailField()
    role = models.CharField(max_length=20)
    secret_digest = models.BinaryField()
    invited_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        """Found by its id, proved by its secret."""

        app_label = "sellers"
        db_table = "invitation"
        constraints = [RowSecurity(name="invitation_tenant"), Swept(name="invitation_swept")]


class BankAccount(TenantModel):
    """Where customers transfer to; printed on documents, so changes are audited."""

    holder = models.CharField(max_length=140)
    iban = models.CharField(max_length=40)
    bic = models.CharField(max_length=11, blank=True)
    bank_name = models.CharField(max_length=120, blank=True)
    currency = models.CharField(max_length=3)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        """Audited."""

        app_label = "sellers"
        db_table = "bank_account"
        constraints = [RowSecurity(name="bank_account_tenant"), Audited(name="bank_account_audited")]


class MailRoute(TenantModel):
    """How a seller's mail goes out: by the default route, its own SMTP server, or a service; and how fast.

    `kind` is default, smtp or the name of one of `mail.services`. Passwords and keys are encrypted. Of `per_minute`
    messages (0 is no limit), `minute_count` went in the minute that began at `minute_at`.
    """

    kind = models.CharField(max_length=20, default="smtp")
    host = models.CharField(max_length=255, default="")
    port = models.PositiveIntegerField(default=587)
    security = models.CharField(max_length=8, default="starttls")
    sealed_login = models.BinaryField()
    sender_address = models.EmailField(default="")
    per_minute = models.PositiveIntegerField(default=0)
    minute_at = models.DateTimeField(null=True)
    minute_count = models.PositiveIntegerField(default=0)

    class Meta:
        """One route per seller."""

        app_label = "sellers"
        db_table = "mail_route"
        constraints = [
            models.UniqueConstraint(fields=["seller_id"], name="mail_route_once"),
            models.CheckConstraint(condition=models.Q(per_minute__lte=10_000), name="mail_route_pace"),
            RowSecurity(name="mail_route_tenant"),
        ]
