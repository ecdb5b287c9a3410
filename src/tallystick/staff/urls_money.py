"""Pages of money that goes back, is settled and is compared: refunds, disputes, payouts, breaks, the allocation desk."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
