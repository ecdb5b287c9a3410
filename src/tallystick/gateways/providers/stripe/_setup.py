"""Whether the account works: its key, and the address that Stripe sends its webhooks to."""

from __future__ import annotations

from typing import cast

from stripe.params import WebhookEndpointCreateParams, WebhookEndpointUpdateParams

from tallystick.gateways.providers.stripe._events import WANTED
from tallystick.gateways.providers.stripe._finding import PAGE
from tallystick.gateways.providers.stripe._reading import Unreadable, rows, text
from tallystick.gateways.providers.stripe._transport import API_VERSION, Api, Json, KeyClash, Refused, Silence

_AWAY = "Stripe doesn't answer. Try again in a minute."


def check(api: Api, *, is_test: bool) -> list[str]:
    """What is wrong with the key or the webhook address; empty when all is well."""
    try:
        api.ask(lambda client: client.v1.balance.retrieve())
        endpoints = _endpoints(api)
    except Refused as refusal:
        return [_why_refused(refusal, is_test=is_test)]
    except (KeyClash, Silence, Unreadable):
        return [_AWAY]
    working = [each for each in endpoints if each.get("status") == "enabled"]
    if not working:
        return ["Stripe has no webhook address for this account, so payments show up late. Add one."]
    if not any(_hears_all(each) for each in working):
        return ["The webhook address at Stripe doesn't get every event it should. Set it up again."]
    return []


def register_webhook(api: Api, *, url: str) -> list[str]:
    """Have Stripe send its events to `url`. Twice makes one. Stripe shows a new address's secret only to people."""
    try:
        known = [each for each in _endpoints(api) if each.get("url") == url]
        if not known:
            new = cast(
                WebhookEndpointCreateParams, {"url": url, "enabled_events": [*WANTED], "api_version": API_VERSION}
            )
            api.ask(lambda client: client.v1.webhook_endpoints.create(new))
            return [
                f"Stripe now sends its news to {url}. Open that endpoint in Stripe's dashboard, reveal its signing "
                "secret and copy it into the settings here; until then nothing of it can be believed."
            ]
        if any(each.get("status") == "enabled" and _hears_all(each) for each in known):
            return []
        own = text(known[0], "id")
        mended = cast(WebhookEndpointUpdateParams, {"enabled_events": [*WANTED], "disabled": False})
        api.ask(lambda client: client.v1.webhook_endpoints.update(own, mended))
    except Refused as refusal:
        return [f"Stripe didn't take the webhook address: {refusal.message}"]
    except (KeyClash, Silence, Unreadable):
        return [_AWAY]
    return []


def _endpoints(api: Api) -> list[Json]:
    return list(rows(api.ask(lambda client: client.v1.webhook_endpoints.list({"limit": PAGE}))))


def _hears_all(endpoint: Json) -> bool:
    heard = endpoint.get("enabled_events")
    return isinstance(heard, list) and ("*" in heard or set(WANTED) <= set(heard))


def _why_refused(refusal: Refused, *, is_test: bool) -> str:
    what = "test key" if is_test else "live key"
    if refusal.status == 401:
        return f"Stripe doesn't accept this {what}. Copy the secret key again from its dashboard."
    if refusal.status == 403:
        return f"This restricted {what} may not do all that is needed: {refusal.message}"
    return f"Stripe refuses to talk to this {what}: {refusal.message}"
