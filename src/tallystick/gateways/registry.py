"""The one table of payment providers."""

from __future__ import annotations

from collections.abc import Mapping

from tallystick.gateways.port import Gateway, Provider
from tallystick.gateways.providers.gocardless.gateway import GOCARDLESS
from tallystick.gateways.providers.mollie.gateway import MOLLIE
from tallystick.gateways.providers.paypal.gateway import PAYPAL
from tallystick.gateways.providers.sandbox.gateway import SANDBOX
from tallystick.gateways.providers.stripe.gateway import STRIPE

PROVIDERS: Mapping[str, Provider] = {each.name: each for each in (SANDBOX, PAYPAL, STRIPE, MOLLIE, GOCARDLESS)}


class UnknownProvider(LookupError):
    """No such provider in this version of Tallystick."""


def provider(name: str) -> Provider:
    """The provider called `name`. Raises UnknownProvider."""
    try:
        return PROVIDERS[name]
    except KeyError:
        raise UnknownProvider(f"There is no payment provider called {name!r}.") from None


def build_gateway(provider_name: str, config: Mapping[str, str]) -> Gateway:
    """A gateway for one merchant account; makes no call. Raises UnknownProvider, BadConfig."""
    return provider(provider_name).build(config)
