"""News of texts: receipts and answers from an SMS provider. Verify, keep, answer."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from tallystick.base import clock, tenant
from tallystick.hooks.answer import MOST_BYTES, say
from tallystick.messages.hear_texts import hear_texts_of
from tallystick.sms.port import BadNews, BadProof, hear_texts
from tallystick.texting.hook import hook_address, seller_of_hook
from tallystick.texting.route import sms_options

DECLARED = {"tallystick.hooks.texts.receive": ("signature", frozenset({"POST"}))}
"""View name → (who may, methods), for the permission matrix."""


@csrf_exempt
def receive(request: HttpRequest, kind: str, token: str) -> HttpResponse:
    """Answer 204 once what a provider says is kept, a second time too, and for texts that aren't ours: some providers
    text a body back to whoever wrote.

    404: nobody's address. 403: a wrong signature. 400: not what this provider sends. 503: we couldn't keep it, so the
    provider should tell again.
    """
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    seller_id = seller_of_hook(kind, token)
    if seller_id is None:
        return say("no such address", 404)
    body: bytes = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        return say("too large", 413)
    try:
        with tenant.tx(seller_id, read_only=True):
            options = sms_options(seller_id, kind)
        headers, url = dict(request.headers), hook_address(seller_id, kind)
        heard = hear_texts(body, headers=headers, url=url, kind=kind, options=options)
        hear_texts_of(seller_id=seller_id, heard=heard, source=kind, now=clock.now())
    except BadProof:
        return say("bad signature", 403)
    except BadNews:
        return say("unreadable", 400)
    except (OperationalError, InterfaceError):
        return say("try again later", 503)
    return HttpResponse(status=204)
