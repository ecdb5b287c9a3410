"""Staff pages, all under `/s/<seller>/`. Each noun has its own module of views."""

from __future__ import annotations

from django.urls import include, path

from tallystick.staff.views import home

urlpatterns = [
    path("", home.start, name="start"),
    path("preferences", home.preferences, name="preferences"),
    path("", include("tallystick.staff.urls_invitation")),
    path("s/<slug:slug>/", include("tallystick.staff.urls_invoices")),
    path("s/<slug:slug>/", include("tallystick.staff.urls_inbox")),
    path("s/<slug:slug>/", include("tallystick.staff.urls_office")),
    path("s/<slug:slug>/", include("tallystick.staff.urls_money")),
    path("s/<slug:slug>/", include("tallystick.staff.urls_charging")),
    path("s/<slug:slug>/", include("tallystick.staff.urls_links")),
    path("s/<slug:slug>/", include("tallystick.staff.urls_broadcasts")),
]
