"""A new seller and the first person in it. `invoices.found` adds what it needs to sell."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.sellers.errors import SlugTaken
from tallystick.sellers.models import Member, Seller, User
from tallystick.sellers.queries import seller_of_slug


def found_seller(
    *,
    seller_id: UUID,
    slug: str,
    name: str,
    country: str,
    currency: str,
    admin_email: str,
    now: datetime,
    admin_name: str = "",
    admin_password: str | None = None,
    language: str = "en",
    time_zone: str = "UTC",
    is_demo: bool = False,
) -> UUID:
    """Create a seller with its first administrator and return that person's id. Idempotent by `seller_id`.

    A person who has an account already keeps name and password. Payment terms start at 30 days. Raises SlugTaken.
    """
    email = admin_email.strip().lower()
    with tenant.tx(seller_id):
        user = User.objects.filter(email=email).first()
        if user is None:
            user = User.objects.create_user(email, admin_password, full_name=admin_name.strip(), language=language)
        if not Seller.objects.filter(id=seller_id).exists():
            if seller_of_slug(slug) is not None:
                raise SlugTaken(slug)
            Seller.objects.create(
                id=seller_id,
                slug=slug,
                name=name.strip(),
                country=country,
                currency=currency,
                email=email,
                language=language,
                time_zone=time_zone,
                terms={"kind": "net", "days": 30},
                is_demo=is_demo,
                created_at=now,
            )
        if not Member.objects.filter(user_id=user.id).exists():
            Member.objects.create(id=new_id(), seller_id=seller_id, user=user, role="admin", joined_at=now)
        return user.id
