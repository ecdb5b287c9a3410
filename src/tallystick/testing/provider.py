"""The sandbox provider as a gateway account of a test's seller."""

from __future__ import annotations

import re
from uuid import UUID

from tallystick.base.ids import new_id
from tallystick.gateways.tests.sandbox_process import SECRET
from tallystick.payments.gateways import save_gateway_account
from tallystick.testing.world import World

__all__ = ["SECRET", "add_sandbox"]


def add_sandbox(world: World, api_url: str) -> UUID:
    """Give a world's seller an account at the sandbox provider, and return its id."""
    account_id = new_id()
    save_gateway_account(
        account_id=account_id,
        provider="sandbox",
        label="Card",
        config={
            "api_url": api_url,
            "secret_key": f"sk_sandbox_{re.sub('[^a-z0-9]', '', world.slug)}",
            "webhook_secret": SECRET,
        },
        is_enabled=True,
        **world.acting(),
    )
    return account_id
