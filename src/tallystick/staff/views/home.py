"""The way in, and how a person likes to see things."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tallystick.sellers.queries import memberships_of

THEMES = ("auto", "light", "dark")
_YEAR_S = 365 * 24 * 3600


@require_safe
def start(request: Any) -> HttpResponse:
    """Send a signed-in person to their first seller's Today page, anyone else to sign in."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    places = memberships_of(request.user.id)
    if not places:
        text = _("You aren't a member of any business here yet. Ask an admin to invite you.")
        return render(request, "error.html", {"title": _("No business yet"), "text": text}, status=403)
    try:
        return redirect(reverse("today", args=[places[0].slug]))
    except NoReverseMatch:
        return redirect(reverse("invoices", args=[places[0].slug]))


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme and language in cookies and go back."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = redirect(back)
    theme, language = request.POST.get("theme", ""), request.POST.get("language", "")
    if theme in THEMES:
        response.set_cookie("theme", theme, max_age=_YEAR_S, samesite="Lax", secure=request.is_secure())
    if language in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, language, max_age=_YEAR_S, samesite="Lax", secure=request.is_secure()
        )
    return response
