"""Customers and the people we write to."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Upper

from tallystick.base.schema import Audited, RowSecurity, TenantKey, TenantModel, referable, same_seller


class Customer(TenantModel):
    """A party that owes. Its row is the lock of every money transaction about it."""

    number = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    sort_key = models.CharField(max_length=200)
    attention = models.CharField(max_length=200, blank=True)
    street = models.CharField(max_length=300, blank=True)
    city = models.CharField(max_length=120, blank=True)
    postcode = models.CharField(max_length=20, blank=True)
    region = models.CharField(max_length=120, blank=True)
    country = models.CharField(max_length=2)
    tax_id = models.CharField(max_length=40, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    language = models.CharField(max_length=8)
    currency = models.CharField(max_length=3)
    terms = models.JSONField(null=True)
    note = models.TextField(blank=True)
    payment_links = models.BooleanField(default=True, db_default=True)
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    search = models.GeneratedField(
        expression=models.Func(
            models.Value("simple"),
            models.Func(
                models.F("number"),
                models.F("name"),
                models.F("email"),
                models.F("city"),
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
        """Sorted by a stored key; found by a text vector of number, name, address and city."""

        app_label = "customers"
        db_table = "customer"
        indexes = [
            models.Index(fields=["seller_id", "sort_key", "id"], name="customer_sorted"),
            GinIndex(fields=["search"], name="customer_search"),
            models.Index("seller_id", Upper("email"), name="customer_by_address"),
        ]
        constraints = [
            referable("customer"),
            models.UniqueConstraint(fields=["seller_id", "number"], name="customer_number_once"),
            RowSecurity(name="customer_tenant"),
            Audited(name="customer_audited"),
        ]


class Contact(TenantModel):
    """A person at a customer; `gets_documents` puts the address into the compose screen."""

    customer = TenantKey("customers.Customer")
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    gets_documents = models.BooleanField(default=True)
    is_copied = models.BooleanField(default=False)

    class Meta:
        """Goes with its customer."""

        app_label = "customers"
        db_table = "contact"
        indexes = [
            models.Index(fields=["seller_id", "customer"], name="contact_of_customer"),
            models.Index("seller_id", Upper("email"), name="contact_by_address"),
        ]
        constraints = [
            same_seller("contact", "customer_id", "customer", on_delete="CASCADE"),
            RowSecurity(name="contact_tenant"),
        ]
