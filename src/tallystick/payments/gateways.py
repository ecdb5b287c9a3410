"""A seller's accounts at payment providers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from tallystick.base import tenant
from tallystick.base.secrets import seal, unseal
from tallystick.gateways.port import Gateway
from tallystick.gateways.registry import build_gateway
from tallystick.payments.models import GatewayAccount


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
        row = GatewayAccount.objects.select_for_update().filter(id=account_id).first()
        stored = unseal(row.sealed_config) if row else {}
        merged = {**stored, **{name: value for name, value in config.items() if value or name not in stored}}
        build_gateway(provider, merged)
        GatewayAccount.objects.update_or_create(
            id=account_id,
            defaults={"provider": provider, "label": label, "sealed_config": seal(merged), "is_enabled": is_enabled},
            create_defaults={
                "seller_id": seller_id,
                "provider": provider,
                "label": label,
                "sealed_config": seal(merged),
                "is_enabled": is_enabled,
                "position": GatewayAccount.objects.count(),
                "created_at": now,
            },
        )


def open_gateway(row: GatewayAccount) -> Gateway:
    """Return the gateway behind an account, keys unsealed. Makes no call."""
    return build_gateway(row.provider, unseal(row.sealed_config))


def stored_config(row: GatewayAccount) -> dict[str, str]:
    """Return an account's settings in the clear, for its own settings form to show what isn't secret."""
    return unseal(row.sealed_config)
