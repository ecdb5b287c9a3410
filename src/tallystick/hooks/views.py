"""Receiving a webhook: verify, keep, answer. Acting on it is the worker's; the gateway isn't asked here."""

from __future__ import annotations

from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from tallystick.base import clock, inbox, tenant
from tallystick.gateways.port import BadSignature, MalformedWebhook, StaleWebhook
from tallystick.hooks import mail, services, texts
from tallystick.hooks.answer import MOST_BYTES, say
from tallystick.payments.gateways import open_gateway
from tallystick.payments.queries import gateway_account, seller_of_gateway_account

DECLARED = {
    "tallystick.hooks.views.receive": ("signature", frozenset({"POST"})),
    **services.DECLARED,
    **mail.DECLARED,
    **texts.DECLARED,
}
"""View name → (who may, methods), for the permission matrix."""


@csrf_exempt
def receive(request: HttpRequest, provider: str, gateway_account_id: UUID) -> HttpResponse:
    """Answer 200 once a signed webhook is safely kept (a second delivery too), and nothing else before.

    400: not signed by a secret of this account, too old, or unreadable; nothing is kept. 404: no such account.
    503: we couldn't keep it, so the provider should deliver it again.
    """
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    body = _read_body(request)
    if body is None:
        return say("too large", 413)
    try:
        return _keep(request, provider, gateway_account_id, body)
    except (OperationalError, InterfaceError):
        return say("try again later", 503)


def _read_body(request: HttpRequest) -> bytes | None:
    """Return the body, or None beyond the cap, without reading more than that."""
    given = request.headers.get("Content-Length", "")
    if given.isdigit() and int(given) > MOST_BYTES:
        return None
    body: bytes = request.read(MOST_BYTES + 1)
    return body if len(body) <= MOST_BYTES else None


def _keep(request: HttpRequest, provider: str, gateway_account_id: UUID, body: bytes) -> HttpResponse:
    """Verify and keep in one transaction; verifying is arithmetic, nobody outside is asked."""
    seller_id = seller_of_gateway_account(gateway_account_id)
    if seller_id is None:
        return say("no such account", 404)
    try:
        with tenant.tx(seller_id):
            account = gateway_account(gateway_account_id)
            if account is None or account.provider != provider:
                return say("no such account", 404)
            gateway = open_gateway(account)
            for event in gateway.read_webhooks(body=body, headers=dict(request.headers), at=clock.wall()):
                inbox.keep(
                    seller_id=seller_id,
                    gateway_account_id=gateway_account_id,
                    event_id=event.id,
                    kind=event.kind,
                    subject=event.subject,
                    reference=event.ref or "",
                    charge_ref=event.charge_ref or "",
                    attempt_id=event.attempt_id,
                    body=body,
                    now=clock.now(),
                )
    except BadSignature:
        return say("bad signature", 400)
    except StaleWebhook:
        return say("too old", 400)
    except MalformedWebhook:
        return say("unreadable", 400)
    return say("kept", 200)
