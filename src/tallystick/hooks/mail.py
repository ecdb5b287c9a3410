"""Mail that a mail server posts: kept as it came, for the seller it proves to be for. Acting on it is the worker's."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from tallystick.base import clock
from tallystick.base.inputs import is_email
from tallystick.hooks.answer import say
from tallystick.mailboxes.intake import seller_of_secret
from tallystick.mailboxes.keep import keep_mail
from tallystick.mailboxes.models import MOST_BYTES
from tallystick.messages.hear import whose_mail

log = logging.getLogger(__name__)
MOST_RECIPIENTS = 100
DECLARED = {
    "tallystick.hooks.mail.receive": ("secret", frozenset({"POST"})),
    "tallystick.hooks.mail.receive_for": ("secret", frozenset({"POST"})),
}
"""View name → (who may, methods), for the permission matrix."""


@csrf_exempt
def receive(request: HttpRequest) -> HttpResponse:
    """Keep a mail (message/rfc822) that the operator's server posts, for the seller whose mark it carries.

    `?to=` is the address it was for. 200: kept, or it is nobody's. 401: not the secret. 404: no secret is set, so nothing
    is taken. 503: it couldn't be kept, so the server should try again.
    """
    secret = settings.ENV.incoming_secret.get_secret_value()
    if not secret:
        return say("no mail is taken here", 404)
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    if not hmac.compare_digest(_bearer(request), secret.encode()):
        return say("wrong secret", 401)
    return _take(request, None)


@csrf_exempt
def receive_for(request: HttpRequest, mailbox_id: UUID) -> HttpResponse:
    """Keep a mail that a seller's own server posts. Answers as `receive`; 401 also for a mailbox that doesn't exist."""
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    try:
        seller_id = seller_of_secret(mailbox_id, _bearer(request))
    except (OperationalError, InterfaceError):
        return say("try again later", 503)
    return _take(request, seller_id) if seller_id else say("wrong secret", 401)


def _take(request: HttpRequest, seller_id: UUID | None) -> HttpResponse:
    given = request.headers.get("Content-Length", "")
    raw: bytes = request.read(MOST_BYTES + 1)
    size = int(given) if given.isdigit() else len(raw)
    to = [address for address in request.GET.getlist("to")[:MOST_RECIPIENTS] if is_email(address)]
    try:
        is_ours = keep_for(raw=raw, to=to, size=size, source="http", seller_id=seller_id, now=clock.now())
    except (OperationalError, InterfaceError):
        return say("try again later", 503)
    return say("kept" if is_ours else "nobody's", 200)


def keep_for(
    *, raw: bytes, to: Sequence[str], source: str, now: datetime, size: int = 0, seller_id: UUID | None = None
) -> bool:
    """Keep a mail for a seller, or for whose mark it carries, and return whether it is anybody's. Idempotent.

    The addresses of the envelope are noted on top of it, as mail servers do.
    """
    noted = "".join(f"Delivered-To: {address}\r\n" for address in to).encode("ascii", "replace") + raw
    owner = seller_id or whose_mail(noted)
    if owner is None:
        log.warning("a mail that came by %s carries no mark of ours and was not kept", source)
        return False
    keep_mail(seller_id=owner, raw=noted, source=source, size=size, now=now)
    return True


def _bearer(request: HttpRequest) -> bytes:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip().encode() if scheme.lower() == "bearer" else b""
