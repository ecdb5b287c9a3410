"""Pages of charging: kept cards, planned charges, the virtual terminal, payment links, the rules."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
