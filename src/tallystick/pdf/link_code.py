"""The QR code of a payment link on its own, for pages: the same code as on the PDF."""

from __future__ import annotations

from django.utils.safestring import SafeString, mark_safe

from tallystick.pdf._qr import qr_svg


def link_svg(url: str) -> SafeString:
    """Return a link as a QR code in SVG."""
    return mark_safe(qr_svg(url))  # noqa: S308 - drawn by us; the text itself doesn't stand in it
