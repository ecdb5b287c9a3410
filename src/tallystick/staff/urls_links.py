"""Pages that send payment links: for the ticked invoices, and for all that a customer owes."""

from __future__ import annotations

from django.urls import URLPattern, path

from tallystick.staff.views import links

urlpatterns: list[URLPattern] = [
    path("links", links.links, name="links"),
    path("customers/<uuid:customer_id>/link", links.customer_link, name="customer-link"),
]
