"""Short links. Whatever else stands behind /l/ gets the same friendly answer."""

from __future__ import annotations

from django.urls import path, re_path

from tallystick.pay.door import lost
from tallystick.pay.views import short

app_name = "short"
urlpatterns = [
    path("<str:code>", short.follow, name="follow"),
    re_path(r"^.*$", lost),
]
