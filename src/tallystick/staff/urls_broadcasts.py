"""Pages of broadcasts and saved lists."""

from __future__ import annotations

from django.urls import path

from tallystick.staff.views import broadcasts, lists

urlpatterns = [
    path("broadcasts", broadcasts.broadcasts, name="broadcasts"),
    path("broadcasts/new", broadcasts.new, name="broadcast-new"),
    path("broadcasts/<uuid:broadcast_id>", broadcasts.broadcast, name="broadcast"),
    path("broadcasts/<uuid:broadcast_id>/edit", broadcasts.edit, name="broadcast-edit"),
    path("broadcasts/<uuid:broadcast_id>/preview/<uuid:customer_id>", broadcasts.preview, name="broadcast-preview"),
    path("broadcasts/<uuid:broadcast_id>/send", broadcasts.send, name="broadcast-send"),
    path("broadcasts/<uuid:broadcast_id>/stop", broadcasts.stop, name="broadcast-stop"),
    path("broadcasts/<uuid:broadcast_id>/discard", broadcasts.discard, name="broadcast-discard"),
    path("lists", lists.lists, name="lists"),
    path("lists/new", lists.new, name="list-new"),
    path("lists/<uuid:list_id>", lists.edit, name="list"),
    path("lists/<uuid:list_id>/remove", lists.remove, name="list-remove"),
]
