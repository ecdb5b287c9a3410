"""A seller's accounts at payment providers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.conf import settings

from tallystick.base import direct, tenant
from tallystick.base.secrets import seal, unseal
from tallystick.gateways.port import Gateway
from tallystick.gateways.registry import build_gateway
from tallystick.payments.models import ChargeAttempt, GatewayAccount


def save_gateway_account(
    *,
    seller_id: UUID,
    account_id: UUID,
    provider: str,
    label: str,
    config: Mapping[str, str],
    is_enabled: bool,
    now: datetime,
    actor_id: UUID | None = None,
) -> None:
    """Create or change an account; empty secrets keep what is stored. Idempotent by id. Raises BadConfig, UnknownProvider."""
    with tenant.tx(seller_id, actor_id=actor_id):
        row = direct.find(GatewayAccount, account_id, lock=True)
        stored = unseal(row.sealed_config) if row else {}
        merged = {**stored, **{name: value for name, value in config.items() if value or name not in stored}}
        build_gateway(provider, merged)
        GatewayAccount.objects.update_or_create(
            id=account_id,
            defaults={"provider": provider, "label": label, "sealed_config": seal(merged), "is_enabled": is_enabled},
            create_defaults={
                "seller_id": seller_id,
                "provider": provider,
                "code": _free_code(provider),
                "label": label,
                "sealed_config": seal(merged),
                "is_enabled": is_enabled,
                "due_at": now,
                "position": GatewayAccount.objects.count(),
                "created_at": now,
            },
        )


def _free_code(provider: str) -> str:
    """The provider's name, with a number from its second account on."""
    taken = set(GatewayAccount.objects.filter(provider=provider).values_list("code", flat=True))
    number = len(taken) + 1
    while (code := provider if number == 1 else f"{provider}-{number}") in taken:
        number += 1
    return code


def open_gateway(row: GatewayAccount) -> Gateway:
    """Return the gateway behind an account, keys unsealed, told where its news come in. Makes no call."""
    hook = f"{settings.PUBLIC_URL}/hooks/{row.provider}/{row.id}"
    return build_gateway(row.provider, {**unseal(row.sealed_config), "webhook_url": hook})


def gateway_of(seller_id: UUID, attempt: ChargeAttempt) -> Gateway:
    """Return the gateway an attempt went to. Opens a read-only transaction of its own."""
    with tenant.tx(seller_id, read_only=True):
        return open_gateway(direct.get(GatewayAccount, attempt.gateway_account_id))


def stored_config(row: GatewayAccount) -> dict[str, str]:
    """Return an account's settings in the clear, for its own settings form to show what isn't secret."""
    return unseal(row.sealed_config)
