"""People: invited, joined, promoted, gone; there is always an administrator."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.sellers import queries
from tallystick.sellers.errors import AlreadyMember, InvitationClosed, LastAdmin, NoSuchMember, SignInFirst, UnknownRole
from tallystick.sellers.members import (
    accept_invitation,
    change_role,
    deactivate_member,
    invitation_secret,
    invitation_url,
    invite_member,
    reactivate_member,
    read_invitation,
    withdraw_invitation,
)
from tallystick.testing.world import PASSWORD, World


def invite(world: World, email: str = "", role: str = "sales") -> UUID:
    invitation_id = new_id()
    email = email or f"bob-{invitation_id.hex}@x.example"
    invite_member(invitation_id=invitation_id, email=email, role=role, actor_id=world.alice.id, **world.acting())
    return invitation_id


def accept(world: World, invitation_id: UUID, **given: object) -> UUID:
    secret = invitation_secret(invitation_id)
    known = {"full_name": "Bob", "password": "sticks and stones 7", "secret": secret, **given}
    return accept_invitation(invitation_id=invitation_id, **world.acting(), **known).id  # type: ignore[arg-type]


def member_id(world: World, role: str) -> UUID:
    with tenant.tx(world.seller_id):
        return next(m.id for m in queries.members() if m.role == role)


def test_a_new_person_joins_once(world: World) -> None:
    invitation_id = invite(world)
    assert invitation_url(invitation_id).endswith(f"/invitation/{invitation_id}.{invitation_secret(invitation_id)}")
    person = accept(world, invitation_id)
    assert [place.role for place in queries.memberships_of(person)] == ["sales"]
    with pytest.raises(InvitationClosed, match="accepted"):
        accept(world, invitation_id)


def test_the_link_is_a_secret(world: World, outsider: World) -> None:
    invitation_id = invite(world)
    with pytest.raises(InvitationClosed, match="unknown"):
        accept(world, invitation_id, secret=invitation_secret(new_id()))
    with pytest.raises(InvitationClosed, match="unknown"):
        accept(outsider, invitation_id)
    with tenant.tx(world.seller_id):
        stored = bytes(queries.open_invitations()[0].secret_digest)
    assert invitation_secret(invitation_id).encode() not in stored
    assert len(stored) == 32


def test_reading_changes_nothing(world: World) -> None:
    invitation_id = invite(world, role="accountant")
    for _time in range(2):
        offer = read_invitation(invitation_id=invitation_id, secret=invitation_secret(invitation_id), **world.acting())
    assert (offer.role, offer.has_account, offer.seller_name) == ("accountant", False, "Acme Print")
    accept(world, invitation_id)


def test_it_runs_out_and_can_be_withdrawn(world: World) -> None:
    old, gone = invite(world), invite(world)
    withdraw_invitation(invitation_id=gone, **world.acting())
    with pytest.raises(InvitationClosed, match="withdrawn"):
        accept(world, gone)
    world.now += timedelta(days=10)
    with pytest.raises(InvitationClosed, match="expired"):
        accept(world, old)


def test_a_second_invitation_replaces_the_first(world: World) -> None:
    first = invite(world, "carol@x.example")
    invite(world, "CAROL@x.example", "cashier")
    with pytest.raises(InvitationClosed, match="withdrawn"):
        accept(world, first)


def test_who_has_an_account_accepts_while_signed_in(world: World, outsider: World) -> None:
    invitation_id = invite(world, outsider.alice.email)
    with pytest.raises(SignInFirst):
        accept(world, invitation_id)
    with pytest.raises(SignInFirst):
        accept(world, invitation_id, user_id=world.alice.id)
    assert accept(world, invitation_id, user_id=outsider.alice.id) == outsider.alice.id
    outsider.alice.refresh_from_db()
    assert outsider.alice.check_password(PASSWORD)


def test_weak_passwords_and_members_are_refused(world: World) -> None:
    with pytest.raises(ValidationError):
        accept(world, invite(world), password="password12")
    with pytest.raises(AlreadyMember):
        invite(world, world.alice.email.upper())
    with pytest.raises(UnknownRole):
        invite(world, role="owner")


def test_the_last_admin_stays(world: World) -> None:
    alice = member_id(world, "admin")
    with pytest.raises(LastAdmin):
        change_role(member_id=alice, role="sales", **world.acting())
    with pytest.raises(LastAdmin):
        deactivate_member(member_id=alice, **world.acting())
    accept(world, invite(world))
    change_role(member_id=member_id(world, "sales"), role="admin", **world.acting())
    deactivate_member(member_id=alice, **world.acting())
    assert queries.memberships_of(world.alice.id) == []
    reactivate_member(member_id=alice, **world.acting())
    assert len(queries.memberships_of(world.alice.id)) == 1


def test_outsiders_change_nobody(world: World, outsider: World) -> None:
    with pytest.raises(NoSuchMember):
        change_role(member_id=member_id(world, "admin"), role="sales", **outsider.acting())
