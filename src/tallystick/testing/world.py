"""The cast: seller Acme with Alice, who may do everything, and one member of each other role; and Charlie, an outsider.

Nora pays at once, Otto pays late and has no email, Pia writes from right to left. Every test has its own seller, so
tests don't meet and nothing is ever wiped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.catalog.models import TaxRate
from tallystick.customers.models import Customer
from tallystick.invoices.draft import Draft, DraftLine
from tallystick.invoices.issue import Issued, issue_invoices
from tallystick.invoices.save import save_drafts
from tallystick.invoices.series import set_series
from tallystick.sellers.models import BankAccount, Member, Seller, User
from tallystick.sellers.roles import ROLES

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
PASSWORD = "a long enough password"  # noqa: S105


@dataclass
class World:
    """One seller and its people, ready to invoice."""

    seller_id: UUID
    slug: str
    members: dict[str, User] = field(default_factory=dict)
    customers: dict[str, UUID] = field(default_factory=dict)
    rates: dict[str, UUID] = field(default_factory=dict)
    now: datetime = NOW
    today: date = TODAY

    @property
    def alice(self) -> User:
        """The admin."""
        return self.members["admin"]

    @property
    def nora(self) -> UUID:
        """A customer with an email address."""
        return self.customers["nora"]

    def acting(self) -> dict[str, Any]:
        """The arguments most verbs share."""
        return {"seller_id": self.seller_id, "now": self.now}

    def draft(self, *, customer: str = "nora", lines: tuple[DraftLine, ...] | None = None, **given: Any) -> UUID:
        """Save a draft (`two_lines` unless lines are given) and return its id."""
        invoice_id = given.pop("id", None) or new_id()
        draft = Draft(
            id=invoice_id,
            customer_id=self.customers[customer],
            currency=given.pop("currency", "EUR"),
            language=given.pop("language", "en"),
            lines=self.two_lines() if lines is None else lines,
            terms=given.pop("terms", {"kind": "net", "days": 14, "label": "14 days"}),
            **given,
        )
        save_drafts(drafts=[draft], **self.acting())
        return invoice_id

    def two_lines(self) -> tuple[DraftLine, ...]:
        """€100.00 with 23 % tax and €50.00 without: €173.00."""
        return (
            DraftLine("Planning drawings", Decimal(10), Decimal("10.00"), self.rates["standard"]),
            DraftLine("Monograph", Decimal(2), Decimal("25.00"), self.rates["zero"]),
        )

    def issue(self, *invoice_ids: UUID) -> list[Issued]:
        """Issue drafts today."""
        return issue_invoices(invoice_ids=invoice_ids, today=self.today, **self.acting())

    def invoice(self, **given: Any) -> UUID:
        """Save and issue one invoice and return its id."""
        invoice_id = self.draft(**given)
        self.issue(invoice_id)
        return invoice_id

    def begin_at_noon(self, now: datetime) -> World:
        """Stand at an instant, in a zone where it is noon then: what runs by day runs, whenever the test does."""
        self.now, self.today = now, now.date()
        west = now.hour - 12
        with tenant.tx(self.seller_id):
            Seller.objects.filter(id=self.seller_id).update(time_zone=f"Etc/GMT{west:+d}")
        return self

    def later(self, **delta: float) -> World:
        """Move this world's clock on."""
        self.now += timedelta(**delta)
        self.today = self.now.date()
        return self


def make_world(*, roles: bool = False) -> World:
    """Make a seller with an admin (and, with `roles`, one member per role), three customers, two rates and numbering."""
    seller_id = new_id()
    world = World(seller_id, f"acme-{seller_id.hex[-12:]}")
    with tenant.tx(seller_id):
        Seller.objects.create(
            id=seller_id,
            slug=world.slug,
            name="Acme Print",
            legal_name="Acme Print Ltd",
            street="14 Copley Street",
            city="Cork",
            postcode="T12 X8N4",
            country="IE",
            email="accounts@acme.example",
            time_zone="Europe/Dublin",
            currency="EUR",
            brand="#17694a",
            created_at=NOW,
        )
        for role in ROLES if roles else ("admin",):
            user = User.objects.create_user(
                f"{role}-{seller_id.hex[-12:]}@acme.example", PASSWORD, full_name=role.title()
            )
            Member.objects.create(id=new_id(), seller_id=seller_id, user=user, role=role, joined_at=NOW)
            world.members[role] = user
        BankAccount.objects.create(
            id=new_id(),
            seller_id=seller_id,
            holder="Acme Print Ltd",
            iban="IE29AIBK93115212345678",
            bic="AIBKIE2D",
            currency="EUR",
        )
        for name, percent, category in (("standard", 23, "S"), ("zero", 0, "Z"), ("reduced", Decimal("13.5"), "S")):
            rate = TaxRate.objects.create(
                id=new_id(), seller_id=seller_id, name=f"VAT {percent}%", category=category, percent=percent
            )
            world.rates[name] = rate.id
        people = {
            "nora": ("Nora Kestrel Architects", "nora@kestrel.example", "en"),
            "otto": ("Otto & Søn, d'Arcy", "", "en"),
            "pia": ("شركة بيا للطباعة", "pia@press.example", "ro"),
        }
        for number, (key, (name, email, language)) in enumerate(people.items(), start=1):
            customer = Customer.objects.create(
                id=new_id(),
                seller_id=seller_id,
                number=f"C-{number}",
                name=name,
                sort_key=name.casefold(),
                email=email,
                country="IE",
                language=language,
                currency="EUR",
                created_at=NOW,
            )
            world.customers[key] = customer.id
    for kind, pattern in (
        ("invoice", "LP-{number}"),
        ("credit_note", "CN-{year}-{number:4}"),
        ("payment", "R-{number}"),
    ):
        set_series(seller_id=seller_id, kind=kind, pattern=pattern)
    return world
