"""The frame of every staff page: who is asking, for which seller, and whether their role includes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, ProgrammingError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode

from tallystick.base import clock, tenant
from tallystick.conversations.queries import unread_count
from tallystick.invoices.queries_lists import tab_counts
from tallystick.sellers.models import Seller
from tallystick.sellers.queries import Membership, memberships_of, seller
from tallystick.sellers.roles import allows

Arguments = ParamSpec("Arguments")
Page = Callable[Concatenate["StaffRequest", Arguments], HttpResponse]
DECLARED: dict[str, tuple[str, frozenset[str]]] = {}
"""View name → (permission, methods): what the permission matrix test holds against the URL table."""


@dataclass
class Desk:
    """Where a staff request sits: the person's place at this seller, and the time."""

    place: Membership
    actor_id: UUID
    now: datetime
    places: list[Membership]
    """Every seller of this person, for the switcher."""

    @property
    def seller_id(self) -> UUID:
        """The seller's id."""
        return self.place.seller_id

    @cached_property
    def seller(self) -> Seller:
        """The seller, read once. Inside `tenant.tx`."""
        return seller(self.place.seller_id)

    @cached_property
    def today(self) -> date:
        """The business date in the seller's zone."""
        return clock.business_date(self.now, self.zone)

    @property
    def zone(self) -> str:
        """The seller's time zone, for showing instants."""
        return self.place.time_zone

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many documents each open tab holds, read once for sidebar and page."""
        with tenant.tx(self.seller_id, read_only=True):
            return tab_counts(on=self.today)

    @cached_property
    def unread(self) -> int:
        """How many threads of the inbox nobody has read, for the sidebar."""
        with tenant.tx(self.seller_id, read_only=True):
            return unread_count()

    def may(self, permission: str) -> bool:
        """Whether the person's role includes a permission; templates hide what it doesn't."""
        return allows(self.place.role, permission)

    def acting(self) -> dict[str, Any]:
        """The arguments most verbs share."""
        return {"seller_id": self.seller_id, "now": self.now, "actor_id": self.actor_id}


class StaffRequest(HttpRequest):
    """A request that came through `door`."""

    desk: Desk


def door(
    permission: str, *methods: str, own_transaction: bool = False
) -> Callable[[Page[Arguments]], Callable[..., HttpResponse]]:
    """Declare a staff page: the permission it asks for and the methods it answers (default GET only).

    Anonymous people are sent to sign in; people of other sellers get 404, the same as for a seller that never was;
    members whose role lacks the permission get 403. A GET runs inside one READ ONLY transaction of the seller; a POST
    opens none, as its verbs do. Another method is a 405. `own_transaction` is for a GET whose read opens read-only ones
    itself, because it does something between them that may not stand inside one (rendering a PDF).
    """
    allowed = frozenset(methods or ("GET",))

    def declare(page: Page[Arguments]) -> Callable[..., HttpResponse]:
        DECLARED[f"{page.__module__}.{page.__qualname__}"] = (permission, allowed)

        @wraps(page)
        def enter(request: Any, slug: str, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect(f"/accounts/login/?{urlencode({'next': request.get_full_path()})}")
            places = memberships_of(request.user.id)
            place = next((p for p in places if p.slug == slug), None)
            if place is None:
                raise Http404
            if not allows(place.role, permission):
                raise PermissionDenied
            method = "GET" if request.method == "HEAD" else request.method
            if method not in allowed:
                return HttpResponse(status=405, headers={"Allow": ", ".join(sorted(allowed))})
            request.desk = Desk(place, request.user.id, clock.now(), places)
            if method != "GET":
                return _post(page, request, *args, **kwargs)
            if own_transaction:
                return page(request, *args, **kwargs)
            with tenant.tx(place.seller_id, read_only=True):
                return page(request, *args, **kwargs)

        return enter

    return declare


def _post(
    page: Page[Arguments], request: StaffRequest, *args: Arguments.args, **kwargs: Arguments.kwargs
) -> HttpResponse:
    """Answer a form. One that carries the id of another seller's row gets the 404 of a row that never was."""
    try:
        return page(request, *args, **kwargs)
    except (IntegrityError, ProgrammingError) as error:
        if tenant.is_foreign(error):
            raise Http404 from error
        raise
