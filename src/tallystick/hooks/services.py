"""News of emails that a service took: verify, keep, answer."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from tallystick.base import clock, tenant
from tallystick.hooks.answer import MOST_BYTES, say
from tallystick.mail.news import BadNews, BadProof, NoProof
from tallystick.mail.port import MailUnavailable, confirm_hook, hear
from tallystick.messages.hear_service import hear_news
from tallystick.sellers.mail_hook import hook_password, seller_of_hook
from tallystick.sellers.mail_route import service_options

DECLARED = {"tallystick.hooks.services.receive": ("signature", frozenset({"POST"}))}
"""View name → (who may, methods), for the permission matrix."""


@csrf_exempt
def receive(request: HttpRequest, kind: str, token: str) -> HttpResponse:
    """Answer 200 once what a service says is kept, a second time too, and for messages that aren't ours.

    404: nobody's address. 401: no password; some services send it only when asked. 403: a wrong password or signature.
    400: not what this service sends. 503: we couldn't keep it, so the service should tell again.
    """
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    seller_id = seller_of_hook(kind, token)
    if seller_id is None:
        return say("no such address", 404)
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > MOST_BYTES:
        return say("too large", 413)
    try:
        with tenant.tx(seller_id, read_only=True):
            options = service_options(kind)
        password = hook_password(seller_id, kind)
        heard = hear(request, kind=kind, options=options, password=password, at=clock.wall())
        if heard.confirm_url:
            confirm_hook(heard.confirm_url)
        hear_news(seller_id=seller_id, news=heard.news, source=kind, now=clock.now())
    except NoProof:
        answer = say("say who you are", 401)
        answer["WWW-Authenticate"] = 'Basic realm="Tallystick"'
        return answer
    except BadProof:
        return say("bad signature", 403)
    except BadNews:
        return say("unreadable", 400)
    except (MailUnavailable, OperationalError, InterfaceError):
        return say("try again later", 503)
    return say("kept", 200)
