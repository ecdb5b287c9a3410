"""Reads of sellers and their people."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from tallystick.base import direct
from tallystick.sellers.models import BankAccount, Invitation, Member, Seller

SELLER_PARTY_SQL = """
SELECT jsonb_build_object(
  'name', s.name, 'legal_name', s.legal_name, 'country', s.country, 'tax_id', s.tax_id, 'company_no', s.company_no,
  'email', s.email, 'phone', s.phone, 'brand', s.brand, 'has_logo', s.logo IS NOT NULL,
  'address', array_remove(ARRAY[s.street, trim(s.postcode || ' ' || s.city), s.region], ''),
  'banks', coalesce((SELECT jsonb_agg(jsonb_build_object('holder', b.holder, 'iban', b.iban, 'bic', b.bic,
     'bank_name', b.bank_name, 'currency', b.currency) ORDER BY b.position, b.id) FROM bank_account b), '[]'))
FROM seller s WHERE s.id = %s
"""
"""The seller as it stands on a document; one parameter, its id."""


@dataclass(frozen=True, slots=True)
class Membership:
    """One of a person's places."""

    seller_id: UUID
    slug: str
    name: str
    role: str
    time_zone: str


def party_of_seller(seller_id: UUID) -> Any:
    """Return the seller as it stands on a document: names, address, tax ids, brand and bank accounts. One query."""
    with connection.cursor() as cursor:
        cursor.execute(SELLER_PARTY_SQL, [seller_id])
        row = cursor.fetchone()
    return json.loads(row[0]) if row else {}


def memberships_of(user_id: UUID) -> list[Membership]:
    """Return a person's active places at all sellers, by name. Works outside a tenant transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_id, slug, name, role, time_zone FROM memberships_of(%s)", [user_id])
        return [Membership(*row) for row in cursor.fetchall()]


def seller_of_slug(slug: str) -> UUID | None:
    """Return the id of the seller with that slug, or None. Works outside a tenant transaction."""
    return _lookup("SELECT seller_of_slug(%s)", slug)


def seller_of_invitation(invitation_id: UUID) -> UUID | None:
    """Return the seller an invitation belongs to, or None. Works outside a tenant transaction."""
    return _lookup("SELECT seller_of_invitation(%s)", invitation_id)


def all_sellers() -> list[UUID]:
    """Return every seller's id. Works outside a tenant transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM all_sellers()")
        return [row[0] for row in cursor.fetchall()]


def _lookup(statement: str, value: str | UUID) -> UUID | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [value])
        row = cursor.fetchone()
    return row[0] if row else None


def seller(seller_id: UUID) -> Seller:
    """Return the seller; its logo is read only when it is asked for. Inside `tenant.tx`."""
    return direct.get(Seller, seller_id, without=("logo",))


def logo_of(seller_id: UUID) -> bytes | None:
    """Return the logo as PNG bytes, or None."""
    logo = Seller.objects.filter(id=seller_id).values_list("logo", flat=True).first()
    return bytes(logo) if logo else None


def members() -> list[Member]:
    """Return the current seller's members with their people, active first."""
    return list(Member.objects.select_related("user").order_by("-is_active", "user__full_name", "user__email"))


def member(member_id: UUID) -> Member | None:
    """Return one member, or None."""
    return Member.objects.select_related("user").filter(id=member_id).first()


def open_invitations() -> list[Invitation]:
    """Return invitations neither accepted nor withdrawn, newest first."""
    return list(Invitation.objects.filter(accepted_at__isnull=True, withdrawn_at__isnull=True).order_by("-created_at"))


def bank_accounts() -> list[BankAccount]:
    """Return the current seller's bank accounts in their order."""
    return list(BankAccount.objects.order_by("position", "id"))


def names_of(user_ids: set[UUID]) -> dict[UUID, str]:
    """Return the names of these people (members of the current seller), for timelines."""
    rows = Member.objects.filter(user_id__in=user_ids).select_related("user")
    return {row.user_id: row.user.get_full_name() for row in rows}


def open_invitation(invitation_id: UUID) -> Invitation | None:
    """Return an invitation with who sent it, unless it was accepted or withdrawn."""
    rows = Invitation.objects.select_related("invited_by").filter(id=invitation_id)
    return rows.filter(accepted_at__isnull=True, withdrawn_at__isnull=True).first()
