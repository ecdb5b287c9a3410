"""Pages of the office: customers, catalog, payments, settings, reports."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
