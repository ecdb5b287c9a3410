"""Addresses of payment requests."""

from __future__ import annotations

from django.urls import path, re_path

from tallystick.pay.door import lost
from tallystick.pay.views import ask, card

app_name = "ask"
urlpatterns = [
    path("<str:token>", ask.page, name="page"),
    path("<str:token>/", ask.page),
    path("<str:token>/pay", ask.pay, name="pay"),
    path("<str:token>/keep", card.keep, name="keep"),
    path("<str:token>/return", ask.come_back, name="return"),
    path("<str:token>/check", ask.check, name="check"),
    path("<str:token>/cancel", ask.cancel, name="cancel"),
    path("<str:token>/logo", ask.logo, name="logo"),
    re_path(r"^.*$", lost),
]
