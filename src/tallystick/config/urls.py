"""Which door answers which address."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

handler404 = "tallystick.config.errors.not_found"
handler403 = "tallystick.config.errors.forbidden"
handler500 = "tallystick.config.errors.broken"


def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the web process answers."""
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [
    path("healthz", healthz),
    path("accounts/", include("allauth.urls")),
    path("p/", include("tallystick.pay.urls")),
    path("r/", include("tallystick.pay.urls_ask")),
    path("c/", include("tallystick.pay.urls_plan")),
    path("l/", include("tallystick.pay.urls_short")),
    path("u/", include("tallystick.pay.urls_leave")),
    path("hooks/", include("tallystick.hooks.urls")),
    path("", include("tallystick.staff.urls")),
]
