"""Addresses where customers change a planned charge."""

from __future__ import annotations

from django.urls import path, re_path

from tallystick.pay.door import lost
from tallystick.pay.views import plan

app_name = "plan"
urlpatterns = [
    path("<str:token>", plan.page, name="page"),
    path("<str:token>/", plan.page),
    path("<str:token>/postpone", plan.postpone, name="postpone"),
    path("<str:token>/choose", plan.choose, name="choose"),
    path("<str:token>/keep", plan.keep, name="keep"),
    path("<str:token>/return", plan.come_back, name="return"),
    path("<str:token>/check", plan.check, name="check"),
    path("<str:token>/logo", plan.logo, name="logo"),
    re_path(r"^.*$", lost),
]
