"""Addresses of the payment page. Whatever else stands behind /p/ gets the same friendly answer."""

from __future__ import annotations

from django.urls import path, re_path

from tallystick.pay.door import lost
from tallystick.pay.views import charge, files, link, show

app_name = "pay"
urlpatterns = [
    path("<str:token>", show.page, name="page"),
    path("<str:token>/", show.page),
    path("<str:token>/pay", charge.pay, name="pay"),
    path("<str:token>/return", show.come_back, name="return"),
    path("<str:token>/check", charge.check, name="check"),
    path("<str:token>/cancel", charge.cancel, name="cancel"),
    path("<str:token>/seen", link.seen, name="seen"),
    path("<str:token>/fresh", link.fresh, name="fresh"),
    path("<str:token>/pdf", files.pdf, name="pdf"),
    path("<str:token>/receipt/<uuid:payment_id>", files.receipt, name="receipt"),
    path("<str:token>/logo", files.logo, name="logo"),
    re_path(r"^.*$", lost),
]
