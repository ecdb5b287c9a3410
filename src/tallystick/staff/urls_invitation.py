"""The one staff page for people who don't work here yet."""

from __future__ import annotations

from django.urls import path

from tallystick.staff.views import members

urlpatterns = [path("invitation/<uuid:invitation_id>.<str:secret>", members.invitation, name="invitation")]
