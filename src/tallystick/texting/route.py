"""The seller's own way of texting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from uuid import UUID

from django.conf import settings

from tallystick.base import events, tenant
from tallystick.base.ids import new_id
from tallystick.base.secrets import digest, seal, unseal
from tallystick.sms.port import Transport, can_be_answered, check_options, is_sender
from tallystick.sms.services import SERVICES
from tallystick.texting.errors import BadSmsSettings
from tallystick.texting.hook import hook_address
from tallystick.texting.models import SmsRoute

SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True)
class Route:
    """How a seller texts: by which provider, from whom, and when nobody's telephone rings (in the customer's zone)."""

    kind: str
    sender: str
    quiet_from: time
    quiet_until: time
    transport: Transport = field(repr=False)

    @property
    def hears(self) -> bool:
        """Whether answers reach us: the provider passes them on, and the sender can be answered."""
        service = SERVICES[self.kind]
        return service.tells and (service.is_play or can_be_answered(self.sender))


def sms_route(seller_id: UUID) -> Route | None:
    """Return how the seller texts, None when it doesn't. Inside `tenant.tx`; one query."""
    row = SmsRoute.objects.first()
    if row is None:
        return None
    transport = Transport(
        kind=row.kind,
        options=_options(seller_id, row),
        report_url=_report_url(seller_id, row.kind),
    )
    return Route(row.kind, row.sender, row.quiet_from, row.quiet_until, transport)


def sms_options(seller_id: UUID, kind: str) -> dict[str, str]:
    """Return what is stored of a provider's settings, secrets among them; empty for another. Inside `tenant.tx`."""
    row = SmsRoute.objects.filter(kind=kind).first()
    return _options(seller_id, row) if row else {}


def offered_services() -> list[str]:
    """Return the providers to choose from; the sandbox phone only where there is one."""
    return [name for name, one in SERVICES.items() if not one.is_play or settings.ENV.phone_url]


def save_sms_route(
    *,
    seller_id: UUID,
    kind: str,
    sender: str,
    options: Mapping[str, str],
    now: datetime,
    actor_id: UUID | None = None,
) -> None:
    """Text through a provider from now on. An empty secret keeps the stored one of the same provider.

    Raises BadSmsSettings, its problems named after the provider's fields, and LookupError for an unknown provider.
    """
    service, sender = SERVICES[kind], sender.strip()
    with tenant.tx(seller_id, actor_id=actor_id):
        known = SmsRoute.objects.select_for_update().first()
        stored = unseal(known.sealed_options) if known and known.kind == kind else {}
        merged, problems = {}, {}
        for one in service.fields:
            merged[one.name] = options.get(one.name, "").strip() or (stored.get(one.name, "") if one.is_secret else "")
            if not merged[one.name]:
                problems[one.name] = "required"
            elif not merged[one.name].isascii() or not merged[one.name].isprintable() or len(merged[one.name]) > 500:
                problems[one.name] = "control"
        problems = problems or check_options(kind, merged)
        if service.has_sender and not service.is_play and not is_sender(sender):
            problems["sender"] = "sender"
        if problems:
            raise BadSmsSettings(problems)
        values = {"kind": kind, "sender": sender if service.has_sender else "", "sealed_options": seal(merged)}
        SmsRoute.objects.update_or_create(
            seller_id=seller_id,
            defaults=values,
            create_defaults={**values, "id": new_id(), "seller_id": seller_id},
        )
        _tell(seller_id, service.label, now, actor_id)


def save_quiet_hours(
    *, seller_id: UUID, quiet_from: time, quiet_until: time, now: datetime, actor_id: UUID | None = None
) -> bool:
    """Keep when nobody is texted, and return whether there is a provider to keep it for. What waits, waits on. Idempotent."""
    with tenant.tx(seller_id, actor_id=actor_id):
        return bool(SmsRoute.objects.update(quiet_from=quiet_from, quiet_until=quiet_until))


def remove_sms_route(*, seller_id: UUID, now: datetime, actor_id: UUID | None = None) -> None:
    """Text no more, forgetting keys. Idempotent."""
    with tenant.tx(seller_id, actor_id=actor_id):
        gone, _rows = SmsRoute.objects.all().delete()
        if gone:
            _tell(seller_id, "", now, actor_id)


def _report_url(seller_id: UUID, kind: str) -> str:
    """Where the provider tells what became of a text; nowhere while it couldn't reach us."""
    service = SERVICES[kind]
    is_reachable = service.is_play or settings.PUBLIC_URL.startswith("https://")
    return hook_address(seller_id, kind) if service.tells and is_reachable else ""


def _options(seller_id: UUID, row: SmsRoute) -> dict[str, str]:
    """The provider's settings. The sandbox phone's are never typed: where it runs now, and what it signs with."""
    if row.kind == SANDBOX:
        return {"api_url": settings.ENV.phone_url, "secret": digest("sandbox-phone", seller_id.bytes).hex()}
    return unseal(row.sealed_options)


def _tell(seller_id: UUID, label: str, now: datetime, actor_id: UUID | None) -> None:
    events.record(
        "seller.sms_route_changed",
        seller_id=seller_id,
        subject_id=seller_id,
        now=now,
        actor_id=actor_id,
        provider=label,
    )
