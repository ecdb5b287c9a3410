"""Unsubscribing. Whatever else stands behind /u/ gets the friendly answer of every lost link."""

from __future__ import annotations

from django.urls import path, re_path

from tallystick.pay.door import lost
from tallystick.pay.views import leave

app_name = "leave"
urlpatterns = [
    path("<str:token>", leave.leave, name="leave"),
    path("<str:token>/stay", leave.stay, name="stay"),
    re_path(r"^.*$", lost),
]
