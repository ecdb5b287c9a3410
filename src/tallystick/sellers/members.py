"""Who works here: inviting, joining, changing roles, leaving. There is always an administrator."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db.models import QuerySet

from tallystick.base import direct, events, tenant
from tallystick.base.ids import new_id
from tallystick.base.inputs import is_email
from tallystick.base.secrets import digest
from tallystick.sellers.errors import (
    AlreadyMember,
    InvalidSettings,
    InvitationClosed,
    LastAdmin,
    NoSuchMember,
    SignInFirst,
    UnknownRole,
)
from tallystick.sellers.models import Invitation, Member, Seller, User
from tallystick.sellers.roles import ROLES

LIFETIME = timedelta(days=10)


@dataclass(frozen=True, slots=True)
class Offer:
    """What the page behind an invitation link says. `has_account`: the invited person signs in to accept."""

    seller_name: str
    slug: str
    invited_by: str
    email: str
    role: str
    has_account: bool


def invitation_secret(invitation_id: UUID) -> str:
    """Return the 192-bit secret of an invitation: derived, so that the email can be composed when it is sent."""
    return base64.urlsafe_b64encode(digest("invitation", invitation_id.bytes)[:24]).decode()


def invitation_url(invitation_id: UUID) -> str:
    """Return the address that goes into the email, and nowhere else: holding it proves that one reads that mailbox."""
    return f"{settings.PUBLIC_URL}/invitation/{invitation_id}.{invitation_secret(invitation_id)}"


def invite_member(
    *, seller_id: UUID, invitation_id: UUID, email: str, role: str, now: datetime, actor_id: UUID
) -> Invitation:
    """Offer somebody a place; the fact `member.invited` makes the email go out. Idempotent by id.

    An older open invitation to the same address is withdrawn. Raises UnknownRole, AlreadyMember, InvalidSettings.
    """
    email = email.strip().lower()
    if role not in ROLES:
        raise UnknownRole(role)
    if not is_email(email):
        raise InvalidSettings({"email": "email"})
    with tenant.tx(seller_id, actor_id=actor_id):
        _in_turn(seller_id)
        known = direct.find(Invitation, invitation_id)
        if known:
            return known
        if Member.objects.filter(user__email=email, is_active=True).exists():
            raise AlreadyMember(email)
        _open(Invitation.objects.filter(email=email)).update(withdrawn_at=now)
        invitation = Invitation.objects.create(
            id=invitation_id,
            seller_id=seller_id,
            email=email,
            role=role,
            secret_digest=_digest(invitation_secret(invitation_id)),
            invited_by_id=actor_id,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        _tell("member.invited", seller_id, invitation_id, now, actor_id, email=email, role=role)
        return invitation


def withdraw_invitation(*, seller_id: UUID, invitation_id: UUID, now: datetime, actor_id: UUID | None = None) -> None:
    """Close an invitation before it is accepted. Idempotent."""
    with tenant.tx(seller_id, actor_id=actor_id):
        if _open(Invitation.objects.filter(id=invitation_id)).update(withdrawn_at=now):
            _tell("member.invitation_withdrawn", seller_id, invitation_id, now, actor_id)


def read_invitation(*, seller_id: UUID, invitation_id: UUID, secret: str, now: datetime) -> Offer:
    """Return what an invitation link offers, changing nothing. Raises InvitationClosed."""
    with tenant.tx(seller_id, read_only=True):
        found = Invitation.objects.select_related("invited_by").filter(id=invitation_id).first()
        invitation = _proven(found, secret, now)
        business = direct.get(Seller, seller_id)
        return Offer(
            seller_name=business.name,
            slug=business.slug,
            invited_by=invitation.invited_by.get_full_name(),
            email=invitation.email,
            role=invitation.role,
            has_account=User.objects.filter(email=invitation.email, is_active=True).exists(),
        )


def accept_invitation(
    *,
    seller_id: UUID,
    invitation_id: UUID,
    secret: str,
    now: datetime,
    user_id: UUID | None = None,
    full_name: str = "",
    password: str = "",
    language: str = "en",
) -> User:
    """Give the invited person their place and return them. Works once, ten days long.

    Somebody with an account must be signed in to it (`user_id`); somebody new gets one with this name and password.
    Raises InvitationClosed, SignInFirst, InvalidSettings (no name), Django's ValidationError (weak password).
    """
    with tenant.tx(seller_id, actor_id=user_id):
        _in_turn(seller_id)
        invitation = _proven(direct.find(Invitation, invitation_id, lock=True), secret, now)
        user = User.objects.filter(email=invitation.email, is_active=True).first()
        if user is None:
            user = _new_person(invitation.email, full_name, password, language)
        elif user.id != user_id:
            raise SignInFirst(invitation.email)
        Member.objects.update_or_create(
            user_id=user.id,
            defaults={"role": invitation.role, "is_active": True},
            create_defaults={"id": new_id(), "seller_id": seller_id, "role": invitation.role, "joined_at": now},
        )
        Invitation.objects.filter(id=invitation_id).update(accepted_at=now)
        _tell("member.joined", seller_id, invitation_id, now, user.id, role=invitation.role)
        return user


def change_role(*, seller_id: UUID, member_id: UUID, role: str, now: datetime, actor_id: UUID | None = None) -> None:
    """Give a member another role. Idempotent. Raises NoSuchMember, UnknownRole, LastAdmin."""
    if role not in ROLES:
        raise UnknownRole(role)
    with tenant.tx(seller_id, actor_id=actor_id):
        _in_turn(seller_id)
        member = _member(member_id)
        if member.role == role:
            return
        if member.is_active and role != "admin":
            _keep_an_admin(member)
        Member.objects.filter(id=member_id).update(role=role)
        _tell("member.role_changed", seller_id, member_id, now, actor_id, before=member.role, after=role)


def deactivate_member(*, seller_id: UUID, member_id: UUID, now: datetime, actor_id: UUID | None = None) -> None:
    """Close a member's door at once; what they did stays under their name. Idempotent. Raises NoSuchMember, LastAdmin."""
    _set_active(False, seller_id, member_id, now, actor_id)


def reactivate_member(*, seller_id: UUID, member_id: UUID, now: datetime, actor_id: UUID | None = None) -> None:
    """Let a former member in again, in the role they had. Idempotent. Raises NoSuchMember."""
    _set_active(True, seller_id, member_id, now, actor_id)


def _set_active(active: bool, seller_id: UUID, member_id: UUID, now: datetime, actor_id: UUID | None) -> None:
    with tenant.tx(seller_id, actor_id=actor_id):
        _in_turn(seller_id)
        member = _member(member_id)
        if member.is_active == active:
            return
        if not active:
            _keep_an_admin(member)
        Member.objects.filter(id=member_id).update(is_active=active)
        _tell("member.reactivated" if active else "member.deactivated", seller_id, member_id, now, actor_id)


def _in_turn(seller_id: UUID) -> None:
    """Changes of people go one after the other: two admins demoting each other would leave none."""
    list(Seller.objects.select_for_update(no_key=True).filter(id=seller_id).values_list("id"))


def _member(member_id: UUID) -> Member:
    member = direct.find(Member, member_id)
    if member is None:
        raise NoSuchMember(str(member_id))
    return member


def _keep_an_admin(leaving: Member) -> None:
    others = Member.objects.filter(role="admin", is_active=True).exclude(id=leaving.id)
    if leaving.role == "admin" and not others.exists():
        raise LastAdmin(str(leaving.id))


def _open(rows: QuerySet[Invitation]) -> QuerySet[Invitation]:
    return rows.filter(accepted_at__isnull=True, withdrawn_at__isnull=True)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _proven(invitation: Invitation | None, secret: str, now: datetime) -> Invitation:
    """The state of an invitation is told only to somebody with its secret."""
    kept = bytes(invitation.secret_digest) if invitation else b""
    if invitation is None or not hmac.compare_digest(kept, _digest(secret)):
        raise InvitationClosed("unknown")
    if invitation.accepted_at:
        raise InvitationClosed("accepted")
    if invitation.withdrawn_at:
        raise InvitationClosed("withdrawn")
    if invitation.expires_at <= now:
        raise InvitationClosed("expired")
    return invitation


def _new_person(email: str, full_name: str, password: str, language: str) -> User:
    full_name = full_name.strip()
    if not full_name or len(full_name) > 200:
        raise InvalidSettings({"full_name": "required" if not full_name else "too_long"})
    validate_password(password, User(email=email, full_name=full_name))
    dormant = User.objects.filter(email=email).first()
    if dormant is not None:
        raise InvitationClosed("unknown")
    return User.objects.create_user(email, password, full_name=full_name, language=language)


def _tell(kind: str, seller_id: UUID, subject_id: UUID, now: datetime, actor_id: UUID | None, **data: Any) -> None:
    events.record(kind, seller_id=seller_id, subject_id=subject_id, now=now, actor_id=actor_id, **data)
