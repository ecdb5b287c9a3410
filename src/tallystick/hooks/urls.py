"""Addresses that providers call."""

from __future__ import annotations

from django.urls import path

from tallystick.hooks import services, views

urlpatterns = [
    path("mail/<slug:kind>/<str:token>", services.receive),
    path("<slug:provider>/<uuid:gateway_account_id>", views.receive),
]
