"""Addresses that providers call."""

from __future__ import annotations

from django.urls import path

from tallystick.hooks import mail, services, texts, views

urlpatterns = [
    path("mail", mail.receive),
    path("mail/<uuid:mailbox_id>", mail.receive_for),
    path("mail/<slug:kind>/<str:token>", services.receive),
    path("sms/<slug:kind>/<str:token>", texts.receive),
    path("<slug:provider>/<uuid:gateway_account_id>", views.receive),
]
